/* berth-init's own words for what happens to the job. */
#include "init/job/job-voice.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "berth/exit-codes.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/signals.h"

static void tell_exec_failed(const struct job_options *options, const struct child_failure *failure)
{
    const struct {
        const char *what, *object;
    } steps[] = {
        [CHILD_GROUPS] = {"set the groups of user", options->user},
        [CHILD_GID] = {"set the group of user", options->user},
        [CHILD_UID] = {"become user", options->user},
        [CHILD_WORKDIR] = {"start in directory", options->workdir},
        [CHILD_EXEC] = {"execute", options->argv[0]},
    };
    const char *hint = "";

    if (failure->interpreter_missing)
        hint = " (the file is there, its interpreter or dynamic loader is not)";
    else if (failure->step == CHILD_EXEC && failure->error == ENOEXEC)
        hint = " (a script needs a first line like #!/bin/sh)";
    log_error("cannot %s %s: %s%s", steps[failure->step].what, steps[failure->step].object,
              strerror(failure->error), hint);
}

static void tell_received(const struct job_options *options, const struct job_event *event)
{
    /* Each child that ends makes one. */
    if (event->signal == SIGCHLD && options->verbosity < 2)
        return;
    if (event->pid > 0)
        log_debug("%s from pid %d", signal_to_string(event->signal), event->pid);
    else
        log_debug("%s from outside", signal_to_string(event->signal));
}

static void tell_forwarded(const struct job_options *options, const struct job_event *event)
{
    const char *name = signal_to_string(event->signal);
    const char *audience = options->audience == JOB_TO_CHILD ? "the command" : "the command's group";

    if (event->error == 0)
        log_debug("%s passed on to %s", name, audience);
    else if (event->error == ESRCH)
        log_debug("%s came too late for the job", name);
    else
        log_warning_errno(event->error, "cannot pass %s on to %s", name, audience);
}

static void tell_delayed(const struct job_event *event)
{
    char span[FORMAT_TIMESPAN_MAX];
    log_debug("%s is passed on in %s", signal_to_string(event->signal), format_timespan(span, event->span));
}

/* How the process ended, behind a few words on who it was. */
static void tell_end(enum log_level level, const char *who, const struct job_event *event)
{
    if (WIFSIGNALED(event->status))
        log_line(level, "%s, pid %d, was ended by %s", who, event->pid,
                 signal_to_string(WTERMSIG(event->status)));
    else
        log_line(level, "%s, pid %d, exited with status %d", who, event->pid, WEXITSTATUS(event->status));
}

static void tell_terminal(const struct job_event *event)
{
    if (event->error == 0)
        log_debug("the job gets the terminal");
    else if (event->error != ENOTTY)
        log_debug("the terminal stays where it is: %s", strerror(event->error));
}

static void tell_step(const struct job_options *options, const struct job_event *event)
{
    switch (event->kind) {
    case JOB_EVENT_NOT_REAPING:
        log_warning("neither PID 1 nor a subreaper: orphans of the job are not reaped here");
        break;
    case JOB_EVENT_SUBREAPER:
        log_debug("not PID 1: orphans of the job come here all the same, as a subreaper");
        break;
    case JOB_EVENT_TERMINAL:
        tell_terminal(event);
        break;
    case JOB_EVENT_EXECUTED:
        log_debug("%s runs as pid %d", options->argv[0], event->pid);
        break;
    case JOB_EVENT_SUSPENDS:
        log_debug("stopping, until SIGCONT");
        break;
    case JOB_EVENT_STOPPING:
        log_debug("the job is told to stop: SIGTERM");
        break;
    case JOB_EVENT_KILLED:
        log_debug("not stopped in time: SIGKILL");
        break;
    case JOB_EVENT_EXIT:
        log_debug("exit status %d", event->status);
        break;
    default: /* HANDED_OVER, STARTED and SESSION are details of EXECUTED */
        break;
    }
}

static void own_tell(const struct job_options *options, const struct job_event *event)
{
    switch (event->kind) {
    case JOB_EVENT_EXEC_FAILED:
        tell_exec_failed(options, event->failure);
        break;
    case JOB_EVENT_RECEIVED:
        tell_received(options, event);
        break;
    case JOB_EVENT_FORWARDED:
        tell_forwarded(options, event);
        break;
    case JOB_EVENT_DROPPED:
        log_debug("%s is not passed on", signal_to_string(event->signal));
        break;
    case JOB_EVENT_DELAYED:
        tell_delayed(event);
        break;
    case JOB_EVENT_REAPED:
        tell_end(options->tell_reaped ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "an orphan", event);
        break;
    case JOB_EVENT_ENDED:
        tell_end(LOG_LEVEL_DEBUG, "the job", event);
        break;
    default:
        tell_step(options, event);
        break;
    }
}

static int own_exec_status(const struct child_failure *failure)
{
    if (failure->step != CHILD_EXEC)
        return EXIT_BERTH_FAILED;
    bool missing = failure->error == ENOENT && !failure->interpreter_missing;
    return missing ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

const struct job_manner job_own_manner = {"berth-init", own_tell, own_exec_status};

static const struct job_manner *manner_of(const struct job_options *options)
{
    return options->manner ? options->manner : &job_own_manner;
}

void job_tell(const struct job_options *options, const struct job_event *event)
{
    manner_of(options)->tell(options, event);
}

int job_exec_status(const struct job_options *options, const struct child_failure *failure)
{
    return manner_of(options)->exec_status(failure);
}
