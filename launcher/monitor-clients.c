/* The monitor's end of the control protocol (include/berth/control.h). The socket lies in the state
 * directory, which is its owner's alone: whoever can connect may do everything. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/parse.h"
#include "common/record.h"
#include "common/signals.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/exec.h"
#include "launcher/monitor.h"

#define REQUEST_FDS_MAX 3

struct monitor_client {
    struct monitor *monitor;
    struct monitor_client *next;
    struct loop_source source;  /* the connection */
    struct loop_source process; /* of `exec`: its pidfd */
    bool waits_for_end;
};

struct request {
    struct monitor_client *client;
    char **argv; /* strv, without options */
    int fds[REQUEST_FDS_MAX];
    size_t n_fds;
};

static void client_free(struct monitor_client *client)
{
    struct monitor *monitor = client->monitor;
    for (struct monitor_client **c = &monitor->clients; *c; c = &(*c)->next)
        if (*c == client) {
            *c = client->next;
            break;
        }
    loop_remove(monitor->loop, &client->source);
    close_fd(client->source.fd);
    if (client->process.fd >= 0) {
        loop_remove(monitor->loop, &client->process);
        close_fd(client->process.fd);
    }
    free(client);
}

/* The last packet of an answer; the client is gone afterwards. */
static void answer(struct monitor_client *client, const char *result, const char *message, int exit_status)
{
    _cleanup_free_ struct record *record = malloc(sizeof(*record));
    if (record) {
        record_begin(record, NULL);
        record_add(record, CONTROL_KEY_RESULT, result);
        record_add(record, CONTROL_KEY_MESSAGE, message);
        record_add_u64(record, CONTROL_KEY_EXIT_STATUS, (uint64_t)exit_status);
        (void)send_with_fds(client->source.fd, record->data, record->size, NULL, 0);
    }
    client_free(client);
}

static void verb_stop(struct request *request)
{
    request->client->waits_for_end = true;
    monitor_stop(request->client->monitor);
}

static void verb_wait(struct request *request)
{
    request->client->waits_for_end = true;
}

static void verb_kill(struct request *request)
{
    int signal = signal_from_string(request->argv[1]);
    if (signal < 0) {
        answer(request->client, "invalid", "no such signal", EXIT_BERTH_FAILED);
        return;
    }
    /* What every process would get from `kill -9` is the end of the container, however deep the tree is. */
    if (signal == SIGKILL)
        monitor_kill(request->client->monitor);
    else if (monitor_signal_leader(request->client->monitor, signal) < 0) {
        answer(request->client, "failed", strerror(errno), 1);
        return;
    }
    answer(request->client, "done", NULL, 0);
}

static void process_ready(struct loop_source *source, uint32_t events)
{
    struct monitor_client *client = CONTAINER_OF(source, struct monitor_client, process);
    siginfo_t info = {};

    if (waitid(P_PIDFD, (id_t)source->fd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return;
    answer(client, "done", NULL,
           info.si_code == CLD_EXITED ? info.si_status : EXIT_SIGNAL_BASE + info.si_status);
}

static void verb_exec(struct request *request)
{
    struct monitor_client *client = request->client;
    struct failure failure = {};

    if (request->n_fds != REQUEST_FDS_MAX) {
        answer(client, "invalid", "exec needs three descriptors", EXIT_BERTH_FAILED);
        return;
    }
    int fd = exec_start(client->monitor->container, request->argv, request->fds, &failure);
    if (fd < 0) {
        answer(client, "failed", failure.text, failure.exit_status ? failure.exit_status : EXIT_BERTH_FAILED);
        return;
    }
    client->process = (struct loop_source){.fd = fd, .ready = process_ready};
    if (loop_add(client->monitor->loop, &client->process, EPOLLIN) < 0)
        answer(client, "failed", "cannot wait for the process", EXIT_BERTH_FAILED);
}

/* To the process of an exec that this client waits for. */
static void verb_signal(struct request *request)
{
    int signal = signal_from_string(request->argv[1]);
    if (signal >= 0 && request->client->process.fd >= 0)
        (void)sys_pidfd_send_signal(request->client->process.fd, signal, NULL, 0);
}

static const struct {
    const char *name;
    size_t min_words;
    void (*run)(struct request *request);
} verbs[] = {
    {"stop", 1, verb_stop}, {"wait", 1, verb_wait},     {"kill", 2, verb_kill},
    {"exec", 2, verb_exec}, {"signal", 2, verb_signal},
};

/* "stop\0" or "exec\0--user=x\0id\0" to a vector. */
static int parse_request(const char *packet, size_t size, char ***ret)
{
    _cleanup_strv_ char **argv = NULL;
    if (size == 0 || packet[size - 1] != 0)
        return -EBADMSG;
    for (const char *word = packet; word < packet + size; word += strlen(word) + 1) {
        if (strv_length(argv) >= CONTROL_ARGS_MAX)
            return -E2BIG;
        int r = strv_append(&argv, word);
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(argv);
    return 0;
}

static void dispatch(struct request *request)
{
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
        if (streq(verbs[i].name, request->argv[0]) && strv_length(request->argv) >= verbs[i].min_words) {
            verbs[i].run(request);
            return;
        }
    answer(request->client, "unknown-verb", request->argv[0], EXIT_BERTH_FAILED);
}

static void client_ready(struct loop_source *source, uint32_t events)
{
    struct monitor_client *client = CONTAINER_OF(source, struct monitor_client, source);
    struct request request = {.client = client, .n_fds = REQUEST_FDS_MAX};
    _cleanup_free_ char *packet = malloc(CONTROL_PACKET_MAX);
    _cleanup_strv_ char **argv = NULL;

    ssize_t n = packet ? receive_with_fds(source->fd, packet, CONTROL_PACKET_MAX, request.fds, &request.n_fds)
                       : -ENOMEM;
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        /* The one who wanted it has gone: its command hears of that as from a closed terminal. */
        if (client->process.fd >= 0)
            (void)sys_pidfd_send_signal(client->process.fd, SIGHUP, NULL, 0);
        client_free(client);
        return;
    }
    if (parse_request(packet, (size_t)n, &argv) < 0) {
        answer(client, "invalid", "no request", EXIT_BERTH_FAILED);
    } else {
        request.argv = argv;
        dispatch(&request);
    }
    for (size_t i = 0; i < request.n_fds; i++)
        close_fd(request.fds[i]);
}

void monitor_accept(struct loop_source *source, uint32_t events)
{
    struct monitor *monitor = CONTAINER_OF(source, struct monitor, listener);
    _cleanup_close_ int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct monitor_client *client = fd < 0 ? NULL : calloc(1, sizeof(*client));

    if (!client)
        return;
    *client = (struct monitor_client){
        .monitor = monitor,
        .next = monitor->clients,
        .source = {.fd = TAKE_FD(fd), .ready = client_ready},
        .process = {.fd = -EBADF},
    };
    monitor->clients = client;
    if (loop_add(monitor->loop, &client->source, EPOLLIN) < 0)
        client_free(client);
}

void monitor_dismiss_clients(struct monitor *monitor)
{
    while (monitor->clients) {
        struct monitor_client *client = monitor->clients;
        if (client->waits_for_end)
            answer(client, "done", NULL, 0);
        else
            answer(client, "canceled", "the container has ended", EXIT_SIGNAL_BASE + SIGKILL);
    }
}
