/* The monitor: `berth run` after the start. It waits for PID 1, pumps the streams, passes signals on, stops
 * the container when it is told to (by a signal, by systemd, by a client), serves `berth stop|kill|exec`, and
 * knows why the container ended. */
#pragma once

#include <signal.h>

#include "common/loop.h"
#include "launcher/container.h"

struct monitor_client;

struct monitor {
    struct container *container;
    struct loop *loop;
    struct loop_source leader;
    struct loop_source signals;
    struct loop_source notify;
    struct loop_source scope;
    struct loop_source listener;
    struct monitor_client *clients;
    usec_t kill_deadline;  /* when a stop is no longer waited for; USEC_INFINITY: none was ordered */
    usec_t interrupts[2];  /* times of the last ^C */
    unsigned stop_signals; /* that ordered to stop; systemd may send one beside its order to the scope */
    bool ready;            /* READY=1 came */
    bool ended;
    bool overran; /* it had to be killed */
    int exit_status;
    /* Called once when the container is ready; for --detach. */
    void (*on_ready)(struct monitor *monitor, void *userdata);
    void *userdata;
};

/* The signals that the monitor takes over: to be blocked before anything else happens. */
void monitor_signal_set(sigset_t *set);
/* Runs until the container has ended; the exit status is in the monitor then. on_ready and userdata are set
 * by the caller. */
int monitor_run(struct monitor *monitor, struct container *container, struct failure *failure);
/* Why it ended, for the last line: a sentence in text, or an empty one when there is nothing to tell. */
void monitor_verdict(const struct monitor *monitor, char text[static 256]);

/* The order to stop: the stop signal now, SIGKILL when the time is over. */
void monitor_stop(struct monitor *monitor);
/* SIGKILL to all of it. */
void monitor_kill(struct monitor *monitor);
int monitor_signal_leader(struct monitor *monitor, int signal);

/* monitor-clients.c */
void monitor_accept(struct loop_source *source, uint32_t events);
/* Answers those who wait for the end. */
void monitor_dismiss_clients(struct monitor *monitor);
