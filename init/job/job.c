/* One job as PID 1, or as a subreaper below another, from its start to the exit status. Sleeps in one
 * system call; while nothing happens, nothing wakes it. */
#include "init/job/job.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "init/job/job-rest.h"
#include "init/job/job-voice.h"
#include "init/job/reap.h"

#define AFTER_KILL (5 * USEC_PER_SEC) /* for what does not even end of SIGKILL */

static void tell_pid(const struct job *job, enum job_event_kind kind, pid_t pid, int status)
{
    job_tell(job->options, &(struct job_event){.kind = kind, .pid = pid, .status = status});
}

static void tell_signal(const struct job *job, enum job_event_kind kind, const struct job_signal *signal)
{
    job_tell(job->options, &(struct job_event){.kind = kind, .pid = signal->pid, .signal = signal->number});
}

/* Orders to stop */

static void note_who_asked(struct job *job, const struct job_signal *signal)
{
    struct job_account *account = &job->account;

    if (account->stop_signal)
        return; /* the first one */
    account->stop_signal = signal->number;
    account->stop_pid = signal->pid;
    account->stop_uid = signal->uid;
    account->stop_from_kernel = signal->from_kernel;
}

/* SIGTERM, by all the rules for it. */
static void send_term(struct job *job, struct job_signal signal)
{
    signal.number = SIGTERM;
    job_delivery_accept(&job->delivery, &signal, now_monotonic());
}

/* The first order; with a notice the job hears that first. Others only know SIGTERM, which is passed on. */
static void job_order_stop(struct job *job, struct job_signal signal)
{
    const struct job_options *options = job->options;
    bool first = !job->told_to_stop;

    job->told_to_stop = true;
    if (!first || !options->notice) {
        job_timetable_set(&job->times, JOB_DUE_TERM, USEC_INFINITY);
        send_term(job, signal);
        return;
    }
    usec_t grace = options->notice_grace ? options->notice_grace : options->stop_timeout;
    job_timetable_set(&job->times, JOB_DUE_TERM, usec_add(now_monotonic(), grace));
    signal.number = options->notice;
    signal.has_value = false;
    signal.limits = false; /* SIGTERM's does */
    job_delivery_accept(&job->delivery, &signal, now_monotonic());
}

static void job_due_term(struct job *job)
{
    tell_pid(job, JOB_EVENT_STOPPING, job->account.pid, 0);
    send_term(job, (struct job_signal){.own = true, .limits = true});
}

static void job_time_limit(struct job *job)
{
    if (!job->told_to_stop && !job->account.stop_signal)
        job->account.cause = JOB_CAUSE_TIME_LIMIT;
    job_due_term(job);
}

static void job_kill(struct job *job)
{
    job->account.killed = true;
    (void)job_signal_send(job->account.pid, job->options->audience, SIGKILL);
    tell_pid(job, JOB_EVENT_KILLED, job->account.pid, 0);
}

/* SIGKILL follows when one that limits the stop has reached the job. */
static void job_limit_stop(struct job *job)
{
    if (!job->delivery.limit_begins || job_timetable_is_set(&job->times, JOB_DUE_KILL))
        return;
    job->delivery.limit_begins = false;
    job_timetable_set(&job->times, JOB_DUE_KILL, usec_add(now_monotonic(), job->options->stop_timeout));
}

/* What is left of the job */

static void signal_rest(const struct job *job, int signal)
{
    job_rest_signal(job->self, job->account.pid, job->child.has_cgroup, signal);
}

static void job_kill_rest(struct job *job)
{
    tell_pid(job, JOB_EVENT_KILLED, 0, 0);
    signal_rest(job, SIGKILL);
    job->phase = job->self == 1 ? JOB_OVER : JOB_KILLED; /* the kernel waits for a namespace to be empty */
    job_timetable_set(&job->times, JOB_DUE_GIVE_UP, usec_add(now_monotonic(), AFTER_KILL));
}

static void job_stop_rest(struct job *job)
{
    /* Those that are stopped must run to take it. */
    signal_rest(job, SIGTERM);
    signal_rest(job, SIGCONT);
    job_timetable_set(&job->times, JOB_DUE_KILL_REST, usec_add(now_monotonic(), job->options->stop_timeout));
}

/* Without a child of ours nothing is below us. */
static void job_end_rest(struct job *job, bool children_left)
{
    switch (job->options->rest) {
    case JOB_REST_LEAVE:
        job->phase = JOB_OVER;
        return;
    case JOB_REST_TERM:
        (void)job_signal_send(job->account.pid, job->options->audience, SIGTERM);
        job_tell(job->options, &(struct job_event){.kind = JOB_EVENT_FORWARDED, .signal = SIGTERM});
        job->phase = JOB_OVER;
        return;
    case JOB_REST_STOP:
        if (children_left)
            job_stop_rest(job);
        return;
    }
}

/* Signals */

/* After the end there is only what the job left, and somebody who is tired of waiting for it. */
static void signal_after_end(struct job *job, const struct job_signal *signal, enum signal_fate fate)
{
    bool stop = fate == SIGNAL_STOP || job_signal_means_stop(signal->number);

    if (job->phase == JOB_ENDED && stop && !reap_is_child(signal->pid))
        job_kill_rest(job);
}

static void job_pass_on(struct job *job, struct job_signal *signal, enum signal_fate fate)
{
    const struct job_options *options = job->options;

    if (fate == SIGNAL_STOP || job_signal_means_stop(signal->number))
        note_who_asked(job, signal);
    if (fate == SIGNAL_STOP || (options->notice && signal->number == SIGTERM)) {
        /* Other runtimes keep their own time, which may be longer than our default. */
        signal->limits = fate == SIGNAL_STOP || options->notice || options->limits_sigterm;
        job_order_stop(job, *signal);
        return;
    }
    signal->limits = fate == SIGNAL_END && options->limits_sigterm;
    job_delivery_accept(&job->delivery, signal, now_monotonic());
}

/* As a shell's job does. PID 1 of a namespace cannot be continued from inside. */
static void suspend_if_asked(const struct job *job, int number)
{
    if (!job->options->suspends || job->self == 1 ||
        (number != SIGTSTP && number != SIGTTIN && number != SIGTTOU))
        return;
    job_tell(job->options, &(struct job_event){.kind = JOB_EVENT_SUSPENDS, .signal = number});
    (void)kill(job->self, SIGSTOP);
}

static void job_take_signal(struct job *job, const struct signalfd_siginfo *info)
{
    const struct job_options *options = job->options;
    struct job_signal signal = job_signal_read(info);
    enum signal_fate fate = job_signal_fate(&signal, job->self, options->literal_signals);

    tell_signal(job, JOB_EVENT_RECEIVED, &signal);
    if (fate == SIGNAL_CHILD || fate == SIGNAL_DROP)
        return;
    if (job->phase != JOB_RUNS) {
        signal_after_end(job, &signal, fate);
        return;
    }
    /* A child that forwards to its parent would get it back for ever. */
    if (!options->literal_signals && reap_is_child(signal.pid)) {
        tell_signal(job, JOB_EVENT_DROPPED, &signal);
        return;
    }
    job_pass_on(job, &signal, fate);
    suspend_if_asked(job, signal.number);
}

/* One read: when there are more, the next one does not wait. */
static void job_take_signals(struct job *job)
{
    struct signalfd_siginfo infos[16];
    ssize_t n = read(job->signal_fd, infos, sizeof(infos));

    for (ssize_t i = 0; i < n / (ssize_t)sizeof(infos[0]); i++)
        job_take_signal(job, &infos[i]);
}

/* Children */

static void job_ended(struct job *job, int status)
{
    job->account.status = status;
    job->account.runtime = now_monotonic() - job->started;
    job->account.end = now_realtime();
    job_timetable_job_ended(&job->times);
    tell_pid(job, JOB_EVENT_ENDED, job->account.pid, status);
    job->phase = JOB_ENDED;
}

static void job_reaped(void *userdata, pid_t pid, int status)
{
    struct job *job = userdata;

    if (pid == job->account.pid && job->phase == JOB_RUNS) {
        job_ended(job, status);
    } else if (!job_delivery_reaped(&job->delivery, pid)) {
        job->account.orphans_reaped++;
        tell_pid(job, JOB_EVENT_REAPED, pid, status);
    }
}

static void job_reap(struct job *job)
{
    bool ran = job->phase == JOB_RUNS;
    uint64_t orphans = job->account.orphans_reaped;
    bool children_left = reap_children(job_reaped, job);

    if (ran && job->phase == JOB_ENDED)
        job_end_rest(job, children_left);
    else if (job->phase == JOB_KILLED && children_left)
        signal_rest(job, SIGKILL);
    if ((job->phase == JOB_ENDED || job->phase == JOB_KILLED) && !children_left)
        job->phase = JOB_OVER;
    if (job->phase == JOB_RUNS && job->account.orphans_reaped > orphans)
        reap_let_gather(&job->orphans_died);
}

/* Times */

static void job_do_due(struct job *job)
{
    usec_t now = now_monotonic();
    enum job_due due;
    int warning;

    while ((due = job_timetable_take(&job->times, job->options, now, &warning)) != JOB_DUE_NOTHING) {
        if (due == JOB_DUE_WARNING)
            job_delivery_accept(&job->delivery, &(struct job_signal){.number = warning, .own = true}, now);
        else if (due == JOB_DUE_TIME_LIMIT)
            job_time_limit(job);
        else if (due == JOB_DUE_TERM)
            job_due_term(job);
        else if (due == JOB_DUE_KILL)
            job_kill(job);
        else if (due == JOB_DUE_KILL_REST)
            job_kill_rest(job);
        else
            job->phase = JOB_OVER;
    }
    if (job->phase == JOB_RUNS)
        job_delivery_run(&job->delivery, now);
}

/* Milliseconds for poll(2), rounded up so that the deadline has come afterwards. */
static int poll_timeout(const struct job *job)
{
    usec_t deadline = job_timetable_next(&job->times);
    if (job->phase == JOB_RUNS)
        deadline = MIN(deadline, job_delivery_next(&job->delivery));
    if (deadline == USEC_INFINITY)
        return -1;
    usec_t now = now_monotonic(), left = deadline > now ? deadline - now : 0;
    return (int)MIN((left + USEC_PER_MSEC - 1) / USEC_PER_MSEC, USEC_PER_DAY / USEC_PER_MSEC);
}

/* Where only signals can come, reading them waits for them: one system call less for each wake-up. */
static int job_wait(struct job *job)
{
    struct pollfd fds[1 + JOB_CONTROL_FDS] = {{.fd = job->signal_fd, .events = POLLIN, .revents = POLLIN}};
    size_t n = 1 + job_control_poll(job->control, fds + 1);
    int timeout = poll_timeout(job);

    if ((n > 1 || timeout >= 0) && poll(fds, (nfds_t)n, timeout) < 0) {
        if (errno != EINTR)
            return log_errno(errno, "cannot wait for the job");
        fds[0].revents = 0;
    }
    if (fds[0].revents)
        job_take_signals(job);
    job_control_serve(job->control, fds + 1, n - 1);
    return 0;
}

static int job_run(struct job *job)
{
    while (job->phase != JOB_OVER) {
        if (job_wait(job) < 0)
            return -EIO;
        job_reap(job);
        job_do_due(job);
        job_limit_stop(job);
    }
    return 0;
}

/* The end */

/* It was asked to stop and did, by itself or of a signal that asked it to. */
static bool stopped_in_time(const struct job *job)
{
    const struct job_account *account = &job->account;

    if (!account->stop_signal || account->killed || job->account.cause == JOB_CAUSE_TIME_LIMIT)
        return false;
    return !WIFSIGNALED(account->status) || job_signal_means_stop(WTERMSIG(account->status));
}

static int job_exit_status(const struct job *job)
{
    if (job->exec_status)
        return job->exec_status;
    int status = reap_exit_status(job->account.status);
    if (job_options_expects(job->options, (uint8_t)status))
        return 0;
    return job->options->stop_is_success && stopped_in_time(job) ? 0 : status;
}

/* Nobody asked before, but it died of a signal that somebody sent through us. */
static void job_settle_cause(struct job *job)
{
    struct job_account *account = &job->account;

    if (!account->stop_signal && WIFSIGNALED(account->status) &&
        WTERMSIG(account->status) == job->delivery.last_number)
        note_who_asked(job, &job->delivery.last);
    if (account->cause == JOB_CAUSE_ITSELF && account->stop_signal)
        account->cause = JOB_CAUSE_STOP;
    account->signals_forwarded = job->delivery.n_sent;
    account->exit_status = job_exit_status(job);
}

int job_main(const struct job_options *options)
{
    _cleanup_(job_done) struct job job;

    if (job_start(&job, options) < 0 || job_run(&job) < 0)
        return EXIT_BERTH_FAILED;
    job_settle_cause(&job);
    tell_pid(&job, JOB_EVENT_EXIT, job.account.pid, job.account.exit_status);
    (void)job_report(options, &job.account, job.report_fd);
    return job.account.exit_status;
}
