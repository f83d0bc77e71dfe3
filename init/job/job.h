/* One job from its start to its end: what job-start.c makes and job.c runs. */
#pragma once

#include "init/job/job-child.h"
#include "init/job/job-control.h"
#include "init/job/job-delivery.h"
#include "init/job/job-report.h"
#include "init/job/job-timetable.h"

enum job_phase {
    JOB_RUNS,
    JOB_ENDED,  /* what is left of its tree has SIGTERM */
    JOB_KILLED, /* it has SIGKILL */
    JOB_OVER,
};

struct job {
    const struct job_options *options;
    enum job_phase phase;
    pid_t self;
    struct job_child child; /* whom it runs as */
    struct job_hook hook;
    struct job_delivery delivery;
    struct job_timetable times;
    struct job_account account; /* account.pid: the job's process */
    usec_t started;             /* CLOCK_MONOTONIC */
    usec_t orphans_died;        /* when we were last woken up to reap some */
    int exec_status;            /* what we exit with when the command could not be run; 0: it ran */
    bool told_to_stop;
    int signal_fd;
    int notify_fd;
    int report_fd;               /* -ENOENT: none */
    struct job_control *control; /* NULL: not served */
};

/* Signals, descriptors, the subreaper, and the process. 0 or -errno, and what failed was said. */
int job_start(struct job *job, const struct job_options *options);
void job_done(struct job *job);
