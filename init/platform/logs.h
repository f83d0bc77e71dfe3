/* What the services print: a pipe each to PID 1, written on to the container's standard output as "name:
 * line", the last part kept in a ring per service (nothing is allocated before its first line). Never blocks:
 * what the container's output does not take is counted, dropped and said. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/loop.h"

struct logs;
struct manager_unit;

struct log_line {
    const char *unit; /* "nginx.service" */
    usec_t realtime;  /* µs since 1970 */
    const char *text; /* without its newline, not NUL-terminated */
    size_t size;
};

typedef int (*log_line_fn)(void *userdata, const struct log_line *line); /* negative stops */

#define LOG_LINE_MAX 4096        /* longer lines are cut into pieces */
#define LOG_RING_MAX (32 * 1024) /* bytes kept per service */

/* What becomes of a stream's lines, by their levels: 0 (emerg) to 7 (debug). */
struct log_rules {
    const char *identifier; /* instead of the unit's name, or NULL */
    int level;              /* of lines that do not say */
    int level_max;          /* what is above is dropped */
    bool level_prefix;      /* "<3>" in front says, and is taken off */
};

/* output: the container's standard output; it stays the caller's. */
int logs_new(struct loop *loop, int output, struct logs **ret);
struct logs *logs_free(struct logs *logs);
/* The writing end for a service's standard output and error (close-on-exec, the caller closes it after the
 * spawn). */
int logs_open_stream(struct logs *logs, const char *unit, const struct log_rules *rules, int *ret_fd);
/* A line of PID 1's own about a unit ("Started …"); goes the same way. */
void logs_write(struct logs *logs, const char *unit, const char *text);
/* The last n lines of one unit (unit NULL: of all, by time), oldest first. */
int logs_tail(struct logs *logs, const char *unit, size_t n, log_line_fn fn, void *userdata);

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
