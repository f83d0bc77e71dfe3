/* The times of one job. */
#include "init/job/job-timetable.h"

#include "common/macro.h"

static void next_warning(struct job_timetable *table)
{
    usec_t next = USEC_INFINITY;
    FOREACH_ARRAY (at, table->warnings, ELEMENTSOF(table->warnings))
        next = MIN(next, *at);
    table->at[JOB_DUE_WARNING] = next;
}

void job_timetable_begin(struct job_timetable *table, const struct job_options *options, usec_t now)
{
    FOREACH_ARRAY (at, table->at, ELEMENTSOF(table->at))
        *at = USEC_INFINITY;
    FOREACH_ARRAY (at, table->warnings, ELEMENTSOF(table->warnings))
        *at = USEC_INFINITY;
    if (options->time_limit == 0)
        return;
    usec_t limit = usec_add(now, options->time_limit);
    table->at[JOB_DUE_TIME_LIMIT] = limit;
    for (size_t i = 0; i < options->n_warnings && limit != USEC_INFINITY; i++)
        table->warnings[i] = limit - MIN(options->warnings[i].before, options->time_limit);
    next_warning(table);
}

void job_timetable_set(struct job_timetable *table, enum job_due what, usec_t at)
{
    table->at[what] = at;
}

bool job_timetable_is_set(const struct job_timetable *table, enum job_due what)
{
    return table->at[what] != USEC_INFINITY;
}

void job_timetable_job_ended(struct job_timetable *table)
{
    static const enum job_due of_the_job[] = {JOB_DUE_WARNING, JOB_DUE_TIME_LIMIT, JOB_DUE_TERM,
                                              JOB_DUE_KILL};

    FOREACH_ARRAY (what, of_the_job, ELEMENTSOF(of_the_job))
        table->at[*what] = USEC_INFINITY;
}

static enum job_due earliest(const struct job_timetable *table)
{
    enum job_due first = JOB_DUE_NOTHING + 1;
    for (enum job_due what = first; what < JOB_DUE_END; what++)
        if (table->at[what] < table->at[first])
            first = what;
    return first;
}

usec_t job_timetable_next(const struct job_timetable *table)
{
    return table->at[earliest(table)];
}

static int take_warning(struct job_timetable *table, const struct job_options *options)
{
    size_t i = 0;
    while (i < options->n_warnings - 1 && table->warnings[i] != table->at[JOB_DUE_WARNING])
        i++;
    table->warnings[i] = USEC_INFINITY;
    next_warning(table);
    return options->warnings[i].signal;
}

enum job_due job_timetable_take(struct job_timetable *table, const struct job_options *options, usec_t now,
                                int *ret_signal)
{
    enum job_due what = earliest(table);

    *ret_signal = 0;
    if (table->at[what] > now || table->at[what] == USEC_INFINITY)
        return JOB_DUE_NOTHING;
    if (what == JOB_DUE_WARNING)
        *ret_signal = take_warning(table, options);
    else
        table->at[what] = USEC_INFINITY;
    return what;
}
