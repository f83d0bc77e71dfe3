/* Signals of job mode: the table of what becomes of each, and passing one on with all that it carries. */
#include "init/job/job-signals.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/syscalls.h"

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1U << 2) /* Linux 6.9 */
#endif

uint64_t job_signals_block(void)
{
    uint64_t all = UINT64_MAX, old = 0;
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));
    return old;
}

void job_signals_set_mask(uint64_t mask)
{
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

int job_signals_open(void)
{
    uint64_t all = UINT64_MAX;
    int fd = (int)syscall(SYS_signalfd4, -1, &all, sizeof(all), SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

void job_signals_catch_children(struct sigaction *ret_inherited)
{
    (void)sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, ret_inherited);
}

/* Where a signal comes from decides some fates. */
enum origin {
    FROM_KERNEL,  /* the terminal, a fault, a timer */
    FROM_OUTSIDE, /* a process that our pid namespace does not show */
    FROM_INSIDE,
};

static enum origin signal_origin(const struct signalfd_siginfo *info)
{
    if (info->ssi_code > 0)
        return FROM_KERNEL;
    return info->ssi_pid == 0 ? FROM_OUTSIDE : FROM_INSIDE;
}

/* What is not in the table is forwarded wherever it comes from. */
static const struct {
    int signal;
    enum signal_fate from[FROM_INSIDE + 1];
} fates[] = {
    {SIGCHLD, {SIGNAL_CHILD, SIGNAL_CHILD, SIGNAL_CHILD}},
    /* Programs use these among themselves; the terminal means them for the group that it sent them to. */
    {SIGTSTP, {SIGNAL_DROP, SIGNAL_FORWARD, SIGNAL_FORWARD}},
    {SIGTTIN, {SIGNAL_DROP, SIGNAL_FORWARD, SIGNAL_FORWARD}},
    {SIGTTOU, {SIGNAL_DROP, SIGNAL_FORWARD, SIGNAL_FORWARD}},
    /* What container managers send to a systemd inside; an ordinary program would just die of them. */
    {KERNEL_SIGRTMIN + 3, {SIGNAL_FORWARD, SIGNAL_STOP, SIGNAL_FORWARD}},
    {KERNEL_SIGRTMIN + 4, {SIGNAL_FORWARD, SIGNAL_STOP, SIGNAL_FORWARD}},
    {SIGPWR, {SIGNAL_FORWARD, SIGNAL_STOP, SIGNAL_FORWARD}},
    {SIGTERM, {SIGNAL_FORWARD, SIGNAL_END, SIGNAL_FORWARD}},
};

enum signal_fate job_signal_fate(const struct signalfd_siginfo *info, pid_t self)
{
    if (info->ssi_signo != SIGCHLD && (pid_t)info->ssi_pid == self)
        return SIGNAL_DROP;
    FOREACH_ARRAY (fate, fates, ELEMENTSOF(fates))
        if (fate->signal == (int)info->ssi_signo)
            return fate->from[signal_origin(info)];
    return SIGNAL_FORWARD;
}

int job_signal_send(pid_t pid, bool single, int signal)
{
    if (!single && kill(-pid, signal) == 0)
        return 0;
    return kill(pid, signal) < 0 ? -errno : 0;
}

int job_signal_forward(pid_t pid, bool single, const struct signalfd_siginfo *info)
{
    if (info->ssi_code != SI_QUEUE)
        return job_signal_send(pid, single, (int)info->ssi_signo);

    siginfo_t value = {.si_signo = (int)info->ssi_signo, .si_code = SI_QUEUE};
    value.si_pid = (pid_t)info->ssi_pid;
    value.si_uid = info->ssi_uid;
    value.si_value.sival_ptr = (void *)(uintptr_t)info->ssi_ptr;
    if (!single) {
        _cleanup_close_ int pidfd = sys_pidfd_open(pid, 0);
        if (pidfd >= 0 &&
            sys_pidfd_send_signal(pidfd, value.si_signo, &value, PIDFD_SIGNAL_PROCESS_GROUP) == 0)
            return 0;
    }
    /* Older kernels give a value to one process only: the command is who can know what it means. */
    return syscall(SYS_rt_sigqueueinfo, pid, value.si_signo, &value) < 0 ? -errno : 0;
}
