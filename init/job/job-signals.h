/* Signals of job mode: what becomes of each, and how one is passed on.
 *
 * Sets are the kernel's 64 bits and not libc's sigset_t: libc hides the real-time signals that it keeps for
 * itself, but they too can be sent to PID 1. signalfd(2), signal(7). */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/types.h>

#include "init/job/job-options.h"

#define SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))
#define KERNEL_SIGRTMIN    34 /* what programs and runtimes mean by SIGRTMIN, whatever this libc says */

/* Blocks everything; returns what was blocked before. */
uint64_t job_signals_block(void);
void job_signals_set_mask(uint64_t mask);
/* A signalfd(2) of all signals, flags SFD_NONBLOCK or 0; or -errno. */
int job_signals_open(int flags);
/* SIGCHLD ignored at entry would take the exit status away: default while it runs, the old one in the job. */
void job_signals_catch_children(struct sigaction *ret_inherited);

/* One on its way to the job. */
struct job_signal {
    int number;
    bool own;         /* ours, and nobody's order */
    bool limits;      /* SIGKILL follows after the stop timeout */
    bool from_kernel; /* the terminal's, or a timer's */
    bool has_value;   /* sent by sigqueue(3) */
    pid_t pid;        /* the sender; 0: not of this pid namespace, or nobody */
    uid_t uid;
    uint64_t value;
};
struct job_signal job_signal_read(const struct signalfd_siginfo *info);

enum signal_fate {
    SIGNAL_DROP,    /* not the job's */
    SIGNAL_CHILD,   /* somebody may be reaped */
    SIGNAL_FORWARD, /* passed on as it came */
    SIGNAL_STOP,    /* an order to stop that ordinary programs do not know */
    SIGNAL_END,     /* one that they know: passed on, and a time limit begins where one was asked for */
};
/* self: our own pid, whose signals (SIGPIPE of a write) are nobody else's business. literal: all are passed
 * on, whoever sent them. Pure. */
enum signal_fate job_signal_fate(const struct job_signal *signal, pid_t self, bool literal);
/* Whether people send it to end a program. */
bool job_signal_means_stop(int number);

/* Passes it on as another number, with its value. Before pid leads a group it is alone. -ESRCH when nobody is
 * left. */
int job_signal_forward(pid_t pid, enum job_audience audience, const struct job_signal *signal, int number);
/* The same for a signal of our own. */
int job_signal_send(pid_t pid, enum job_audience audience, int number);
