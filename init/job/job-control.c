/* Answering the launcher's questions about the one job. A client that connects and says nothing only takes a
 * place until it is wanted for the next. */
#include "init/job/job-control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/record.h"
#include "common/text.h"
#include "init/control/request.h"

struct job_control {
    int fd;
    pid_t pid;
    char *const *argv;
    int clients[JOB_CONTROL_CLIENTS]; /* the oldest first */
    size_t n_clients;
};

struct job_control *job_control_new(int fd, pid_t pid, char *const *argv)
{
    struct job_control *control = malloc(sizeof(*control));
    if (!control) {
        close_fd(fd);
        return NULL;
    }
    *control = (struct job_control){.fd = fd, .pid = pid, .argv = argv};
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return control;
}

struct job_control *job_control_free(struct job_control *control)
{
    if (!control)
        return NULL;
    FOREACH_ARRAY (client, control->clients, control->n_clients)
        close_fd(*client);
    close_fd(control->fd);
    free(control);
    return NULL;
}

size_t job_control_poll(const struct job_control *control, struct pollfd fds[static JOB_CONTROL_FDS])
{
    if (!control)
        return 0;
    fds[0] = (struct pollfd){.fd = control->fd, .events = POLLIN};
    for (size_t i = 0; i < control->n_clients; i++)
        fds[1 + i] = (struct pollfd){.fd = control->clients[i], .events = POLLIN};
    return 1 + control->n_clients;
}

static void send_record(int fd, const struct record *record)
{
    (void)send(fd, record->data, record->size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The command in one line, words with blanks in quotes. */
static char *command_line(char *const *argv)
{
    char *line = strdup("");
    for (; line && *argv; argv++) {
        const char *quote = !**argv || strpbrk(*argv, " \t\n") ? "\"" : "";
        char *longer = xasprintf("%s%s%s%s%s", line, *line ? " " : "", quote, *argv, quote);
        free(line);
        line = longer;
    }
    return line;
}

static void send_status(const struct job_control *control, int fd, struct record *record)
{
    _cleanup_free_ char *line = command_line(control->argv);

    record_begin(record, "job");
    record_add(record, "ActiveState", "active");
    record_add_u64(record, "MainPID", (uint64_t)control->pid);
    record_add(record, "ExecStart", line);
    send_record(fd, record);
}

static void answer(const struct job_control *control, int fd, char *packet, size_t size)
{
    struct control_request request;
    struct record record;
    const char *error = NULL;

    int r = control_request_parse(packet, size, &request, &error);
    if (r == 0 && !streq(request.verb, "status"))
        error = "this container runs one command and no services";
    if (r == 0 && !error)
        send_status(control, fd, &record);
    record_begin(&record, NULL);
    record_add(&record, CONTROL_KEY_RESULT, r == -ENOMEM ? "error" : error ? "invalid" : "done");
    record_add(&record, CONTROL_KEY_MESSAGE, r == -ENOMEM ? "no memory" : error);
    record_add_u64(&record, CONTROL_KEY_EXIT_STATUS, r < 0 || error);
    send_record(fd, &record);
    if (r == 0)
        control_request_done(&request);
}

/* One request and its answer; false while nothing has come. */
static bool serve_client(const struct job_control *control, int fd)
{
    char packet[CONTROL_PACKET_MAX + 1];

    /* recv(2) has no place for descriptors: the kernel closes those that came along. */
    ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n >= 0)
        answer(control, fd, packet, (size_t)n);
    return true;
}

static void remove_client(struct job_control *control, size_t i)
{
    close_fd(control->clients[i]);
    control->n_clients--;
    memmove(control->clients + i, control->clients + i + 1,
            (control->n_clients - i) * sizeof(control->clients[0]));
}

void job_control_serve(struct job_control *control, const struct pollfd *fds, size_t n)
{
    /* From the last to the first: removing one moves only those behind it. */
    for (size_t i = n; i-- > 1;)
        if (fds[i].revents && serve_client(control, fds[i].fd))
            remove_client(control, i - 1);
    if (n == 0 || !fds[0].revents)
        return;
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (control->n_clients == JOB_CONTROL_CLIENTS)
        remove_client(control, 0);
    control->clients[control->n_clients++] = fd;
}
