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

int job_signals_open(int flags)
{
    uint64_t all = UINT64_MAX;
    int fd = (int)syscall(SYS_signalfd4, -1, &all, sizeof(all), SFD_CLOEXEC | flags);
    return fd < 0 ? -errno : fd;
}

void job_signals_catch_children(struct sigaction *ret_inherited)
{
    (void)sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, ret_inherited);
}

struct job_signal job_signal_read(const struct signalfd_siginfo *info)
{
    return (struct job_signal){
        .number = (int)info->ssi_signo,
        .from_kernel = info->ssi_code > 0,
        .has_value = info->ssi_code == SI_QUEUE,
        .pid = info->ssi_code > 0 ? 0 : (pid_t)info->ssi_pid,
        .uid = info->ssi_code > 0 ? 0 : info->ssi_uid,
        .value = info->ssi_ptr,
    };
}

/* Where a signal comes from decides some fates. */
enum origin {
    FROM_KERNEL,  /* the terminal, a fault, a timer */
    FROM_OUTSIDE, /* a process that our pid namespace does not show */
    FROM_INSIDE,
};

static enum origin signal_origin(const struct job_signal *signal)
{
    if (signal->from_kernel)
        return FROM_KERNEL;
    return signal->pid == 0 ? FROM_OUTSIDE : FROM_INSIDE;
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
    {SIGTERM, {SIGNAL_FORWARD, SIGNAL_END, SIGNAL_END}},
};

enum signal_fate job_signal_fate(const struct job_signal *signal, pid_t self, bool literal)
{
    if (signal->number != SIGCHLD && signal->pid == self)
        return SIGNAL_DROP;
    if (literal)
        return signal->number == SIGCHLD ? SIGNAL_CHILD : SIGNAL_FORWARD;
    FOREACH_ARRAY (fate, fates, ELEMENTSOF(fates))
        if (fate->signal == signal->number)
            return fate->from[signal_origin(signal)];
    return SIGNAL_FORWARD;
}

bool job_signal_means_stop(int number)
{
    static const int stops[] = {SIGTERM, SIGINT, SIGQUIT};

    FOREACH_ARRAY (stop, stops, ELEMENTSOF(stops))
        if (*stop == number)
            return true;
    return false;
}

int job_signal_send(pid_t pid, enum job_audience audience, int number)
{
    if (audience == JOB_TO_GROUP && kill(-pid, number) == 0)
        return 0;
    return kill(pid, number) < 0 ? -errno : 0;
}

int job_signal_forward(pid_t pid, enum job_audience audience, const struct job_signal *signal, int number)
{
    if (!signal->has_value)
        return job_signal_send(pid, audience, number);

    siginfo_t info = {.si_signo = number, .si_code = SI_QUEUE};
    info.si_pid = signal->pid;
    info.si_uid = signal->uid;
    info.si_value.sival_ptr = (void *)(uintptr_t)signal->value;
    if (audience == JOB_TO_GROUP) {
        _cleanup_close_ int pidfd = sys_pidfd_open(pid, 0);
        if (pidfd >= 0 && sys_pidfd_send_signal(pidfd, number, &info, PIDFD_SIGNAL_PROCESS_GROUP) == 0)
            return 0;
    }
    /* Older kernels give a value to one process only: the command is who can know what it means. */
    return syscall(SYS_rt_sigqueueinfo, pid, number, &info) < 0 ? -errno : 0;
}
