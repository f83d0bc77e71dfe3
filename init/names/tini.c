/* tini 0.19: no session of its own for the command but a process group, signals to the command alone, nothing
 * done about those that it leaves, no subreaper unless asked. Warnings and errors go to standard error, what
 * happens otherwise to standard output. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "init/job/job-signals.h"
#include "init/names/names.h"

#define TINI_VERSION "0.19.0"

enum tini_level { TINI_FATAL, TINI_WARN, TINI_INFO, TINI_DEBUG, TINI_TRACE };

static const char *const level_names[] = {"FATAL", "WARN ", "INFO ", "DEBUG", "TRACE"};

static const struct names_option tini_options[] = {
    {'h'}, {'v'}, {'w'}, {'g'}, {'l'}, {'s'}, {'e', true}, {'p', true},
};

static const char usage[] =
    "tini (" TINI_VERSION ", by berth-init " BERTH_VERSION ")\n"
    "Usage: tini [OPTIONS] [--] PROGRAM [ARGS...] | --version\n\n"
    "  -s         become a subreaper           (also: TINI_SUBREAPER)\n"
    "  -g         signal the process group     (also: TINI_KILL_PROCESS_GROUP)\n"
    "  -v         say more, up to three times  (also: TINI_VERBOSITY=N, 1 without it)\n"
    "  -w         say which orphans are reaped\n"
    "  -e STATUS  exit with 0 for this exit status (0 to 255), any number of times\n"
    "  -p SIGNAL  get this signal (SIGTERM, ...) when the parent process dies\n"
    "  -l         show the licence\n"
    "  -h         show this text\n"
    "  --version  alone: show the version\n\n"
    "berth-init(8) says more. Under its own name it can do more.\n";

/* By name only, and not the ones that another system calls differently. */
static int death_signal(const char *text)
{
    static const int unknown[] = {SIGSTKFLT, SIGIO, SIGPWR};
    int signal = signal_from_string(text);

    FOREACH_ARRAY (other, unknown, ELEMENTSOF(unknown))
        if (signal == *other)
            return -EINVAL;
    if (signal < 0 || signal >= KERNEL_SIGRTMIN || !streq(text, signal_to_string(signal)))
        return -EINVAL;
    return signal;
}

static int take_status(struct job_options *options, const char *text)
{
    char *end;
    long status = strtol(text, &end, 10);

    if (*end || status < 0 || status > 255)
        return -EINVAL;
    job_options_expect(options, (uint8_t)status);
    return 0;
}

static int reject_value(int letter, const char *value)
{
    names_line(STDERR_FILENO, "[FATAL tini (%d)] Not a valid option for -%c: %s", getpid(), letter, value);
    return 1;
}

static int apply_option(struct job_options *options, int letter, const char *value)
{
    switch (letter) {
    case 'v':
        options->verbosity++;
        return NAMES_RUN;
    case 'w':
        options->tell_reaped = true;
        return NAMES_RUN;
    case 'g':
        options->audience = JOB_TO_GROUP;
        return NAMES_RUN;
    case 's':
        options->subreaper = JOB_SUBREAPER_ASKED;
        return NAMES_RUN;
    case 'e':
        return take_status(options, value) < 0 ? reject_value(letter, value) : NAMES_RUN;
    case 'p':
        options->parent_death_signal = death_signal(value);
        return options->parent_death_signal < 0 ? reject_value(letter, value) : NAMES_RUN;
    case 'h':
        names_text(STDOUT_FILENO, usage);
        return 0;
    case 'l':
        names_license();
        return 0;
    default:
        names_text(STDERR_FILENO, usage);
        return 1;
    }
}

static void apply_environment(struct job_options *options, char *const *environment)
{
    const char *verbosity = strv_env_get(environment, "TINI_VERBOSITY");

    if (strv_env_get(environment, "TINI_SUBREAPER"))
        options->subreaper = JOB_SUBREAPER_ASKED;
    if (strv_env_get(environment, "TINI_KILL_PROCESS_GROUP"))
        options->audience = JOB_TO_GROUP;
    if (verbosity)
        options->verbosity = (unsigned)strtol(verbosity, NULL, 10); /* no number is 0, -1 is all */
    options->keep_output = options->verbosity >= TINI_INFO;
    options->keep_error = options->keep_output || (options->tell_reaped && options->verbosity >= TINI_WARN);
}

int tini_parse(struct job_options *ret, int argc, char *const *argv, char *const *environment)
{
    struct names_words words = {tini_options, ELEMENTSOF(tini_options), argc, argv, 1};
    int letter;

    *ret = (struct job_options){
        .manner = &tini_manner,
        .audience = JOB_TO_CHILD,
        .session = JOB_SESSION_GROUP,
        .rest = JOB_REST_LEAVE,
        .subreaper = JOB_SUBREAPER_NEVER,
        .literal_signals = true,
        .verbosity = TINI_WARN,
        .stop_timeout = JOB_DEFAULT_STOP_TIMEOUT,
    };
    ret->rules[SIGTTIN].send = ret->rules[SIGTTOU].send = JOB_SIGNAL_DROP;
    if (argc == 2 && streq(argv[1], "--version")) {
        names_line(STDOUT_FILENO, "tini version " TINI_VERSION " (berth-init " BERTH_VERSION ")");
        return 0;
    }
    while ((letter = names_next_option(&words)) != NAMES_END) {
        int r = apply_option(ret, letter, words.value);
        if (r != NAMES_RUN)
            return r;
    }
    apply_environment(ret, environment);
    ret->argv = names_command(&words);
    if (ret->argv)
        return NAMES_RUN;
    names_text(STDERR_FILENO, usage);
    return 1;
}

/* Where a line of this level goes, or -1: it is not wanted. */
static int level_fd(const struct job_options *options, enum tini_level level)
{
    if (level != TINI_FATAL && options->verbosity < level)
        return -1;
    return level <= TINI_WARN ? STDERR_FILENO : STDOUT_FILENO;
}

#define tell(level, format, ...)                                                                             \
    do {                                                                                                     \
        int fd_ = level_fd(options, level);                                                                  \
        if (fd_ >= 0)                                                                                        \
            names_line(fd_, "[%s tini (%d)] " format, level_names[level], getpid(), __VA_ARGS__);            \
    } while (0)

static void tell_ended(const struct job_options *options, const struct job_event *event)
{
    if (WIFSIGNALED(event->status))
        tell(TINI_INFO, "pid %d, the main one, was ended by %s", event->pid,
             signal_to_string(WTERMSIG(event->status)));
    else
        tell(TINI_INFO, "pid %d, the main one, exited with status %d", event->pid,
             WEXITSTATUS(event->status));
}

static void tell_signal(const struct job_options *options, const struct job_event *event)
{
    const char *name = signal_to_string(event->signal);

    if (event->kind == JOB_EVENT_RECEIVED && event->signal == SIGCHLD)
        tell(TINI_DEBUG, "Received %s", name);
    else if (event->kind == JOB_EVENT_FORWARDED && event->error)
        tell(TINI_WARN, "%s was not passed on: %s", name, strerror(event->error));
    else if (event->kind == JOB_EVENT_FORWARDED)
        tell(TINI_DEBUG, "%s passed on", name);
}

static void tini_tell(const struct job_options *options, const struct job_event *event)
{
    switch (event->kind) {
    case JOB_EVENT_NOT_REAPING:
        tell(TINI_WARN,
             "neither PID 1 nor a subreaper (-s, TINI_SUBREAPER): zombie reaping won't work for "
             "orphans of %s",
             options->argv[0]);
        break;
    case JOB_EVENT_SUBREAPER:
        tell(TINI_TRACE, "pid %d is a subreaper now", getpid());
        break;
    case JOB_EVENT_STARTED:
        tell(TINI_INFO, "%s has pid %d", options->argv[0], event->pid);
        break;
    case JOB_EVENT_EXEC_FAILED:
        tell(TINI_FATAL, "exec %s failed: %s", options->argv[0], strerror(event->failure->error));
        break;
    case JOB_EVENT_RECEIVED:
    case JOB_EVENT_FORWARDED:
        tell_signal(options, event);
        break;
    case JOB_EVENT_REAPED:
        if (options->tell_reaped)
            tell(TINI_WARN, "Reaped zombie process with pid=%d", event->pid);
        tell(TINI_DEBUG, "pid %d was reaped", event->pid);
        break;
    case JOB_EVENT_ENDED:
        tell_ended(options, event);
        break;
    default:
        break;
    }
}

static int tini_exec_status(const struct child_failure *failure)
{
    return failure->error == ENOENT ? 127 : failure->error == EACCES ? 126 : 1;
}

const struct job_manner tini_manner = {"tini", tini_tell, tini_exec_status};

int tini_main(int argc, char **argv)
{
    uint64_t inherited_mask = job_signals_block();
    struct job_options options;
    int r = tini_parse(&options, argc, argv, environ);

    if (r != NAMES_RUN)
        return r;
    log_set_program("tini");
    options.inherited_mask = inherited_mask;
    return job_main(&options);
}
