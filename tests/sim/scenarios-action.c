/* What a unit may do to the whole container, and what its end starts: systemd.unit(5), …Action=, OnFailure=
 * and OnSuccess= with their job modes, CollectMode=. */
#include "script.h"

#define START "[Service]\nExecStart=/bin/a\n"

/* The status that the container ends with; -1: it goes on. */
static int ended_with(struct script *s)
{
    int status = -1;
    (void)manager_finished(script_manager(s), &status);
    return status;
}

/* --- the actions --- */

static void expect_action(struct script *s, const char *action, int status, bool in_order)
{
    _cleanup_free_ char *text = xasprintf("FailureAction=%s\n" START, action);
    script_unit(s, "a.service", text);
    script_unit(s, "b.service", START);
    script_start(s, "b.service");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 7);
    assert_int_equal(ended_with(s), status);
    if (status < 0)
        return;
    if (in_order)
        assert_logged(s, "signal 15 b.service");
    else
        assert_not_logged(s, "signal 15 b.service");
}

#define ACTION(function, name, status, in_order)                                                             \
    static void function(void **state)                                                                       \
    {                                                                                                        \
        expect_action(*state, name, status, in_order);                                                       \
    }
ACTION(action_none_changes_nothing, "none", -1, true)
ACTION(action_exit_ends_in_order_with_the_code, "exit", 7, true)
ACTION(action_exit_force_kills_with_the_code, "exit-force", 7, false)
ACTION(action_reboot_ends_in_order, "reboot", EXIT_REBOOT, true)
ACTION(action_reboot_force_kills, "reboot-force", EXIT_REBOOT, false)
ACTION(action_reboot_immediate_kills, "reboot-immediate", EXIT_REBOOT, false)
ACTION(action_poweroff_ends_in_order, "poweroff", 0, true)
ACTION(action_poweroff_force_kills, "poweroff-force", 0, false)
ACTION(action_poweroff_immediate_kills, "poweroff-immediate", 0, false)
ACTION(action_halt_ends_in_order, "halt", 0, true)
ACTION(action_halt_force_kills, "halt-force", 0, false)
ACTION(action_halt_immediate_kills, "halt-immediate", 0, false)
ACTION(action_kexec_is_a_reboot, "kexec", EXIT_REBOOT, true)
ACTION(action_kexec_force_kills, "kexec-force", EXIT_REBOOT, false)
ACTION(action_soft_reboot_is_a_reboot, "soft-reboot", EXIT_REBOOT, true)
ACTION(action_soft_reboot_force_kills, "soft-reboot-force", EXIT_REBOOT, false)

static void an_exit_status_of_the_unit_wins(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "FailureAction=exit\nFailureActionExitStatus=42\n" START);
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 7);
    assert_int_equal(ended_with(s), 42);
}

static void a_success_ends_the_container_with_its_status(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "SuccessAction=exit\nSuccessActionExitStatus=9\nFailureAction=none\n" START);
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 0);
    assert_int_equal(ended_with(s), 9);
}

static void a_service_that_only_acts_needs_no_command(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "SuccessAction=exit\nSuccessActionExitStatus=3\n[Service]\nType=oneshot\n");
    script_start(s, "a.service");
    assert_int_equal(ended_with(s), 3);
}

static void a_start_limit_may_end_the_container(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service",
                "StartLimitBurst=1\nStartLimitAction=exit\n" START "Restart=always\nRestartSec=0\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 0);
    script_pass(s, 1);
    assert_int_equal(ended_with(s), 1);
    assert_logged(s, "message a.service: it was started too often, the container ends (exit)");
}

static void a_job_that_takes_too_long_may_end_the_container(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "JobTimeoutSec=3\nJobTimeoutAction=poweroff\n" START "Type=notify\n");
    script_start(s, "a.service");
    script_pass(s, 3 * USEC_PER_SEC);
    assert_logged(s, "job start a.service timeout");
    assert_int_equal(ended_with(s), 0);
}

/* --- what an end starts --- */

static void a_failure_may_isolate(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "OnFailure=rescue.target\nOnFailureJobMode=isolate\n" START);
    script_unit(s, "b.service", START);
    script_unit(s, "rescue.target", "AllowIsolate=yes\n");
    script_start(s, "b.service");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    assert_state(s, "rescue.target", "active");
    assert_state(s, "b.service", "dead");
}

static void on_failure_isolate_is_the_old_way_to_say_so(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "OnFailure=c.service\nOnFailureIsolate=yes\n" START);
    script_unit(s, "b.service", START);
    script_unit(s, "c.service", START);
    script_start(s, "b.service");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    assert_state(s, "c.service", "running");
    assert_state(s, "b.service", "dead");
}

static void only_one_unit_is_isolated(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "OnFailure=c.service d.service\nOnFailureJobMode=isolate\n" START);
    script_unit(s, "c.service", START);
    script_unit(s, "d.service", START);
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    assert_logged(s, "message a.service: only one unit can be isolated");
    assert_not_logged(s, "spawn c.service ExecStart");
}

/* c.service is being stopped when a.service ends: a start replaces that, or is refused. */
static void end_while_the_other_stops(struct script *s, const char *settings, int status)
{
    _cleanup_free_ char *text = xasprintf("%s\n" START, settings);
    script_unit(s, "a.service", text);
    script_unit(s, "c.service", START);
    script_start(s, "c.service");
    script_start(s, "a.service");
    s->stubborn = "c.service";
    script_stop(s, "c.service");
    script_main_exits(s, "a.service", status);
}

static void a_success_does_not_replace_other_jobs(void **state)
{
    struct script *s = *state;
    end_while_the_other_stops(s, "OnSuccess=c.service", 0);
    assert_not_logged(s, "job stop c.service canceled");
}

static void a_success_may_replace_other_jobs(void **state)
{
    struct script *s = *state;
    end_while_the_other_stops(s, "OnSuccess=c.service\nOnSuccessJobMode=replace", 0);
    assert_logged(s, "job stop c.service canceled");
}

static void a_failure_replaces_other_jobs(void **state)
{
    struct script *s = *state;
    end_while_the_other_stops(s, "OnFailure=c.service", 1);
    assert_logged(s, "job stop c.service canceled");
}

/* --- the memory of a failure --- */

static void a_failure_stays_by_default(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    assert_state(s, "a.service", "failed");
}

static void a_collected_failure_is_forgotten(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "CollectMode=inactive-or-failed\n" START);
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    assert_logged(s, "a.service failed");
    assert_state(s, "a.service", "dead");
    assert_result(s, "a.service", "success");
}

static void a_failure_is_kept_as_long_as_somebody_needs_the_unit(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "CollectMode=inactive-or-failed\n" START);
    script_unit(s, "b.service", "Wants=a.service\n" START);
    script_start(s, "b.service");
    script_main_exits(s, "a.service", 1);
    assert_state(s, "a.service", "failed");
    script_stop(s, "b.service");
    assert_state(s, "a.service", "dead");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(action_none_changes_nothing),
        SCENARIO(action_exit_ends_in_order_with_the_code),
        SCENARIO(action_exit_force_kills_with_the_code),
        SCENARIO(action_reboot_ends_in_order),
        SCENARIO(action_reboot_force_kills),
        SCENARIO(action_reboot_immediate_kills),
        SCENARIO(action_poweroff_ends_in_order),
        SCENARIO(action_poweroff_force_kills),
        SCENARIO(action_poweroff_immediate_kills),
        SCENARIO(action_halt_ends_in_order),
        SCENARIO(action_halt_force_kills),
        SCENARIO(action_halt_immediate_kills),
        SCENARIO(action_kexec_is_a_reboot),
        SCENARIO(action_kexec_force_kills),
        SCENARIO(action_soft_reboot_is_a_reboot),
        SCENARIO(action_soft_reboot_force_kills),
        SCENARIO(an_exit_status_of_the_unit_wins),
        SCENARIO(a_success_ends_the_container_with_its_status),
        SCENARIO(a_service_that_only_acts_needs_no_command),
        SCENARIO(a_start_limit_may_end_the_container),
        SCENARIO(a_job_that_takes_too_long_may_end_the_container),
        SCENARIO(a_failure_may_isolate),
        SCENARIO(on_failure_isolate_is_the_old_way_to_say_so),
        SCENARIO(only_one_unit_is_isolated),
        SCENARIO(a_success_does_not_replace_other_jobs),
        SCENARIO(a_success_may_replace_other_jobs),
        SCENARIO(a_failure_replaces_other_jobs),
        SCENARIO(a_failure_stays_by_default),
        SCENARIO(a_collected_failure_is_forgotten),
        SCENARIO(a_failure_is_kept_as_long_as_somebody_needs_the_unit),
    };
    return cmocka_run_group_tests_name("action", tests, NULL, NULL);
}
