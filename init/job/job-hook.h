/* --on-signal: a command that runs before a signal reaches the job, in a process group of its own, as the
 * job's user, in the job's directory. Needs a /bin/sh in the container. */
#pragma once

#include <sys/types.h>

#include "init/job/job-child.h"

struct job_hook {
    const struct job_child *child; /* whom the command runs as */
};

/* Its environment is the job's, with MAINPID and SIGNAL ("TERM"). -errno when there is no process for it. */
int job_hook_start(const struct job_hook *hook, const char *command, pid_t job, int signal, pid_t *ret_pid);
