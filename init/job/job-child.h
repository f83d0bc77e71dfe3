/* The job's process between fork and exec: session, terminal, user, directory, signals, program. */
#pragma once

#include <signal.h>

#include "init/job/job-options.h"
#include "init/job/job-user.h"

enum child_step { CHILD_GROUPS, CHILD_GID, CHILD_UID, CHILD_WORKDIR, CHILD_EXEC };

/* How the child failed on its way to the program. */
struct child_failure {
    enum child_step step;
    int error;                /* positive errno */
    bool interpreter_missing; /* the file is there, what it asks to be run with is not */
};

struct job_child {
    const struct job_options *options;
    struct credentials user; /* not set: stays who it is */
    struct sigaction inherited_sigchld;
    bool sockets_passed; /* LISTEN_PID named us */
    bool has_cgroup;     /* it runs in a group of its own: job-cgroup.h */
};

/* In a child: becomes the user, goes to the directory, takes the signals back as they were at entry. */
int job_child_prepare(const struct job_child *child, struct child_failure *failure);
/* Returns when the program runs (*ret_exec_status 0), or when the child could not get there: it has told why,
 * and *ret_exec_status is what we exit with. -errno when there is no child. Sets has_cgroup. */
int job_child_start(struct job_child *child, pid_t *ret_pid, int *ret_exec_status);
