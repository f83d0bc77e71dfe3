/* The end of the container: who may order it, in which order things stop, and with which status it ends. */
#include "script.h"

#define START "[Service]\nExecStart=/bin/a\n"

static int exit_status(struct script *s)
{
    int status = -1;
    assert_true(manager_finished(s->manager, &status));
    return status;
}

static void a_shutdown_stops_in_reverse_order(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Wants=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", START);
    script_start(s, "web.service");
    s->stubborn = "web.service";
    script_shutdown(s, 0);
    assert_state(s, "db.service", "running");
    assert_string_equal(manager_system_state(s->manager), "stopping");
    script_main_exits(s, "web.service", 0);
    assert_order(s, "web.service dead", "db.service dead");
    assert_int_equal(exit_status(s), 0);
}

static void a_shutdown_during_the_boot_cancels_queued_starts(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Wants=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", START "Type=notify\n");
    script_start(s, "web.service");
    script_shutdown(s, 0);
    assert_logged(s, "job start web.service canceled");
    assert_not_logged(s, "spawn web.service");
    assert_int_equal(exit_status(s), 0);
}

static void nothing_starts_after_the_order_to_stop(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_start(s, "a.service");
    s->stubborn = "a.service";
    script_shutdown(s, 0);
    assert_int_equal(script_request(s, JOB_START, "a.service"), -ESHUTDOWN);
}

static void a_service_that_dies_with_the_order_is_not_restarted(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "OnFailure=alarm.service\n" START "Restart=always\nRestartSec=0\n");
    script_unit(s, "alarm.service", START);
    script_start(s, "a.service");
    s->stubborn = "a.service";
    script_shutdown(s, 0);
    script_main_killed(s, "a.service", SIGSEGV);
    assert_int_equal(script_count(s, "spawn"), 1);
    assert_int_equal(exit_status(s), 0);
}

static void the_overall_deadline_kills_what_is_left(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "TimeoutStopSec=1h\n");
    s->config.stop_timeout = 9 * USEC_PER_SEC;
    s->stubborn = "a.service";
    script_start(s, "a.service");
    script_shutdown(s, 3);
    script_pass(s, 9 * USEC_PER_SEC);
    assert_logged(s, "signal 9 a.service");
    assert_int_equal(exit_status(s), 3);
}

static void who_overran_the_overall_deadline_is_named(void **state)
{
    struct script *s = *state;
    script_unit(s, "first.service", "After=a.service\n" START "TimeoutStopSec=1h\n");
    script_unit(s, "a.service", START);
    s->config.stop_timeout = 9 * USEC_PER_SEC;
    s->stubborn = "first.service";
    script_start(s, "a.service");
    script_start(s, "first.service");
    script_shutdown(s, 0);
    script_pass(s, 9 * USEC_PER_SEC);
    assert_logged(s,
                  "message first.service: had not stopped when the container's stop timeout was over, killed "
                  "with SIGKILL");
    assert_logged(s, "message a.service: still had to wait for others when the container's stop timeout was "
                     "over, killed with SIGKILL");
}

static void an_order_to_end_at_once_asks_nobody_and_runs_nothing(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecStop=/bin/b\nExecStopPost=/bin/c\n");
    script_start(s, "a.service");
    script_shutdown_now(s, SHUTDOWN_REBOOT);
    assert_logged(s, "signal 9 a.service");
    assert_not_logged(s, "signal 15 a.service");
    assert_int_equal(script_count(s, "spawn"), 1);
    assert_int_equal(exit_status(s), EXIT_REBOOT);
}

static void the_end_of_the_main_unit_ends_the_container_with_its_code(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Wants=helper.service\n" START);
    script_unit(s, "helper.service", START);
    s->config.main_unit = "a.service";
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 42);
    assert_state(s, "helper.service", "dead");
    assert_int_equal(exit_status(s), 42);
}

static void a_main_unit_killed_by_a_signal_gives_128_and_the_signal(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    s->config.main_unit = "a.service";
    script_start(s, "a.service");
    script_main_killed(s, "a.service", SIGKILL);
    assert_int_equal(exit_status(s), 128 + SIGKILL);
}

static void a_main_unit_that_is_restarted_has_not_ended(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Restart=always\n");
    s->config.main_unit = "a.service";
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    assert_false(manager_is_shutting_down(s->manager));
    script_restart(s, "a.service");
    assert_false(manager_is_shutting_down(s->manager));
}

static void a_main_unit_that_cannot_start_is_a_failure(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    s->config.main_unit = "a.service";
    s->not_spawned = "a.service";
    script_start(s, "a.service");
    assert_int_not_equal(exit_status(s), 0);
}

static void an_idle_container_ends_when_asked_to(void **state)
{
    struct script *s = *state;
    script_unit(s, "all.target", "Wants=a.service b.service\n");
    script_unit(s, "a.service", START);
    script_unit(s, "b.service", START);
    s->config.exit_when_idle = true;
    script_start(s, "all.target");
    script_main_exits(s, "a.service", 0);
    assert_false(manager_is_shutting_down(s->manager));
    script_main_exits(s, "b.service", 0);
    assert_int_equal(exit_status(s), 0);
}

static void a_failure_action_ends_the_container_with_the_code(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "FailureAction=exit\n" START);
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 7);
    assert_int_equal(exit_status(s), 7);
}

static void a_reboot_has_its_own_status(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_start(s, "a.service");
    s->stubborn = "a.service";
    manager_shutdown(s->manager, s->now, SHUTDOWN_REBOOT, 0);
    script_main_exits(s, "a.service", 0);
    assert_int_equal(exit_status(s), EXIT_REBOOT);
}

static void stop_commands_run_during_the_shutdown(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecStop=/bin/stop\nExecStopPost=/bin/post\n");
    script_start(s, "a.service");
    script_shutdown(s, 0);
    script_control_exits(s, "a.service", 0);
    script_control_exits(s, "a.service", 0);
    assert_order(s, "spawn a.service ExecStop", "spawn a.service ExecStopPost");
    assert_int_equal(exit_status(s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(a_shutdown_stops_in_reverse_order),
        SCENARIO(a_shutdown_during_the_boot_cancels_queued_starts),
        SCENARIO(nothing_starts_after_the_order_to_stop),
        SCENARIO(a_service_that_dies_with_the_order_is_not_restarted),
        SCENARIO(the_overall_deadline_kills_what_is_left),
        SCENARIO(who_overran_the_overall_deadline_is_named),
        SCENARIO(an_order_to_end_at_once_asks_nobody_and_runs_nothing),
        SCENARIO(the_end_of_the_main_unit_ends_the_container_with_its_code),
        SCENARIO(a_main_unit_killed_by_a_signal_gives_128_and_the_signal),
        SCENARIO(a_main_unit_that_is_restarted_has_not_ended),
        SCENARIO(a_main_unit_that_cannot_start_is_a_failure),
        SCENARIO(an_idle_container_ends_when_asked_to),
        SCENARIO(a_failure_action_ends_the_container_with_the_code),
        SCENARIO(a_reboot_has_its_own_status),
        SCENARIO(stop_commands_run_during_the_shutdown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
