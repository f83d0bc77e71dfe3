/* The container's standard output as PID 1 may use it: never blocking, in whole lines, with a bounded buffer
 * of which nobody gets so much that nothing is left for the others.
 *
 * A reader who is only slow is waited for: log_output_line() says so, and who writes leaves the rest in its
 * pipe. For one who does not read at all, LOG_PATIENCE is the longest that anybody waits: what does not fit
 * then is dropped, counted, and said as soon as there is room again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/loop.h"
#include "init/platform/log-format.h"

#define LOG_PATIENCE (USEC_PER_SEC / 2)

struct log_output;

/* Somebody's share of the buffer. All zero but for the names, which are the caller's and stay. */
struct log_account {
    const char *unit, *name;
    uint64_t dropped; /* lines, in all */
    /* log-output.c's own */
    uint64_t untold; /* dropped and not said yet */
    uint64_t end;    /* where in all that was ever buffered its last line ends */
    size_t queued;   /* bytes; an upper bound */
    struct log_account *next_untold;
};

/* Called when lines that had to wait may come. */
typedef void (*log_room_fn)(void *userdata);

/* fd stays the caller's, and its file status flags as they are: others share them. -1: there is no output. */
int log_output_new(struct loop *loop, int fd, log_room_fn room, void *userdata, struct log_output **ret);
struct log_output *log_output_free(struct log_output *output);
void log_output_set_style(struct log_output *output, enum log_format format, enum log_time time);
bool log_output_names_streams(const struct log_output *output);
/* PID 1's own share. */
struct log_account *log_output_own_account(struct log_output *output);
/* Buffers the line. -EAGAIN: not now, it has to wait (only when it may). */
int log_output_line(struct log_output *output, struct log_account *account, const struct log_line *line,
                    bool may_wait);
/* Writes what the other side takes now; the loop sees to the rest. */
void log_output_flush(struct log_output *output);
/* True while nothing more can be written. */
bool log_output_is_full(const struct log_output *output);
/* Until when lines are made to wait: USEC_INFINITY when nothing is in the way. */
usec_t log_output_patience_end(const struct log_output *output);
/* From here on there is no loop any more: lines wait for room, up to the deadline (CLOCK_MONOTONIC µs). */
void log_output_set_deadline(struct log_output *output, usec_t deadline);
/* The account goes away. */
void log_output_forget(struct log_output *output, struct log_account *account);
/* daemon-reexec: the bytes that are still to be written. / They come before all that is buffered later; too
 * many are -E2BIG. */
const char *log_output_rest(const struct log_output *output, size_t *ret_size);
int log_output_restore(struct log_output *output, const char *data, size_t size);
void log_output_restore_dropped(struct log_output *output, struct log_account *account, uint64_t dropped,
                                uint64_t untold);
