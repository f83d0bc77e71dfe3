/* Handing the terminal over. */
#include "init/job/job-terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "init/job/job-signals.h"

/* A session leader that lets its terminal go gets SIGHUP and SIGCONT from the kernel, which must not reach
 * the job. One that somebody sent is put back as it came. */
static void drop_hangup(int signal)
{
    uint64_t set = SIGNAL_BIT(signal);
    struct timespec now = {};
    siginfo_t info;

    if (syscall(SYS_rt_sigtimedwait, &set, &info, &now, sizeof(set)) == signal && info.si_code <= 0)
        (void)syscall(SYS_rt_sigqueueinfo, getpid(), signal, &info);
}

enum terminal_plan job_terminal_release(void)
{
    if (!isatty(STDIN_FILENO))
        return TERMINAL_NONE;
    if (tcgetsid(STDIN_FILENO) < 0)
        return TERMINAL_CONTROL; /* nobody's, or not ours: the child may try */
    if (getsid(0) != getpid())
        return TERMINAL_FOREGROUND;
    if (ioctl(STDIN_FILENO, TIOCNOTTY) < 0)
        return TERMINAL_FOREGROUND;
    drop_hangup(SIGHUP);
    drop_hangup(SIGCONT);
    return TERMINAL_CONTROL;
}

void job_terminal_take(enum terminal_plan plan)
{
    if (plan == TERMINAL_FOREGROUND) {
        (void)setpgid(0, 0);
        (void)tcsetpgrp(STDIN_FILENO, getpid());
        return;
    }
    (void)setsid();
    if (plan == TERMINAL_CONTROL)
        (void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
}
