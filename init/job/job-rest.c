/* Reaching what is left. */
#include "init/job/job-rest.h"

#include <signal.h>

#include "init/job/job-cgroup.h"
#include "init/platform/processes.h"

void job_rest_signal(pid_t self, pid_t job, bool has_cgroup, int signal)
{
    if (has_cgroup && signal == SIGKILL)
        job_cgroup_kill();
    if (self == 1)
        (void)kill(-1, signal);
    else if (processes_signal_descendants(signal) < 0)
        (void)kill(-job, signal);
    else if (signal == SIGKILL)
        processes_kill_descendants();
}
