/* Why and how the job ended, and what it used: one JSON object, and one line for a person. berth-init(8),
 * REPORT. */
#pragma once

#include <stdio.h>

#include "init/job/job-options.h"
#include "init/job/job-usage.h"

enum job_cause {
    JOB_CAUSE_ITSELF,        /* nobody asked */
    JOB_CAUSE_STOP,          /* somebody sent a signal that means stop */
    JOB_CAUSE_TIME_LIMIT,    /* --time-limit */
    JOB_CAUSE_OUT_OF_MEMORY, /* the kernel killed in our cgroup, and the job died of SIGKILL that we did not
                                send (or is a shell that says so of its command) */
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
    struct usage_mark before;  /* job_report_begin()'s */
};

/* Opens the file for --report before the job starts, so that a wrong path is told in time: close-on-exec,
 * non-blocking if it is not "-", and never one of the standard descriptors. Must come before the directory
 * and the standard descriptors are given up. -ENOENT without the option; else -errno of open(2): -ENXIO for a
 * FIFO that nobody reads (it is not waited for), -EBADF for a standard output that nothing can be written to.
 */
int job_report_open(const struct job_options *options);
/* Right before the fork: what was used before the job is not told as the job's. Looks at the cgroup only when
 * a report may come, as the files cost time. */
void job_report_begin(const struct job_options *options, struct job_account *account);
/* When the job has just started: how often the kernel had killed in our cgroup before. True when the cgroup's
 * memory is limited, so that the job may well end that way. */
bool job_report_watch_memory(struct job_account *account);
/* After the last child was reaped, all signals blocked (SIGPIPE, SIGXFSZ): settles the cause (out of memory),
 * writes the report to fd (negative: none; it stays open) and, where it is due, the line to standard error.
 * A report that cannot be written is told in one line, and no longer waited for than a few seconds: 0 or
 * -errno. */
int job_report(const struct job_options *options, struct job_account *account, int fd);

/* What the two forms are made from. */
struct job_summary {
    const struct job_options *options;
    const struct job_account *account;
    struct usage usage;
    uint64_t oom_kills;  /* while the job ran; USAGE_UNKNOWN */
    uint64_t memory_max; /* the cgroup's limit; USAGE_UNKNOWN: none of its own */
};

/* The cause, with what oom_kill has grown by. Pure. */
enum job_cause job_settled_cause(const struct job_account *account, uint64_t oom_kills);

/* Pure (init/job/job-report-text.c). The stream's errors are the caller's to see. */
void job_report_json(const struct job_summary *summary, FILE *out);
/* Without berth-init's name and without a newline. Returns line. */
#define JOB_LINE_MAX 1024
char *job_report_line(const struct job_summary *summary, char line[static JOB_LINE_MAX]);
