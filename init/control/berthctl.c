/* berthctl: asks PID 1 of this container, with systemctl's verbs, options and exit statuses. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "init/control/berthctl-files.h"
#include "init/main.h"

#define REEXEC_TIMEOUT       (10 * USEC_PER_SEC)
#define REEXEC_INTERVAL_MSEC 20

#define SYSTEMD_INTERFACE "252" /* the version whose manual pages are followed */

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

    const char *name = ctl->verb->ask ? ctl->verb->ask : ctl->verb->name;
    bool is_default = streq(name, "default");

    if (!lines && streq(name, "status") && ctl->n_args > 0)
        lines = "10";
    if (ctl->no_block)
        r = strv_append(&request, "--no-block");
    if (r >= 0 && ctl->wait && (streq(name, "start") || streq(name, "is-system-running")))
        r = strv_append(&request, "--wait");
    if (r >= 0 && ctl->follow && streq(name, "logs"))
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
        r = strv_append(&request, is_default ? "isolate" : name);
    if (r >= 0 && is_default)
        r = strv_append(&request, "default.target");
    for (char *const *arg = ctl->args; r >= 0 && *arg && !ctl->verb->keeps_args; arg++)
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
int berthctl_connect(void)
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

/* The new PID 1 has let our connection go, as one may of which it does not know that somebody waits there. It
 * has taken over when it answers somebody else. */
static int await_new_init(void)
{
    char verb[] = "is-system-running", *const request[] = {verb, NULL};
    usec_t end = usec_add(now_monotonic(), REEXEC_TIMEOUT);

    for (int r = -ECONNRESET; now_monotonic() < end; (void)poll(NULL, 0, REEXEC_INTERVAL_MSEC)) {
        struct control_result result = {};
        _cleanup_close_ int fd = berthctl_connect();
        if (fd >= 0)
            r = control_call(fd, request, NULL, 0, end, unexpected_record, NULL, &result);
        control_result_done(&result);
        if (fd >= 0 && r >= 0)
            return 0;
    }
    return -ETIMEDOUT;
}

static int call(struct berthctl *ctl, int socket_fd, char *const *request)
{
    struct control_result result = {};

    int r = control_call(socket_fd, request, NULL, 0, USEC_INFINITY,
                         ctl->verb->on_record ? ctl->verb->on_record : unexpected_record, ctl, &result);
    if (r == -ECONNRESET && streq(ctl->verb->name, "daemon-reexec") && await_new_init() == 0)
        return 0;
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

int berthctl_ask(struct berthctl *ctl)
{
    _cleanup_strv_ char **request = NULL;

    if (build_request(ctl, &request) < 0) {
        log_error("no memory");
        return 1;
    }
    _cleanup_close_ int fd = berthctl_connect();
    if (fd < 0 && ctl->as_systemctl)
        return berthctl_answer_offline(ctl, fd);
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
    status_view_set_plain(ctl->view, ctl->plain, ctl->no_legend);
    return call(ctl, fd, request);
}

int berthctl_ask_verb(const struct berthctl *ctl, const char *verb, char *const *units)
{
    struct berthctl other = {
        .verb = berthctl_find_verb(verb),
        .args = units,
        .n_args = strv_length(units),
        .as_systemctl = ctl->as_systemctl,
        .quiet = ctl->quiet,
        .no_block = ctl->no_block,
    };
    int status = berthctl_ask(&other);
    status_view_free(other.view);
    return status;
}

/* Programs read the number of a version of systemd there: that of the interface that is served. */
static int print_version(const struct berthctl *ctl)
{
    if (ctl->as_systemctl)
        return puts("systemd " SYSTEMD_INTERFACE " (berth " BERTH_VERSION ")") < 0;
    return puts("berthctl " BERTH_VERSION) < 0;
}

static int run(struct berthctl *ctl, int argc, char **argv)
{
    if (berthctl_parse(ctl, argc, argv) < 0)
        return 1;
    if (ctl->help) {
        berthctl_print_help();
        return 0;
    }
    if (ctl->version)
        return print_version(ctl);
    if (ctl->root && (!ctl->verb->run || ctl->now)) {
        log_error("%s: --root= goes with the verbs on unit files only%s", ctl->verb->name,
                  ctl->now ? ", and not with --now" : "");
        return 1;
    }
    return ctl->verb->run ? ctl->verb->run(ctl) : berthctl_ask(ctl);
}

int berthctl_main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    struct berthctl ctl = {.as_systemctl = argc > 0 && streq(slash ? slash + 1 : argv[0], "systemctl")};

    log_set_program(ctl.as_systemctl ? "systemctl" : "berthctl");
    int status = run(&ctl, argc, argv);
    strv_free(ctl.properties);
    strv_free(ctl.states);
    strv_free(ctl.types);
    status_view_free(ctl.view);
    unit_files_free(ctl.files);
    return status;
}
