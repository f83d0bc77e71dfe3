/* Restarts: when, after how long, and who notices. systemd.service(5), Restart= and its neighbours. */
#include "script.h"

#define START "[Service]\nExecStart=/bin/a\n"

/* How long the service waits for its next start after its main process failed. */
static usec_t delay_of_next_restart(struct script *s, const char *name)
{
    script_main_exits(s, name, 1);
    assert_state(s, name, "auto-restart");
    usec_t begin = s->now;
    script_pass(s, manager_next_deadline(s->manager) - s->now);
    assert_state(s, name, "running");
    return s->now - begin;
}

static void the_delay_grows_in_steps_to_its_maximum(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service",
                "StartLimitIntervalSec=0\n" START
                "Restart=always\nRestartSec=1s\nRestartSteps=3\nRestartMaxDelaySec=8s\n");
    script_start(s, "a.service");
    const usec_t expected[] = {1, 2, 4, 8, 8};
    for (size_t i = 0; i < 5; i++)
        assert_in_range(delay_of_next_restart(s, "a.service"), expected[i] * USEC_PER_SEC - 1,
                        expected[i] * USEC_PER_SEC + 1);
    script_restart(s, "a.service");
    assert_int_equal(delay_of_next_restart(s, "a.service"), USEC_PER_SEC);
}

static void without_steps_the_maximum_has_no_effect(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service",
                "StartLimitIntervalSec=0\n" START "Restart=always\nRestartSec=1s\nRestartMaxDelaySec=8s\n");
    script_start(s, "a.service");
    for (int i = 0; i < 3; i++)
        assert_int_equal(delay_of_next_restart(s, "a.service"), USEC_PER_SEC);
}

static void a_normal_restart_passes_through_failed(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Restart=on-failure\n");
    script_start(s, "a.service");
    script_forget_log(s);
    script_main_exits(s, "a.service", 1);
    assert_order(s, "a.service failed", "a.service auto-restart");
}

static void a_direct_restart_is_never_down(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service",
                "OnFailure=b.service\n" START
                "Restart=on-failure\nRestartMode=direct\nExecStopPost=/bin/p\n");
    script_unit(s, "b.service", START);
    script_start(s, "a.service");
    script_forget_log(s);
    script_main_exits(s, "a.service", 1);
    script_control_exits(s, "a.service", 0);
    assert_state(s, "a.service", "auto-restart");
    assert_not_logged(s, "a.service failed");
    script_pass(s, USEC_PER_SEC);
    assert_state(s, "a.service", "running");
    assert_not_logged(s, "a.service dead");
    assert_not_logged(s, "spawn b.service ExecStart");
    assert_int_equal(script_find(s, "a.service")->n_restarts, 1);
}

static void a_start_waits_through_direct_restarts(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\nRestart=on-failure\nRestartMode=direct\n");
    script_unit(s, "b.service", "Requires=a.service\nAfter=a.service\n" START);
    script_start(s, "b.service");
    script_main_exits(s, "a.service", 1);
    assert_not_logged(s, "job start b.service dependency");
    script_pass(s, USEC_PER_SEC);
    script_notify(s, "a.service", "READY=1");
    assert_logged(s, "job start a.service done");
    assert_state(s, "b.service", "running");
}

static void a_start_fails_with_a_normal_restart(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\nRestart=on-failure\n");
    script_unit(s, "b.service", "Requires=a.service\nAfter=a.service\n" START);
    script_start(s, "b.service");
    script_main_exits(s, "a.service", 1);
    assert_logged(s, "job start a.service failed");
    assert_logged(s, "job start b.service dependency");
}

static void a_direct_restart_that_is_limited_fails(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service",
                "StartLimitBurst=2\nOnFailure=b.service\n" START
                "Restart=always\nRestartSec=0\nRestartMode=direct\n");
    script_unit(s, "b.service", START);
    script_start(s, "a.service");
    for (int i = 0; i < 2; i++) {
        script_main_exits(s, "a.service", 1);
        script_pass(s, 1);
    }
    assert_state(s, "a.service", "failed");
    assert_result(s, "a.service", "exit-code");
    assert_state(s, "b.service", "running");
}

static void a_service_stopped_between_direct_restarts_is_dead(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Restart=always\nRestartSec=1h\nRestartMode=direct\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    script_stop(s, "a.service");
    assert_state(s, "a.service", "dead");
}

/* systemd.service(5): the table "Exit causes and the effect of the Restart= settings". */
static void each_restart_setting_has_its_causes(void **state)
{
    enum cause { CLEAN, EXIT_CODE, SIGNAL, TIMEOUT, WATCHDOG, CAUSES };
    static const struct {
        const char *restart;
        bool restarted[CAUSES];
    } rows[] = {
        {"no", {0, 0, 0, 0, 0}},          {"always", {1, 1, 1, 1, 1}},      {"on-success", {1, 0, 0, 0, 0}},
        {"on-failure", {0, 1, 1, 1, 1}},  {"on-abnormal", {0, 0, 1, 1, 1}}, {"on-abort", {0, 0, 1, 0, 0}},
        {"on-watchdog", {0, 0, 0, 0, 1}},
    };
    struct script *s = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (int cause = 0; cause < CAUSES; cause++) {
            char name[64], text[256];
            (void)snprintf(name, sizeof(name), "%s-%d.service", rows[i].restart, cause);
            (void)snprintf(text, sizeof(text), START "Restart=%s\nRestartSec=1h\n%s", rows[i].restart,
                           cause == TIMEOUT    ? "RuntimeMaxSec=1\n"
                           : cause == WATCHDOG ? "WatchdogSec=1\n"
                                               : "");
            script_unit(s, name, text);
            script_start(s, name);
            if (cause == SIGNAL)
                script_main_killed(s, name, SIGSEGV);
            else if (cause == CLEAN || cause == EXIT_CODE)
                script_main_exits(s, name, cause == CLEAN ? 0 : 1);
            else
                script_pass(s, USEC_PER_SEC);
            assert_int_equal(script_find(s, name)->state == SERVICE_AUTO_RESTART, rows[i].restarted[cause]);
            script_forget_children(s);
        }
}

static void a_forced_exit_status_is_restarted(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Restart=no\nRestartForceExitStatus=7 SIGHUP\n");
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 7);
    assert_state(s, "a.service", "auto-restart");
    script_pass(s, USEC_PER_SEC);
    script_main_killed(s, "a.service", SIGHUP);
    assert_state(s, "a.service", "auto-restart");
}

/* What the manager looks at while a service fails and comes up again, with so many other units. */
static uint64_t looks_of_a_restart(struct script *s, unsigned n)
{
    _cleanup_free_ char *wants = strdup("a.service");

    script_unit(s, "hub.target", "DefaultDependencies=yes\n");
    script_unit(s, "a.service",
                "DefaultDependencies=yes\nRequires=hub.target\nAfter=hub.target\n" START
                "Restart=always\nRestartSec=1s\n");
    for (unsigned i = 0; i < n; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "m%u.target", i);
        script_unit(s, name, "DefaultDependencies=yes\nRequires=hub.target\nAfter=hub.target\n");
        char *longer = xasprintf("%s %s", wants, name);
        free(wants);
        wants = longer;
    }
    _cleanup_free_ char *all = xasprintf("DefaultDependencies=yes\nWants=%s\n", wants);
    script_unit(s, "all.target", all);
    script_start(s, "all.target");
    assert_state(s, "all.target", "active");
    uint64_t before = manager_count_looks(s->manager);
    script_main_exits(s, "a.service", 1);
    script_pass(s, USEC_PER_SEC);
    assert_state(s, "a.service", "running");
    return manager_count_looks(s->manager) - before;
}

static void a_restart_costs_the_same_however_many_units_there_are(void **state)
{
    uint64_t looks[2];
    const unsigned n[2] = {10, 1000};

    for (size_t i = 0; i < 2; i++) {
        void *script;
        assert_int_equal(script_setup(&script), 0);
        looks[i] = looks_of_a_restart(script, n[i]);
        assert_int_equal(script_teardown(&script), 0);
    }
    assert_true(looks[0] > 0);
    assert_int_equal(looks[0], looks[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(the_delay_grows_in_steps_to_its_maximum),
        SCENARIO(without_steps_the_maximum_has_no_effect),
        SCENARIO(a_normal_restart_passes_through_failed),
        SCENARIO(a_direct_restart_is_never_down),
        SCENARIO(a_start_waits_through_direct_restarts),
        SCENARIO(a_start_fails_with_a_normal_restart),
        SCENARIO(a_direct_restart_that_is_limited_fails),
        SCENARIO(a_service_stopped_between_direct_restarts_is_dead),
        SCENARIO(each_restart_setting_has_its_causes),
        SCENARIO(a_forced_exit_status_is_restarted),
        cmocka_unit_test(a_restart_costs_the_same_however_many_units_there_are),
    };
    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
