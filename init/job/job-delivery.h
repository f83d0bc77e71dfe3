/* A signal's way to the job: the rule for it, the command that runs first, the delay, and the sending.
 * Several signals are on their way at a time; one number only once, as the kernel keeps them. */
#pragma once

#include "init/job/job-hook.h"
#include "init/job/job-signals.h"

struct job_pending {
    struct job_signal signal;
    usec_t at;     /* when it is sent, or when its command is given up; USEC_INFINITY: never */
    pid_t command; /* that runs first; 0: it only waits for its time */
    bool waits;
};

struct job_delivery {
    const struct job_options *options;
    const struct job_hook *hook;
    pid_t pid; /* the job's */
    struct job_pending pending[JOB_SIGNAL_MAX + 1];
    size_t n_pending;
    struct job_signal last; /* somebody's that was sent */
    int last_number;        /* as it was sent, after its rule */
    uint64_t n_sent;        /* not counting our own */
    bool limit_begins;      /* one that limits the stop was sent; the caller's to take back */
};

/* A signal that the job is to get; after its rule, now or later. */
void job_delivery_accept(struct job_delivery *delivery, const struct job_signal *signal, usec_t now);
/* Sends what is due. */
void job_delivery_run(struct job_delivery *delivery, usec_t now);
/* When something is due. */
usec_t job_delivery_next(const struct job_delivery *delivery);
/* Whether the child that has ended was a command of ours; its signal goes on its way. */
bool job_delivery_reaped(struct job_delivery *delivery, pid_t pid);
