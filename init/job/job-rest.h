/* What the job leaves behind: everybody else in the pid namespace when we are its PID 1, our descendants
 * otherwise (the command's process group where there is no /proc to find them in), and SIGKILL goes to the
 * job's control group, too. Outside of PID 1, kill(-1) would reach strangers. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* job: the command's process, ended. SIGKILL also reaches those that come up meanwhile. */
void job_rest_signal(pid_t self, pid_t job, bool has_cgroup, int signal);
