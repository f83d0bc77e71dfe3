/* What takes too long, and how it is ended: systemd.service(5), Timeout…Sec=, Timeout…FailureMode=,
 * RuntimeMaxSec= and ExitType=; systemd.kill(5). */
#include "script.h"

#define START "[Service]\nExecStart=/bin/a\n"

static void expect_after_start_timeout(struct script *s, const char *mode, const char *signal)
{
    char name[64], text[256], line[96];

    (void)snprintf(name, sizeof(name), "%s.service", mode);
    (void)snprintf(text, sizeof(text), START "Type=notify\nTimeoutStartSec=3\nTimeoutStartFailureMode=%s\n",
                   mode);
    (void)snprintf(line, sizeof(line), "signal %s %s", signal, name);
    script_unit(s, name, text);
    script_start(s, name);
    script_forget_log(s);
    script_pass(s, 3 * USEC_PER_SEC);
    assert_int_equal(script_index(s, line), 0);
    assert_result(s, name, "timeout");
}

static void a_start_that_takes_too_long_ends_as_its_mode_says(void **state)
{
    struct script *s = *state;
    expect_after_start_timeout(s, "terminate", "15");
    expect_after_start_timeout(s, "abort", "6");
    expect_after_start_timeout(s, "kill", "9");
}

static void a_stop_command_that_hangs_ends_as_its_mode_says(void **state)
{
    static const char *const rows[][2] = {{"terminate", "15"}, {"abort", "6"}, {"kill", "9"}};
    struct script *s = *state;

    for (size_t i = 0; i < 3; i++) {
        char name[64], text[256], line[96];
        (void)snprintf(name, sizeof(name), "%s.service", rows[i][0]);
        (void)snprintf(text, sizeof(text),
                       START "ExecStop=/bin/s\nTimeoutStopSec=3\nTimeoutStopFailureMode=%s\n", rows[i][0]);
        (void)snprintf(line, sizeof(line), "signal %s %s", rows[i][1], name);
        script_unit(s, name, text);
        script_start(s, name);
        script_stop(s, name);
        script_forget_log(s);
        script_pass(s, 3 * USEC_PER_SEC);
        assert_int_equal(script_index(s, line), 0);
        assert_result(s, name, "timeout");
    }
}

static void a_stop_is_terminated_then_aborted_then_killed(void **state)
{
    struct script *s = *state;
    script_unit(
        s, "a.service",
        START "TimeoutStopSec=3\nTimeoutAbortSec=5\nTimeoutStopFailureMode=abort\nWatchdogSignal=SIGQUIT\n");
    s->stubborn = "a.service";
    script_start(s, "a.service");
    script_stop(s, "a.service");
    assert_state(s, "a.service", "stop-sigterm");
    script_pass(s, 3 * USEC_PER_SEC);
    assert_state(s, "a.service", "stop-watchdog");
    assert_order(s, "signal 15 a.service", "signal 3 a.service");
    script_pass(s, 5 * USEC_PER_SEC - 1);
    assert_not_logged(s, "signal 9 a.service");
    script_pass(s, 1);
    assert_logged(s, "signal 9 a.service");
    assert_state(s, "a.service", "failed");
}

static void a_stop_post_that_hangs_is_aborted(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service",
                START "ExecStopPost=/bin/p\nTimeoutStopSec=3\nTimeoutStopFailureMode=abort\n");
    script_start(s, "a.service");
    script_stop(s, "a.service");
    assert_state(s, "a.service", "stop-post");
    s->stubborn = "a.service";
    script_pass(s, 3 * USEC_PER_SEC);
    assert_state(s, "a.service", "final-watchdog");
    assert_logged(s, "signal 6 a.service");
    script_pass(s, 3 * USEC_PER_SEC);
    assert_logged(s, "signal 9 a.service");
    assert_state(s, "a.service", "failed");
}

static void a_stop_post_that_hangs_is_killed(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecStopPost=/bin/p\nTimeoutStopSec=3\nTimeoutStopFailureMode=kill\n");
    script_start(s, "a.service");
    script_stop(s, "a.service");
    script_forget_log(s);
    script_pass(s, 3 * USEC_PER_SEC);
    assert_int_equal(script_index(s, "signal 9 a.service"), 0);
    assert_state(s, "a.service", "failed");
}

static void a_watchdog_sends_its_own_signal(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "WatchdogSec=2\nWatchdogSignal=SIGQUIT\n");
    s->stubborn = "a.service";
    script_start(s, "a.service");
    script_pass(s, 2 * USEC_PER_SEC);
    assert_state(s, "a.service", "stop-watchdog");
    assert_logged(s, "signal 3 a.service");
}

static void the_longest_run_has_a_random_part(void **state)
{
    struct script *s = *state;
    usec_t spread = 0, first = 0;
    script_unit(s, "a.service", START "RuntimeMaxSec=10s\nRuntimeRandomizedExtraSec=10s\n");
    for (int i = 0; i < 4; i++) {
        script_start(s, "a.service");
        usec_t length = manager_next_deadline(s->manager) - s->now;
        assert_in_range(length, 10 * USEC_PER_SEC, 20 * USEC_PER_SEC);
        first = i == 0 ? length : first;
        spread |= length ^ first;
        script_stop(s, "a.service");
    }
    assert_true(spread != 0);
}

static void a_service_of_a_cgroup_lives_as_long_as_any_process(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExitType=cgroup\n");
    script_start(s, "a.service");
    script_leftover(s, "a.service");
    script_main_exits(s, "a.service", 0);
    assert_state(s, "a.service", "running");
    script_leftovers_end(s, "a.service");
    assert_state(s, "a.service", "dead");
    assert_result(s, "a.service", "success");
}

static void a_service_of_a_main_process_ends_with_it(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_start(s, "a.service");
    script_leftover(s, "a.service");
    script_main_exits(s, "a.service", 0);
    assert_state(s, "a.service", "dead");
}

static void the_failure_of_a_main_process_is_that_of_its_cgroup(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExitType=cgroup\n");
    script_start(s, "a.service");
    script_leftover(s, "a.service");
    script_main_exits(s, "a.service", 3);
    assert_state(s, "a.service", "running");
    script_leftovers_end(s, "a.service");
    assert_state(s, "a.service", "failed");
    assert_result(s, "a.service", "exit-code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(a_start_that_takes_too_long_ends_as_its_mode_says),
        SCENARIO(a_stop_command_that_hangs_ends_as_its_mode_says),
        SCENARIO(a_stop_is_terminated_then_aborted_then_killed),
        SCENARIO(a_stop_post_that_hangs_is_aborted),
        SCENARIO(a_stop_post_that_hangs_is_killed),
        SCENARIO(a_watchdog_sends_its_own_signal),
        SCENARIO(the_longest_run_has_a_random_part),
        SCENARIO(a_service_of_a_cgroup_lives_as_long_as_any_process),
        SCENARIO(a_service_of_a_main_process_ends_with_it),
        SCENARIO(the_failure_of_a_main_process_is_that_of_its_cgroup),
    };
    return cmocka_run_group_tests_name("timeout", tests, NULL, NULL);
}
