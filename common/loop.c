/* One epoll and one timerfd. The wait path allocates nothing and can only fail if the kernel is out of order.
 */
#include "common/loop.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "common/cleanup.h"

#define BATCH_MAX 32 /* events taken from the kernel at once; the others keep until the next wait */

struct loop {
    int epoll;
    int timer;    /* in the epoll with a NULL source */
    usec_t armed; /* what the timer stands on; USEC_INFINITY: off */
    int n_batch;  /* events in batch that belong to the wait that is being served */
    struct epoll_event batch[BATCH_MAX];
};

struct loop *loop_free(struct loop *loop)
{
    if (loop) {
        close_fd(loop->timer);
        close_fd(loop->epoll);
        free(loop);
    }
    return NULL;
}

static void cleanup_loop_freep(struct loop **loop)
{
    loop_free(*loop);
}

int loop_new(struct loop **ret)
{
    _cleanup_(cleanup_loop_freep) struct loop *loop = malloc(sizeof(*loop));
    if (!loop)
        return -ENOMEM;
    *loop = (struct loop){.epoll = -EBADF, .timer = -EBADF, .armed = USEC_INFINITY};
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        return -errno;
    loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->timer < 0)
        return -errno;
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->timer, &event) < 0)
        return -errno;
    *ret = TAKE_PTR(loop);
    return 0;
}

static int control(struct loop *loop, int operation, struct loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll, operation, source->fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
    return control(loop, EPOLL_CTL_ADD, source, events);
}

int loop_change(struct loop *loop, struct loop_source *source, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
    (void)control(loop, EPOLL_CTL_DEL, source, 0);
    FOREACH_ARRAY (event, loop->batch, loop->n_batch)
        if (event->data.ptr == source)
            event->data.ptr = NULL;
}

/* The deadline is absolute, so the timer is only set when it has changed. */
static int arm(struct loop *loop, usec_t deadline)
{
    struct itimerspec spec = {0};

    if (deadline == loop->armed)
        return 0;
    if (deadline != USEC_INFINITY) {
        spec.it_value.tv_sec = (time_t)(deadline / USEC_PER_SEC);
        spec.it_value.tv_nsec = (long)(deadline % USEC_PER_SEC * NSEC_PER_USEC);
    }
    if (timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
        return -errno;
    loop->armed = deadline;
    return 0;
}

static void forget_expiration(struct loop *loop)
{
    uint64_t expirations;
    if (read(loop->timer, &expirations, sizeof(expirations)) == sizeof(expirations))
        loop->armed = USEC_INFINITY;
}

static int dispatch(struct loop *loop)
{
    int served = 0;

    for (int i = 0; i < loop->n_batch; i++) {
        struct loop_source *source = loop->batch[i].data.ptr;
        if (!source)
            continue; /* the timer, or removed since */
        source->ready(source, loop->batch[i].events);
        served++;
    }
    loop->n_batch = 0;
    return served;
}

int loop_wait(struct loop *loop, usec_t deadline)
{
    int n;

    if (deadline > 0) {
        int r = arm(loop, deadline);
        if (r < 0)
            return r;
    }
    do
        n = epoll_wait(loop->epoll, loop->batch, BATCH_MAX, deadline > 0 ? -1 : 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    FOREACH_ARRAY (event, loop->batch, n)
        if (!event->data.ptr)
            forget_expiration(loop);
    loop->n_batch = n;
    return dispatch(loop);
}
