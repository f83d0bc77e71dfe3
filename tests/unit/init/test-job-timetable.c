/* What is due when while one job runs and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "init/job/job-timetable.h"

#define START (1000 * USEC_PER_SEC)

static enum job_due take(struct job_timetable *table, const struct job_options *options, usec_t now)
{
    int signal;
    return job_timetable_take(table, options, now, &signal);
}

static void test_without_limits_nothing_is_ever_due(void **state)
{
    const struct job_options options = {};
    struct job_timetable table;

    job_timetable_begin(&table, &options, START);
    assert_int_equal(job_timetable_next(&table), USEC_INFINITY);
    assert_int_equal(take(&table, &options, USEC_INFINITY - 1), JOB_DUE_NOTHING);
}

static void test_warnings_come_that_long_before_the_limit_each_once(void **state)
{
    const struct job_options options = {
        .time_limit = 100 * USEC_PER_SEC,
        .warnings = {{10, 20 * USEC_PER_SEC}, {12, 60 * USEC_PER_SEC}},
        .n_warnings = 2,
    };
    struct job_timetable table;
    int signal;

    job_timetable_begin(&table, &options, START);
    assert_int_equal(job_timetable_next(&table), START + 40 * USEC_PER_SEC);
    assert_int_equal(take(&table, &options, START + 40 * USEC_PER_SEC - 1), JOB_DUE_NOTHING);
    assert_int_equal(job_timetable_take(&table, &options, START + 40 * USEC_PER_SEC, &signal),
                     JOB_DUE_WARNING);
    assert_int_equal(signal, 12);
    assert_int_equal(job_timetable_next(&table), START + 80 * USEC_PER_SEC);
    assert_int_equal(job_timetable_take(&table, &options, START + 99 * USEC_PER_SEC, &signal),
                     JOB_DUE_WARNING);
    assert_int_equal(signal, 10);
    assert_int_equal(take(&table, &options, START + 100 * USEC_PER_SEC), JOB_DUE_TIME_LIMIT);
    assert_int_equal(job_timetable_next(&table), USEC_INFINITY);
}

static void test_warnings_of_the_same_moment_all_come(void **state)
{
    const struct job_options options = {
        .time_limit = 100 * USEC_PER_SEC,
        .warnings = {{10, USEC_PER_SEC}, {12, USEC_PER_SEC}},
        .n_warnings = 2,
    };
    struct job_timetable table;
    int one, other;

    job_timetable_begin(&table, &options, START);
    assert_int_equal(job_timetable_take(&table, &options, START + 99 * USEC_PER_SEC, &one), JOB_DUE_WARNING);
    assert_int_equal(job_timetable_take(&table, &options, START + 99 * USEC_PER_SEC, &other),
                     JOB_DUE_WARNING);
    assert_int_equal(one + other, 22);
    assert_int_equal(take(&table, &options, START + 99 * USEC_PER_SEC), JOB_DUE_NOTHING);
}

static void test_warning_longer_than_the_limit_is_due_at_once(void **state)
{
    const struct job_options options = {
        .time_limit = 10 * USEC_PER_SEC,
        .warnings = {{10, 120 * USEC_PER_SEC}},
        .n_warnings = 1,
    };
    struct job_timetable table;

    job_timetable_begin(&table, &options, START);
    assert_int_equal(take(&table, &options, START), JOB_DUE_WARNING);
    assert_int_equal(take(&table, &options, START), JOB_DUE_NOTHING);
}

static void test_end_of_the_job_forgets_its_times_and_keeps_those_of_the_rest(void **state)
{
    const struct job_options options = {
        .time_limit = 10 * USEC_PER_SEC, .warnings = {{10, USEC_PER_SEC}}, .n_warnings = 1};
    struct job_timetable table;

    job_timetable_begin(&table, &options, START);
    job_timetable_set(&table, JOB_DUE_KILL, START + 1);
    job_timetable_set(&table, JOB_DUE_TERM, START + 1);
    job_timetable_job_ended(&table);
    assert_int_equal(job_timetable_next(&table), USEC_INFINITY);
    job_timetable_set(&table, JOB_DUE_KILL_REST, START + 5);
    assert_true(job_timetable_is_set(&table, JOB_DUE_KILL_REST));
    assert_int_equal(take(&table, &options, START + 5), JOB_DUE_KILL_REST);
    assert_false(job_timetable_is_set(&table, JOB_DUE_KILL_REST));
}

static void test_what_is_due_earlier_comes_first(void **state)
{
    const struct job_options options = {};
    struct job_timetable table;

    job_timetable_begin(&table, &options, START);
    job_timetable_set(&table, JOB_DUE_KILL, START + 2);
    job_timetable_set(&table, JOB_DUE_GIVE_UP, START + 1);
    assert_int_equal(take(&table, &options, START + 9), JOB_DUE_GIVE_UP);
    assert_int_equal(take(&table, &options, START + 9), JOB_DUE_KILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_limits_nothing_is_ever_due),
        cmocka_unit_test(test_warnings_come_that_long_before_the_limit_each_once),
        cmocka_unit_test(test_warnings_of_the_same_moment_all_come),
        cmocka_unit_test(test_warning_longer_than_the_limit_is_due_at_once),
        cmocka_unit_test(test_end_of_the_job_forgets_its_times_and_keeps_those_of_the_rest),
        cmocka_unit_test(test_what_is_due_earlier_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
