/* The container's standard output as PID 1 may use it: never blocking, in whole lines, with a bounded buffer.
 * What does not fit is dropped, counted, and said as soon as there is room again. */
#pragma once

#include <stddef.h>

#include "common/loop.h"

struct log_output;

/* fd stays the caller's, and its file status flags as they are: others share them. -1: there is no output. */
int log_output_new(struct loop *loop, int fd, struct log_output **ret);
struct log_output *log_output_free(struct log_output *output);
/* Buffers "name: text\n". */
void log_output_line(struct log_output *output, const char *name, const char *text, size_t size);
/* Writes what the other side takes now; the loop sees to the rest. */
void log_output_flush(struct log_output *output);
/* From here on there is no loop any more: lines wait for room, up to the deadline (CLOCK_MONOTONIC µs). */
void log_output_set_deadline(struct log_output *output, usec_t deadline);
