/* berthctl: asks PID 1 of this container, with systemctl's verbs, options and exit statuses. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "init/control/berthctl.h"
#include "init/main.h"

static const struct berthctl_verb verbs[] = {
    {"status", "[UNIT...]", "the services and their state", 0, SIZE_MAX, berthctl_on_view,
     berthctl_finish_tree},
    {"list-units", "", "units that are up or failed (--all: every one)", 0, SIZE_MAX, berthctl_on_view,
     berthctl_finish_list},
    {"start", "UNIT...", "start, and wait until it is up", 1, SIZE_MAX, berthctl_on_job, NULL},
    {"stop", "UNIT...", "stop, and wait until it is down", 1, SIZE_MAX, berthctl_on_job, NULL},
    {"restart", "UNIT...", "stop and start; start what is down", 1, SIZE_MAX, berthctl_on_job, NULL},
    {"try-restart", "UNIT...", "the same, but leave what is down", 1, SIZE_MAX, berthctl_on_job, NULL},
    {"reload", "UNIT...", "let it read its configuration again", 1, SIZE_MAX, berthctl_on_job, NULL},
    {"kill", "UNIT...", "send a signal (--signal=, --kill-whom=)", 1, SIZE_MAX, NULL, NULL},
    {"logs", "[UNIT...]", "what services printed (-n N, -f)", 0, SIZE_MAX, berthctl_on_log, NULL},
    {"show", "[UNIT...]", "properties as KEY=VALUE (-p KEY, --value)", 0, SIZE_MAX, berthctl_on_show,
     berthctl_finish_show},
    {"cat", "UNIT...", "the unit's files", 1, SIZE_MAX, berthctl_on_cat, NULL},
    {"is-active", "UNIT...", "exit 0 if one is active, else 3", 1, SIZE_MAX, berthctl_on_state, NULL},
    {"is-failed", "UNIT...", "exit 0 if one has failed, else 1", 1, SIZE_MAX, berthctl_on_state, NULL},
    {"reset-failed", "[UNIT...]", "forget that it failed", 0, SIZE_MAX, NULL, NULL},
    {"notify", "KEY=VALUE...", "tell PID 1 about the service that calls it: READY=1, STATUS=text", 1,
     SIZE_MAX, NULL, NULL, berthctl_notify},
    {"daemon-reload", "", "read the unit files again", 0, 0, NULL, NULL},
    {"poweroff", "", "stop everything; the container ends", 0, 0, NULL, NULL},
    {"exit", "[CODE]", "the same, with this exit status", 0, 1, NULL, NULL},
    {"reboot", "", "the same; asks to be started again", 0, 0, NULL, NULL},
};

struct option {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* NULL: takes none */
    size_t offset;     /* into struct berthctl: a bool, or a const char * for one with a value */
    const char *help;  /* NULL: accepted for systemctl's users, and not needed */
};

#define PROPERTY_OPTION SIZE_MAX /* collects instead */
#define UNUSED_OPTION   (SIZE_MAX - 1)

static const struct option options[] = {
    {"no-block", 0, NULL, offsetof(struct berthctl, no_block), "do not wait for the end of the job"},
    {"follow", 'f', NULL, offsetof(struct berthctl, follow), "logs: go on with new lines"},
    {"lines", 'n', "N", offsetof(struct berthctl, lines), "logs, status: the last N lines"},
    {"property", 'p', "KEY", PROPERTY_OPTION, "show: only this one (A,B for more)"},
    {"value", 0, NULL, offsetof(struct berthctl, value), "show: values without their keys"},
    {"signal", 's', "SIGNAL", offsetof(struct berthctl, signal), "kill: which one [SIGTERM]"},
    {"kill-whom", 0, "WHO", offsetof(struct berthctl, whom), "kill: main, control or all [all]"},
    {"job-mode", 0, "MODE", offsetof(struct berthctl, job_mode),
     "replace, replace-irreversibly, fail, isolate, ignore-dependencies"},
    {"all", 'a', NULL, offsetof(struct berthctl, all), "list-units: also what is down"},
    {"json", 0, NULL, offsetof(struct berthctl, json), "JSON instead of text"},
    {"quiet", 'q', NULL, offsetof(struct berthctl, quiet), "only the exit status tells"},
    {"help", 'h', NULL, offsetof(struct berthctl, help), "show this text"},
    {"version", 0, NULL, offsetof(struct berthctl, version), "show the version"},
    {"no-pager", 0, NULL, UNUSED_OPTION, NULL},
    {"full", 'l', NULL, UNUSED_OPTION, NULL},
    {"system", 0, NULL, UNUSED_OPTION, NULL},
};

static void print_help(void)
{
    puts("berthctl [OPTIONS] [VERB [ARG...]]   asks PID 1 of this container; without a verb: status\n");
    FOREACH_ARRAY (verb, verbs, ELEMENTSOF(verbs))
        printf("  %-13s %-12s %s\n", verb->name, verb->args, verb->help);
    putchar('\n');
    FOREACH_ARRAY (option, options, ELEMENTSOF(options)) {
        char name[32], letter[5] = "    ";
        if (!option->help)
            continue;
        if (option->letter)
            (void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
        (void)snprintf(name, sizeof(name), "--%s%s%s", option->name, option->value ? "=" : "",
                       option->value ? option->value : "");
        printf("  %s%-20s %s\n", letter, name, option->help);
    }
}

/* "--name", "--name=VALUE", "-x", "-xVALUE" */
static const struct option *find_option(const char *word, const char **ret_value)
{
    FOREACH_ARRAY (option, options, ELEMENTSOF(options)) {
        const char *rest = startswith(word + 2, option->name);
        if (word[1] != '-' && option->letter && word[1] == option->letter) {
            *ret_value = word[2] ? word + 2 : NULL;
            return option;
        }
        if (word[1] == '-' && rest && (!*rest || *rest == '=')) {
            *ret_value = *rest ? rest + 1 : NULL;
            return option;
        }
    }
    return NULL;
}

static int add_properties(struct berthctl *ctl, const char *value)
{
    _cleanup_strv_ char **names = NULL;

    int r = strv_split(value, ",", &names);
    for (char **name = names; r >= 0 && name && *name; name++)
        r = strv_append(&ctl->properties, *name);
    return r;
}

static int apply_option(struct berthctl *ctl, const struct option *option, const char *value)
{
    if (option->offset == UNUSED_OPTION)
        return 0;
    if (option->offset == PROPERTY_OPTION)
        return add_properties(ctl, value);
    if (option->value)
        *(const char **)((char *)ctl + option->offset) = value;
    else
        *(bool *)((char *)ctl + option->offset) = true;
    return 0;
}

/* Takes the option at *i, with the word behind it when the value stands there. */
static int parse_option(struct berthctl *ctl, int argc, char **argv, int *i)
{
    const char *value = NULL;
    const struct option *option = find_option(argv[*i], &value);

    if (!option)
        log_error("unknown option %s: see berthctl --help", argv[*i]);
    else if (!option->value && value)
        log_error("--%s takes no value", option->name);
    else if (option->value && !value && *i + 1 >= argc)
        log_error("--%s needs a value: %s", option->name, option->value);
    else
        return apply_option(ctl, option, option->value && !value ? argv[++*i] : value);
    return -EINVAL;
}

/* Options may stand anywhere before "--", as with systemctl; the other words are moved to the front. Returns
 * their number. */
static int parse_words(struct berthctl *ctl, int argc, char **argv)
{
    int n = 0;
    bool literal = false;

    for (int i = 1; i < argc; i++) {
        if (!literal && streq(argv[i], "--")) {
            literal = true;
        } else if (!literal && argv[i][0] == '-' && argv[i][1]) {
            int r = parse_option(ctl, argc, argv, &i);
            if (r < 0)
                return r;
        } else {
            argv[n++] = argv[i];
        }
    }
    argv[n] = NULL;
    return n;
}

static int choose_verb(struct berthctl *ctl, int n, char **words)
{
    const char *name = n > 0 ? words[0] : "status";

    ctl->args = n > 0 ? words + 1 : words;
    ctl->n_args = n > 0 ? (size_t)n - 1 : 0;
    FOREACH_ARRAY (verb, verbs, ELEMENTSOF(verbs))
        if (streq(verb->name, name))
            ctl->verb = verb;
    if (!ctl->verb)
        log_error("no such verb: %s: see berthctl --help", name);
    else if (ctl->n_args < ctl->verb->min_args)
        log_error("%s needs more: berthctl %s %s", name, name, ctl->verb->args);
    else if (ctl->n_args > ctl->verb->max_args)
        log_error("%s takes less: berthctl %s %s", name, name, ctl->verb->args);
    else
        return 0;
    return -EINVAL;
}

static int add_value(char ***request, const char *option, const char *value)
{
    return value ? strv_consume(request, xasprintf("%s%s", option, value)) : 0;
}

/* Options that are PID 1's business, the verb, its arguments. */
static int build_request(const struct berthctl *ctl, char ***ret)
{
    _cleanup_strv_ char **request = NULL;
    const char *lines = ctl->lines;
    int r = 0;

    if (!lines && streq(ctl->verb->name, "status") && ctl->n_args > 0)
        lines = "10";
    if (ctl->no_block)
        r = strv_append(&request, "--no-block");
    if (r >= 0 && ctl->follow)
        r = strv_append(&request, "--follow");
    if (r >= 0)
        r = add_value(&request, "--lines=", lines);
    if (r >= 0)
        r = add_value(&request, "--signal=", ctl->signal);
    if (r >= 0)
        r = add_value(&request, "--kill-whom=", ctl->whom);
    if (r >= 0)
        r = add_value(&request, "--job-mode=", ctl->job_mode);
    if (r >= 0)
        r = strv_append(&request, ctl->verb->name);
    for (char *const *arg = ctl->args; r >= 0 && *arg; arg++)
        r = strv_append(&request, *arg);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(request);
    return 0;
}

static int connect_in(const char *directory)
{
    _cleanup_close_ int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : connect_at(fd, CONTAINER_CONTROL_SOCKET);
}

/* An abstract name is everybody's in this network namespace: only one of our own pid namespace is answered
 * to, and only root's or our own. */
static bool is_our_init(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid != 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static int connect_abstract(void)
{
    static const char name[] = "\0berth/" CONTAINER_CONTROL_SOCKET;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + sizeof(name) - 1;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    memcpy(address.sun_path, name, sizeof(name) - 1);
    if (connect(fd, (struct sockaddr *)&address, size) < 0)
        return -errno;
    return is_our_init(fd) ? TAKE_FD(fd) : -ECONNREFUSED;
}

/* Where PID 1 serves: its runtime directory, or an abstract name when it could write none. */
static int connect_control(void)
{
    const char *directory = getenv(ENV_RUNTIME_DIR);
    int r = directory ? connect_in(directory) : -ENOENT;

    if (r < 0)
        r = connect_in(CONTAINER_RUNTIME_DIR);
    return r == -ENOENT || r == -ECONNREFUSED ? connect_abstract() : r;
}

static bool wants_colours(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term && !streq(term, "dumb");
}

static int unexpected_record(char *packet, size_t size, void *userdata)
{
    return 0;
}

static int call(struct berthctl *ctl, int socket_fd, char *const *request)
{
    struct control_result result = {};

    int r = control_call(socket_fd, request, NULL, 0, USEC_INFINITY,
                         ctl->verb->on_record ? ctl->verb->on_record : unexpected_record, ctl, &result);
    if (r < 0) {
        log_errno(r, "%s: PID 1 did not answer", ctl->verb->name);
        return 1;
    }
    if (ctl->verb->finish)
        ctl->verb->finish(ctl);
    if (result.message && !ctl->complained && !ctl->quiet)
        log_error("%s: %s", ctl->verb->name, result.message);
    int status = result.exit_status ? result.exit_status : ctl->complained;
    control_result_done(&result);
    return fflush(stdout) == 0 ? status : 1;
}

static int run_verb(struct berthctl *ctl)
{
    _cleanup_strv_ char **request = NULL;

    if (build_request(ctl, &request) < 0) {
        log_error("no memory");
        return 1;
    }
    _cleanup_close_ int fd = connect_control();
    if (fd < 0) {
        log_errno(fd, "cannot reach PID 1 at %s/%s: does berth-init --boot run in this container",
                  CONTAINER_RUNTIME_DIR, CONTAINER_CONTROL_SOCKET);
        return 1;
    }
    ctl->view = status_view_new(wants_colours(), ctl->json);
    if (!ctl->view) {
        log_error("no memory");
        return 1;
    }
    return call(ctl, fd, request);
}

static int run(struct berthctl *ctl, int argc, char **argv)
{
    int n = parse_words(ctl, argc, argv);

    if (n < 0)
        return 1;
    if (ctl->help) {
        print_help();
        return 0;
    }
    if (ctl->version)
        return puts("berthctl " BERTH_VERSION) < 0;
    if (choose_verb(ctl, n, argv) < 0)
        return 1;
    return ctl->verb->run ? ctl->verb->run(ctl) : run_verb(ctl);
}

int berthctl_main(int argc, char **argv)
{
    struct berthctl ctl = {};

    log_set_program("berthctl");
    int status = run(&ctl, argc, argv);
    status_view_free(ctl.view);
    strv_free(ctl.properties);
    return status;
}
