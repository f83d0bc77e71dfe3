/* Writing to a standard output that belongs to others too.
 *
 * O_NONBLOCK is a flag of the open file, which is shared with whoever started the container: a shell would
 * find its own terminal non-blocking. So a pipe or terminal is opened once more; a socket has MSG_DONTWAIT;
 * and what can be neither is asked with poll(2) before each write of a size that a ready pipe takes at once.
 */
#include "init/platform/log-output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/fd.h"

#define OUTPUT_BUFFER_MAX (64 * 1024)

enum output_kind {
    OUTPUT_NEVER_BLOCKS, /* a regular file, or our own non-blocking open file */
    OUTPUT_SOCKET,
    OUTPUT_SHARED,
};

struct log_output {
    struct loop *loop;
    struct loop_source source; /* in the loop while something waits */
    enum output_kind kind;
    bool waiting;
    usec_t deadline; /* 0: the loop writes later */
    size_t dropped;  /* lines since the last word about it */
    size_t start;
    size_t used;
    char buffer[OUTPUT_BUFFER_MAX];
};

/* A descriptor of our own for the same file; with it the way to write without blocking. */
static int open_own(int fd, enum output_kind *kind)
{
    char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    *kind = S_ISREG(st.st_mode) ? OUTPUT_NEVER_BLOCKS : S_ISSOCK(st.st_mode) ? OUTPUT_SOCKET : OUTPUT_SHARED;
    if (*kind == OUTPUT_SHARED) {
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        int own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (own >= 0) {
            *kind = OUTPUT_NEVER_BLOCKS;
            return own;
        }
    }
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return copy < 0 ? -errno : copy;
}

static ssize_t output_write(struct log_output *output, const char *data, size_t size)
{
    if (output->kind == OUTPUT_SOCKET)
        return send(output->source.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (output->kind == OUTPUT_SHARED) {
        struct pollfd ready = {.fd = output->source.fd, .events = POLLOUT};
        if (poll(&ready, 1, 0) == 0) {
            errno = EAGAIN;
            return -1;
        }
        size = MIN(size, (size_t)PIPE_BUF);
    }
    return write(output->source.fd, data, size);
}

static void output_wait(struct log_output *output, bool wait)
{
    if (output->waiting == wait)
        return;
    if (!wait)
        loop_remove(output->loop, &output->source);
    else if (loop_add(output->loop, &output->source, EPOLLOUT) < 0)
        return; /* the next line tries again */
    output->waiting = wait;
}

/* Nobody reads any more: from here on lines only go to the rings. */
static void output_close(struct log_output *output)
{
    output_wait(output, false);
    output->source.fd = close_fd(output->source.fd);
    output->start = output->used = 0;
}

static bool output_append(struct log_output *output, const char *name, const char *text, size_t size)
{
    size_t name_size = strlen(name), need = name_size + 2 + size + 1;

    if (need > OUTPUT_BUFFER_MAX - output->used)
        return false;
    if (output->start + output->used + need > OUTPUT_BUFFER_MAX) {
        memmove(output->buffer, output->buffer + output->start, output->used);
        output->start = 0;
    }
    char *p = output->buffer + output->start + output->used;
    p = mempcpy(p, name, name_size);
    p = mempcpy(p, ": ", 2);
    p = mempcpy(p, text, size);
    *p = '\n';
    output->used += need;
    return true;
}

static void output_tell_dropped(struct log_output *output)
{
    char text[128];

    int n = snprintf(text, sizeof(text), "%zu lines dropped: nobody reads the container's output fast enough",
                     output->dropped);
    if (output_append(output, "berth-init", text, (size_t)n))
        output->dropped = 0;
}

/* The file system is full: waiting does not help. */
static void output_lose(struct log_output *output)
{
    const char *data = output->buffer + output->start;

    for (size_t i = 0; i < output->used; i++)
        output->dropped += data[i] == '\n';
    output->used = 0;
}

/* Writes until the buffer is empty or the other side full. */
static void output_write_out(struct log_output *output)
{
    while (output->used > 0) {
        ssize_t n = output_write(output, output->buffer + output->start, output->used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0 && (errno == ENOSPC || errno == EDQUOT)) {
            output_lose(output);
            break;
        }
        if (n <= 0) {
            output_close(output);
            return;
        }
        output->start += (size_t)n;
        output->used -= (size_t)n;
    }
    output->start = 0;
}

void log_output_flush(struct log_output *output)
{
    if (output->source.fd < 0)
        return;
    do
        output_write_out(output);
    while (output->used > 0 && output->deadline > 0 &&
           wait_for_fd(output->source.fd, POLLOUT, output->deadline) == 0);
    if (output->dropped > 0)
        output_tell_dropped(output);
    if (output->source.fd >= 0 && output->deadline == 0)
        output_wait(output, output->used > 0);
}

static void output_ready(struct loop_source *source, uint32_t events)
{
    log_output_flush(CONTAINER_OF(source, struct log_output, source));
}

void log_output_line(struct log_output *output, const char *name, const char *text, size_t size)
{
    if (output->source.fd < 0)
        return;
    if (output_append(output, name, text, size))
        return;
    log_output_flush(output);
    if (output->source.fd >= 0 && !output_append(output, name, text, size))
        output->dropped++;
}

void log_output_set_deadline(struct log_output *output, usec_t deadline)
{
    output_wait(output, false);
    output->deadline = deadline;
}

int log_output_new(struct loop *loop, int fd, struct log_output **ret)
{
    enum output_kind kind = OUTPUT_SHARED;
    int own = -EBADF;

    if (fd >= 0)
        own = open_own(fd, &kind);
    if (fd >= 0 && own < 0)
        return own;
    struct log_output *output = malloc(sizeof(*output)); /* not cleared: the buffer's pages come as needed */
    if (!output) {
        close_fd(own);
        return -ENOMEM;
    }
    output->loop = loop;
    output->source = (struct loop_source){.fd = own, .ready = output_ready};
    output->kind = kind;
    output->waiting = false;
    output->deadline = 0;
    output->dropped = output->start = output->used = 0;
    *ret = output;
    return 0;
}

struct log_output *log_output_free(struct log_output *output)
{
    if (!output)
        return NULL;
    output_close(output);
    free(output);
    return NULL;
}
