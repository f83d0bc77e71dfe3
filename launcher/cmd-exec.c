/* berth exec: hands three streams and a command to the monitor, passes signals on, returns what the command
 * returned. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/loop.h"
#include "common/parse.h"
#include "common/record.h"
#include "common/signals.h"
#include "common/text.h"
#include "launcher/client.h"
#include "launcher/console.h"
#include "launcher/environment-file.h"
#include "launcher/options.h"
#include "launcher/verbs.h"

struct exec_arguments {
    char *user;
    char *workdir;
    char **environment;
    bool interactive;
};

static int option_environment_file(const struct option_spec *spec, void *target, const char *value,
                                   struct failure *failure)
{
    return environment_file_read(value, (char ***)((char *)target + spec->offset), failure);
}

static const struct option_spec exec_options[] = {
    {"user", 'u', "USER[:GROUP]", "who the command runs as", option_string,
     offsetof(struct exec_arguments, user)},
    {"workdir", 'w', "DIR", "its working directory", option_string, offsetof(struct exec_arguments, workdir)},
    {"env", 'e', "NAME=VALUE", "set an environment variable", option_strv,
     offsetof(struct exec_arguments, environment)},
    {"env-file", 0, "FILE", "the same for each line of a file", option_environment_file,
     offsetof(struct exec_arguments, environment)},
    {"interactive", 'i', NULL, "keep standard input open", option_flag,
     offsetof(struct exec_arguments, interactive)},
};

struct exec_client {
    struct loop *loop;
    struct loop_source monitor;
    struct loop_source signals;
    struct console console;
    struct failure failure;
    int exit_status;
    bool ended;
};

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

static int send_words(int fd, char *const *words, const int *fds, size_t n_fds)
{
    char packet[CONTROL_PACKET_MAX];
    size_t used = 0;
    for (; *words; words++) {
        size_t size = strlen(*words) + 1;
        if (size > sizeof(packet) - used)
            return -E2BIG;
        memcpy(packet + used, *words, size);
        used += size;
    }
    return send_with_fds(fd, packet, used, fds, n_fds);
}

static void take_answer(struct exec_client *client, char *packet, size_t size)
{
    uint64_t status;
    _cleanup_free_ char *result = record_get(packet, size, CONTROL_KEY_RESULT),
                        *message = record_get(packet, size, CONTROL_KEY_MESSAGE),
                        *exit_text = record_get(packet, size, CONTROL_KEY_EXIT_STATUS);
    client->ended = true;
    client->exit_status = exit_text && parse_u64(exit_text, &status) >= 0 ? (int)status : EXIT_BERTH_FAILED;
    if (!result || !streq(result, "done"))
        (void)fail(&client->failure, -EIO, "%s", message ? message : "the monitor refused");
}

static void monitor_ready(struct loop_source *source, uint32_t events)
{
    struct exec_client *client = CONTAINER_OF(source, struct exec_client, monitor);
    char packet[CONTROL_PACKET_MAX + 1];

    ssize_t n = recv(source->fd, packet, CONTROL_PACKET_MAX, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        packet[n] = 0;
        take_answer(client, packet, (size_t)n);
        return;
    }
    client->ended = true;
    client->exit_status = EXIT_BERTH_FAILED;
    (void)fail(&client->failure, -ECONNRESET, "the monitor of the container has died");
}

static void signals_ready(struct loop_source *source, uint32_t events)
{
    struct exec_client *client = CONTAINER_OF(source, struct exec_client, signals);
    struct signalfd_siginfo info;
    while (read(source->fd, &info, sizeof(info)) == sizeof(info)) {
        const char *name = signal_to_string((int)info.ssi_signo);
        if (name)
            (void)send_words(client->monitor.fd, (char *const[]){(char *)"signal", (char *)name, NULL}, NULL,
                             0);
    }
}

static int make_request(const struct exec_arguments *arguments, char *const *command, char ***ret)
{
    _cleanup_strv_ char **words = NULL;
    int r = strv_append(&words, "exec");
    if (r >= 0 && arguments->user)
        r = strv_consume(&words, xasprintf("--user=%s", arguments->user));
    if (r >= 0 && arguments->workdir)
        r = strv_consume(&words, xasprintf("--workdir=%s", arguments->workdir));
    for (char **env = arguments->environment; env && *env && r >= 0; env++)
        r = strv_consume(&words, xasprintf("--env=%s", *env));
    if (r >= 0)
        r = strv_append(&words, "--");
    for (; *command && r >= 0; command++)
        r = strv_append(&words, *command);
    if (r >= 0)
        *ret = TAKE_PTR(words);
    return r;
}

static int watch_signals(struct exec_client *client)
{
    sigset_t set;
    sigemptyset(&set);
    FOREACH_ARRAY (signal, forwarded, ELEMENTSOF(forwarded))
        sigaddset(&set, *signal);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    client->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return client->signals.fd < 0 ? -errno : loop_add(client->loop, &client->signals, EPOLLIN);
}

/* Streams that the container may not hold are pumped, as for `berth run`; without -i its input is empty. */
static int hand_over(struct exec_client *client, char *const *words)
{
    _cleanup_close_pair_ int empty[2] = EBADF_PAIR;
    int fds[3];
    if (pipe2(empty, O_CLOEXEC) < 0)
        return -errno;
    empty[1] = close_fd(empty[1]);
    for (int number = 0; number < 3; number++) {
        const struct console_stream *stream = &client->console.streams[number];
        fds[number] = stream->kind == STREAM_NULL ? empty[0] : stream->child_fd;
    }
    int r = send_words(client->monitor.fd, words, fds, 3);
    console_close_child_ends(&client->console);
    return r < 0 ? r : console_start(&client->console, client->loop);
}

static int run_client(struct exec_client *client, int monitor_fd, bool interactive, char *const *words)
{
    client->monitor = (struct loop_source){.fd = monitor_fd, .ready = monitor_ready};
    client->signals = (struct loop_source){.fd = -EBADF, .ready = signals_ready};
    int r = console_open(&client->console, interactive, false, false, -EBADF, &client->failure);
    if (r >= 0)
        r = loop_new(&client->loop);
    if (r >= 0)
        r = watch_signals(client);
    if (r >= 0)
        r = loop_add(client->loop, &client->monitor, EPOLLIN);
    if (r >= 0)
        r = hand_over(client, words);
    while (r >= 0 && !client->ended)
        r = loop_wait(client->loop, USEC_INFINITY);
    if (r < 0)
        (void)fail(&client->failure, r, "exec: %s", strerror(-r));
    console_done(&client->console);
    loop_free(client->loop);
    close_fd(client->signals.fd);
    return r;
}

static void exec_arguments_done(struct exec_arguments *arguments)
{
    free(arguments->user);
    free(arguments->workdir);
    strv_free(arguments->environment);
}

int cmd_exec(int argc, char **argv)
{
    _cleanup_(exec_arguments_done) struct exec_arguments arguments = {};
    _cleanup_state_ struct state state = STATE_INIT;
    _cleanup_strv_ char **words = NULL;
    _cleanup_close_ int fd = -EBADF;
    struct exec_client client = {.console = CONSOLE_INIT};

    int n = options_parse(exec_options, ELEMENTSOF(exec_options), &arguments, argc, argv, &client.failure);
    if (n == -ECANCELED) {
        puts("berth exec [OPTIONS] NAME COMMAND [ARG...]\n\nRuns one more command in a running container.\n");
        options_print_help(exec_options, ELEMENTSOF(exec_options));
        return 0;
    }
    if (n >= 0 && argc - n < 2)
        n = fail(&client.failure, -EINVAL,
                 "needs a container and a command: berth exec [OPTIONS] NAME COMMAND");
    int r = n < 0 ? n : client_open(argv[n], &state, &client.failure);
    char **command = n < 0 ? NULL : argv + n + 1 + (argc - n > 2 && streq(argv[n + 1], "--"));
    if (r >= 0 && (r = make_request(&arguments, command, &words)) < 0)
        (void)fail(&client.failure, r, "out of memory");
    if (r >= 0 && (r = fd = connect_at(state.dir_fd, "monitor")) < 0)
        (void)fail(&client.failure, r, "container %s: monitor socket: %s", argv[n], strerror(-r));
    if (r >= 0)
        r = run_client(&client, fd, arguments.interactive, words);
    if (client.failure.error != 0)
        (void)report_failure(&client.failure);
    return r < 0 ? EXIT_BERTH_FAILED : client.exit_status;
}
