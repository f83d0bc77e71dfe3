/* Writing to a standard output that belongs to others too.
 *
 * O_NONBLOCK is a flag of the open file, which is shared with whoever started the container: a shell would
 * find its own terminal non-blocking. So a pipe or terminal is opened once more; a socket has MSG_DONTWAIT;
 * and what can be neither is asked with poll(2) before each write of a size that a ready pipe takes at once.
 */
#include "init/platform/log-output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>

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
    bool lossy;        /* the last write was for nothing: the file system is full */
    bool stuck;        /* nobody reads: who waits is not made to wait any longer */
    usec_t full_since; /* CLOCK_MONOTONIC, of the other side; 0: it is not */
    usec_t deadline;   /* 0: the loop writes later */
    log_room_fn room;
    void *userdata;
    struct log_style style;
    struct log_account own; /* "berth-init" */
    struct log_account *untold;
    uint64_t total; /* bytes that were ever buffered */
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
    output->full_since = 0;
}

/* Nobody may have more of the buffer than is left over: with one who says too much half of it is free for the
 * others, with two a third, and so on. What somebody has in it is known exactly when all of it is written. */
static bool output_has_room(struct log_output *output, struct log_account *account, size_t need)
{
    size_t room = OUTPUT_BUFFER_MAX - output->used;

    if (account->end <= output->total - output->used)
        account->queued = 0;
    return account->queued + need <= room;
}

static void output_append(struct log_output *output, struct log_account *account, const struct log_line *line,
                          size_t bound)
{
    if (output->start + output->used + bound > OUTPUT_BUFFER_MAX) {
        memmove(output->buffer, output->buffer + output->start, output->used);
        output->start = 0;
    }
    char *begin = output->buffer + output->start + output->used;
    size_t size = (size_t)(log_format_line(&output->style, line, begin) - begin);
    output->used += size;
    output->total += size;
    account->queued += size;
    account->end = output->total;
}

static void output_drop(struct log_output *output, struct log_account *account, uint64_t lines)
{
    if (lines > 0 && account->untold == 0) {
        account->next_untold = output->untold;
        output->untold = account;
    }
    account->dropped += lines;
    account->untold += lines;
}

static bool output_tell(struct log_output *output, struct log_account *account)
{
    char text[160];

    int n = snprintf(text, sizeof(text),
                     "%" PRIu64 " lines were dropped: the container's output is not read fast enough",
                     account->untold);
    struct log_line line = {
        .unit = account->unit,
        .name = account->name,
        .realtime = now_realtime(),
        .text = text,
        .size = (size_t)n,
        .level = LOG_WARNING,
    };
    size_t bound = log_format_bound(&output->style, &line);
    if (bound > OUTPUT_BUFFER_MAX - output->used)
        return false;
    output_append(output, &output->own, &line, bound);
    return true;
}

static void output_tell_dropped(struct log_output *output)
{
    struct log_account *account;

    while ((account = output->untold) && output_tell(output, account)) {
        output->untold = account->next_untold;
        account->untold = 0;
    }
}

/* The file system is full: waiting does not help. */
static void output_lose(struct log_output *output)
{
    const char *data = output->buffer + output->start;
    uint64_t lines = 0;

    for (size_t i = 0; i < output->used; i++)
        lines += data[i] == '\n';
    output->used = 0;
    output->lossy = true;
    output_drop(output, &output->own, lines);
}

/* The other side takes nothing now. */
static void output_full(struct log_output *output)
{
    usec_t now = now_monotonic();

    if (output->full_since == 0)
        output->full_since = now;
    else if (now >= usec_add(output->full_since, LOG_PATIENCE))
        output->stuck = true;
}

/* Writes until the buffer is empty or the other side full. */
static void output_write_out(struct log_output *output)
{
    while (output->used > 0) {
        ssize_t n = output_write(output, output->buffer + output->start, output->used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            output_full(output);
            return;
        }
        if (n < 0 && (errno == ENOSPC || errno == EDQUOT)) {
            output_lose(output);
            break;
        }
        if (n <= 0) {
            output_close(output);
            return;
        }
        output->lossy = false;
        output->start += (size_t)n;
        output->used -= (size_t)n;
    }
    output->start = 0;
    output->full_since = 0;
    output->stuck = false;
}

static void output_write_by_deadline(struct log_output *output)
{
    do
        output_write_out(output);
    while (output->used > 0 && output->deadline > 0 &&
           wait_for_fd(output->source.fd, POLLOUT, output->deadline) == 0);
}

/* What is missing is said behind what came before it, and in front of what comes now. */
static void output_serve(struct log_output *output)
{
    output_write_by_deadline(output);
    if (output->untold && output->used == 0 && !output->lossy && output->source.fd >= 0) {
        output_tell_dropped(output);
        output_write_by_deadline(output);
    }
    if (output->source.fd >= 0 && output->deadline == 0)
        output_wait(output, output->used > 0);
}

void log_output_flush(struct log_output *output)
{
    if (output->source.fd >= 0 && !output->waiting)
        output_serve(output);
}

static void output_ready(struct loop_source *source, uint32_t events)
{
    struct log_output *output = CONTAINER_OF(source, struct log_output, source);

    output_serve(output);
    if (!output->waiting)
        output->room(output->userdata);
}

/* No clock is asked for each line that is dropped: a service may say a million a second. */
static bool output_is_patient(struct log_output *output)
{
    if (output->deadline > 0 || output->stuck || output->full_since == 0)
        return false;
    output->stuck = now_monotonic() >= usec_add(output->full_since, LOG_PATIENCE);
    return !output->stuck;
}

int log_output_line(struct log_output *output, struct log_account *account, const struct log_line *line,
                    bool may_wait)
{
    if (output->source.fd < 0 || output->style.format == LOG_FORMAT_NONE)
        return 0;
    size_t bound = log_format_bound(&output->style, line);
    if (!output_has_room(output, account, bound))
        log_output_flush(output);
    if (output->source.fd < 0)
        return 0;
    if (output_has_room(output, account, bound)) {
        output_append(output, account, line, bound);
        return 0;
    }
    if (may_wait && output_is_patient(output))
        return -EAGAIN;
    output_drop(output, account, 1);
    return 0;
}

struct log_account *log_output_own_account(struct log_output *output)
{
    return &output->own;
}

bool log_output_is_full(const struct log_output *output)
{
    return output->waiting;
}

usec_t log_output_patience_end(const struct log_output *output)
{
    return output->full_since == 0 || output->stuck ? USEC_INFINITY
                                                    : usec_add(output->full_since, LOG_PATIENCE);
}

void log_output_set_deadline(struct log_output *output, usec_t deadline)
{
    output_wait(output, false);
    output->deadline = deadline;
}

void log_output_set_style(struct log_output *output, enum log_format format, enum log_time time)
{
    output->style = (struct log_style){.format = format, .time = time};
}

bool log_output_names_streams(const struct log_output *output)
{
    return output->style.format == LOG_FORMAT_JSON;
}

void log_output_forget(struct log_output *output, struct log_account *account)
{
    struct log_account **link = &output->untold;

    while (*link && *link != account)
        link = &(*link)->next_untold;
    if (*link)
        *link = account->next_untold;
}

const char *log_output_rest(const struct log_output *output, size_t *ret_size)
{
    *ret_size = output->used;
    return output->buffer + output->start;
}

int log_output_restore(struct log_output *output, const char *data, size_t size)
{
    if (output->source.fd < 0 || output->used > 0 || size > OUTPUT_BUFFER_MAX)
        return -E2BIG;
    memcpy(output->buffer, data, size);
    output->start = 0;
    output->used = size;
    output->total += size;
    return 0;
}

void log_output_restore_dropped(struct log_output *output, struct log_account *account, uint64_t dropped,
                                uint64_t untold)
{
    account->dropped = dropped - MIN(dropped, untold);
    output_drop(output, account, untold);
}

int log_output_new(struct loop *loop, int fd, log_room_fn room, void *userdata, struct log_output **ret)
{
    enum output_kind kind = OUTPUT_SHARED;
    int own = -EBADF;

    if (fd >= 0)
        own = open_own(fd, &kind);
    if (fd >= 0 && own < 0)
        return own;
    struct log_output *output = malloc(sizeof(*output)); /* the buffer's pages come as needed */
    if (!output) {
        close_fd(own);
        return -ENOMEM;
    }
    memset(output, 0, offsetof(struct log_output, buffer));
    output->loop = loop;
    output->source = (struct loop_source){.fd = own, .ready = output_ready};
    output->kind = kind;
    output->room = room;
    output->userdata = userdata;
    output->own = (struct log_account){.unit = "berth-init", .name = "berth-init"};
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
