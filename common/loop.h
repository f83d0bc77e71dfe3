/* One epoll, one timer: what every long-lived process of berth waits on. Level-triggered, single-threaded. */
#pragma once

#include <stdint.h>

#include "common/time.h"

/* Embedded in the object that owns the descriptor; must stay where it is while it is in the loop. */
struct loop_source {
    int fd;
    /* events as epoll_wait(2) gives them. May remove this or any other source. */
    void (*ready)(struct loop_source *source, uint32_t events);
};

struct loop;

int loop_new(struct loop **ret);
struct loop *loop_free(struct loop *loop); /* closes no source's descriptor */
int loop_add(struct loop *loop, struct loop_source *source, uint32_t events);
int loop_change(struct loop *loop, struct loop_source *source, uint32_t events);
/* Safe inside any ready(); events of the source that wait already are dropped. Before its descriptor is
 * closed: a descriptor that a child has inherited stays in the epoll otherwise. */
void loop_remove(struct loop *loop, struct loop_source *source);
/* Sleeps until something is ready or the deadline (CLOCK_MONOTONIC µs; USEC_INFINITY never, 0 does not sleep)
 * and calls ready() for it. Returns the number of sources served, 0 at the deadline, -errno (never -EINTR).
 * Not to be called from inside a ready(). */
int loop_wait(struct loop *loop, usec_t deadline);
