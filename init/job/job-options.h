/* How one job is run: what the command line, the environment and the name that we were called by decide.
 * All zero is berth-init's own way, but for the stop timeout. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/time.h"

#define JOB_DEFAULT_STOP_TIMEOUT (10 * USEC_PER_SEC) /* as docker and podman */
#define JOB_SIGNAL_MAX           64
#define JOB_WARNINGS_MAX         16

/* Who gets a signal that is passed on. */
enum job_audience {
    JOB_TO_GROUP, /* the process group that the command leads */
    JOB_TO_CHILD, /* the command alone */
};

enum job_session {
    JOB_SESSION_OWN,    /* a new one, with the terminal where that is ours to give */
    JOB_SESSION_GROUP,  /* a process group in ours, the foreground one of the terminal */
    JOB_SESSION_SHARED, /* nothing new: the command stays in our process group */
};

/* What becomes of those that the command leaves behind. */
enum job_rest {
    JOB_REST_STOP,  /* SIGTERM, SIGKILL after the stop timeout; we stay until they are gone */
    JOB_REST_TERM,  /* SIGTERM to its process group, and we go (dumb-init) */
    JOB_REST_LEAVE, /* we go: in a pid namespace of ours the kernel ends them (tini, catatonit) */
};

enum job_subreaper {
    JOB_SUBREAPER_AUTO,  /* when not PID 1 */
    JOB_SUBREAPER_ASKED, /* an order: a failure to become one is the end */
    JOB_SUBREAPER_NEVER, /* a warning when not PID 1 */
};

#define JOB_SIGNAL_DROP (-1)

/* What becomes of one signal that reaches us and is to be passed on. */
struct job_rule {
    int8_t send;         /* what the job gets instead; 0: the same, JOB_SIGNAL_DROP: nothing */
    usec_t delay;        /* this long afterwards */
    const char *command; /* run by /bin/sh first, and waited for; NULL: none */
};

struct job_warning {
    int signal;
    usec_t before; /* the time limit */
};

struct job_options {
    char *const *argv;   /* the command */
    const char *user;    /* "USER[:GROUP[:GROUP...]]", names or numbers of the container; NULL: as PID 1 */
    const char *workdir; /* where the command starts; NULL: where PID 1 was started */
    const struct job_manner *manner; /* NULL: berth-init's own */
    enum job_audience audience;
    enum job_session session;
    enum job_rest rest;
    enum job_subreaper subreaper;
    bool literal_signals; /* each is passed on, whoever sent it, and means nothing else to us */
    bool suspends;        /* stops itself after SIGTSTP, SIGTTIN, SIGTTOU, unless it is PID 1 */
    unsigned verbosity;   /* 0: errors, and what was asked for by name */
    bool tell_reaped;     /* each orphan in a line */
    bool keep_output;     /* standard output stays open while the command runs: lines may come there, too */
    bool keep_error;      /* the same of standard error */
    int parent_death_signal; /* what we get when our parent dies; 0: none. prctl(2) */
    uint64_t inherited_mask; /* blocked signals at entry, bit N-1 for signal N: the command gets it back */
    usec_t stop_timeout;     /* between SIGTERM to what is to end and SIGKILL */
    bool limits_sigterm;     /* counts for a SIGTERM that is passed on too: it was asked for */
    usec_t time_limit;       /* 0: none */
    struct job_warning warnings[JOB_WARNINGS_MAX];
    size_t n_warnings;
    int notice;               /* what the job gets first when it is told to stop; 0: SIGTERM at once */
    usec_t notice_grace;      /* from the notice to SIGTERM; 0: the stop timeout */
    bool stop_is_success;     /* 0 when it was told to stop and did in time */
    uint8_t success[256 / 8]; /* exit statuses that become 0, one bit each */
    const char *report;       /* file for the report, "-": standard output; NULL: none */
    struct job_rule rules[JOB_SIGNAL_MAX + 1]; /* by signal number */
};

static inline void job_options_expect(struct job_options *options, uint8_t status)
{
    options->success[status / 8] |= (uint8_t)(1U << (status % 8));
}

static inline bool job_options_expects(const struct job_options *options, uint8_t status)
{
    return options->success[status / 8] >> (status % 8) & 1;
}

/* All return the exit status of the process and are entered with every signal blocked. */
int job_main(const struct job_options *options);  /* init/job/job.c */
int job_pause(const struct job_options *options); /* init/job/job-pause.c: no command, reaps until a signal */
