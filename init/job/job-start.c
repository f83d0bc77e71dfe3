/* The start of one job: what berth-init makes of itself, and the process. */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/log.h"
#include "init/job/job-cgroup.h"
#include "init/job/job-descriptors.h"
#include "init/job/job-notify.h"
#include "init/job/job-voice.h"
#include "init/job/job.h"

/* A socket of the launcher's that cannot be used is worth a line, and no reason not to run the job. */
static int take_socket(const char *variable)
{
    int fd = descriptors_take_socket(variable);
    if (fd < 0 && fd != -ENOENT)
        log_warning_errno(fd, "$%s names no socket, going on without", variable);
    return fd;
}

/* Orphans of the job come to PID 1, or to the nearest subreaper. prctl(2). */
static int become_reaper(const struct job *job)
{
    const struct job_options *options = job->options;

    if (options->parent_death_signal && prctl(PR_SET_PDEATHSIG, options->parent_death_signal) < 0)
        return log_errno(errno, "cannot ask for a signal when the parent dies");
    if (options->subreaper == JOB_SUBREAPER_ASKED ||
        (options->subreaper == JOB_SUBREAPER_AUTO && job->self != 1)) {
        int r = prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ? -errno : 0;
        if (r < 0 && options->subreaper == JOB_SUBREAPER_ASKED)
            return log_errno(r, "cannot become a subreaper");
        job_tell(options, &(struct job_event){.kind = r < 0 ? JOB_EVENT_NOT_REAPING : JOB_EVENT_SUBREAPER});
        return 0;
    }
    int is_subreaper = 0;
    if (job->self != 1 && (prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) < 0 || !is_subreaper))
        job_tell(options, &(struct job_event){.kind = JOB_EVENT_NOT_REAPING});
    return 0;
}

static int resolve_user(const struct job_options *options, struct credentials *ret)
{
    char object[JOB_USER_OBJECT_MAX];
    int r = options->user ? job_user_resolve(options->user, ret, object) : 0;

    if (r == -ESRCH)
        log_error("--user=%s: no %s in the container's /etc/passwd or /etc/group", options->user, object);
    else if (r < 0)
        log_errno(r, "--user=%s: USER[:GROUP...] as names or numbers", options->user);
    return r;
}

static int start_process(struct job *job)
{
    const struct job_options *options = job->options;
    const char *listen_pid = getenv("LISTEN_PID");

    job->child.options = options;
    job->child.sockets_passed = listen_pid && atoi(listen_pid) == job->self;
    job_signals_catch_children(&job->child.inherited_sigchld);
    job_report_begin(options, &job->account);
    job->started = now_monotonic();
    job->account.start = now_realtime();
    int r = job_child_start(&job->child, &job->account.pid, &job->exec_status);
    if (r < 0)
        return log_errno(r, "cannot start a process for %s", options->argv[0]);
    job->delivery.pid = job->account.pid;
    job_tell(options, &(struct job_event){.kind = JOB_EVENT_STARTED, .pid = job->account.pid});
    if (options->session == JOB_SESSION_OWN)
        job_tell(options, &(struct job_event){.kind = JOB_EVENT_SESSION, .pid = job->account.pid});
    return 0;
}

static int open_report(struct job *job)
{
    job->report_fd = job_report_open(job->options);
    if (job->report_fd < 0 && job->options->report)
        return log_errno(job->report_fd, "cannot open %s for the report", job->options->report);
    return 0;
}

/* Who writes to a descriptor of the job's later keeps it; whoever reads it would otherwise not see the end
 * when the job closes it. */
static unsigned stdio_to_keep(const struct job_options *options, bool memory_limited)
{
    unsigned keep = 0;

    if (options->keep_output)
        keep |= 1U << STDOUT_FILENO;
    if (options->keep_error || options->time_limit > 0 || memory_limited)
        keep |= 1U << STDERR_FILENO;
    FOREACH_ARRAY (rule, options->rules, ELEMENTSOF(options->rules))
        if (rule->command)
            keep |= 1U << STDOUT_FILENO | 1U << STDERR_FILENO;
    return keep;
}

/* The program runs: from here on we hold nothing that is the job's. */
static void job_runs(struct job *job)
{
    bool memory_limited = job_report_watch_memory(&job->account);

    descriptors_release_stdio(stdio_to_keep(job->options, memory_limited));
    (void)job_notify(job->notify_fd, "READY=1\n");
    job_tell(job->options, &(struct job_event){.kind = JOB_EVENT_EXECUTED, .pid = job->account.pid});
}

int job_start(struct job *job, const struct job_options *options)
{
    *job = (struct job){
        .options = options,
        .self = getpid(),
        .delivery.options = options,
        .signal_fd = -EBADF,
        .notify_fd = -EBADF,
        .report_fd = -EBADF,
    };
    job->hook.child = &job->child;
    job->delivery.hook = &job->hook;
    if (open_report(job) < 0)
        return -EINVAL;
    descriptors_fill_stdio();
    int control_fd = take_socket(ENV_CONTROL_FD);
    job->notify_fd = take_socket(ENV_NOTIFY_FD);
    job->signal_fd = job_signals_open(0);
    if (job->signal_fd < 0)
        return log_errno(job->signal_fd, "cannot receive signals");
    if (become_reaper(job) < 0 || resolve_user(options, &job->child.user) < 0)
        return -EINVAL;
    int r = start_process(job);
    if (r < 0)
        return r;
    const int keep[] = {job->signal_fd, job->notify_fd, job->report_fd, control_fd};
    descriptors_close_others(keep, ELEMENTSOF(keep));
    (void)chdir("/");
    job->control = control_fd < 0 ? NULL : job_control_new(control_fd, job->account.pid, options->argv);
    job_timetable_begin(&job->times, options, job->started);
    if (job->exec_status == 0)
        job_runs(job);
    return 0;
}

void job_done(struct job *job)
{
    close_fd(job->signal_fd);
    close_fd(job->notify_fd);
    close_fd(job->report_fd);
    job_control_free(job->control);
    credentials_done(&job->child.user);
    if (job->child.has_cgroup)
        job_cgroup_remove();
}
