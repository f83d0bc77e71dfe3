/* Collecting the dead, in one go for each wake-up, without memory and without looking anything up. */
#include "init/job/reap.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "berth/exit-codes.h"

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
