/* The last lines of one service, oldest first. A ring begins small and grows while lines come, up to
 * LOG_RING_MAX, as far as all rings together keep within their budget; from then on new lines replace old
 * ones. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "init/platform/log-format.h"

#define LOG_LINE_MAX  4096        /* longer lines are cut into pieces */
#define LOG_RING_MIN  512         /* bytes, from the second line on */
#define LOG_RING_MAX  (32 * 1024) /* bytes kept per service */
#define LOG_RINGS_MAX (16 * 1024 * 1024)

/* All zero is an empty ring; its memory comes with the first line. */
struct log_ring {
    char *data;
    uint32_t capacity;
    uint32_t start;
    uint32_t used;
    uint32_t n_lines;
};

struct log_ring_budget {
    size_t used;
    size_t max;
};

/* Keeps a copy of the line (size <= LOG_LINE_MAX), at the cost of the oldest ones. -ENOMEM loses it. A ring
 * that may not grow keeps the beginning of a line that is longer than itself. */
int log_ring_add(struct log_ring *ring, struct log_ring_budget *budget, const struct log_line *line);
/* The sequence number of the line at cursor, which starts at 0: false at the end. Adding a line invalidates
 * cursors. */
bool log_ring_peek(const struct log_ring *ring, size_t cursor, uint64_t *ret_sequence);
void log_ring_skip(const struct log_ring *ring, size_t *cursor);
/* The line at *cursor, which is not the end, and the cursor behind it. line->text may point into scratch;
 * line->unit and name are left alone. */
void log_ring_next(const struct log_ring *ring, size_t *cursor, char scratch[static LOG_LINE_MAX],
                   struct log_line *line);
void log_ring_done(struct log_ring *ring, struct log_ring_budget *budget);
