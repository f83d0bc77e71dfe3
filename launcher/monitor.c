/* One loop over what can happen to a container from outside and inside. */
#include "launcher/monitor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/signals.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/cgroup.h"

#define NOTIFY_MAX       4096               /* bytes of one sd_notify(3) message */
#define KILL_MARGIN      (2 * USEC_PER_SEC) /* PID 1 keeps the stop timeout itself: it is given that much more */
#define INTERRUPT_WINDOW (1 * USEC_PER_SEC) /* three ^C in that time kill */

/* What a signal to the monitor means. */
enum signal_action { ACTION_FORWARD, ACTION_STOP, ACTION_INTERRUPT, ACTION_RESIZE };

static const struct {
    int signal;
    enum signal_action job;  /* one command: it gets what it would get without us */
    enum signal_action boot; /* services: the machine is told to shut down */
} signal_table[] = {
    {SIGINT, ACTION_INTERRUPT, ACTION_INTERRUPT}, {SIGTERM, ACTION_STOP, ACTION_STOP},
    {SIGHUP, ACTION_FORWARD, ACTION_STOP},        {SIGQUIT, ACTION_FORWARD, ACTION_STOP},
    {SIGUSR1, ACTION_FORWARD, ACTION_FORWARD},    {SIGUSR2, ACTION_FORWARD, ACTION_FORWARD},
    {SIGWINCH, ACTION_RESIZE, ACTION_RESIZE},
};

void monitor_signal_set(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < ELEMENTSOF(signal_table); i++)
        sigaddset(set, signal_table[i].signal);
}

int monitor_signal_leader(struct monitor *monitor, int signal)
{
    return sys_pidfd_send_signal(monitor->container->pid_fd, signal, NULL, 0) < 0 ? -errno : 0;
}

void monitor_kill(struct monitor *monitor)
{
    int payload = scope_payload_fd(monitor->container->scope);
    if (payload >= 0)
        (void)cgroup_kill(payload);
    (void)monitor_signal_leader(monitor, SIGKILL);
}

void monitor_stop(struct monitor *monitor)
{
    const struct container_config *config = monitor->container->config;
    int signal = config->stop_signal ? config->stop_signal : config->boot ? SIGRTMIN + 3 : SIGTERM;

    if (monitor->kill_deadline != USEC_INFINITY)
        return;
    monitor->kill_deadline = usec_add(now_monotonic(), usec_add(config->stop_timeout, KILL_MARGIN));
    (void)monitor_signal_leader(monitor, signal);
}

/* The first ^C is the job's own business, or the order to shut down; the third in a second ends all patience.
 */
static void interrupt(struct monitor *monitor)
{
    usec_t now = now_monotonic();
    if (monitor->interrupts[0] != 0 && now - monitor->interrupts[0] <= INTERRUPT_WINDOW) {
        monitor_kill(monitor);
        return;
    }
    monitor->interrupts[0] = monitor->interrupts[1];
    monitor->interrupts[1] = now;
    if (monitor->container->config->boot)
        monitor_stop(monitor);
    else
        (void)monitor_signal_leader(monitor, SIGINT);
}

static void act_on_signal(struct monitor *monitor, int signal)
{
    for (size_t i = 0; i < ELEMENTSOF(signal_table); i++) {
        if (signal_table[i].signal != signal)
            continue;
        switch (monitor->container->config->boot ? signal_table[i].boot : signal_table[i].job) {
        case ACTION_FORWARD:
            (void)monitor_signal_leader(monitor, signal);
            return;
        case ACTION_INTERRUPT:
            interrupt(monitor);
            return;
        case ACTION_RESIZE:
            console_resize(&monitor->container->console);
            return;
        case ACTION_STOP:
            if (monitor->stop_signals++ == 0)
                monitor_stop(monitor);
            else
                monitor_kill(monitor); /* whoever asks twice means it */
            return;
        }
    }
}

static void signals_ready(struct loop_source *source, uint32_t events)
{
    struct monitor *monitor = CONTAINER_OF(source, struct monitor, signals);
    struct signalfd_siginfo info;

    while (read(source->fd, &info, sizeof(info)) == sizeof(info))
        act_on_signal(monitor, (int)info.ssi_signo);
}

/* 128+N for a signal; reboot(2) in a pid namespace ends its PID 1 with SIGHUP (restart) or SIGINT (halt,
 * power off). */
static int exit_status_of(const siginfo_t *info)
{
    if (info->si_code == CLD_EXITED)
        return info->si_status;
    if (info->si_status == SIGHUP)
        return EXIT_REBOOT;
    if (info->si_status == SIGINT)
        return 0;
    return EXIT_SIGNAL_BASE + info->si_status;
}

static void leader_ready(struct loop_source *source, uint32_t events)
{
    struct monitor *monitor = CONTAINER_OF(source, struct monitor, leader);
    siginfo_t info = {};

    if (waitid(P_PIDFD, (id_t)source->fd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return;
    monitor->ended = true;
    monitor->exit_status = exit_status_of(&info);
}

static void take_notify_line(struct monitor *monitor, const char *line, bool *changed)
{
    struct state_record *record = &monitor->container->record;
    const char *status = startswith(line, "STATUS=");

    if (streq(line, "READY=1") && !monitor->ready) {
        monitor->ready = true;
        if (monitor->on_ready)
            monitor->on_ready(monitor, monitor->userdata);
    }
    if (status && !streq(status, record->status ? record->status : "")) {
        free(record->status);
        record->status = strdup(status);
        *changed = true;
    }
}

static void notify_ready(struct loop_source *source, uint32_t events)
{
    struct monitor *monitor = CONTAINER_OF(source, struct monitor, notify);
    char message[NOTIFY_MAX + 1];
    bool changed = false;

    ssize_t n = recv(source->fd, message, NOTIFY_MAX, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            loop_remove(monitor->loop, source); /* PID 1 is gone: its end comes by itself */
        return;
    }
    message[n] = 0;
    for (char *save = NULL, *line = strtok_r(message, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        take_notify_line(monitor, line, &changed);
    /* A status that is not written is only not shown. */
    if (changed)
        (void)state_write(&monitor->container->state, &monitor->container->record);
}

static int add_source(struct monitor *monitor, struct loop_source *source, int fd,
                      void (*ready)(struct loop_source *, uint32_t))
{
    *source = (struct loop_source){.fd = fd, .ready = ready};
    return fd < 0 ? 0 : loop_add(monitor->loop, source, EPOLLIN);
}

static void scope_ready(struct loop_source *source, uint32_t events)
{
    struct monitor *monitor = CONTAINER_OF(source, struct monitor, scope);

    if (scope_process(monitor->container->scope) == 1)
        monitor_stop(monitor);
    int fd = scope_watch_fd(monitor->container->scope);
    if (fd == source->fd)
        return;
    loop_remove(monitor->loop, source);
    (void)add_source(monitor, source, fd, scope_ready); /* unwatched, only an order of systemd is missed */
}

static int add_sources(struct monitor *monitor, int signal_fd)
{
    struct container *container = monitor->container;

    int r = add_source(monitor, &monitor->signals, signal_fd, signals_ready);
    if (r >= 0)
        r = add_source(monitor, &monitor->leader, container->pid_fd, leader_ready);
    if (r >= 0)
        r = add_source(monitor, &monitor->notify, container->notify_fd, notify_ready);
    if (r >= 0)
        r = add_source(monitor, &monitor->listener, container->monitor_fd, monitor_accept);
    if (r >= 0)
        r = add_source(monitor, &monitor->scope, scope_watch_fd(container->scope), scope_ready);
    return r < 0 ? r : console_start(&container->console, monitor->loop);
}

static int watch(struct monitor *monitor)
{
    /* What systemd said while the start was under way is in libsystemd's memory, not in the socket. */
    if (monitor->scope.fd >= 0)
        scope_ready(&monitor->scope, EPOLLIN);
    while (!monitor->ended) {
        int r = loop_wait(monitor->loop, monitor->kill_deadline);
        if (r < 0)
            return r;
        if (now_monotonic() >= monitor->kill_deadline && !monitor->ended) {
            monitor->overran = true;
            monitor->kill_deadline = usec_add(now_monotonic(), KILL_MARGIN);
            monitor_kill(monitor);
        }
    }
    /* PID 1 kills at the timeout: who ends no earlier was killed. */
    if (monitor->kill_deadline != USEC_INFINITY)
        monitor->overran |= now_monotonic() >= monitor->kill_deadline - KILL_MARGIN;
    return 0;
}

int monitor_run(struct monitor *monitor, struct container *container, struct failure *failure)
{
    sigset_t set;

    monitor_signal_set(&set);
    monitor->container = container;
    monitor->kill_deadline = USEC_INFINITY;
    _cleanup_close_ int signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    int r = signal_fd < 0 ? -errno : loop_new(&monitor->loop);
    if (r >= 0)
        r = add_sources(monitor, signal_fd);
    if (r >= 0)
        r = watch(monitor);
    if (r < 0) {
        monitor_kill(monitor);
        fail(failure, r, "monitor of %s: %s", container->config->name, strerror(-r));
    }
    console_finish(&container->console);
    return r;
}

void monitor_verdict(const struct monitor *monitor, char text[static 256])
{
    const struct container_config *config = monitor->container->config;
    uint64_t oom_kills = 0;
    char size[FORMAT_SIZE_MAX], span[FORMAT_TIMESPAN_MAX];
    int scope = scope_fd(monitor->container->scope);

    text[0] = 0;
    if (scope >= 0)
        (void)cgroup_read_key(scope, "memory.events", "oom_kill", &oom_kills);
    if (oom_kills > 0 && config->limits.memory_max != UINT64_MAX)
        snprintf(text, 256, "out of memory: %llu process%s killed at the limit of %s",
                 (unsigned long long)oom_kills, oom_kills == 1 ? "" : "es",
                 format_size(size, config->limits.memory_max));
    else if (oom_kills > 0)
        snprintf(text, 256, "out of memory: %llu process%s killed by the kernel",
                 (unsigned long long)oom_kills, oom_kills == 1 ? "" : "es");
    else if (monitor->overran)
        snprintf(text, 256, "did not stop within %s and was killed: see --stop-timeout",
                 format_timespan(span, config->stop_timeout));
}
