/* catatonit 0.1.7: a process group of its own for the command, signals to the command alone, a subreaper
 * without a word, nothing done about those that are left. Also a pause program for pods. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "init/job/job-signals.h"
#include "init/names/names.h"

#define CATATONIT_VERSION "0.1.7_catatonit"

static const struct names_option catatonit_options[] = {
    {'g'}, {'h'}, {'L'}, {'P'}, {'V', false, "version"},
};

static const char usage[] = "usage: catatonit [-ghLPV] [--] <progname> [<arguments>...]\n";
static const char help[] =
    "\n  -g             signal the process group of the program\n"
    "  -h             show this text\n"
    "  -L             show the licence\n"
    "  -P             run nothing: reap orphans, end at SIGINT or SIGTERM\n"
    "  -V, --version  show the version\n\n"
    "CATATONIT_DEBUG in the environment: say what happens.\n"
    "This is berth-init " BERTH_VERSION " under the name catatonit; berth-init(8) says more.\n";

static int apply_option(struct job_options *options, bool *pause, int letter)
{
    switch (letter) {
    case 'g':
        options->audience = JOB_TO_GROUP;
        return NAMES_RUN;
    case 'P':
        *pause = true;
        return NAMES_RUN;
    case 'h':
        names_text(STDERR_FILENO, usage);
        names_text(STDERR_FILENO, help);
        return 0;
    case 'L':
        names_license();
        return 0;
    case 'V':
        names_line(STDOUT_FILENO, "tini version " CATATONIT_VERSION);
        return 0;
    default:
        names_text(STDERR_FILENO, usage);
        return 1;
    }
}

int catatonit_parse(struct job_options *ret, bool *ret_pause, int argc, char *const *argv,
                    char *const *environment)
{
    struct names_words words = {catatonit_options, ELEMENTSOF(catatonit_options), argc, argv, 1};
    int letter;

    *ret_pause = false;
    *ret = (struct job_options){
        .manner = &catatonit_manner,
        .audience = JOB_TO_CHILD,
        .session = JOB_SESSION_GROUP,
        .rest = JOB_REST_LEAVE,
        .literal_signals = true,
        .verbosity = strv_env_get(environment, "CATATONIT_DEBUG") != NULL,
        .stop_timeout = JOB_DEFAULT_STOP_TIMEOUT,
    };
    ret->keep_error = ret->verbosity > 0;
    ret->rules[SIGTSTP].send = ret->rules[SIGTTIN].send = ret->rules[SIGTTOU].send = JOB_SIGNAL_DROP;
    while ((letter = names_next_option(&words)) != NAMES_END) {
        int r = apply_option(ret, ret_pause, letter);
        if (r != NAMES_RUN)
            return r;
    }
    ret->argv = names_command(&words);
    if (ret->argv || *ret_pause)
        return NAMES_RUN;
    names_line(STDERR_FILENO, "ERROR (catatonit:%d): missing program name", getpid());
    names_text(STDERR_FILENO, usage);
    return 1;
}

#define tell(level, format, ...)                                                                             \
    names_line(STDERR_FILENO, level " (catatonit:%d): " format, getpid(), __VA_ARGS__)

static void tell_debug(const struct job_options *options, const struct job_event *event)
{
    switch (event->kind) {
    case JOB_EVENT_STARTED:
        tell("DEBUG", "pid1 (%d) spawned: %s", event->pid, options->argv[0]);
        break;
    case JOB_EVENT_SUBREAPER:
        tell("DEBUG", "pid %d is a subreaper now", getpid());
        break;
    case JOB_EVENT_FORWARDED:
        tell("DEBUG", "%s passed on%s%s", signal_to_string(event->signal), event->error ? ": " : "",
             event->error ? strerror(event->error) : "");
        break;
    case JOB_EVENT_DROPPED:
        tell("DEBUG", "%s not passed on", signal_to_string(event->signal));
        break;
    case JOB_EVENT_REAPED:
        tell("DEBUG", "pid %d reaped", event->pid);
        break;
    case JOB_EVENT_ENDED:
        tell("DEBUG", "pid1 (%d) ended: %s %d", event->pid, WIFSIGNALED(event->status) ? "signal" : "status",
             WIFSIGNALED(event->status) ? WTERMSIG(event->status) : WEXITSTATUS(event->status));
        break;
    default:
        break;
    }
}

static void catatonit_tell(const struct job_options *options, const struct job_event *event)
{
    if (event->kind == JOB_EVENT_EXEC_FAILED)
        tell("ERROR", "failed to exec pid1: %s", strerror(event->failure->error));
    else if (options->verbosity)
        tell_debug(options, event);
}

static int catatonit_exec_status(const struct child_failure *failure)
{
    return 1;
}

const struct job_manner catatonit_manner = {"catatonit", catatonit_tell, catatonit_exec_status};

int catatonit_main(int argc, char **argv)
{
    uint64_t inherited_mask = job_signals_block();
    struct job_options options;
    bool pause;
    int r = catatonit_parse(&options, &pause, argc, argv, environ);

    if (r != NAMES_RUN)
        return r;
    log_set_program("catatonit");
    options.inherited_mask = inherited_mask;
    return pause ? job_pause(&options) : job_main(&options);
}
