/* Jobs: their modes (systemctl(1), --job-mode=), their limits, and how one is cancelled. */
#include "script.h"

#define START "[Service]\nExecStart=/bin/a\n"

/* a.service is on its way up. */
static void begin_start(struct script *s)
{
    script_unit(s, "a.service", START "Type=notify\n");
    script_start(s, "a.service");
    assert_state(s, "a.service", "start");
}

static void replace_takes_the_place_of_an_opposite_job(void **state)
{
    struct script *s = *state;
    begin_start(s);
    assert_int_equal(script_request_mode(s, JOB_STOP, "a.service", JOB_REPLACE), 0);
    assert_logged(s, "job start a.service canceled");
    assert_state(s, "a.service", "dead");
}

static void fail_gives_way_to_an_opposite_job(void **state)
{
    struct script *s = *state;
    begin_start(s);
    assert_int_equal(script_request_mode(s, JOB_STOP, "a.service", JOB_FAIL), -EDEADLK);
    assert_state(s, "a.service", "start");
    /* One that goes with it is merged. */
    assert_int_equal(script_request_mode(s, JOB_START, "a.service", JOB_FAIL), 0);
}

static void an_irreversible_job_is_not_replaced(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    assert_int_equal(script_request_mode(s, JOB_START, "a.service", JOB_REPLACE_IRREVERSIBLY), 0);
    assert_int_equal(script_request_mode(s, JOB_STOP, "a.service", JOB_REPLACE), -EDEADLK);
    assert_int_equal(manager_cancel_job(s->manager, s->now, script_find(s, "a.service")->job_id), 0);
    assert_int_equal(script_request_mode(s, JOB_STOP, "a.service", JOB_REPLACE), 0);
}

static void isolate_stops_all_others(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_unit(s, "kept.service", "IgnoreOnIsolate=yes\n" START);
    script_unit(s, "b.service", "AllowIsolate=yes\nWants=c.service\n" START);
    script_unit(s, "c.service", START);
    script_start(s, "a.service");
    script_start(s, "kept.service");
    assert_int_equal(script_request_mode(s, JOB_START, "b.service", JOB_ISOLATE), 0);
    assert_state(s, "a.service", "dead");
    assert_state(s, "kept.service", "running");
    assert_state(s, "c.service", "running");
    assert_int_equal(script_request_mode(s, JOB_START, "a.service", JOB_ISOLATE), -EPERM);
    assert_int_equal(script_request_mode(s, JOB_STOP, "b.service", JOB_ISOLATE), -EINVAL);
}

static void ignore_dependencies_neither_pulls_in_nor_waits(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    script_unit(s, "b.service", "Requires=c.service\nAfter=a.service\n" START);
    script_unit(s, "c.service", START);
    script_start(s, "a.service");
    assert_int_equal(script_request_mode(s, JOB_START, "b.service", JOB_IGNORE_DEPENDENCIES), 0);
    assert_state(s, "b.service", "running");
    assert_not_logged(s, "spawn c.service ExecStart");
}

static void ignore_requirements_waits_and_pulls_nothing_in(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    script_unit(s, "b.service", "Requires=c.service\nAfter=a.service\n" START);
    script_unit(s, "c.service", START);
    script_start(s, "a.service");
    assert_int_equal(script_request_mode(s, JOB_START, "b.service", JOB_IGNORE_REQUIREMENTS), 0);
    assert_state(s, "b.service", "dead");
    script_notify(s, "a.service", "READY=1");
    assert_state(s, "b.service", "running");
    assert_not_logged(s, "spawn c.service ExecStart");
}

static void flush_cancels_all_other_jobs(void **state)
{
    struct script *s = *state;
    begin_start(s);
    script_unit(s, "waits.service", "After=a.service\n" START);
    script_unit(s, "b.service", START);
    script_start(s, "waits.service");
    assert_int_equal(script_request_mode(s, JOB_START, "b.service", JOB_FLUSH), 0);
    assert_logged(s, "job start a.service canceled");
    assert_logged(s, "job start waits.service canceled");
    assert_not_logged(s, "spawn waits.service ExecStart");
    assert_state(s, "b.service", "running");
}

static void triggering_is_for_stops(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    assert_int_equal(script_request_mode(s, JOB_START, "a.service", JOB_TRIGGERING), -EINVAL);
    script_start(s, "a.service");
    assert_int_equal(script_request_mode(s, JOB_STOP, "a.service", JOB_TRIGGERING), 0);
    assert_state(s, "a.service", "dead");
}

static void a_cancelled_job_takes_along_what_needs_it(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "Requires=b.service\nAfter=b.service\n" START);
    script_unit(s, "b.service", START "Type=notify\n");
    script_start(s, "a.service");
    assert_int_equal(manager_cancel_job(s->manager, s->now, script_find(s, "b.service")->job_id), 0);
    assert_logged(s, "job start b.service canceled");
    assert_logged(s, "job start a.service dependency");
    assert_int_equal(script_find(s, "a.service")->job_id, 0);
    assert_int_equal(manager_cancel_job(s->manager, s->now, 4711), -ENOENT);
    assert_int_equal(manager_cancel_job(s->manager, s->now, 0), -ENOENT);
}

static void a_stop_is_not_cancelled_during_the_shutdown(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START);
    script_start(s, "a.service");
    s->stubborn = "a.service";
    script_shutdown(s, 0);
    assert_int_equal(manager_cancel_job(s->manager, s->now, script_find(s, "a.service")->job_id), -EPERM);
}

/* --- limits --- */

static void a_job_timeout_counts_from_the_request(void **state)
{
    struct script *s = *state;
    begin_start(s);
    script_unit(s, "b.service", "After=a.service\nJobTimeoutSec=3\n" START);
    script_start(s, "b.service");
    script_pass(s, 3 * USEC_PER_SEC);
    assert_logged(s, "job start b.service timeout");
    assert_not_logged(s, "spawn b.service ExecStart");
}

static void a_running_timeout_counts_from_when_it_runs(void **state)
{
    struct script *s = *state;
    begin_start(s);
    script_unit(s, "b.service", "After=a.service\nJobRunningTimeoutSec=3\n" START "Type=notify\n");
    script_start(s, "b.service");
    script_pass(s, 10 * USEC_PER_SEC);
    script_notify(s, "a.service", "READY=1");
    script_pass(s, 3 * USEC_PER_SEC - 1);
    assert_not_logged(s, "job start b.service timeout");
    script_pass(s, 1);
    assert_logged(s, "job start b.service timeout");
}

static void the_shorter_of_both_limits_counts(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "JobTimeoutSec=2\nJobRunningTimeoutSec=9\n" START "Type=notify\n");
    script_start(s, "a.service");
    script_pass(s, 2 * USEC_PER_SEC);
    assert_logged(s, "job start a.service timeout");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(replace_takes_the_place_of_an_opposite_job),
        SCENARIO(fail_gives_way_to_an_opposite_job),
        SCENARIO(an_irreversible_job_is_not_replaced),
        SCENARIO(isolate_stops_all_others),
        SCENARIO(ignore_dependencies_neither_pulls_in_nor_waits),
        SCENARIO(ignore_requirements_waits_and_pulls_nothing_in),
        SCENARIO(flush_cancels_all_other_jobs),
        SCENARIO(triggering_is_for_stops),
        SCENARIO(a_cancelled_job_takes_along_what_needs_it),
        SCENARIO(a_stop_is_not_cancelled_during_the_shutdown),
        SCENARIO(a_job_timeout_counts_from_the_request),
        SCENARIO(a_running_timeout_counts_from_when_it_runs),
        SCENARIO(the_shorter_of_both_limits_counts),
    };
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
