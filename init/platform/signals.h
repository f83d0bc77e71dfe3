/* What a signal means to PID 1 in boot mode, by number and by where it comes from: systemd(1), "Signals", and
 * what container managers send. */
#pragma once

#include <stdbool.h>
#include <sys/signalfd.h>

enum signal_order {
    ORDER_NONE,
    ORDER_REAP,
    ORDER_STOP,
    ORDER_REBOOT,
    ORDER_STOP_NOW,
    ORDER_REBOOT_NOW,
    ORDER_RELOAD,
    ORDER_DUMP,
    ORDER_DEBUG_ON,
    ORDER_DEBUG_OFF,
    ORDER_REFUSED, /* would be an order from somebody else; worth a line */
};

/* is_init: this process is PID 1. Pure but for getuid(2). */
enum signal_order signal_judge(const struct signalfd_siginfo *info, bool is_init);
/* The verb of berthctl(1) that does what a refused signal asks for; NULL when there is none. */
const char *signal_verb(int signal);
