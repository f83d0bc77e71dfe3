/* What job mode tells on standard error, as events: berth-init and each name that it stands in for have words
 * of their own for them, and exit statuses of their own for a command that cannot be run. */
#pragma once

#include "init/job/job-child.h"
#include "init/job/job-options.h"

enum job_event_kind {
    JOB_EVENT_NOT_REAPING, /* neither PID 1 nor a subreaper: orphans go past us */
    JOB_EVENT_SUBREAPER,   /* not PID 1, now a subreaper */
    JOB_EVENT_TERMINAL,    /* the terminal was let go (error 0) or could not be */
    JOB_EVENT_HANDED_OVER, /* a signal that letting the terminal go made was dropped */
    JOB_EVENT_STARTED,     /* pid: the command's process is there */
    JOB_EVENT_SESSION,     /* it has a session of its own */
    JOB_EVENT_EXECUTED,    /* the command runs */
    JOB_EVENT_EXEC_FAILED, /* failure */
    JOB_EVENT_RECEIVED,    /* signal, from pid (0: not of this pid namespace) */
    JOB_EVENT_FORWARDED,   /* signal to the job, error: 0 or errno */
    JOB_EVENT_DROPPED,     /* signal */
    JOB_EVENT_DELAYED,     /* signal, span */
    JOB_EVENT_SUSPENDS,    /* we stop ourselves */
    JOB_EVENT_REAPED,      /* pid, status: an orphan */
    JOB_EVENT_ENDED,       /* pid, status: the command */
    JOB_EVENT_STOPPING,    /* told to stop, or at the time limit: SIGTERM follows */
    JOB_EVENT_KILLED,      /* not in time: SIGKILL */
    JOB_EVENT_EXIT,        /* status: our own exit status follows */
};

struct job_event {
    enum job_event_kind kind;
    pid_t pid;
    int signal;
    int status; /* waitpid(2)'s; of JOB_EVENT_EXIT an exit status */
    int error;  /* positive errno */
    usec_t span;
    const struct child_failure *failure;
};

struct job_manner {
    const char *name;
    void (*tell)(const struct job_options *options, const struct job_event *event);
    int (*exec_status)(const struct child_failure *failure);
};

extern const struct job_manner job_own_manner;

/* To the manner of the options. */
void job_tell(const struct job_options *options, const struct job_event *event);
int job_exec_status(const struct job_options *options, const struct child_failure *failure);
