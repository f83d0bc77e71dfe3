/* What the two files of the log share: units with their rings, and the streams that fill them. */
#pragma once

#include <string.h>

#include "init/platform/log-output.h"
#include "init/platform/logs.h"

#define LOG_READ_MAX     (16 * 1024)   /* bytes taken from one stream before the others get their turn */
#define LOG_DRAIN_MAX    (1024 * 1024) /* bytes taken from one stream at the end */
#define LOG_UNIT_BUCKETS 64

/* What is kept of one unit. */
struct log_unit {
    struct log_unit *next; /* in its bucket */
    struct logs *logs;
    struct log_ring ring;
    struct log_account account;
    struct log_stream *streams;
    bool forgotten; /* goes with its last stream */
    char name[];    /* "nginx.service"; behind its NUL the prefix of its lines, "nginx" */
};

/* The reading end of one process' output. */
struct log_stream {
    struct loop_source source; /* in the loop unless it waits */
    struct log_unit *unit;
    struct log_stream *next; /* in the unit's list */
    char *identifier;        /* NULL: the unit's prefix */
    enum log_origin origin : 8;
    uint8_t default_level, level_max;
    bool level_prefix;
    bool waiting; /* for the container's output, with whole lines in kept */
    bool inside;  /* of a line that was too long, of this level: */
    uint8_t level;
    pid_t pid;
    uint32_t kept_size;
    char *kept; /* what was read and is not told yet */
    struct log_stream *next_waiting;
};

static inline const char *log_unit_prefix(const struct log_unit *unit)
{
    return unit->name + strlen(unit->name) + 1;
}

struct logs {
    struct loop *loop;
    struct log_output *output;
    uint64_t sequence; /* of the next line */
    usec_t realtime;   /* of the lines of this turn */
    struct log_ring_budget budget;
    struct log_follower *followers;
    struct log_follower *next_follower; /* of the line that is being told */
    struct log_stream *waiting, **waiting_tail;
    struct log_unit *units[LOG_UNIT_BUCKETS];
    char buffer[LOG_LINE_MAX + LOG_READ_MAX];
};

/* logs.c: to the output, the ring and the followers. -EAGAIN: it has to wait, nothing was done. */
int logs_take(struct logs *logs, struct log_unit *unit, struct log_account *account, struct log_line *line,
              bool may_wait);
/* NULL: there is none of that name (find), no memory (get). */
struct log_unit *logs_find_unit(const struct logs *logs, const char *name);
struct log_unit *logs_get_unit(struct logs *logs, const char *name);
void logs_drop_unit(struct logs *logs, struct log_unit *unit);

/* log-stream.c */
/* A new stream of the unit, which reads the descriptor and owns it on success. */
int log_stream_add(struct logs *logs, struct log_unit *unit, const struct log_stream_options *options, int fd,
                   struct log_stream **ret);
/* What was read before by another: at most so much as fits into the buffer of one turn. -ENOMEM, -E2BIG. */
int log_stream_restore(struct log_stream *stream, const char *kept, size_t size);
void log_stream_free(struct log_stream *stream);
/* Tells what there is in the pipe now, as far as the output takes it. False at the end of the stream. */
bool log_stream_drain(struct log_stream *stream);
/* Those that wait go on, in the order of their coming, as long as the output takes it; all, whatever it takes
 * (all true). */
void log_streams_resume(struct logs *logs, bool all);
