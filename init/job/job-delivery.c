/* From "this signal is for the job" to kill(2). */
#include "init/job/job-delivery.h"

#include <errno.h>

#include "common/log.h"
#include "common/signals.h"
#include "init/job/job-voice.h"
#include "init/job/reap.h"

/* A program that is stopped would take an order to end only when somebody continues it. */
static void wake_stopped(const struct job_delivery *delivery, int number)
{
    if (!delivery->options->literal_signals && job_signal_means_stop(number) &&
        reap_is_stopped(delivery->pid))
        (void)job_signal_send(delivery->pid, delivery->options->audience, SIGCONT);
}

static void limit(struct job_delivery *delivery, const struct job_signal *signal)
{
    delivery->limit_begins |= signal->limits;
}

static void send(struct job_delivery *delivery, const struct job_signal *signal)
{
    const struct job_rule *rule = &delivery->options->rules[signal->number];
    int number = rule->send > 0 ? rule->send : signal->number;
    int r = job_signal_forward(delivery->pid, delivery->options->audience, signal, number);

    wake_stopped(delivery, number);
    job_tell(
        delivery->options,
        &(struct job_event){.kind = JOB_EVENT_FORWARDED, .pid = signal->pid, .signal = number, .error = -r});
    if (!signal->own) {
        delivery->last = *signal;
        delivery->last_number = number;
        delivery->n_sent++;
    }
    limit(delivery, signal);
}

static void wait_for(struct job_delivery *delivery, const struct job_signal *signal, usec_t at, pid_t command)
{
    struct job_pending *pending = &delivery->pending[signal->number];

    delivery->n_pending += !pending->waits;
    *pending = (struct job_pending){.signal = *signal, .at = at, .command = command, .waits = true};
}

static void send_after_delay(struct job_delivery *delivery, const struct job_signal *signal, usec_t now)
{
    usec_t delay = delivery->options->rules[signal->number].delay;

    if (delay == 0) {
        send(delivery, signal);
        return;
    }
    wait_for(delivery, signal, usec_add(now, delay), 0);
    job_tell(delivery->options,
             &(struct job_event){.kind = JOB_EVENT_DELAYED, .signal = signal->number, .span = delay});
}

/* A stop that has a limit gives the command as long as it gives the job. */
static usec_t command_deadline(const struct job_delivery *delivery, const struct job_signal *signal,
                               usec_t now)
{
    return signal->limits ? usec_add(now, delivery->options->stop_timeout) : USEC_INFINITY;
}

static bool run_command(struct job_delivery *delivery, const struct job_signal *signal, usec_t now)
{
    const char *command = delivery->options->rules[signal->number].command;
    pid_t pid;

    if (!command)
        return false;
    int r = job_hook_start(delivery->hook, command, delivery->pid, signal->number, &pid);
    if (r < 0) {
        log_warning_errno(r, "cannot run the command for %s, sending the signal without",
                          signal_to_string(signal->number));
        return false;
    }
    wait_for(delivery, signal, command_deadline(delivery, signal, now), pid);
    return true;
}

void job_delivery_accept(struct job_delivery *delivery, const struct job_signal *signal, usec_t now)
{
    struct job_pending *pending = &delivery->pending[signal->number];

    if (delivery->options->rules[signal->number].send == JOB_SIGNAL_DROP) {
        job_tell(delivery->options, &(struct job_event){.kind = JOB_EVENT_DROPPED, .signal = signal->number});
        /* Nobody else ends the job at the time limit. */
        if (signal->own)
            limit(delivery, signal);
    } else if (pending->waits) {
        pending->signal.limits |= signal->limits;
        if (pending->command != 0)
            pending->at = MIN(pending->at, command_deadline(delivery, signal, now));
    } else if (!run_command(delivery, signal, now)) {
        send_after_delay(delivery, signal, now);
    }
}

static void due(struct job_delivery *delivery, struct job_pending *pending, usec_t now)
{
    struct job_signal signal = pending->signal;
    pid_t command = pending->command;

    *pending = (struct job_pending){};
    delivery->n_pending--;
    if (command == 0) {
        send(delivery, &signal);
        return;
    }
    log_warning("the command for %s takes too long: SIGKILL", signal_to_string(signal.number));
    (void)kill(-command, SIGKILL);
    send_after_delay(delivery, &signal, now);
}

void job_delivery_run(struct job_delivery *delivery, usec_t now)
{
    if (delivery->n_pending == 0)
        return;
    FOREACH_ARRAY (pending, delivery->pending, ELEMENTSOF(delivery->pending))
        if (pending->waits && pending->at <= now)
            due(delivery, pending, now);
}

usec_t job_delivery_next(const struct job_delivery *delivery)
{
    usec_t next = USEC_INFINITY;

    if (delivery->n_pending == 0)
        return next;
    FOREACH_ARRAY (pending, delivery->pending, ELEMENTSOF(delivery->pending))
        if (pending->waits)
            next = MIN(next, pending->at);
    return next;
}

bool job_delivery_reaped(struct job_delivery *delivery, pid_t pid)
{
    if (delivery->n_pending == 0)
        return false;
    FOREACH_ARRAY (pending, delivery->pending, ELEMENTSOF(delivery->pending)) {
        if (!pending->waits || pending->command != pid)
            continue;
        struct job_signal signal = pending->signal;
        *pending = (struct job_pending){};
        delivery->n_pending--;
        send_after_delay(delivery, &signal, now_monotonic());
        return true;
    }
    return false;
}
