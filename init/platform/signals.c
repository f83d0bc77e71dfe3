/* The table of signals. */
#include "init/platform/signals.h"

#include <signal.h>
#include <unistd.h>

#include "common/macro.h"
#include "init/job/job-signals.h"

enum sender {
    SENDER_OUTSIDE,  /* a process that our pid namespace does not show: the launcher, the host's systemd */
    SENDER_TERMINAL, /* the kernel: ^C, a line that hung up */
    SENDER_OWNER,    /* root of the container, or PID 1's own user */
    SENDER_OTHER,
    SENDER_MAX,
};

/* As an ordinary process below another init there is no inside and outside: who may signal us may give
 * orders. */
static enum sender sender_of(const struct signalfd_siginfo *info, bool is_init)
{
    if (info->ssi_code > 0)
        return SENDER_TERMINAL;
    if (info->ssi_pid == 0 || !is_init)
        return SENDER_OUTSIDE;
    return info->ssi_uid == 0 || info->ssi_uid == getuid() ? SENDER_OWNER : SENDER_OTHER;
}

#define FROM_ALL(order)                                                                                      \
    {                                                                                                        \
        order, order, order, order                                                                           \
    }
#define FROM_OWNER(order)                                                                                    \
    {                                                                                                        \
        order, ORDER_NONE, order, ORDER_REFUSED                                                              \
    }

/* What is not listed means nothing: SIGPWR's friends USR1, WINCH, CONT, PIPE ... */
static const struct {
    int signal;
    enum signal_order from[SENDER_MAX];
    const char *verb; /* of berthctl, for those who may */
} orders[] = {
    {SIGCHLD, FROM_ALL(ORDER_REAP)},
    /* A service's stray `kill 1` must not take the container down. */
    {SIGTERM, {ORDER_STOP, ORDER_STOP, ORDER_REFUSED, ORDER_REFUSED}, "poweroff"},
    /* machinectl reboot; from a terminal it is somebody's ^C. */
    {SIGINT, {ORDER_REBOOT, ORDER_STOP, ORDER_REFUSED, ORDER_REFUSED}, "reboot"},
    {SIGHUP, FROM_OWNER(ORDER_RELOAD), "daemon-reload"},
    {SIGUSR2, FROM_OWNER(ORDER_DUMP), "status"},
    {SIGPWR, FROM_OWNER(ORDER_STOP), "poweroff"},
    {KERNEL_SIGRTMIN + 3, FROM_OWNER(ORDER_STOP), "poweroff"},
    {KERNEL_SIGRTMIN + 4, FROM_OWNER(ORDER_STOP), "poweroff"},
    {KERNEL_SIGRTMIN + 5, FROM_OWNER(ORDER_REBOOT), "reboot"},
    {KERNEL_SIGRTMIN + 6, FROM_OWNER(ORDER_REBOOT), "reboot"},
    {KERNEL_SIGRTMIN + 13, FROM_OWNER(ORDER_STOP_NOW), "poweroff"},
    {KERNEL_SIGRTMIN + 14, FROM_OWNER(ORDER_STOP_NOW), "poweroff"},
    {KERNEL_SIGRTMIN + 15, FROM_OWNER(ORDER_REBOOT_NOW), "reboot"},
    {KERNEL_SIGRTMIN + 22, FROM_OWNER(ORDER_DEBUG_ON)},
    {KERNEL_SIGRTMIN + 23, FROM_OWNER(ORDER_DEBUG_OFF)},
};

enum signal_order signal_judge(const struct signalfd_siginfo *info, bool is_init)
{
    FOREACH_ARRAY (entry, orders, ELEMENTSOF(orders)) {
        if (entry->signal != (int)info->ssi_signo)
            continue;
        enum signal_order order = entry->from[sender_of(info, is_init)];
        /* Only PID 1 has somebody who starts it again. */
        if (entry->signal == SIGINT && !is_init)
            return ORDER_STOP;
        return order;
    }
    return ORDER_NONE;
}

const char *signal_verb(int signal)
{
    FOREACH_ARRAY (entry, orders, ELEMENTSOF(orders))
        if (entry->signal == signal)
            return entry->verb;
    return NULL;
}
