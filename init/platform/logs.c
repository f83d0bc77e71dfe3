/* What the services print: one pipe per spawned process, lines to the container's output, to the unit's ring
 * and to those who follow. The work per line does not depend on how many units, streams or lines there are.
 */
#include "init/platform/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/log-output.h"
#include "init/platform/log-ring.h"

#define LOG_READ_MAX      (16 * 1024)   /* bytes taken from one stream before the others get their turn */
#define LOG_DRAIN_MAX     (1024 * 1024) /* bytes taken from one stream at the end */
#define LOG_DRAIN_TIMEOUT (2 * USEC_PER_SEC)
#define LOG_UNIT_BUCKETS  64

/* What is kept of one unit. */
struct log_unit {
    struct log_unit *next; /* in its bucket */
    struct log_ring ring;
    struct log_stream *streams;
    bool forgotten; /* goes with its last stream */
    char *prefix;   /* "nginx" */
    char name[];    /* "nginx.service" */
};

/* The reading end of one process' output. */
struct log_stream {
    struct loop_source source;
    struct logs *logs;
    struct log_unit *unit;
    struct log_stream *next, **link; /* in the unit's list */
    char *identifier;                /* NULL: the unit's prefix */
    int level, level_max;            /* struct log_rules */
    bool level_prefix;
    char *partial; /* the beginning of a line, allocated while there is one */
    size_t partial_size;
};

struct logs {
    struct loop *loop;
    struct log_output *output;
    struct log_follower *followers;
    struct log_follower *next_follower; /* of the line that is being told */
    struct log_unit *units[LOG_UNIT_BUCKETS];
    char buffer[LOG_LINE_MAX + LOG_READ_MAX];
};

static struct log_unit **log_unit_slot(struct logs *logs, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    struct log_unit **slot = &logs->units[hash % LOG_UNIT_BUCKETS];
    while (*slot && !streq((*slot)->name, name))
        slot = &(*slot)->next;
    return slot;
}

static struct log_unit *log_unit_free(struct log_unit *unit)
{
    if (!unit)
        return NULL;
    log_ring_done(&unit->ring);
    free(unit->prefix);
    free(unit);
    return NULL;
}

/* "nginx.service" is "nginx" to a reader; a slice or target keeps its type. */
static char *default_prefix(const char *name)
{
    const char *suffix = endswith(name, ".service");

    return strndup(name, suffix ? (size_t)(suffix - name) : strlen(name));
}

static struct log_unit *log_unit_get(struct logs *logs, const char *name)
{
    struct log_unit **slot = log_unit_slot(logs, name), *unit = *slot;
    size_t size = strlen(name) + 1;

    if (unit)
        return unit;
    unit = calloc(1, sizeof(*unit) + size);
    if (!unit)
        return NULL;
    memcpy(unit->name, name, size);
    unit->prefix = default_prefix(name);
    if (!unit->prefix)
        return log_unit_free(unit);
    *slot = unit;
    return unit;
}

static void log_unit_drop(struct logs *logs, struct log_unit *unit)
{
    *log_unit_slot(logs, unit->name) = unit->next;
    log_unit_free(unit);
}

static void tell_followers(struct logs *logs, const struct log_line *line)
{
    for (struct log_follower *follower = logs->followers; follower; follower = logs->next_follower) {
        logs->next_follower = follower->next; /* logs_unfollow() moves it on */
        if (follower->unit && !streq(follower->unit, line->unit))
            continue;
        if (follower->fn(follower->userdata, line) < 0)
            logs_unfollow(logs, follower);
    }
}

static void take_line(struct logs *logs, struct log_unit *unit, const char *identifier, usec_t realtime,
                      const char *text, size_t size)
{
    struct log_line line = {.unit = unit->name, .realtime = realtime, .text = text, .size = size};

    log_output_line(logs->output, identifier ? identifier : unit->prefix, text, size);
    /* Without memory the line is in the container's output all the same. */
    (void)log_ring_add(&unit->ring, realtime, text, size);
    tell_followers(logs, &line);
}

/* sd-daemon(3): "<N>" with up to three digits, of which the facility is of no use here. Returns its size. */
static size_t parse_level_prefix(const char *text, size_t size, int *level)
{
    int number = 0;
    size_t i = 1;

    if (size < 3 || text[0] != '<')
        return 0;
    for (; i < size && i <= 3 && text[i] >= '0' && text[i] <= '9'; i++)
        number = number * 10 + (text[i] - '0');
    if (i == 1 || i == size || text[i] != '>')
        return 0;
    *level = number & 7;
    return i + 1;
}

static void stream_take_line(struct log_stream *stream, usec_t realtime, const char *text, size_t size)
{
    int level = stream->level;
    size_t prefix = stream->level_prefix ? parse_level_prefix(text, size, &level) : 0;

    if (level <= stream->level_max)
        take_line(stream->logs, stream->unit, stream->identifier, realtime, text + prefix, size - prefix);
}

/* Keeps the beginning of a line for the next read; says it at once when there is no memory for it. */
static void stream_keep(struct log_stream *stream, usec_t realtime, const char *text, size_t size)
{
    if (!stream->partial)
        stream->partial = malloc(LOG_LINE_MAX);
    if (!stream->partial) {
        stream_take_line(stream, realtime, text, size);
        size = 0;
    } else {
        memcpy(stream->partial, text, size);
    }
    stream->partial_size = size;
}

static void stream_forget_partial(struct log_stream *stream)
{
    free(stream->partial);
    stream->partial = NULL;
    stream->partial_size = 0;
}

/* All whole lines of the text, and pieces of lines that are too long. Returns what is left over. */
static size_t stream_take_lines(struct log_stream *stream, usec_t realtime, const char *text, size_t size)
{
    while (size > 0) {
        const char *newline = memchr(text, '\n', MIN(size, (size_t)LOG_LINE_MAX + 1));
        if (!newline && size <= LOG_LINE_MAX)
            break;
        size_t length = newline ? (size_t)(newline - text) : LOG_LINE_MAX;
        stream_take_line(stream, realtime, text, length);
        text += length + (newline != NULL);
        size -= length + (newline != NULL);
    }
    return size;
}

/* One read's worth of lines: bytes read, 0 at the end of the stream, -errno (-EAGAIN: nothing there). */
static ssize_t stream_read(struct log_stream *stream)
{
    struct logs *logs = stream->logs;
    size_t kept = stream->partial_size;

    if (kept > 0)
        memcpy(logs->buffer, stream->partial, kept);
    ssize_t n = read(stream->source.fd, logs->buffer + kept, LOG_READ_MAX);
    if (n <= 0)
        return n < 0 ? -errno : 0;
    usec_t realtime = now_realtime();
    size_t size = kept + (size_t)n, left = stream_take_lines(stream, realtime, logs->buffer, size);
    if (left > 0)
        stream_keep(stream, realtime, logs->buffer + size - left, left);
    else
        stream_forget_partial(stream);
    return n;
}

static void stream_free(struct log_stream *stream)
{
    struct log_unit *unit = stream->unit;

    if (stream->partial_size > 0)
        stream_take_line(stream, now_realtime(), stream->partial, stream->partial_size);
    stream_forget_partial(stream);
    loop_remove(stream->logs->loop, &stream->source);
    close_fd(stream->source.fd);
    *stream->link = stream->next;
    if (stream->next)
        stream->next->link = stream->link;
    if (!unit->streams && unit->forgotten)
        log_unit_drop(stream->logs, unit);
    free(stream->identifier);
    free(stream);
}

static void stream_ready(struct loop_source *source, uint32_t events)
{
    struct log_stream *stream = CONTAINER_OF(source, struct log_stream, source);
    struct logs *logs = stream->logs;
    ssize_t n = stream_read(stream);

    if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR))
        stream_free(stream);
    log_output_flush(logs->output);
}

int logs_open_stream(struct logs *logs, const char *unit, const struct log_rules *rules, int *ret_fd)
{
    const char *identifier = rules->identifier;
    _cleanup_close_pair_ int fds[2] = EBADF_PAIR;
    _cleanup_free_ char *copy = NULL;
    struct log_unit *log_unit = log_unit_get(logs, unit);
    struct log_stream *stream;

    if (!log_unit || (identifier && !(copy = strdup(identifier))))
        return -ENOMEM;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    /* Only our end: a service finds an ordinary, blocking output. */
    if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    stream = calloc(1, sizeof(*stream));
    if (!stream)
        return -ENOMEM;
    *stream = (struct log_stream){.source = {.fd = fds[0], .ready = stream_ready},
                                  .logs = logs,
                                  .unit = log_unit,
                                  .level = rules->level,
                                  .level_max = rules->level_max,
                                  .level_prefix = rules->level_prefix,
                                  .next = log_unit->streams,
                                  .link = &log_unit->streams};
    int r = loop_add(logs->loop, &stream->source, EPOLLIN);
    if (r < 0) {
        free(stream);
        return r;
    }
    if (stream->next)
        stream->next->link = &stream->next;
    log_unit->streams = stream;
    log_unit->forgotten = false;
    stream->identifier = TAKE_PTR(copy);
    (void)TAKE_FD(fds[0]);
    *ret_fd = TAKE_FD(fds[1]);
    return 0;
}

void logs_write(struct logs *logs, const char *unit, const char *text)
{
    struct log_unit *log_unit = log_unit_get(logs, unit);

    if (log_unit)
        take_line(logs, log_unit, NULL, now_realtime(), text, MIN(strlen(text), (size_t)LOG_LINE_MAX));
    log_output_flush(logs->output);
}

/* One unit's ring while all are merged; scratch holds a line that wraps around. */
struct tail_cursor {
    const struct log_unit *unit;
    size_t offset;
    bool pending;
    struct log_line line;
    char scratch[LOG_LINE_MAX];
};

static void tail_advance(struct tail_cursor *cursor)
{
    cursor->pending = log_ring_next(&cursor->unit->ring, &cursor->offset, cursor->scratch, &cursor->line);
    cursor->line.unit = cursor->unit->name;
}

static struct tail_cursor *tail_oldest(struct tail_cursor *cursors, size_t n)
{
    struct tail_cursor *oldest = NULL;

    FOREACH_ARRAY (cursor, cursors, n) {
        if (cursor->pending && (!oldest || cursor->line.realtime < oldest->line.realtime))
            oldest = cursor;
    }
    return oldest;
}

/* The units that are asked for and have lines; cursors NULL only counts them. */
static size_t tail_open(const struct logs *logs, const char *name, struct tail_cursor *cursors)
{
    size_t n = 0;

    FOREACH_ARRAY (bucket, logs->units, LOG_UNIT_BUCKETS) {
        for (const struct log_unit *unit = *bucket; unit; unit = unit->next) {
            if (unit->ring.n_lines == 0 || (name && !streq(name, unit->name)))
                continue;
            if (cursors) {
                cursors[n] = (struct tail_cursor){.unit = unit};
                tail_advance(&cursors[n]);
            }
            n++;
        }
    }
    return n;
}

int logs_tail(struct logs *logs, const char *unit, size_t n, log_line_fn fn, void *userdata)
{
    size_t n_cursors = tail_open(logs, unit, NULL), lines = 0;
    _cleanup_free_ struct tail_cursor *cursors = NULL;
    struct tail_cursor *next;

    if (n_cursors == 0)
        return 0;
    cursors = malloc(n_cursors * sizeof(*cursors));
    if (!cursors)
        return -ENOMEM;
    (void)tail_open(logs, unit, cursors);
    FOREACH_ARRAY (cursor, cursors, n_cursors)
        lines += cursor->unit->ring.n_lines;
    while ((next = tail_oldest(cursors, n_cursors))) {
        int r = lines-- > n ? 0 : fn(userdata, &next->line);
        if (r < 0)
            return r;
        tail_advance(next);
    }
    return 0;
}

void logs_follow(struct logs *logs, struct log_follower *follower)
{
    follower->next = logs->followers;
    logs->followers = follower;
}

void logs_unfollow(struct logs *logs, struct log_follower *follower)
{
    struct log_follower **link = &logs->followers;

    while (*link && *link != follower)
        link = &(*link)->next;
    if (!*link)
        return;
    *link = follower->next;
    if (logs->next_follower == follower)
        logs->next_follower = follower->next;
}

void logs_forget(struct logs *logs, const char *unit)
{
    struct log_unit *log_unit = *log_unit_slot(logs, unit);

    if (!log_unit)
        return;
    log_ring_done(&log_unit->ring);
    log_unit->forgotten = true;
    if (!log_unit->streams)
        log_unit_drop(logs, log_unit);
}

/* Reads a stream until nothing waits there; a writer that never stops must not hold PID 1. */
static ssize_t stream_read_all(struct log_stream *stream)
{
    ssize_t n;

    for (size_t total = 0; (n = stream_read(stream)) > 0 && total < LOG_DRAIN_MAX; total += (size_t)n)
        ;
    return n;
}

void logs_settle(struct logs *logs, const char *unit)
{
    struct log_unit *log_unit = *log_unit_slot(logs, unit);
    struct log_stream *next;

    for (struct log_stream *stream = log_unit ? log_unit->streams : NULL; stream; stream = next) {
        next = stream->next;
        if (stream_read_all(stream) == 0)
            stream_free(stream);
    }
    log_output_flush(logs->output);
}

void logs_drain(struct logs *logs)
{
    log_output_set_deadline(logs->output, usec_add(now_monotonic(), LOG_DRAIN_TIMEOUT));
    FOREACH_ARRAY (bucket, logs->units, LOG_UNIT_BUCKETS) {
        for (struct log_unit *unit = *bucket; unit; unit = unit->next)
            for (struct log_stream *stream = unit->streams; stream; stream = stream->next)
                (void)stream_read_all(stream);
    }
    log_output_flush(logs->output);
}

int logs_new(struct loop *loop, int output, struct logs **ret)
{
    struct logs *logs = calloc(1, sizeof(*logs));

    if (!logs)
        return -ENOMEM;
    int r = log_output_new(loop, output, &logs->output);
    if (r < 0) {
        free(logs);
        return r;
    }
    logs->loop = loop;
    *ret = logs;
    return 0;
}

struct logs *logs_free(struct logs *logs)
{
    if (!logs)
        return NULL;
    FOREACH_ARRAY (bucket, logs->units, LOG_UNIT_BUCKETS) {
        while (*bucket) {
            (*bucket)->forgotten = false; /* its last stream leaves it to us */
            while ((*bucket)->streams)
                stream_free((*bucket)->streams);
            log_unit_drop(logs, *bucket);
        }
    }
    log_output_flush(logs->output);
    log_output_free(logs->output);
    free(logs);
    return NULL;
}
