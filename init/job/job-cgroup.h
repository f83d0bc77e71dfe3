/* A control group for the job alone, below our own, where that one was delegated to us: systemd marks it
 * user.delegate for a unit with Delegate=, and boot mode does the same. What the job leaves is killed there
 * as a whole, by cgroup.kill: also what forks faster than /proc can be read, and what became a user whom we
 * may not signal. PID 1 needs none, as its pid namespace ends with it. cgroups(7), systemd's
 * CGROUP_DELEGATION. */
#pragma once

/* Makes it. An O_PATH descriptor, for a process to be born there; -EOPNOTSUPP: nothing is delegated. */
int job_cgroup_make(void);
/* SIGKILL to all that is in it. */
void job_cgroup_kill(void);
/* Stays when somebody is in it. */
void job_cgroup_remove(void);
