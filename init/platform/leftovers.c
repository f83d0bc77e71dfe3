/* What the units left behind, and what was started from outside (`berth exec`). */
#include "init/platform/leftovers.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "common/fd.h"
#include "init/job/reap.h"
#include "init/platform/processes.h"

#define TERM_TIMEOUT USEC_PER_SEC
#define KILL_TIMEOUT USEC_PER_SEC

static void forget_child(void *userdata, pid_t pid, int status)
{
}

/* Reaps until no child is left. -ETIMEDOUT. */
static int wait_until_alone(int signal_fd, usec_t deadline)
{
    struct signalfd_siginfo info;

    while (reap_children(forget_child, NULL)) {
        int r = wait_for_fd(signal_fd, POLLIN, deadline);
        if (r < 0)
            return r;
        while (read(signal_fd, &info, sizeof(info)) > 0)
            ;
    }
    return 0;
}

/* Outside of a pid namespace of our own, -1 would mean the whole host. */
static void signal_all(struct platform *platform, int signal)
{
    if (platform->is_init && !processes_is_host_init()) {
        (void)kill(-1, signal);
        return;
    }
    if (signal != SIGKILL)
        return;
    if (platform->cgroups)
        cgroup_tree_kill(platform->cgroups);
    processes_kill_descendants();
}

void leftovers_end(struct platform *platform)
{
    int fd = platform->signals.fd;

    if (!reap_children(forget_child, NULL))
        return;
    signal_all(platform, SIGTERM);
    if (platform->is_init && wait_until_alone(fd, usec_add(now_monotonic(), TERM_TIMEOUT)) == 0)
        return;
    signal_all(platform, SIGKILL);
    (void)wait_until_alone(fd, usec_add(now_monotonic(), KILL_TIMEOUT));
}
