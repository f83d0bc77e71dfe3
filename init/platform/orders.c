/* What signals bring: orders for PID 1, and ends of children. */
#include "init/platform/orders.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/signals.h"
#include "init/job/job-notify.h"
#include "init/job/job-signals.h"
#include "init/platform/limits.h"
#include "init/platform/progress.h"
#include "init/platform/signals.h"

#define SIGNAL_BATCH_MAX 16

/* Two orders that come from one wish: systemd's SIGTERM and the launcher's. */
#define SAME_ORDER_WITHIN USEC_PER_SEC

static void say_refused(struct platform *platform, const struct signalfd_siginfo *info)
{
    const char *verb = signal_verb((int)info->ssi_signo);

    platform_say(platform, "ignored %s of process %u: %s%s%s", signal_to_string((int)info->ssi_signo),
                 info->ssi_pid, verb ? "what it asks for is done with `berthctl " : "it may not give orders",
                 verb ? verb : "", verb ? "`" : "");
}

/* A service's last words come before its end. */
static void take_ends(struct platform *platform, const pid_t *pids, size_t n)
{
    if (n > 0 && platform->notify)
        notify_socket_drain(platform->notify);
    FOREACH_ARRAY (pid, pids, n)
        children_signalled(platform->children, *pid);
    if (n > 0 && !platform->cgroups)
        platform_check_empty(platform);
}

static void order_stop(struct platform *platform, enum shutdown_kind kind, bool now)
{
    usec_t time = now_monotonic();
    bool again = platform->stop_ordered != 0 && time >= usec_add(platform->stop_ordered, SAME_ORDER_WITHIN);

    if (platform->stop_ordered == 0) {
        platform->stop_ordered = time;
        (void)job_notify(platform->upward, "STOPPING=1");
    }
    if (again || now)
        manager_shutdown_now(platform->manager, time, kind, 0);
    else
        manager_shutdown(platform->manager, time, kind, 0);
}

int orders_reload(struct platform *platform)
{
    root_files_forget(&platform->files);
    int r = manager_reload(platform->manager, now_monotonic());

    platform_apply_limits(platform); /* also when some could not be read: the others have been */
    platform->may_rest = true;
    return r;
}

static void order_reload(struct platform *platform)
{
    int r = orders_reload(platform);

    if (r < 0)
        platform_say(platform, "unit files were not read again: %s", strerror(-r));
}

static void take_order(struct platform *platform, enum signal_order order)
{
    switch (order) {
    case ORDER_STOP:
    case ORDER_STOP_NOW:
        order_stop(platform, SHUTDOWN_EXIT, order == ORDER_STOP_NOW);
        break;
    case ORDER_REBOOT:
    case ORDER_REBOOT_NOW:
        order_stop(platform, SHUTDOWN_REBOOT, order == ORDER_REBOOT_NOW);
        break;
    case ORDER_RELOAD:
        order_reload(platform);
        break;
    case ORDER_DUMP:
        progress_dump(platform);
        break;
    case ORDER_DEBUG_ON:
        log_set_level(LOG_LEVEL_DEBUG);
        break;
    case ORDER_DEBUG_OFF:
        log_set_level(LOG_LEVEL_INFO);
        break;
    default:
        break;
    }
}

/* Orders before ends: when the host stops everything at once, services die of the same signal, and must not
 * be restarted. */
static void take_signals(struct platform *platform)
{
    struct signalfd_siginfo infos[SIGNAL_BATCH_MAX];
    pid_t ended[SIGNAL_BATCH_MAX];
    ssize_t size = read(platform->signals.fd, infos, sizeof(infos));
    size_t n = size > 0 ? (size_t)size / sizeof(infos[0]) : 0, n_ended = 0;

    FOREACH_ARRAY (info, infos, n) {
        enum signal_order order = signal_judge(info, platform->is_init);
        if (order == ORDER_REFUSED)
            say_refused(platform, info);
        else if (order == ORDER_REAP)
            ended[n_ended++] = (pid_t)info->ssi_pid;
        else
            take_order(platform, order);
    }
    take_ends(platform, ended, n_ended);
}

static void signals_ready(struct loop_source *source, uint32_t events)
{
    take_signals(CONTAINER_OF(source, struct platform, signals));
}

void orders_before_ends(void *userdata)
{
    struct platform *platform = userdata;

    take_signals(platform);
    if (platform->notify)
        notify_socket_drain(platform->notify);
}

void orders_before_group_is_empty(void *userdata, void *owner)
{
    struct platform *platform = userdata;
    const struct manager_unit *unit = owner;

    if (!unit) {
        orders_before_ends(platform);
        return;
    }
    children_settle(platform->children, unit->main_pid);
    children_settle(platform->children, unit->control_pid);
}

int orders_open(struct platform *platform)
{
    platform->signals = (struct loop_source){.fd = job_signals_open(SFD_NONBLOCK), .ready = signals_ready};
    if (platform->signals.fd < 0)
        return platform->signals.fd;
    return loop_add(platform->loop, &platform->signals, EPOLLIN);
}

void orders_close(struct platform *platform)
{
    if (platform->signals.fd >= 0 && platform->loop)
        loop_remove(platform->loop, &platform->signals);
    close_fd(platform->signals.fd);
}
