/* The pipes of the services: bytes in, lines out. Each stream gets a turn of a bounded length, and one whose
 * lines have no room in the container's output waits, out of the loop; its service then waits for its pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/fd.h"
#include "init/platform/logs-internal.h"

static int stream_tell(struct log_stream *stream, const char *text, size_t size, bool partial, bool may_wait)
{
    uint8_t level = stream->inside ? stream->level : stream->default_level;
    size_t prefix = 0;

    if (stream->level_prefix && !stream->inside)
        prefix = log_parse_prefix(text, size, &level);
    struct log_line line = {
        .name = stream->identifier ? stream->identifier : log_unit_prefix(stream->unit),
        .realtime = stream->unit->logs->realtime,
        .text = text + prefix,
        .size = size - prefix,
        .origin = stream->origin,
        .level = level,
        .partial = partial,
        .pid = stream->pid,
    };
    if (level <= stream->level_max) {
        int r = logs_take(stream->unit->logs, stream->unit, &stream->unit->account, &line, may_wait);
        if (r < 0)
            return r;
    }
    stream->inside = partial;
    stream->level = level;
    return 0;
}

/* All whole lines of the text, and pieces of lines that are too long; at the end of the stream also the last
 * line that has no newline. Returns what is left over. */
static size_t stream_take_lines(struct log_stream *stream, const char *text, size_t size, bool at_end,
                                bool may_wait)
{
    stream->unit->logs->realtime = now_realtime();
    while (size > 0) {
        const char *newline = memchr(text, '\n', MIN(size, (size_t)LOG_LINE_MAX + 1));
        if (!newline && size <= LOG_LINE_MAX && !at_end)
            break;
        size_t length = newline ? (size_t)(newline - text) : MIN(size, (size_t)LOG_LINE_MAX);
        bool partial = !newline && size > LOG_LINE_MAX;
        if (stream_tell(stream, text, length, partial, may_wait) < 0) {
            stream->waiting = true;
            break;
        }
        text += length + (newline != NULL);
        size -= length + (newline != NULL);
    }
    return size;
}

/* Keeps what is not told yet for the next turn; tells it at once when there is no memory for it. */
static void stream_keep(struct log_stream *stream, const char *text, size_t size)
{
    char *kept = NULL;

    if (size > 0) {
        kept = malloc(size);
        if (kept)
            memcpy(kept, text, size);
        else
            size = stream_take_lines(stream, text, size, true, false);
    }
    if (!kept)
        stream->waiting = false;
    free(stream->kept);
    stream->kept = kept;
    stream->kept_size = (uint32_t)size; /* a line and a turn at the most */
}

static void stream_wait(struct log_stream *stream)
{
    struct logs *logs = stream->unit->logs;

    loop_remove(logs->loop, &stream->source);
    stream->next_waiting = NULL;
    *logs->waiting_tail = stream;
    logs->waiting_tail = &stream->next_waiting;
}

/* Out of the queue of those that wait; the caller puts it into the loop. */
static void stream_wait_no_more(struct log_stream *stream)
{
    struct logs *logs = stream->unit->logs;
    struct log_stream **link = &logs->waiting;

    while (*link != stream)
        link = &(*link)->next_waiting;
    *link = stream->next_waiting;
    if (logs->waiting_tail == &stream->next_waiting)
        logs->waiting_tail = link;
    stream->waiting = false;
}

/* One turn: what is kept, and one read's worth (fresh). The bytes read; 0: nothing there now, or it has to
 * wait; -EPIPE: the end of the stream, and all of it is told. */
static ssize_t stream_turn(struct log_stream *stream, bool fresh)
{
    struct logs *logs = stream->unit->logs;
    size_t size = stream->kept_size;
    ssize_t n = 0;

    if (size > 0)
        memcpy(logs->buffer, stream->kept, size);
    if (fresh) {
        n = read(stream->source.fd, logs->buffer + size, LOG_READ_MAX);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        n = MAX(n, (ssize_t)0);
    }
    bool at_end = fresh && n == 0;
    size += (size_t)n;
    size_t left = stream_take_lines(stream, logs->buffer, size, at_end, true);
    stream_keep(stream, logs->buffer + size - left, left);
    if (stream->waiting)
        stream_wait(stream);
    else if (at_end)
        return -EPIPE;
    return stream->waiting ? 0 : n;
}

void log_stream_free(struct log_stream *stream)
{
    struct logs *logs = stream->unit->logs;
    struct log_unit *unit = stream->unit;
    struct log_stream **link = &unit->streams;

    if (stream->waiting)
        stream_wait_no_more(stream);
    else
        loop_remove(logs->loop, &stream->source);
    (void)stream_take_lines(stream, stream->kept, stream->kept_size, true, false);
    close_fd(stream->source.fd);
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    free(stream->kept);
    free(stream->identifier);
    free(stream);
    if (!unit->streams && unit->forgotten)
        logs_drop_unit(logs, unit);
}

static void stream_ready(struct loop_source *source, uint32_t events)
{
    struct log_stream *stream = CONTAINER_OF(source, struct log_stream, source);
    struct logs *logs = stream->unit->logs;

    if (stream_turn(stream, true) == -EPIPE)
        log_stream_free(stream);
    log_output_flush(logs->output);
}

bool log_stream_drain(struct log_stream *stream)
{
    size_t total = 0;
    ssize_t n;

    if (stream->waiting)
        return true;
    do
        n = stream_turn(stream, true);
    while (n > 0 && (total += (size_t)n) < LOG_DRAIN_MAX);
    return n != -EPIPE;
}

void log_streams_resume(struct logs *logs, bool all)
{
    struct log_stream *last = all ? CONTAINER_OF(logs->waiting_tail, struct log_stream, next_waiting) : NULL;
    struct log_stream *stream;

    while ((stream = logs->waiting) && (all || !log_output_is_full(logs->output))) {
        stream_wait_no_more(stream);
        (void)loop_add(logs->loop, &stream->source, EPOLLIN); /* it was there before */
        (void)stream_turn(stream, false);
        log_output_flush(logs->output);
        if (stream == last)
            break;
    }
}

static struct log_stream *stream_new(struct log_unit *unit, const struct log_stream_options *options, int fd)
{
    struct log_stream *stream = calloc(1, sizeof(*stream));

    if (!stream)
        return NULL;
    *stream = (struct log_stream){.source = {.fd = fd, .ready = stream_ready},
                                  .unit = unit,
                                  .origin = options->origin,
                                  .default_level = options->level,
                                  .level_max = options->level_max,
                                  .level_prefix = options->level_prefix,
                                  .next = unit->streams};
    if (options->identifier && !(stream->identifier = strdup(options->identifier))) {
        free(stream);
        return NULL;
    }
    return stream;
}

int log_stream_add(struct logs *logs, struct log_unit *unit, const struct log_stream_options *options, int fd,
                   struct log_stream **ret)
{
    struct log_stream *stream = stream_new(unit, options, fd);

    if (!stream)
        return -ENOMEM;
    int r = loop_add(logs->loop, &stream->source, EPOLLIN);
    if (r < 0) {
        free(stream->identifier);
        free(stream);
        return r;
    }
    unit->streams = stream;
    unit->forgotten = false;
    *ret = stream;
    return 0;
}

int log_stream_restore(struct log_stream *stream, const char *kept, size_t size)
{
    if (size > sizeof(stream->unit->logs->buffer) || stream->kept)
        return -E2BIG;
    stream->kept = malloc(size);
    if (!stream->kept)
        return -ENOMEM;
    memcpy(stream->kept, kept, size);
    stream->kept_size = (uint32_t)size;
    /* It may hold whole lines that had to wait: a turn tells them, or waits again. */
    (void)stream_turn(stream, false);
    return 0;
}

int logs_open_stream(struct logs *logs, const char *unit, const struct log_stream_options *options,
                     int *ret_fd)
{
    _cleanup_close_pair_ int fds[2] = EBADF_PAIR;
    struct log_unit *log_unit = logs_get_unit(logs, unit);

    if (!log_unit)
        return -ENOMEM;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    /* Only our end: a service finds an ordinary, blocking output. */
    if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    struct log_stream *stream;
    int r = log_stream_add(logs, log_unit, options, fds[0], &stream);
    if (r < 0)
        return r;
    (void)TAKE_FD(fds[0]);
    *ret_fd = TAKE_FD(fds[1]);
    return 0;
}

void logs_set_writer(struct logs *logs, const char *unit, pid_t pid)
{
    struct log_unit *log_unit = logs_find_unit(logs, unit);

    for (struct log_stream *stream = log_unit ? log_unit->streams : NULL; stream && stream->pid == 0;
         stream = stream->next)
        stream->pid = pid;
}
