/* The processes that PID 1 has started, each watched by itself: the end of one costs the same however many
 * there are. Orphans that came to PID 1 are nobody's, and collected with what SIGCHLD tells. */
#pragma once

#include "common/loop.h"
#include "init/job/reap.h"

struct children;

struct children_config {
    struct loop *loop;
    /* Called before an end is looked up: orders, and last words, are to be known first. */
    void (*before)(void *userdata);
    reaped_fn ended;
    void *userdata;
};

int children_new(const struct children_config *config, struct children **ret);
struct children *children_free(struct children *children);
/* Watches a child. Without memory or a descriptor for it, its end is seen by SIGCHLD. */
void children_add(struct children *children, pid_t pid);
/* The same for one that the PID 1 before may have started (daemon-reexec); who is no child is not watched. */
void children_take(struct children *children, pid_t pid);
/* SIGCHLD came, with this pid; it may have stood for others as well. */
void children_signalled(struct children *children, pid_t pid);
/* Tells its end now, if it has ended. */
void children_settle(struct children *children, pid_t pid);
/* When children_sweep() is wanted (CLOCK_MONOTONIC µs), USEC_INFINITY: never. */
usec_t children_next_sweep(const struct children *children);
/* Collects all that have ended. */
void children_sweep(struct children *children);
