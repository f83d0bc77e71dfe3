/* Who may stop a container, and with what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "init/job/job-signals.h"
#include "init/platform/signals.h"

#define SOMEBODY 4242 /* a user that is neither root nor us */

static enum signal_order judge(int signal, uint32_t pid, uint32_t uid, int32_t code, bool is_init)
{
    struct signalfd_siginfo info = {
        .ssi_signo = (uint32_t)signal, .ssi_pid = pid, .ssi_uid = uid, .ssi_code = code};
    return signal_judge(&info, is_init);
}

static void the_host_stops_and_reboots(void **state)
{
    assert_int_equal(judge(SIGTERM, 0, 0, SI_USER, true), ORDER_STOP);
    assert_int_equal(judge(SIGPWR, 0, 0, SI_USER, true), ORDER_STOP);
    assert_int_equal(judge(KERNEL_SIGRTMIN + 3, 0, 0, SI_USER, true), ORDER_STOP);
    assert_int_equal(judge(KERNEL_SIGRTMIN + 4, 0, 0, SI_USER, true), ORDER_STOP);
    assert_int_equal(judge(SIGINT, 0, 0, SI_USER, true), ORDER_REBOOT);
    assert_int_equal(judge(KERNEL_SIGRTMIN + 5, 0, 0, SI_USER, true), ORDER_REBOOT);
    assert_int_equal(judge(KERNEL_SIGRTMIN + 13, 0, 0, SI_USER, true), ORDER_STOP_NOW);
    assert_int_equal(judge(KERNEL_SIGRTMIN + 15, 0, 0, SI_USER, true), ORDER_REBOOT_NOW);
}

static void a_stray_kill_1_from_a_service_stops_nothing(void **state)
{
    assert_int_equal(judge(SIGTERM, 7, 0, SI_USER, true), ORDER_REFUSED);
    assert_int_equal(judge(SIGTERM, 7, SOMEBODY, SI_USER, true), ORDER_REFUSED);
    assert_int_equal(judge(KERNEL_SIGRTMIN + 3, 7, SOMEBODY, SI_USER, true), ORDER_REFUSED);
}

static void a_refused_signal_has_the_verb_that_does_the_same(void **state)
{
    assert_string_equal(signal_verb(SIGTERM), "poweroff");
    assert_string_equal(signal_verb(KERNEL_SIGRTMIN + 15), "reboot");
    assert_string_equal(signal_verb(SIGHUP), "daemon-reload");
    assert_string_equal(signal_verb(SIGUSR2), "status");
    assert_null(signal_verb(KERNEL_SIGRTMIN + 22));
}

static void root_of_the_container_may_order(void **state)
{
    assert_int_equal(judge(KERNEL_SIGRTMIN + 3, 7, 0, SI_USER, true), ORDER_STOP);
    assert_int_equal(judge(SIGHUP, 7, 0, SI_USER, true), ORDER_RELOAD);
    assert_int_equal(judge(SIGUSR2, 7, 0, SI_USER, true), ORDER_DUMP);
}

static void an_interrupt_at_the_terminal_is_a_stop_not_a_reboot(void **state)
{
    assert_int_equal(judge(SIGINT, 0, 0, SI_KERNEL, true), ORDER_STOP);
    assert_int_equal(judge(SIGHUP, 0, 0, SI_KERNEL, true), ORDER_NONE);
}

static void below_another_init_everybody_who_may_signal_may_stop(void **state)
{
    assert_int_equal(judge(SIGTERM, 7, SOMEBODY, SI_USER, false), ORDER_STOP);
    assert_int_equal(judge(SIGINT, 7, 0, SI_USER, false), ORDER_STOP);
}

static void other_signals_mean_nothing(void **state)
{
    for (int signal = 1; signal <= JOB_SIGNAL_MAX; signal++) {
        enum signal_order order = judge(signal, 7, SOMEBODY, SI_USER, true);
        assert_true(order == ORDER_NONE || order == ORDER_REFUSED || signal == SIGCHLD);
    }
    assert_int_equal(judge(SIGWINCH, 0, 0, SI_USER, true), ORDER_NONE);
    assert_int_equal(judge(SIGCONT, 0, 0, SI_USER, true), ORDER_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_stops_and_reboots),
        cmocka_unit_test(a_stray_kill_1_from_a_service_stops_nothing),
        cmocka_unit_test(a_refused_signal_has_the_verb_that_does_the_same),
        cmocka_unit_test(root_of_the_container_may_order),
        cmocka_unit_test(an_interrupt_at_the_terminal_is_a_stop_not_a_reboot),
        cmocka_unit_test(below_another_init_everybody_who_may_signal_may_stop),
        cmocka_unit_test(other_signals_mean_nothing),
    };
    return cmocka_run_group_tests_name("platform-signals", tests, NULL, NULL);
}
