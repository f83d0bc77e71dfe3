/* What is due when while a job runs and ends: warnings, the time limit, the steps of a stop. Pure: the time
 * is always the caller's. All times are CLOCK_MONOTONIC µs, USEC_INFINITY: never. */
#pragma once

#include "init/job/job-options.h"

enum job_due {
    JOB_DUE_NOTHING,
    JOB_DUE_WARNING,    /* a signal to the job, ahead of the time limit */
    JOB_DUE_TIME_LIMIT, /* the job is told to stop */
    JOB_DUE_TERM,       /* the notice's grace is over */
    JOB_DUE_KILL,       /* the job was told to stop and is still there */
    JOB_DUE_KILL_REST,  /* what the job left is still there */
    JOB_DUE_GIVE_UP,    /* even after SIGKILL */
    JOB_DUE_END,        /* how many kinds there are */
};

struct job_timetable {
    usec_t at[JOB_DUE_END];
    usec_t warnings[JOB_WARNINGS_MAX]; /* at[JOB_DUE_WARNING] is the next of them */
};

/* The job starts now: the time limit and its warnings. A warning that would come before the start is due at
 * once. */
void job_timetable_begin(struct job_timetable *table, const struct job_options *options, usec_t now);
void job_timetable_set(struct job_timetable *table, enum job_due what, usec_t at);
bool job_timetable_is_set(const struct job_timetable *table, enum job_due what);
/* The job has ended: nothing that concerns it is due any more. */
void job_timetable_job_ended(struct job_timetable *table);
/* When the next thing is due. */
usec_t job_timetable_next(const struct job_timetable *table);
/* Takes the earliest thing that is due, once; of a warning also the signal. */
enum job_due job_timetable_take(struct job_timetable *table, const struct job_options *options, usec_t now,
                                int *ret_signal);
