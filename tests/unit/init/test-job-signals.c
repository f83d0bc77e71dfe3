/* Which signals reach the job, by number and by who sent them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "init/job/job-signals.h"

#define SELF    1
#define SENT    SI_USER
#define OUTSIDE 0
#define INSIDE  42

static enum signal_fate fate(int signal, int code, pid_t pid)
{
    const struct signalfd_siginfo info = {
        .ssi_signo = (uint32_t)signal, .ssi_code = code, .ssi_pid = (uint32_t)pid};
    const struct job_signal read = job_signal_read(&info);
    return job_signal_fate(&read, SELF, false);
}

static bool reaches(enum signal_fate fate)
{
    return fate == SIGNAL_FORWARD || fate == SIGNAL_END;
}

static void test_every_signal_that_is_sent_reaches_the_job(void **state)
{
    for (int signal = 1; signal <= JOB_SIGNAL_MAX; signal++) {
        if (signal == SIGCHLD || signal == SIGKILL || signal == SIGSTOP)
            continue;
        assert_true(reaches(fate(signal, SENT, INSIDE)));
        assert_true(reaches(fate(signal, SI_QUEUE, INSIDE)));
    }
}

static void test_what_the_terminal_makes_for_its_own_group_is_left_to_it(void **state)
{
    static const int signals[] = {SIGTSTP, SIGTTIN, SIGTTOU};

    for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
        assert_int_equal(fate(signals[i], SI_KERNEL, 0), SIGNAL_DROP);
        assert_int_equal(fate(signals[i], SENT, INSIDE), SIGNAL_FORWARD);
        assert_int_equal(fate(signals[i], SENT, OUTSIDE), SIGNAL_FORWARD);
    }
    assert_int_equal(fate(SIGINT, SI_KERNEL, 0), SIGNAL_FORWARD);
}

static void test_a_container_manager_s_shutdown_signals_are_orders_to_stop(void **state)
{
    static const int signals[] = {KERNEL_SIGRTMIN + 3, KERNEL_SIGRTMIN + 4, SIGPWR};

    for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
        assert_int_equal(fate(signals[i], SENT, OUTSIDE), SIGNAL_STOP);
        assert_int_equal(fate(signals[i], SENT, INSIDE), SIGNAL_FORWARD);
    }
    assert_int_equal(fate(SIGTERM, SENT, OUTSIDE), SIGNAL_END);
    assert_int_equal(fate(SIGTERM, SENT, INSIDE), SIGNAL_END);
}

static void test_a_broken_pipe_of_our_own_is_not_the_job_s(void **state)
{
    assert_int_equal(fate(SIGPIPE, SENT, SELF), SIGNAL_DROP);
    assert_int_equal(fate(SIGPIPE, SENT, INSIDE), SIGNAL_FORWARD);
}

static void test_the_end_of_a_child_is_never_forwarded(void **state)
{
    assert_int_equal(fate(SIGCHLD, CLD_EXITED, INSIDE), SIGNAL_CHILD);
    assert_int_equal(fate(SIGCHLD, SENT, OUTSIDE), SIGNAL_CHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_signal_that_is_sent_reaches_the_job),
        cmocka_unit_test(test_what_the_terminal_makes_for_its_own_group_is_left_to_it),
        cmocka_unit_test(test_a_container_manager_s_shutdown_signals_are_orders_to_stop),
        cmocka_unit_test(test_a_broken_pipe_of_our_own_is_not_the_job_s),
        cmocka_unit_test(test_the_end_of_a_child_is_never_forwarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
