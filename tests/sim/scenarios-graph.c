/* Several units: ordering, requirements, and what one unit's fate does to others. */
#include "script.h"

#include "common/text.h"

#define START  "[Service]\nExecStart=/bin/a\n"
#define NOTIFY START "Type=notify\n"

static void units_start_in_order(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Requires=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", NOTIFY);
    script_start(s, "web.service");
    assert_state(s, "web.service", "dead");
    script_notify(s, "db.service", "READY=1");
    assert_state(s, "web.service", "running");
}

#define DEFAULTS "DefaultDependencies=yes\n"

static void a_target_comes_after_what_it_pulls_in_but_makes_no_circle(void **state)
{
    struct script *s = *state;
    const char *oneshot = "[Service]\nType=oneshot\nExecStart=/bin/a\n";
    _cleanup_free_ char *first = xasprintf(DEFAULTS "%s", oneshot),
                        *late = xasprintf(DEFAULTS "After=g.target\n%s", oneshot);
    script_unit(s, "g.target", DEFAULTS "Wants=first.service late.service free.service\n");
    script_unit(s, "first.service", first);
    script_unit(s, "late.service", late);
    script_unit(s, "free.service", oneshot);
    script_start(s, "g.target");
    assert_state(s, "g.target", "dead");
    script_main_exits(s, "first.service", 0);
    assert_state(s, "g.target", "active");
    assert_state(s, "free.service", "start");
    assert_state(s, "late.service", "start");
}

static void stop_ends_in_reverse_order(void **state)
{
    struct script *s = *state;
    script_unit(s, "all.target", "Wants=web.service db.service\n");
    script_unit(s, "web.service", "After=db.service\nPartOf=all.target\n" START);
    script_unit(s, "db.service", "PartOf=all.target\n" START);
    script_start(s, "all.target");
    s->stubborn = "web.service";
    script_stop(s, "all.target");
    assert_state(s, "db.service", "running");
    script_main_exits(s, "web.service", 0);
    assert_order(s, "web.service dead", "db.service stop-sigterm");
}

static void a_requires_dependency_that_fails_keeps_the_dependent_down(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Requires=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", NOTIFY);
    script_start(s, "web.service");
    script_main_exits(s, "db.service", 1);
    assert_logged(s, "job start web.service dependency");
    assert_not_logged(s, "spawn web.service");
}

static void a_wants_dependency_may_fail(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Wants=db.service missing.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", NOTIFY);
    script_start(s, "web.service");
    script_main_exits(s, "db.service", 1);
    assert_state(s, "web.service", "running");
}

static void a_required_unit_that_is_missing_refuses_the_start(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Requires=missing.service\n" START);
    assert_int_equal(script_request(s, JOB_START, "web.service"), -ENOENT);
    assert_logged(s, "message web.service: not started, it requires missing.service, which is not-found");
}

static void a_wanted_unit_with_a_missing_requirement_does_not_start(void **state)
{
    struct script *s = *state;
    script_unit(s, "all.target", "Wants=web.service\n");
    script_unit(s, "web.service", "Requires=missing.service\n" START);
    script_start(s, "all.target");
    assert_state(s, "all.target", "active");
    assert_state(s, "web.service", "dead");
}

static void units_that_pull_each_other_in_end_with_a_missing_requirement(void **state)
{
    struct script *s = *state;
    script_unit(s, "all.target", "Wants=a.service b.service\n");
    script_unit(s, "a.service", "Requires=missing.service\nWants=b.service\n" START);
    script_unit(s, "b.service", "Requires=a.service\n" START);
    script_start(s, "all.target");
    assert_state(s, "all.target", "active");
    assert_not_logged(s, "spawn");
}

static void a_requirement_that_dies_later_takes_nobody_along(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Requires=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", START);
    script_start(s, "web.service");
    script_main_exits(s, "db.service", 1);
    assert_state(s, "web.service", "running");
    script_stop(s, "db.service");
}

static void stopping_a_requirement_stops_who_requires_it(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Requires=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", START);
    script_start(s, "web.service");
    script_stop(s, "db.service");
    assert_order(s, "web.service dead", "db.service dead");
}

static void restarting_a_requirement_restarts_who_requires_it(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Requires=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", START);
    script_start(s, "web.service");
    script_forget_log(s);
    script_restart(s, "db.service");
    assert_order(s, "web.service dead", "db.service dead");
    assert_order(s, "db.service running", "web.service running");
}

static void what_is_bound_to_a_unit_goes_with_it(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "BindsTo=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", START);
    script_start(s, "web.service");
    script_main_exits(s, "db.service", 0);
    assert_state(s, "web.service", "dead");
}

static void conflicting_units_replace_each_other(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Conflicts=b.service\n" START);
    script_unit(s, "b.service", START);
    script_start(s, "a.service");
    script_start(s, "b.service");
    assert_state(s, "a.service", "dead");
    assert_state(s, "b.service", "running");
    script_start(s, "a.service");
    assert_state(s, "b.service", "dead");
}

static void units_that_are_asked_for_at_once_keep_their_order(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "After=b.service\n[Service]\nType=oneshot\nExecStart=/bin/a\n");
    script_unit(s, "b.service", "[Service]\nType=oneshot\nExecStart=/bin/b\n");
    struct manager *manager = script_manager(s);
    manager_gather(manager);
    script_start(s, "a.service");
    script_start(s, "b.service");
    assert_not_logged(s, "spawn");
    manager_go(manager);
    assert_logged(s, "spawn b.service ExecStart");
    assert_not_logged(s, "spawn a.service ExecStart");
    script_main_exits(s, "b.service", 0);
    assert_logged(s, "spawn a.service ExecStart");
}

static void what_a_request_requires_is_not_there(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Requires=missing.service\n" START);
    assert_int_equal(script_request(s, JOB_START, "a.service"), -ENOENT);
}

static void a_request_that_contradicts_itself_is_refused(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Requires=b.service c.service\n" START);
    script_unit(s, "b.service", "Conflicts=c.service\n" START);
    script_unit(s, "c.service", START);
    assert_int_equal(script_request(s, JOB_START, "a.service"), -ELOOP);
    assert_not_logged(s, "spawn");
}

static void a_cycle_is_broken_and_named(void **state)
{
    struct script *s = *state;
    script_unit(s, "all.target", "Wants=a.service b.service c.service\n");
    script_unit(s, "a.service", "After=b.service\n" START);
    script_unit(s, "b.service", "After=c.service\n" START);
    script_unit(s, "c.service", "After=a.service\n" START);
    script_start(s, "all.target");
    assert_int_equal(script_count(s, "message ordering cycle"), 1);
    const char *message = s->log[script_index(s, "message ordering cycle")];
    assert_non_null(strstr(message, "a.service"));
    assert_non_null(strstr(message, "b.service"));
    assert_non_null(strstr(message, "c.service"));
    assert_int_equal(script_count(s, "spawn"), 2);
}

static void a_cycle_of_required_units_is_refused(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Requires=b.service\nAfter=b.service\n" START);
    script_unit(s, "b.service", "After=a.service\n" START);
    assert_int_equal(script_request(s, JOB_START, "a.service"), -ELOOP);
    assert_not_logged(s, "spawn");
}

static void on_failure_starts_another_unit(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "OnFailure=alarm.service\nOnSuccess=done.service\n" START);
    script_unit(s, "alarm.service", START);
    script_unit(s, "done.service", START);
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 1);
    assert_state(s, "alarm.service", "running");
    assert_state(s, "done.service", "dead");
}

static void on_success_starts_another_unit(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "OnFailure=alarm.service\nOnSuccess=done.service\n" START);
    script_unit(s, "alarm.service", START);
    script_unit(s, "done.service", START);
    script_start(s, "a.service");
    script_main_exits(s, "a.service", 0);
    assert_state(s, "alarm.service", "dead");
    assert_state(s, "done.service", "running");
}

static void an_upheld_unit_comes_back(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Upholds=b.service\n" START);
    script_unit(s, "b.service", START);
    script_start(s, "a.service");
    script_main_exits(s, "b.service", 1);
    assert_state(s, "b.service", "running");
    assert_int_equal(script_count(s, "spawn b.service ExecStart"), 2);
}

static void an_unneeded_unit_stops(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Wants=helper.service\n" START);
    script_unit(s, "helper.service", "StopWhenUnneeded=yes\n" START);
    script_start(s, "a.service");
    assert_state(s, "helper.service", "running");
    script_stop(s, "a.service");
    assert_state(s, "helper.service", "dead");
}

static void a_false_condition_skips_the_unit_and_not_its_dependents(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Requires=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", "ConditionPathExists=/missing\n" START);
    s->unmet = "/missing";
    script_start(s, "web.service");
    assert_logged(s, "job start db.service done");
    assert_state(s, "db.service", "dead");
    assert_state(s, "web.service", "running");
}

static void a_false_assert_fails_the_dependents(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Requires=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", "AssertPathExists=/missing\n" START);
    s->unmet = "/missing";
    script_start(s, "web.service");
    assert_logged(s, "job start db.service assert");
    assert_logged(s, "job start web.service dependency");
}

static void a_requisite_that_is_not_up_is_not_started(void **state)
{
    struct script *s = *state;
    script_unit(s, "web.service", "Requisite=db.service\nAfter=db.service\n" START);
    script_unit(s, "db.service", START);
    script_start(s, "web.service");
    assert_logged(s, "job start web.service dependency");
    assert_not_logged(s, "spawn");
}

static void daemon_reload_keeps_what_runs(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_start(s, "a.service");
    free(s->texts[0]);
    s->texts[0] = strdup("[Unit]\nDefaultDependencies=no\nDescription=new\n" START);
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_state(s, "a.service", "running");
    assert_string_equal(script_find(s, "a.service")->unit->description, "new");
    assert_int_equal(script_count(s, "spawn"), 1);
}

static void rewrite(struct script *s, unsigned i, const char *text)
{
    free(s->texts[i]);
    s->texts[i] = xasprintf("[Unit]\nDefaultDependencies=no\n%s", text);
    assert_non_null(s->texts[i]);
}

static void daemon_reload_makes_the_dependencies_anew(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Wants=old.service\n" START);
    script_unit(s, "old.service", START);
    script_unit(s, "new.service", START);
    script_start(s, "a.service");
    script_stop(s, "old.service");
    script_stop(s, "a.service");
    script_forget_log(s);
    rewrite(s, 0, "Wants=new.service\nAfter=new.service\n" START);
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    script_start(s, "a.service");
    assert_order(s, "new.service running", "a.service running");
    assert_state(s, "old.service", "dead");
}

static void daemon_reload_lets_jobs_go_on(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Requires=b.service\nAfter=b.service\n" START);
    script_unit(s, "b.service", NOTIFY);
    script_start(s, "a.service");
    assert_state(s, "b.service", "start");
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_state(s, "b.service", "start");
    script_notify(s, "b.service", "READY=1");
    assert_state(s, "a.service", "running");
    assert_logged(s, "job start a.service done");
}

static void daemon_reload_forgets_units_that_are_gone(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Wants=b.service\n" START);
    script_unit(s, "b.service", START);
    script_start(s, "a.service");
    script_stop(s, "b.service");
    free(s->names[1]);
    s->names[1] = strdup("c.service");
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_non_null(script_find(s, "b.service")); /* a.service names it */
    rewrite(s, 0, START);
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_null(manager_find(s->manager, "b.service"));
    script_shutdown(s, 0);
    assert_true(manager_finished(s->manager, NULL));
}

static void daemon_reload_lets_a_service_run_whose_file_is_gone(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "ExecStop=/bin/stop\n");
    script_start(s, "a.service");
    free(s->names[0]);
    s->names[0] = strdup("c.service");
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_state(s, "a.service", "running");
    script_stop(s, "a.service");
    assert_logged(s, "spawn a.service ExecStop");
    script_control_exits(s, "a.service", 0);
    assert_state(s, "a.service", "dead");
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_null(manager_find(s->manager, "a.service"));
}

/* A link; see script.c. */
static void lead(struct script *s, unsigned i, const char *target)
{
    free(s->texts[i]);
    s->texts[i] = xasprintf("-> %s", target);
    assert_non_null(s->texts[i]);
}

static void daemon_reload_finds_and_forgets_other_names(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_unit(s, "c.service", START);
    script_unit(s, "b.service", "");
    lead(s, 2, "nowhere.service");
    script_start(s, "a.service");
    script_start(s, "c.service");
    lead(s, 2, "a.service");
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_ptr_equal(manager_find(s->manager, "b.service"), script_find(s, "a.service"));
    assert_string_equal(script_find(s, "a.service")->unit->aliases[0], "b.service");
    lead(s, 2, "c.service");
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_ptr_equal(manager_find(s->manager, "b.service"), script_find(s, "c.service"));
    assert_null(script_find(s, "a.service")->unit->aliases);
    lead(s, 2, "nowhere.service");
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_null(manager_find(s->manager, "b.service"));
    assert_state(s, "a.service", "running");
    assert_state(s, "c.service", "running");
    assert_int_equal(script_count(s, "spawn"), 2);
}

static void daemon_reload_leaves_a_unit_alone_that_runs_and_has_become_another_name(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_unit(s, "b.service", START);
    script_start(s, "a.service");
    script_start(s, "b.service");
    lead(s, 1, "a.service");
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_logged(s, "message b.service: it is another name of a.service now");
    assert_true(manager_find(s->manager, "b.service") != manager_find(s->manager, "a.service"));
    assert_true(!strv_contains(script_find(s, "a.service")->unit->aliases, "b.service"));
    assert_state(s, "b.service", "running");
    script_stop(s, "b.service");
    assert_int_equal(manager_reload(s->manager, s->now), 0);
    assert_ptr_equal(manager_find(s->manager, "b.service"), script_find(s, "a.service"));
    assert_state(s, "a.service", "running");
}

static void a_unit_is_known_by_all_of_its_names_at_once(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_unit(s, "b.service", "");
    lead(s, 1, "a.service");
    script_start(s, "a.service");
    assert_ptr_equal(manager_find(s->manager, "b.service"), script_find(s, "a.service"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(units_start_in_order),
        SCENARIO(a_target_comes_after_what_it_pulls_in_but_makes_no_circle),
        SCENARIO(stop_ends_in_reverse_order),
        SCENARIO(a_requires_dependency_that_fails_keeps_the_dependent_down),
        SCENARIO(a_wants_dependency_may_fail),
        SCENARIO(a_required_unit_that_is_missing_refuses_the_start),
        SCENARIO(a_wanted_unit_with_a_missing_requirement_does_not_start),
        SCENARIO(units_that_pull_each_other_in_end_with_a_missing_requirement),
        SCENARIO(a_requirement_that_dies_later_takes_nobody_along),
        SCENARIO(stopping_a_requirement_stops_who_requires_it),
        SCENARIO(restarting_a_requirement_restarts_who_requires_it),
        SCENARIO(what_is_bound_to_a_unit_goes_with_it),
        SCENARIO(conflicting_units_replace_each_other),
        SCENARIO(a_request_that_contradicts_itself_is_refused),
        SCENARIO(units_that_are_asked_for_at_once_keep_their_order),
        SCENARIO(what_a_request_requires_is_not_there),
        SCENARIO(a_cycle_is_broken_and_named),
        SCENARIO(a_cycle_of_required_units_is_refused),
        SCENARIO(on_failure_starts_another_unit),
        SCENARIO(on_success_starts_another_unit),
        SCENARIO(an_upheld_unit_comes_back),
        SCENARIO(an_unneeded_unit_stops),
        SCENARIO(a_false_condition_skips_the_unit_and_not_its_dependents),
        SCENARIO(a_false_assert_fails_the_dependents),
        SCENARIO(a_requisite_that_is_not_up_is_not_started),
        SCENARIO(daemon_reload_keeps_what_runs),
        SCENARIO(daemon_reload_makes_the_dependencies_anew),
        SCENARIO(daemon_reload_lets_jobs_go_on),
        SCENARIO(daemon_reload_forgets_units_that_are_gone),
        SCENARIO(daemon_reload_lets_a_service_run_whose_file_is_gone),
        SCENARIO(daemon_reload_finds_and_forgets_other_names),
        SCENARIO(daemon_reload_leaves_a_unit_alone_that_runs_and_has_become_another_name),
        SCENARIO(a_unit_is_known_by_all_of_its_names_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
