/* Handing the terminal over. */
#include "init/job/job-terminal.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "init/job/job-signals.h"
#include "init/job/job-voice.h"

/* A session leader that lets its terminal go gets SIGHUP and SIGCONT, in its own name, which must not reach
 * the job. One that somebody sent is put back as it came. */
static void drop_hangup(const struct job_options *options, int signal)
{
    uint64_t set = SIGNAL_BIT(signal);
    struct timespec now = {};
    siginfo_t info;

    if (syscall(SYS_rt_sigtimedwait, &set, &info, &now, sizeof(set)) != signal)
        return;
    if (info.si_code <= 0 && info.si_pid != getpid())
        (void)syscall(SYS_rt_sigqueueinfo, getpid(), signal, &info);
    else
        job_tell(options, &(struct job_event){.kind = JOB_EVENT_HANDED_OVER, .signal = signal});
}

static enum terminal_plan let_go(void)
{
    if (!isatty(STDIN_FILENO))
        return TERMINAL_NONE;
    if (tcgetsid(STDIN_FILENO) < 0)
        return TERMINAL_CONTROL; /* nobody's, or not ours: the child may try */
    if (getsid(0) != getpid() || ioctl(STDIN_FILENO, TIOCNOTTY) < 0)
        return TERMINAL_FOREGROUND;
    return TERMINAL_CONTROL;
}

enum terminal_plan job_terminal_release(const struct job_options *options)
{
    if (options->session == JOB_SESSION_SHARED)
        return TERMINAL_SHARED;
    if (options->session == JOB_SESSION_GROUP)
        return TERMINAL_FOREGROUND;

    enum terminal_plan plan = let_go();
    job_tell(options,
             &(struct job_event){.kind = JOB_EVENT_TERMINAL, .error = plan == TERMINAL_CONTROL ? 0 : ENOTTY});
    if (plan == TERMINAL_CONTROL) {
        drop_hangup(options, SIGHUP);
        drop_hangup(options, SIGCONT);
    }
    return plan;
}

void job_terminal_take(enum terminal_plan plan)
{
    if (plan == TERMINAL_SHARED)
        return;
    if (plan == TERMINAL_FOREGROUND) {
        (void)setpgid(0, 0);
        (void)tcsetpgrp(STDIN_FILENO, getpid());
        return;
    }
    (void)setsid();
    if (plan == TERMINAL_CONTROL)
        (void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
}
