/* The processes of a service: which one is the main process, what they are told, and what follows when the
 * kernel kills one. systemd.service(5), systemd.exec(5). */
#include "script.h"

#define START "[Service]\nExecStart=/bin/a\n"

/* --- the main process of a forking service --- */

static void start_daemons(struct script *s, const char *name, unsigned n)
{
    script_start(s, name);
    while (n-- > 0)
        script_leftover(s, name);
    script_control_exits(s, name, 0);
}

static void the_only_daemon_is_the_main_process(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=forking\n");
    start_daemons(s, "a.service", 1);
    assert_state(s, "a.service", "running");
    assert_int_equal(script_find(s, "a.service")->main_pid, s->last_pid);
    script_leftovers_end(s, "a.service");
    assert_state(s, "a.service", "dead");
}

static void of_several_daemons_none_is_the_main_process(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=forking\n");
    start_daemons(s, "a.service", 2);
    assert_int_equal(script_find(s, "a.service")->main_pid, 0);
    assert_state(s, "a.service", "running");
}

static void without_guess_main_pid_nothing_is_guessed(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=forking\nGuessMainPID=no\n");
    start_daemons(s, "a.service", 1);
    assert_int_equal(script_find(s, "a.service")->main_pid, 0);
}

static void a_killed_start_of_type_exec_has_not_started(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=exec\n");
    script_start(s, "a.service");
    script_main_killed(s, "a.service", SIGKILL);
    assert_logged(s, "job start a.service failed");
    assert_result(s, "a.service", "signal");
    assert_not_logged(s, "a.service running");
}

/* --- what they are told --- */

static void a_failure_unit_is_told_of_the_failure(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "OnFailure=b.service\n" START);
    script_unit(s, "b.service", START "ExecStartPre=/bin/p\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 7);
    assert_logged(s, "spawn b.service ExecStartPre");
    assert_logged(s, "environment MONITOR_SERVICE_RESULT=exit-code");
    assert_logged(s, "environment MONITOR_EXIT_CODE=exited");
    assert_logged(s, "environment MONITOR_EXIT_STATUS=7");
    assert_logged(s, "environment MONITOR_UNIT=a.service");
    script_forget_log(s);
    script_control_exits(s, "b.service", 0);
    assert_order(s, "spawn b.service ExecStart", "environment MONITOR_UNIT=a.service");
}

static void a_success_unit_is_told_of_the_success(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "OnSuccess=b.service\n" START);
    script_unit(s, "b.service", START);
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 0);
    assert_logged(s, "environment MONITOR_SERVICE_RESULT=success");
    assert_logged(s, "environment MONITOR_UNIT=a.service");
}

static void a_unit_of_several_failures_is_told_of_none(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "OnFailure=c.service\n" START);
    script_unit(s, "b.service", "OnFailure=c.service\n" START);
    script_unit(s, "c.service", START);
    script_start(s, "a.service");
    script_start(s, "b.service");
    script_main_exits(s, "a.service", 7);
    assert_state(s, "c.service", "running");
    assert_not_logged(s, "environment MONITOR_UNIT=");
}

static void a_service_with_a_watchdog_is_told_of_it(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "WatchdogSec=2\n");
    script_start(s, "a.service");
    assert_logged(s, "environment WATCHDOG_USEC=2000000");
    assert_logged(s, "environment WATCHDOG_PID=");
}

/* --- when the program runs --- */

static void an_idle_service_waits_for_other_jobs(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Wants=b.service\n" START "Type=idle\n");
    script_unit(s, "b.service", START "Type=notify\n");
    script_start(s, "a.service");
    assert_logged(s, "spawn a.service ExecStart when idle");
    assert_state(s, "a.service", "running");
    assert_not_logged(s, "idle");
    script_notify(s, "b.service", "READY=1");
    assert_logged(s, "idle");
}

/* systemd.service(5), ExecCondition=: 1 to 254 skips, 255 or a signal fails. */
static void an_exec_condition_skips_or_fails(void **state)
{
    static const struct {
        int status;
        const char *expected;
    } rows[] = {{1, "exec-condition"}, {254, "exec-condition"}, {255, "exit-code"}};
    struct script *s = *state;

    script_unit(s, "a.service", START "ExecCondition=/bin/c\nExecStopPost=/bin/p\n");
    for (size_t i = 0; i < 3; i++) {
        script_start(s, "a.service");
        script_control_exits(s, "a.service", rows[i].status);
        script_control_exits(s, "a.service", 0);
        assert_result(s, "a.service", rows[i].expected);
        assert_state(s, "a.service", i < 2 ? "dead" : "failed");
    }
    assert_not_logged(s, "spawn a.service ExecStart");
    script_start(s, "a.service");
    script_control_exits(s, "a.service", 0);
    assert_state(s, "a.service", "running");
}

/* --- want of memory --- */

static void lose_a_process(struct script *s, const char *name)
{
    struct event event = {.type = EVENT_OOM_KILL, .now = s->now, .unit = script_find(s, name)};
    s->stubborn = name;
    manager_event(s->manager, &event);
}

static void want_of_memory_stops_the_service_by_default(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_start(s, "a.service");
    lose_a_process(s, "a.service");
    assert_state(s, "a.service", "stop-sigterm");
    assert_result(s, "a.service", "oom-kill");
    assert_logged(s, "message a.service: a process was killed by the kernel for want of memory");
    lose_a_process(s, "a.service");
    assert_state(s, "a.service", "stop-sigkill");
}

static void want_of_memory_may_be_passed_over(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "OOMPolicy=continue\n");
    script_unit(s, "b.service", START "Delegate=yes\n");
    script_start(s, "a.service");
    script_start(s, "b.service");
    lose_a_process(s, "a.service");
    lose_a_process(s, "b.service");
    assert_state(s, "a.service", "running");
    assert_state(s, "b.service", "running");
}

static void want_of_memory_may_kill_the_service(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "OOMPolicy=kill\n");
    script_start(s, "a.service");
    lose_a_process(s, "a.service");
    assert_state(s, "a.service", "stop-sigkill");
    assert_not_logged(s, "signal 15 a.service");
    assert_result(s, "a.service", "oom-kill");
}

static void want_of_memory_ends_a_start(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    script_start(s, "a.service");
    lose_a_process(s, "a.service");
    assert_state(s, "a.service", "stop-sigterm");
    assert_result(s, "a.service", "oom-kill");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(the_only_daemon_is_the_main_process),
        SCENARIO(of_several_daemons_none_is_the_main_process),
        SCENARIO(without_guess_main_pid_nothing_is_guessed),
        SCENARIO(a_killed_start_of_type_exec_has_not_started),
        SCENARIO(a_failure_unit_is_told_of_the_failure),
        SCENARIO(a_success_unit_is_told_of_the_success),
        SCENARIO(a_unit_of_several_failures_is_told_of_none),
        SCENARIO(a_service_with_a_watchdog_is_told_of_it),
        SCENARIO(an_idle_service_waits_for_other_jobs),
        SCENARIO(an_exec_condition_skips_or_fails),
        SCENARIO(want_of_memory_stops_the_service_by_default),
        SCENARIO(want_of_memory_may_be_passed_over),
        SCENARIO(want_of_memory_may_kill_the_service),
        SCENARIO(want_of_memory_ends_a_start),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
