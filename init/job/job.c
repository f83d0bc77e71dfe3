/* One job as PID 1, or as a subreaper below another: the order of work from the first descriptor to the exit
 * status. Sleeps in one poll(2); while nothing happens, nothing wakes it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "berth/environment.h"
#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/signals.h"
#include "init/job/job-child.h"
#include "init/job/job-control.h"
#include "init/job/job-descriptors.h"
#include "init/job/job-notify.h"
#include "init/job/job-options.h"
#include "init/job/job-signals.h"
#include "init/job/reap.h"

enum job_phase {
    JOB_RUNS,
    JOB_STOPS, /* told to stop, SIGKILL at the deadline */
    JOB_ENDED, /* what is left of its tree has SIGTERM, SIGKILL at the deadline */
    JOB_OVER,
};

struct job {
    const struct job_options *options;
    enum job_phase phase;
    pid_t self;
    pid_t pid;
    int status; /* waitpid(2)'s, of pid */
    usec_t deadline;
    int signal_fd;
    int exec_fd; /* open until the program runs or could not be run */
    int notify_fd;
    struct job_control *control; /* NULL: not served */
};

static void cleanup_job(struct job *job)
{
    close_fd(job->signal_fd);
    close_fd(job->exec_fd);
    close_fd(job->notify_fd);
    job_control_free(job->control);
}

/* Signals all that is left of the job: as PID 1 everything in the namespace, else its process group. Outside
 * of PID 1, -1 would reach strangers. */
static int signal_the_rest(const struct job *job, int signal)
{
    return kill(job->self == 1 ? -1 : -job->pid, signal) < 0 ? -errno : 0;
}

/* From the first order on. */
static void job_limit_stop(struct job *job)
{
    if (job->phase != JOB_RUNS)
        return;
    job->phase = JOB_STOPS;
    job->deadline = usec_add(now_monotonic(), job->options->stop_timeout);
}

static void job_order_stop(struct job *job)
{
    if (job->phase != JOB_RUNS)
        return;
    log_debug("told to stop from outside: SIGTERM to the job");
    (void)job_signal_send(job->pid, job->options->audience == JOB_TO_CHILD, SIGTERM);
    job_limit_stop(job);
}

static void job_take_signal(struct job *job, const struct signalfd_siginfo *info)
{
    enum signal_fate fate = job_signal_fate(info, job->self);

    /* What is left after the job's end has its SIGTERM already. */
    if (job->phase >= JOB_ENDED)
        return;
    if (fate == SIGNAL_STOP) {
        job_order_stop(job);
        return;
    }
    /* Other runtimes keep their own time, which may be longer than our default. */
    if (fate == SIGNAL_END && job->options->limits_sigterm)
        job_limit_stop(job);
    /* A child that forwards to its parent would get it back for ever. */
    if ((fate != SIGNAL_FORWARD && fate != SIGNAL_END) || reap_is_child((pid_t)info->ssi_pid))
        return;
    int r = job_signal_forward(job->pid, job->options->audience == JOB_TO_CHILD, info);
    log_debug("%s from pid %u %s", signal_to_string((int)info->ssi_signo), info->ssi_pid,
              r < 0 ? "came too late for the job" : "forwarded");
}

static void job_take_signals(struct job *job)
{
    struct signalfd_siginfo infos[16];
    ssize_t n;

    while ((n = read(job->signal_fd, infos, sizeof(infos))) > 0)
        FOREACH_ARRAY (info, infos, (size_t)n / sizeof(infos[0]))
            job_take_signal(job, info);
}

/* Once the program runs PID 1 lets go of all that is the job's. Standard error stays with --verbose only: who
 * reads it would otherwise not see its end when the job closes it. */
static void job_runs(struct job *job)
{
    descriptors_release_stdio(job->options->verbosity > 0);
    (void)job_notify(job->notify_fd, "READY=1\n");
    log_debug("%s runs as pid %d", job->options->argv[0], job->pid);
}

static void job_take_exec_report(struct job *job)
{
    struct child_failure failure;

    if (job->exec_fd < 0)
        return;
    ssize_t n = read(job->exec_fd, &failure, sizeof(failure));
    if (n < 0)
        return;
    job->exec_fd = close_fd(job->exec_fd);
    if ((size_t)n == sizeof(failure))
        job_child_log_failure(job->options, &failure);
    else
        job_runs(job);
}

static void job_reaped(void *userdata, pid_t pid, int status)
{
    struct job *job = userdata;

    if (pid != job->pid || job->phase >= JOB_ENDED)
        return;
    job_take_exec_report(job); /* it may have come after we looked */
    job->status = status;
    job->phase = JOB_ENDED;
    job->deadline = usec_add(now_monotonic(), job->options->stop_timeout);
    /* Those that are stopped must run to take it. */
    (void)signal_the_rest(job, SIGTERM);
    (void)signal_the_rest(job, SIGCONT);
}

static void job_reap(struct job *job)
{
    bool children_left = reap_children(job_reaped, job);

    if (job->phase == JOB_ENDED && (!children_left || signal_the_rest(job, 0) == -ESRCH))
        job->phase = JOB_OVER;
}

static void job_check_deadline(struct job *job)
{
    if (job->deadline == USEC_INFINITY || now_monotonic() < job->deadline)
        return;
    if (job->phase == JOB_STOPS) {
        log_debug("the job did not stop in time: SIGKILL");
        (void)job_signal_send(job->pid, job->options->audience == JOB_TO_CHILD, SIGKILL);
    } else if (job->phase == JOB_ENDED) {
        log_debug("processes that the job left did not stop in time: SIGKILL");
        (void)signal_the_rest(job, SIGKILL);
        job->phase = JOB_OVER;
    }
    job->deadline = USEC_INFINITY;
}

/* Milliseconds for poll(2), rounded up so that the deadline has come afterwards. */
static int poll_timeout(usec_t deadline)
{
    if (deadline == USEC_INFINITY)
        return -1;
    usec_t now = now_monotonic(), left = deadline > now ? deadline - now : 0;
    return (int)MIN((left + USEC_PER_MSEC - 1) / USEC_PER_MSEC, USEC_PER_DAY / USEC_PER_MSEC);
}

static int job_run(struct job *job)
{
    while (job->phase != JOB_OVER) {
        struct pollfd fds[2 + JOB_CONTROL_FDS] = {
            {.fd = job->signal_fd, .events = POLLIN},
            {.fd = job->exec_fd, .events = POLLIN},
        };
        size_t n = 2 + job_control_poll(job->control, fds + 2);
        if (poll(fds, (nfds_t)n, poll_timeout(job->deadline)) < 0 && errno != EINTR)
            return log_errno(errno, "cannot wait for the job");
        job_take_exec_report(job);
        job_take_signals(job);
        job_reap(job);
        job_control_serve(job->control, fds + 2, n - 2);
        job_check_deadline(job);
    }
    return 0;
}

/* A socket of the launcher's that cannot be used is worth a line, and no reason not to run the job. */
static int take_socket(const char *variable)
{
    int fd = descriptors_take_socket(variable);
    if (fd < 0 && fd != -ENOENT)
        log_warning_errno(fd, "$%s names no socket, going on without", variable);
    return fd;
}

static int job_user(const struct job_options *options, struct credentials *ret)
{
    char object[JOB_USER_OBJECT_MAX];
    int r = options->user ? job_user_resolve(options->user, ret, object) : 0;

    if (r == -ESRCH)
        log_error("--user=%s: no %s in the container's /etc/passwd or /etc/group", options->user, object);
    else if (r < 0)
        log_errno(r, "--user=%s: USER[:GROUP...] as names or numbers", options->user);
    return r;
}

static int job_start(struct job *job)
{
    _cleanup_credentials_ struct credentials user = {};
    const char *listen_pid = getenv("LISTEN_PID");
    struct job_child child = {
        .options = job->options,
        .user = &user,
        .sockets_passed = listen_pid && atoi(listen_pid) == job->self,
    };

    if (job_user(job->options, &user) < 0)
        return -EINVAL;
    job_signals_catch_children(&child.inherited_sigchld);
    int r = job_child_start(&child, &job->pid, &job->exec_fd);
    if (r < 0)
        return log_errno(r, "cannot start a process for %s", job->options->argv[0]);
    return 0;
}

static int job_set_up(struct job *job)
{
    descriptors_fill_stdio();
    int control_fd = take_socket(ENV_CONTROL_FD);
    job->notify_fd = take_socket(ENV_NOTIFY_FD);
    job->signal_fd = job_signals_open();
    if (job->signal_fd < 0)
        return log_errno(job->signal_fd, "cannot receive signals");
    if (job->self != 1) {
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
        log_debug("not PID 1: orphans of the job come here all the same, as a subreaper");
    }
    int r = job_start(job);
    if (r < 0)
        return r;
    int keep[] = {job->signal_fd, job->exec_fd, job->notify_fd, control_fd};
    descriptors_close_others(keep, ELEMENTSOF(keep));
    (void)chdir("/");
    job->control = control_fd < 0 ? NULL : job_control_new(control_fd, job->pid, job->options->argv);
    return 0;
}

int job_main(const struct job_options *options)
{
    _cleanup_(cleanup_job) struct job job = {
        .options = options,
        .self = getpid(),
        .deadline = USEC_INFINITY,
        .signal_fd = -EBADF,
        .exec_fd = -EBADF,
        .notify_fd = -EBADF,
    };

    if (job_set_up(&job) < 0 || job_run(&job) < 0)
        return EXIT_BERTH_FAILED;
    log_debug("the job ended with exit status %d", reap_exit_status(job.status));
    return reap_exit_status(job.status);
}
