/* One service: what its user gets, transition by transition. */
#include "script.h"

#define START "[Service]\nExecStart=/bin/a\n"

static void a_crashed_service_is_restarted_after_restart_sec(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Restart=on-failure\nRestartSec=5s\n");
    script_start(s, "a.service");
    script_main_killed(s, "a.service", SIGSEGV);
    assert_state(s, "a.service", "auto-restart");
    script_pass(s, 5 * USEC_PER_SEC - 1);
    assert_state(s, "a.service", "auto-restart");
    script_pass(s, 1);
    assert_state(s, "a.service", "running");
    assert_int_equal(script_find(s, "a.service")->n_restarts, 1);
}

static void a_clean_end_is_not_restarted_on_failure(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Restart=on-failure\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 0);
    assert_state(s, "a.service", "dead");
    assert_result(s, "a.service", "success");
}

static void a_service_on_the_bus_is_up_at_once(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "[Service]\nBusName=org.example.A\nExecStart=/bin/a\n");
    script_start(s, "a.service");
    assert_int_equal(script_find(s, "a.service")->unit->service->type, SERVICE_DBUS);
    assert_state(s, "a.service", "running");
    assert_logged(s, "job start a.service done");
}

static void a_prevented_exit_status_is_not_restarted(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Restart=always\nRestartPreventExitStatus=23\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 23);
    assert_state(s, "a.service", "failed");
}

static void a_success_exit_status_is_no_failure(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "SuccessExitStatus=143\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 143);
    assert_state(s, "a.service", "dead");
}

static void start_limit_stops_a_crash_loop(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service",
                "StartLimitBurst=3\nStartLimitIntervalSec=10\n" START "Restart=always\nRestartSec=0\n");
    script_start(s, "a.service");
    for (int i = 0; i < 3; i++) {
        script_main_exits(s, "a.service", 1);
        script_pass(s, 1);
    }
    assert_state(s, "a.service", "failed");
    /* What it failed of, and how it ended, is still there. */
    assert_result(s, "a.service", "exit-code");
    assert_int_equal(script_find(s, "a.service")->main_exit.status, 1);
    assert_int_equal(script_count(s, "spawn a.service ExecStart"), 3);
    script_start(s, "a.service");
    assert_state(s, "a.service", "failed");
    assert_int_equal(manager_reset_failed(s->manager, "a.service"), 0);
    script_start(s, "a.service");
    assert_state(s, "a.service", "running");
}

static void a_service_stopped_between_restarts_is_dead_at_once(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Restart=always\nRestartSec=1h\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    script_stop(s, "a.service");
    assert_state(s, "a.service", "dead");
    assert_logged(s, "job stop a.service done");
}

static void a_stopped_service_is_not_restarted(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Restart=always\nRestartSec=0\n");
    script_start(s, "a.service");
    script_stop(s, "a.service");
    script_pass(s, USEC_PER_HOUR);
    assert_state(s, "a.service", "dead");
}

static void term_is_followed_by_kill_after_the_timeout(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "TimeoutStopSec=7s\n");
    s->stubborn = "a.service";
    script_start(s, "a.service");
    script_stop(s, "a.service");
    assert_state(s, "a.service", "stop-sigterm");
    script_pass(s, 7 * USEC_PER_SEC - 1);
    assert_not_logged(s, "signal 9 a.service");
    script_pass(s, 1);
    assert_order(s, "signal 15 a.service", "signal 9 a.service");
    assert_state(s, "a.service", "failed");
    assert_result(s, "a.service", "timeout");
}

static void a_start_without_its_own_timeout_has_the_managers(void **state)
{
    struct script *s = *state;
    s->config.default_timeout_start = 4 * USEC_PER_SEC;
    script_unit(s, "a.service", START "Type=notify\n");
    script_unit(s, "own.service", START "Type=notify\nTimeoutStartSec=5s\n");
    script_start(s, "a.service");
    script_start(s, "own.service");
    script_pass(s, 4 * USEC_PER_SEC - 1);
    assert_state(s, "a.service", "start");
    script_pass(s, 1);
    assert_result(s, "a.service", "timeout");
    assert_state(s, "own.service", "start");
}

static void a_stop_without_its_own_timeout_has_the_managers(void **state)
{
    struct script *s = *state;
    s->config.default_timeout_stop = 3 * USEC_PER_SEC;
    script_unit(s, "a.service", START);
    s->stubborn = "a.service";
    script_start(s, "a.service");
    script_stop(s, "a.service");
    script_pass(s, 3 * USEC_PER_SEC - 1);
    assert_state(s, "a.service", "stop-sigterm");
    script_pass(s, 1);
    assert_logged(s, "signal 9 a.service");
}

/* How long the service may take to die of its watchdog's signal. */
static void expect_abort_timeout(struct script *s, const char *name, usec_t expected)
{
    s->stubborn = name;
    script_forget_log(s);
    script_start(s, name);
    script_pass(s, USEC_PER_SEC);
    assert_state(s, name, "stop-watchdog");
    script_pass(s, expected - 1);
    assert_state(s, name, "stop-watchdog");
    assert_not_logged(s, "signal 9 ");
    script_pass(s, 1);
    assert_logged(s, "signal 9 ");
}

static void an_abort_without_its_own_timeout_has_the_managers(void **state)
{
    struct script *s = *state;
    s->config.default_timeout_abort = 2 * USEC_PER_SEC;
    script_unit(s, "a.service", START "WatchdogSec=1s\n");
    script_unit(s, "as-stop.service", START "WatchdogSec=1s\nTimeoutStopSec=6s\nTimeoutAbortSec=\n");
    script_unit(s, "own.service", START "WatchdogSec=1s\nTimeoutAbortSec=5s\n");
    expect_abort_timeout(s, "a.service", 2 * USEC_PER_SEC);
    expect_abort_timeout(s, "as-stop.service", 6 * USEC_PER_SEC);
    expect_abort_timeout(s, "own.service", 5 * USEC_PER_SEC);
}

static void an_abort_lasts_as_long_as_a_stop_by_default(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "WatchdogSec=1s\nTimeoutStopSec=6s\n");
    expect_abort_timeout(s, "a.service", 6 * USEC_PER_SEC);
}

static void the_start_limit_is_the_result_of_what_did_not_fail(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "StartLimitBurst=1\n" START "Restart=always\nRestartSec=0\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 0);
    script_pass(s, 1);
    assert_state(s, "a.service", "failed");
    assert_result(s, "a.service", "start-limit-hit");
    assert_int_equal(script_find(s, "a.service")->main_exit.code, CLD_EXITED);
}

static void an_unmet_condition_command_is_an_unmet_condition(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "[Service]\nExecCondition=/bin/c\nExecStart=/bin/a\n");
    script_start(s, "a.service");
    assert_true(script_find(s, "a.service")->conditions_held);
    script_control_exits(s, "a.service", 1);
    assert_state(s, "a.service", "dead");
    assert_false(script_find(s, "a.service")->conditions_held);
}

static void restarts_without_their_own_limits_have_the_managers(void **state)
{
    struct script *s = *state;
    s->config.default_restart = 7 * USEC_PER_SEC;
    s->config.default_start_limit_interval = USEC_PER_HOUR;
    s->config.default_start_limit_burst = 2;
    script_unit(s, "a.service", START "Restart=always\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    script_pass(s, 7 * USEC_PER_SEC - 1);
    assert_state(s, "a.service", "auto-restart");
    script_pass(s, 1);
    assert_state(s, "a.service", "running");
    script_main_exits(s, "a.service", 1);
    script_pass(s, 7 * USEC_PER_SEC);
    assert_state(s, "a.service", "failed");
}

static void without_send_sigkill_nobody_is_killed(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "TimeoutStopSec=7s\nSendSIGKILL=no\n");
    s->stubborn = "a.service";
    script_start(s, "a.service");
    script_stop(s, "a.service");
    script_pass(s, USEC_PER_HOUR);
    assert_not_logged(s, "signal 9 a.service");
    assert_state(s, "a.service", "failed");
}

static void notify_service_is_up_only_after_ready(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    script_start(s, "a.service");
    assert_state(s, "a.service", "start");
    script_notify(s, "a.service", "STATUS=warming up\nREADY=1");
    assert_state(s, "a.service", "running");
    assert_string_equal(manager_report_of(script_find(s, "a.service"))->status_text, "warming up");
    assert_logged(s, "job start a.service done");
}

static void a_notify_service_that_says_nothing_fails_in_time(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\nTimeoutStartSec=4s\n");
    script_start(s, "a.service");
    script_pass(s, 4 * USEC_PER_SEC);
    assert_state(s, "a.service", "failed");
    assert_result(s, "a.service", "timeout");
    assert_logged(s, "job start a.service failed");
}

static void a_notify_service_that_ends_without_ready_breaks_the_protocol(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 0);
    assert_result(s, "a.service", "protocol");
}

static void a_service_may_ask_for_more_time(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\nTimeoutStartSec=4s\n");
    script_start(s, "a.service");
    script_notify(s, "a.service", "EXTEND_TIMEOUT_USEC=10000000");
    script_pass(s, 9 * USEC_PER_SEC);
    assert_state(s, "a.service", "start");
    script_pass(s, USEC_PER_SEC);
    assert_state(s, "a.service", "failed");
}

static void another_process_cannot_say_ready(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    script_start(s, "a.service");
    struct manager_unit *unit = script_find(s, "a.service");
    struct event event = {
        .type = EVENT_NOTIFY, .now = s->now, .unit = unit, .pid = unit->main_pid + 1, .text = "READY=1"};
    manager_event(s->manager, &event);
    assert_state(s, "a.service", "start");
}

static void a_silent_service_is_aborted_by_its_watchdog(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "WatchdogSec=3s\nNotifyAccess=main\n");
    script_start(s, "a.service");
    assert_logged(s, "environment WATCHDOG_USEC=3000000");
    script_pass(s, 2 * USEC_PER_SEC);
    script_notify(s, "a.service", "WATCHDOG=1");
    script_pass(s, 2 * USEC_PER_SEC);
    assert_state(s, "a.service", "running");
    script_pass(s, USEC_PER_SEC);
    assert_logged(s, "signal 6 a.service");
    assert_result(s, "a.service", "watchdog");
}

static void a_oneshot_runs_its_commands_one_after_the_other(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "[Service]\nType=oneshot\nExecStart=/bin/a\nExecStart=/bin/b\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 0);
    assert_int_equal(script_count(s, "spawn a.service ExecStart"), 2);
    assert_state(s, "a.service", "start");
    script_main_exits(s, "a.service", 0);
    assert_state(s, "a.service", "dead");
    assert_logged(s, "job start a.service done");
}

static void a_oneshot_remains_after_exit(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=oneshot\nRemainAfterExit=yes\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 0);
    assert_state(s, "a.service", "exited");
    script_stop(s, "a.service");
    assert_state(s, "a.service", "dead");
}

static void an_exec_service_is_up_when_its_program_runs(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=exec\n");
    script_start(s, "a.service");
    assert_state(s, "a.service", "start");
    script_exec_done(s, "a.service");
    assert_state(s, "a.service", "running");
}

static void a_forking_service_is_what_its_pid_file_says(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=forking\nPIDFile=/run/a.pid\n");
    script_start(s, "a.service");
    s->children[s->n_children++] =
        (struct script_child){.pid = 4000, .unit = script_find(s, "a.service"), .alive = true};
    script_control_exits(s, "a.service", 0);
    assert_state(s, "a.service", "start");
    s->pid_file = 4000;
    script_pass(s, USEC_PER_SEC);
    assert_state(s, "a.service", "running");
    assert_int_equal(script_find(s, "a.service")->main_pid, 4000);
}

static void a_pid_file_that_never_comes_fails_the_start(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=forking\nPIDFile=/run/a.pid\n");
    script_start(s, "a.service");
    script_control_exits(s, "a.service", 0);
    assert_state(s, "a.service", "failed");
    assert_result(s, "a.service", "protocol");
}

static void a_failing_start_pre_keeps_the_service_down(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecStartPre=/bin/pre\n");
    script_start(s, "a.service");
    script_control_exits(s, "a.service", 1);
    assert_state(s, "a.service", "failed");
    assert_int_equal(script_count(s, "spawn a.service"), 1);
}

static void a_failure_with_a_dash_does_not_count(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecStartPre=-/bin/pre\n");
    script_start(s, "a.service");
    script_control_exits(s, "a.service", 1);
    assert_state(s, "a.service", "running");
}

static void an_unmet_exec_condition_skips_without_failing(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecCondition=/bin/c\n");
    script_start(s, "a.service");
    script_control_exits(s, "a.service", 1);
    assert_state(s, "a.service", "dead");
    assert_result(s, "a.service", "exec-condition");
}

static void stop_post_is_told_how_it_ended(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecStopPost=/bin/post\n");
    script_start(s, "a.service");
    script_main_killed(s, "a.service", SIGSEGV);
    assert_state(s, "a.service", "stop-post");
    assert_logged(s, "environment SERVICE_RESULT=signal");
    assert_logged(s, "environment EXIT_CODE=killed");
    assert_logged(s, "environment EXIT_STATUS=SEGV");
    script_control_exits(s, "a.service", 0);
    assert_state(s, "a.service", "failed");
}

static void a_reload_runs_its_command_and_keeps_the_service(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecReload=/bin/reload\n");
    script_start(s, "a.service");
    assert_int_equal(script_request(s, JOB_RELOAD, "a.service"), 0);
    assert_state(s, "a.service", "reload");
    assert_logged(s, "environment MAINPID=101");
    script_control_exits(s, "a.service", 0);
    assert_state(s, "a.service", "running");
    assert_logged(s, "job reload a.service done");
    assert_int_equal(script_count(s, "spawn a.service ExecStart"), 1);
}

static void a_failed_reload_fails_the_job_and_not_the_service(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecReload=/bin/reload\n");
    script_start(s, "a.service");
    assert_int_equal(script_request(s, JOB_RELOAD, "a.service"), 0);
    script_control_exits(s, "a.service", 1);
    assert_state(s, "a.service", "running");
    assert_logged(s, "job reload a.service failed");
}

static void a_notify_reload_service_is_signalled_and_waited_for(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify-reload\n");
    script_start(s, "a.service");
    script_notify(s, "a.service", "READY=1");
    assert_int_equal(script_request(s, JOB_RELOAD, "a.service"), 0);
    assert_logged(s, "signal 1 a.service");
    assert_state(s, "a.service", "reload");
    script_notify(s, "a.service", "RELOADING=1\nMONOTONIC_USEC=1000000");
    script_notify(s, "a.service", "READY=1");
    assert_state(s, "a.service", "running");
}

static void runtime_max_ends_a_service_that_runs_too_long(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "RuntimeMaxSec=1h\n");
    script_start(s, "a.service");
    script_pass(s, USEC_PER_HOUR);
    assert_state(s, "a.service", "failed");
    assert_result(s, "a.service", "timeout");
}

static void a_main_process_that_is_not_the_service_s_is_not_believed(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    script_start(s, "a.service");
    script_notify(s, "a.service", "READY=1\nMAINPID=4242");
    assert_state(s, "a.service", "running");
    assert_int_equal(script_find(s, "a.service")->main_pid, 101);
}

static void a_stop_during_the_start_wins(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    script_start(s, "a.service");
    script_stop(s, "a.service");
    assert_logged(s, "job start a.service canceled");
    assert_logged(s, "job stop a.service done");
    assert_state(s, "a.service", "dead");
}

static void a_stop_does_not_hide_an_end_that_came_before_it(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecStopPost=/bin/post\n");
    script_start(s, "a.service");
    script_main_exits_unheard(s, "a.service", 3);
    script_stop(s, "a.service");
    assert_logged(s, "environment SERVICE_RESULT=exit-code");
    script_control_exits(s, "a.service", 0);
    assert_logged(s, "job stop a.service done");
    assert_state(s, "a.service", "failed");
}

static void a_restart_of_a_stopped_service_starts_it(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_restart(s, "a.service");
    assert_state(s, "a.service", "running");
}

static void a_try_restart_of_a_stopped_service_does_nothing(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    assert_int_equal(script_request(s, JOB_TRY_RESTART, "a.service"), 0);
    assert_state(s, "a.service", "dead");
    assert_logged(s, "job try-restart a.service done");
}

static void a_start_of_a_running_service_is_done_at_once(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_start(s, "a.service");
    script_forget_log(s);
    script_start(s, "a.service");
    assert_logged(s, "job start a.service done");
    assert_not_logged(s, "spawn");
}

static void an_oom_kill_is_the_result(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    s->stubborn = "a.service";
    script_start(s, "a.service");
    struct event event = {.type = EVENT_OOM_KILL, .now = s->now, .unit = script_find(s, "a.service")};
    manager_event(s->manager, &event);
    script_main_killed(s, "a.service", SIGKILL);
    assert_result(s, "a.service", "oom-kill");
}

static void no_process_to_be_had_is_resources(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    s->not_spawned = "a.service";
    script_start(s, "a.service");
    assert_result(s, "a.service", "resources");
    assert_logged(s, "job start a.service failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(a_crashed_service_is_restarted_after_restart_sec),
        SCENARIO(a_clean_end_is_not_restarted_on_failure),
        SCENARIO(a_service_on_the_bus_is_up_at_once),
        SCENARIO(a_prevented_exit_status_is_not_restarted),
        SCENARIO(a_success_exit_status_is_no_failure),
        SCENARIO(start_limit_stops_a_crash_loop),
        SCENARIO(the_start_limit_is_the_result_of_what_did_not_fail),
        SCENARIO(an_unmet_condition_command_is_an_unmet_condition),
        SCENARIO(a_service_stopped_between_restarts_is_dead_at_once),
        SCENARIO(a_stopped_service_is_not_restarted),
        SCENARIO(term_is_followed_by_kill_after_the_timeout),
        SCENARIO(a_start_without_its_own_timeout_has_the_managers),
        SCENARIO(a_stop_without_its_own_timeout_has_the_managers),
        SCENARIO(an_abort_without_its_own_timeout_has_the_managers),
        SCENARIO(an_abort_lasts_as_long_as_a_stop_by_default),
        SCENARIO(restarts_without_their_own_limits_have_the_managers),
        SCENARIO(without_send_sigkill_nobody_is_killed),
        SCENARIO(notify_service_is_up_only_after_ready),
        SCENARIO(a_notify_service_that_says_nothing_fails_in_time),
        SCENARIO(a_notify_service_that_ends_without_ready_breaks_the_protocol),
        SCENARIO(a_service_may_ask_for_more_time),
        SCENARIO(another_process_cannot_say_ready),
        SCENARIO(a_silent_service_is_aborted_by_its_watchdog),
        SCENARIO(a_oneshot_runs_its_commands_one_after_the_other),
        SCENARIO(a_oneshot_remains_after_exit),
        SCENARIO(an_exec_service_is_up_when_its_program_runs),
        SCENARIO(a_forking_service_is_what_its_pid_file_says),
        SCENARIO(a_pid_file_that_never_comes_fails_the_start),
        SCENARIO(a_failing_start_pre_keeps_the_service_down),
        SCENARIO(a_failure_with_a_dash_does_not_count),
        SCENARIO(an_unmet_exec_condition_skips_without_failing),
        SCENARIO(stop_post_is_told_how_it_ended),
        SCENARIO(a_reload_runs_its_command_and_keeps_the_service),
        SCENARIO(a_failed_reload_fails_the_job_and_not_the_service),
        SCENARIO(a_main_process_that_is_not_the_service_s_is_not_believed),
        SCENARIO(a_notify_reload_service_is_signalled_and_waited_for),
        SCENARIO(runtime_max_ends_a_service_that_runs_too_long),
        SCENARIO(a_stop_during_the_start_wins),
        SCENARIO(a_stop_does_not_hide_an_end_that_came_before_it),
        SCENARIO(a_restart_of_a_stopped_service_starts_it),
        SCENARIO(a_try_restart_of_a_stopped_service_does_nothing),
        SCENARIO(a_start_of_a_running_service_is_done_at_once),
        SCENARIO(an_oom_kill_is_the_result),
        SCENARIO(no_process_to_be_had_is_resources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
