/* What the services print: a pipe each to PID 1, written on to the container's standard output, the last part
 * kept in a ring per service (nothing is allocated before its first line). Never blocks: what the container's
 * output does not take in time is counted, dropped and said. */
#pragma once

#include <syslog.h>

#include "common/loop.h"
#include "init/platform/log-ring.h"

struct logs;
struct manager_unit;
struct handover;
struct handover_reader;

typedef int (*log_line_fn)(void *userdata, const struct log_line *line); /* negative stops */

/* How the lines of one process are taken. */
struct log_stream_options {
    const char *identifier; /* its lines are told by this name; NULL: by the unit's */
    enum log_origin origin;
    uint8_t level;     /* of lines that do not begin with a "<N>" */
    uint8_t level_max; /* lines of more than this are left out */
    bool level_prefix; /* take the "<N>" off */
};
#define LOG_STREAM_DEFAULTS                                                                                  \
    {                                                                                                        \
        .origin = LOG_BY_SERVICE, .level = LOG_INFO, .level_max = LOG_DEBUG, .level_prefix = true            \
    }

/* output: the container's standard output; it stays the caller's. */
int logs_new(struct loop *loop, int output, struct logs **ret);
struct logs *logs_free(struct logs *logs);
void logs_set_style(struct logs *logs, enum log_format format, enum log_time time);
/* Whether standard output and error need a stream each. */
bool logs_name_streams(const struct logs *logs);
/* The writing end for a service's standard output and error (close-on-exec, the caller closes it after the
 * spawn). */
int logs_open_stream(struct logs *logs, const char *unit, const struct log_stream_options *options,
                     int *ret_fd);
/* Streams of the unit that were opened since the last call belong to this process. */
void logs_set_writer(struct logs *logs, const char *unit, pid_t pid);
/* A line of PID 1's own about a unit ("Started …"); goes the same way. */
void logs_write(struct logs *logs, const char *unit, const char *text);
/* Lines that wait for a slow reader are dropped from then on (CLOCK_MONOTONIC; USEC_INFINITY: none waits):
 * to be called then. */
usec_t logs_next_deadline(const struct logs *logs);
void logs_tick(struct logs *logs, usec_t now);
/* Lines of the unit that the container's output did not get. */
uint64_t logs_dropped(const struct logs *logs, const char *unit);

/* The last n lines of one unit (unit NULL: of all), oldest first. */
int logs_tail(struct logs *logs, const char *unit, size_t n, log_line_fn fn, void *userdata);
/* The same in portions, for those who cannot take all at once: where the last n lines of these units (strv,
 * NULL: of all) begin, and up to max lines from *sequence on, which moves on behind them. Returns the number
 * of lines, 0 at the end. */
int logs_find_tail(const struct logs *logs, char *const *units, size_t n, uint64_t *ret_sequence);
int logs_read(const struct logs *logs, char *const *units, uint64_t *sequence, size_t max, log_line_fn fn,
              void *userdata);

/* Calls fn for each new line until it is removed; unit NULL follows all. */
struct log_follower {
    const char *unit; /* the follower's own */
    log_line_fn fn;   /* negative removes the follower */
    void *userdata;
    struct log_follower *next;
};
void logs_follow(struct logs *logs, struct log_follower *follower);
void logs_unfollow(struct logs *logs, struct log_follower *follower);
/* The unit is down for good: frees its ring. */
void logs_forget(struct logs *logs, const char *unit);
/* Reads what is still in the unit's pipes: a process has ended, and its last words come before ours. */
void logs_settle(struct logs *logs, const char *unit);
/* Reads what is still in the pipes and writes it out, at the end. */
void logs_drain(struct logs *logs);

/* daemon-reexec: pipes with what was read of them, rings, and what the container's output has not taken. */
void logs_hand_over(struct logs *logs, struct handover *handover);
void logs_take_over(struct logs *logs, struct handover_reader *reader);
