/* Pause mode: nothing runs, orphans are reaped, a signal ends it. What holds the namespaces of a pod
 * together. Sleeps until a signal comes; nothing else wakes it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/environment.h"
#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "init/job/job-descriptors.h"
#include "init/job/job-notify.h"
#include "init/job/job-signals.h"
#include "init/job/job-voice.h"
#include "init/job/reap.h"

/* These end it under every name. */
#define ENDS SIGNAL_BIT(SIGINT) | SIGNAL_BIT(SIGTERM)
/* Container managers send these to a systemd inside; peers do not know them. */
#define ENDS_OWN SIGNAL_BIT(KERNEL_SIGRTMIN + 3) | SIGNAL_BIT(KERNEL_SIGRTMIN + 4) | SIGNAL_BIT(SIGPWR)

static void pause_reaped(void *userdata, pid_t pid, int status)
{
    job_tell(userdata, &(struct job_event){.kind = JOB_EVENT_REAPED, .pid = pid, .status = status});
}

static void pause_become_subreaper(const struct job_options *options)
{
    struct job_event event = {.kind = JOB_EVENT_SUBREAPER};

    if (getpid() == 1)
        return;
    if (options->subreaper == JOB_SUBREAPER_NEVER || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        event.kind = JOB_EVENT_NOT_REAPING;
    job_tell(options, &event);
}

static void pause_say_ready(void)
{
    int fd = descriptors_take_socket(ENV_NOTIFY_FD);
    (void)job_notify(fd, "READY=1\n");
    close_fd(fd);
}

/* What was inherited is somebody's: with nothing held, its other side sees the end. */
static void pause_let_go(const struct job_options *options)
{
    int none = -EBADF;

    descriptors_fill_stdio();
    descriptors_release_stdio(options->keep_error ? 1U << STDERR_FILENO : 0);
    descriptors_close_others(&none, 1);
    (void)chdir("/");
}

int job_pause(const struct job_options *options)
{
    uint64_t ends = options->literal_signals ? ENDS : ENDS | ENDS_OWN;
    uint64_t awaited = ends | SIGNAL_BIT(SIGCHLD);

    if (options->parent_death_signal && prctl(PR_SET_PDEATHSIG, options->parent_death_signal) < 0)
        return log_errno(errno, "cannot ask for a signal at the parent's death"), EXIT_BERTH_FAILED;
    job_signals_catch_children(&(struct sigaction){});
    pause_become_subreaper(options);
    pause_say_ready();
    pause_let_go(options);
    for (;;) {
        /* Also those that ended before we looked: their SIGCHLD came and went. */
        (void)reap_children(pause_reaped, (void *)options);
        siginfo_t info;
        int signal = (int)syscall(SYS_rt_sigtimedwait, &awaited, &info, NULL, sizeof(awaited));
        if (signal > 0 && (ends & SIGNAL_BIT(signal)))
            return 0;
    }
}
