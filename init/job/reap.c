/* Collecting the dead, in one go for each wake-up, without memory and without looking anything up. */
#include "init/job/reap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

#include "berth/exit-codes.h"

#define GATHER_BELOW (2 * USEC_PER_MSEC)
#define GATHER_MSEC  1

bool reap_children(reaped_fn fn, void *userdata)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid < 0)
            return errno != ECHILD;
        if (pid == 0)
            return true;
        fn(userdata, pid, status);
    }
}

void reap_let_gather(usec_t *last)
{
    usec_t now = now_monotonic(), before = *last;

    *last = now;
    if (now - before < GATHER_BELOW)
        (void)poll(NULL, 0, GATHER_MSEC);
}

bool reap_is_child(pid_t pid)
{
    siginfo_t info = {};
    return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

bool reap_is_living_child(pid_t pid)
{
    siginfo_t info = {};
    return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

bool reap_is_stopped(pid_t pid)
{
    siginfo_t info = {};
    return waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

int reap_exit_status(int status)
{
    return WIFSIGNALED(status) ? EXIT_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
}
