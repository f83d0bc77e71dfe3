/* The last lines of one service, oldest first, in a fixed number of bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macro.h"
#include "init/platform/logs.h"

/* All zero is an empty ring; its memory comes with the first line. */
struct log_ring {
    char *data; /* LOG_RING_MAX bytes */
    size_t start;
    size_t used;
    size_t n_lines;
};

/* Keeps a copy of the line (size <= LOG_LINE_MAX), at the cost of the oldest ones. -ENOMEM loses it. */
int log_ring_add(struct log_ring *ring, usec_t realtime, const char *text, size_t size);
/* Reads on from *cursor, which starts at 0: false at the end. line->text may point into scratch, line->unit
 * is left alone. Adding a line invalidates cursors. */
bool log_ring_next(const struct log_ring *ring, size_t *cursor, char scratch[static LOG_LINE_MAX],
                   struct log_line *line);
void log_ring_done(struct log_ring *ring);
