/* dumb-init 1.2.5: a session of its own for the command, signals to its process group, SIGTERM to that when
 * the command has ended. It knows each signal by its number, and those that stop a job stop it, too. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"
#include "init/job/job-signals.h"
#include "init/names/names.h"

#define DUMB_INIT_VERSION "dumb-init v1.2.5"
#define LAST_SIGNAL       31 /* that it knows to rewrite */

static const struct names_option dumb_init_options[] = {
    {'h', false, "help"},    {'c', false, "single-child"}, {'r', true, "rewrite"},
    {'v', false, "verbose"}, {'V', false, "version"},
};

static const char help[] = DUMB_INIT_VERSION
    "\n"
    "Usage: dumb-init [option] program [args]\n\n"
    "  -c, --single-child  no session; signals go to the program alone, not to its process group\n"
    "                      (also: DUMB_INIT_SETSID=0)\n"
    "  -r, --rewrite=S:T   pass signal S on as T, by their numbers from 1 to 31; T 0: not at all\n"
    "  -v, --verbose       say what happens (also: DUMB_INIT_DEBUG=1)\n"
    "  -h, --help          show this text\n"
    "  -V, --version       show the version\n\n"
    "This is berth-init " BERTH_VERSION " under the name dumb-init; berth-init(8) says more.\n";

/* Blanks before a number and anything behind the second one do no harm. */
static int take_rewrite(struct job_options *options, const char *text)
{
    char *end, *colon;
    long from = strtol(text, &colon, 10);

    if (colon == text || *colon != ':')
        return -EINVAL;
    long to = strtol(colon + 1, &end, 10);
    if (end == colon + 1 || from < 1 || from > LAST_SIGNAL || to < 0 || to > LAST_SIGNAL)
        return -EINVAL;
    options->rules[from].send = to ? (int8_t)to : JOB_SIGNAL_DROP;
    return 0;
}

static void to_the_child(struct job_options *options)
{
    options->audience = JOB_TO_CHILD;
    options->session = JOB_SESSION_SHARED;
    options->rest = JOB_REST_LEAVE;
}

static int apply_option(struct job_options *options, int letter, const char *value)
{
    switch (letter) {
    case 'c':
        to_the_child(options);
        return NAMES_RUN;
    case 'v':
        options->verbosity = 1;
        return NAMES_RUN;
    case 'r':
        if (take_rewrite(options, value) == 0)
            return NAMES_RUN;
        names_text(STDERR_FILENO,
                   "Usage: -r option takes <signum>:<signum>, where <signum> is between 1 and 31.\n"
                   "This option can be specified multiple times.\n"
                   "Use --help for full usage.\n");
        return 1;
    case 'h':
        names_text(STDERR_FILENO, help);
        return 0;
    case 'V':
        names_text(STDERR_FILENO, DUMB_INIT_VERSION "\n");
        return 0;
    default:
        return 1;
    }
}

static void apply_environment(struct job_options *options, char *const *environment)
{
    const char *debug = strv_env_get(environment, "DUMB_INIT_DEBUG");
    const char *setsid = strv_env_get(environment, "DUMB_INIT_SETSID");

    if (debug && streq(debug, "1")) {
        options->verbosity = 1;
        names_line(STDERR_FILENO, "[dumb-init] Running in debug mode.");
    }
    if (setsid && streq(setsid, "0")) {
        to_the_child(options);
        if (options->verbosity)
            names_line(STDERR_FILENO, "[dumb-init] Not running in setsid mode.");
    }
}

/* A group of its own has no shell above that would continue it: the kernel would not stop it for these. */
static void stop_for_terminal_signals(struct job_options *options)
{
    static const int terminal[] = {SIGTSTP, SIGTTIN, SIGTTOU};

    FOREACH_ARRAY (signal, terminal, ELEMENTSOF(terminal))
        if (!options->rules[*signal].send)
            options->rules[*signal].send = SIGSTOP;
}

int dumb_init_parse(struct job_options *ret, int argc, char *const *argv, char *const *environment)
{
    struct names_words words = {dumb_init_options, ELEMENTSOF(dumb_init_options), argc, argv, 1};
    int letter;

    *ret = (struct job_options){
        .manner = &dumb_init_manner,
        .rest = JOB_REST_TERM,
        .subreaper = JOB_SUBREAPER_NEVER,
        .literal_signals = true,
        .suspends = true,
        .stop_timeout = JOB_DEFAULT_STOP_TIMEOUT,
    };
    while ((letter = names_next_option(&words)) != NAMES_END) {
        int r = apply_option(ret, letter, words.value);
        if (r != NAMES_RUN)
            return r;
    }
    ret->argv = names_command(&words);
    if (!ret->argv) {
        names_text(STDERR_FILENO, "Usage: dumb-init [option] program [args]\n"
                                  "Try dumb-init --help for full usage.\n");
        return 1;
    }
    apply_environment(ret, environment);
    if (ret->session == JOB_SESSION_OWN)
        stop_for_terminal_signals(ret);
    ret->keep_error = ret->verbosity > 0;
    return NAMES_RUN;
}

#define tell(...) names_line(STDERR_FILENO, "[dumb-init] " __VA_ARGS__)

/* What the lines need to know of earlier events. */
static struct {
    int received; /* signal */
    int attach_error;
} seen;

static void tell_terminal(const struct job_event *event)
{
    bool leader = getsid(0) == getpid();

    seen.attach_error = event->error ? event->error : leader ? 0 : EPERM;
    if (event->error)
        tell("Unable to detach from controlling tty (errno=%d %s).", event->error, strerror(event->error));
    else
        tell("Detached from controlling tty, %s.",
             leader ? "ignoring the first SIGHUP and SIGCONT we receive" : "but was not session leader");
}

static void tell_session(const struct job_options *options)
{
    if (options->session != JOB_SESSION_OWN)
        return;
    if (seen.attach_error)
        tell("Unable to attach to controlling tty (errno=%d %s).", seen.attach_error,
             strerror(seen.attach_error));
    tell("setsid complete.");
}

static void tell_forwarded(const struct job_event *event)
{
    if (seen.received && event->signal != seen.received)
        tell("Translating signal %d to %d.", seen.received, event->signal);
    seen.received = 0;
    tell("Forwarded signal %d to children.", event->signal);
}

static void tell_reaped(const struct job_event *event)
{
    seen.received = 0;
    if (WIFSIGNALED(event->status))
        tell("A child with PID %d was terminated by signal %d.", event->pid, WTERMSIG(event->status));
    else
        tell("A child with PID %d exited with exit status %d.", event->pid, WEXITSTATUS(event->status));
}

static void tell_debug(const struct job_options *options, const struct job_event *event)
{
    switch (event->kind) {
    case JOB_EVENT_TERMINAL:
        tell_terminal(event);
        break;
    case JOB_EVENT_HANDED_OVER:
        tell("Received signal %d.", event->signal);
        tell("Ignoring tty hand-off signal %d.", event->signal);
        break;
    case JOB_EVENT_STARTED:
        tell("Child spawned with PID %d.", event->pid);
        break;
    case JOB_EVENT_SESSION:
        tell_session(options);
        break;
    case JOB_EVENT_RECEIVED:
        tell("Received signal %d.", event->signal);
        seen.received = event->signal == SIGCHLD ? 0 : event->signal;
        break;
    case JOB_EVENT_FORWARDED:
        tell_forwarded(event);
        break;
    case JOB_EVENT_DROPPED:
        tell("Translating signal %d to 0.", event->signal);
        tell("Not forwarding signal 0 to children (ignored).");
        break;
    case JOB_EVENT_SUSPENDS:
        tell("Suspending self due to TTY signal.");
        break;
    case JOB_EVENT_REAPED:
    case JOB_EVENT_ENDED:
        tell_reaped(event);
        break;
    case JOB_EVENT_EXIT:
        /* Said in both modes, although a child that is gone can get nothing. */
        if (options->audience == JOB_TO_CHILD)
            tell("Forwarded signal %d to children.", SIGTERM);
        tell("Child exited with status %d. Goodbye.", event->status);
        break;
    default:
        break;
    }
}

static void dumb_init_tell(const struct job_options *options, const struct job_event *event)
{
    if (event->kind == JOB_EVENT_EXEC_FAILED)
        tell("%s: %s", options->argv[0], strerror(event->failure->error));
    else if (options->verbosity)
        tell_debug(options, event);
}

static int dumb_init_exec_status(const struct child_failure *failure)
{
    return 2;
}

const struct job_manner dumb_init_manner = {"dumb-init", dumb_init_tell, dumb_init_exec_status};

int dumb_init_main(int argc, char **argv)
{
    (void)job_signals_block();
    struct job_options options;
    int r = dumb_init_parse(&options, argc, argv, environ);

    if (r != NAMES_RUN)
        return r;
    log_set_program("dumb-init");
    /* The command starts with nothing blocked, which is what the mask says, and nothing ignored. */
    for (int signal = 1; signal <= LAST_SIGNAL; signal++)
        (void)sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    return job_main(&options);
}
