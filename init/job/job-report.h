/* Why and how the job ended, and what it used: one JSON object, and one line for a person. */
#pragma once

#include "init/job/job-options.h"

enum job_cause {
    JOB_CAUSE_ITSELF,        /* nobody asked */
    JOB_CAUSE_STOP,          /* somebody sent a signal that means stop */
    JOB_CAUSE_TIME_LIMIT,    /* --time-limit */
    JOB_CAUSE_OUT_OF_MEMORY, /* the kernel killed in our cgroup, and the job died of SIGKILL that we did not
                                send */
};

struct job_account {
    pid_t pid;
    usec_t start, end; /* CLOCK_REALTIME */
    usec_t runtime;    /* CLOCK_MONOTONIC, between the two */
    int status;        /* waitpid(2)'s */
    int exit_status;   /* what we exit with */
    enum job_cause cause;
    bool killed;     /* it got our SIGKILL */
    int stop_signal; /* that asked for the stop; 0: nobody */
    pid_t stop_pid;  /* who sent it; 0: not of this pid namespace, or the kernel */
    uid_t stop_uid;
    bool stop_from_kernel; /* the terminal */
    uint64_t orphans_reaped;
    uint64_t signals_forwarded;
    uint64_t oom_kills_before; /* in our cgroup, when the job had just started */
};

/* Opens the file for --report (close-on-exec) before the job starts, so that a wrong path is told in time.
 * -ENOENT without the option; else -errno of open(2). */
int job_report_open(const struct job_options *options);
/* memory.events' oom_kill of our own cgroup; 0 where there is none. */
uint64_t job_oom_kills(void);
/* After the last child was reaped: settles the cause (out of memory), writes the report to fd (negative:
 * none) and, where it is due, the line to standard error. 0 or -errno of the writing. */
int job_report(const struct job_options *options, struct job_account *account, int fd);
