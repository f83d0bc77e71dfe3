/* The event loop: who is called, when it sleeps, and sources that go while others are served. */
#include "test.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/loop.h"

struct pipe_source {
    struct loop_source source;
    int write_end;
    unsigned calls;
    uint32_t events;
    struct loop *loop;
    struct pipe_source *removes; /* what its ready() removes, or NULL */
};

static void on_ready(struct loop_source *source, uint32_t events)
{
    struct pipe_source *p = CONTAINER_OF(source, struct pipe_source, source);
    p->calls++;
    p->events = events;
    if (p->removes)
        loop_remove(p->loop, &p->removes->source);
}

static void open_source(struct loop *loop, struct pipe_source *p)
{
    int fds[2];
    assert_int_equal(packet_pair(fds), 0);
    *p = (struct pipe_source){.source = {.fd = fds[0], .ready = on_ready}, .write_end = fds[1], .loop = loop};
    assert_int_equal(loop_add(loop, &p->source, EPOLLIN), 0);
}

static void close_source(struct pipe_source *p)
{
    loop_remove(p->loop, &p->source);
    close_fd(p->source.fd);
    close_fd(p->write_end);
}

static int open_loop(void **state)
{
    struct loop *loop = NULL;
    int r = loop_new(&loop);
    *state = loop;
    return r;
}

static int close_loop(void **state)
{
    *state = loop_free(*state);
    return 0;
}

static void a_ready_source_is_served_with_its_events(void **state)
{
    struct pipe_source p;
    open_source(*state, &p);
    assert_int_equal(loop_wait(*state, 0), 0);
    assert_int_equal(write_all(p.write_end, "x", 1), 0);
    assert_int_equal(loop_wait(*state, USEC_INFINITY), 1);
    assert_int_equal(p.calls, 1);
    assert_int_equal(p.events, EPOLLIN);
    assert_int_equal(loop_wait(*state, 0), 1); /* level-triggered: nobody has read it */
    assert_int_equal(loop_change(*state, &p.source, EPOLLOUT), 0);
    assert_int_equal(loop_wait(*state, 0), 1);
    assert_int_equal(p.events, EPOLLOUT);
    close_source(&p);
}

static void the_wait_ends_at_the_deadline_and_not_before(void **state)
{
    for (unsigned i = 0; i < 3; i++) {
        usec_t deadline = now_monotonic() + 3 * USEC_PER_MSEC;
        assert_int_equal(loop_wait(*state, deadline), 0);
        assert_true(now_monotonic() >= deadline);
        assert_int_equal(loop_wait(*state, deadline), 0); /* the same one again, in the past now */
        assert_int_equal(loop_wait(*state, 1), 0);
    }
}

static void a_deadline_of_before_does_not_end_a_later_wait(void **state)
{
    struct pipe_source p;
    open_source(*state, &p);
    assert_int_equal(write_all(p.write_end, "x", 1), 0);
    usec_t early = now_monotonic() + 2 * USEC_PER_MSEC, late = early + 20 * USEC_PER_MSEC;
    assert_int_equal(loop_wait(*state, early), 1);
    loop_remove(*state, &p.source);
    assert_int_equal(loop_wait(*state, late), 0);
    assert_true(now_monotonic() >= late);
    close_source(&p);
}

static void a_source_removed_while_another_is_served_is_not_called(void **state)
{
    struct pipe_source a, b;
    open_source(*state, &a);
    open_source(*state, &b);
    a.removes = &b;
    b.removes = &a;
    assert_int_equal(write_all(a.write_end, "x", 1), 0);
    assert_int_equal(write_all(b.write_end, "x", 1), 0);
    assert_int_equal(loop_wait(*state, USEC_INFINITY), 1);
    assert_int_equal(a.calls + b.calls, 1);
    assert_int_equal(loop_wait(*state, 0), 1); /* the one that is left */
    assert_int_equal(a.calls + b.calls, 2);
    assert_true(a.calls == 2 || b.calls == 2);
    close_source(&a);
    close_source(&b);
}

static void a_source_may_remove_itself(void **state)
{
    struct pipe_source p;
    open_source(*state, &p);
    p.removes = &p;
    assert_int_equal(write_all(p.write_end, "x", 1), 0);
    assert_int_equal(loop_wait(*state, USEC_INFINITY), 1);
    assert_int_equal(loop_wait(*state, 0), 0);
    assert_int_equal(p.calls, 1);
    close_source(&p);
}

static struct pipe_source *doomed;

static void free_the_doomed(struct loop_source *source, uint32_t events)
{
    if (doomed) {
        close_source(doomed);
        free(doomed);
        doomed = NULL;
    }
}

static void a_source_may_be_freed_while_its_event_waits(void **state)
{
    struct pipe_source first;
    doomed = malloc(sizeof(*doomed));
    open_source(*state, &first);
    open_source(*state, doomed);
    first.source.ready = free_the_doomed;
    assert_int_equal(write_all(first.write_end, "x", 1), 0);
    assert_int_equal(write_all(doomed->write_end, "x", 1), 0);
    assert_int_equal(loop_wait(*state, USEC_INFINITY), 1);
    assert_null(doomed);
    close_source(&first);
}

static void more_sources_than_one_batch_are_all_served(void **state)
{
    static struct pipe_source many[100];
    int served = 0;

    FOREACH_ARRAY (p, many, ELEMENTSOF(many)) {
        open_source(*state, p);
        assert_int_equal(write_all(p->write_end, "x", 1), 0);
        p->removes = p;
    }
    for (int n; (n = loop_wait(*state, 0)) > 0;)
        served += n;
    assert_int_equal(served, ELEMENTSOF(many));
    FOREACH_ARRAY (p, many, ELEMENTSOF(many)) {
        assert_int_equal(p->calls, 1);
        close_source(p);
    }
}

static void what_cannot_be_watched_is_refused(void **state)
{
    struct loop_source closed = {.fd = -EBADF, .ready = on_ready};
    assert_int_equal(loop_add(*state, &closed, EPOLLIN), -EBADF);
    loop_remove(*state, &closed);
    assert_int_equal(loop_wait(*state, 0), 0);
}

#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(a_ready_source_is_served_with_its_events),
        LOOP_TEST(the_wait_ends_at_the_deadline_and_not_before),
        LOOP_TEST(a_deadline_of_before_does_not_end_a_later_wait),
        LOOP_TEST(a_source_removed_while_another_is_served_is_not_called),
        LOOP_TEST(a_source_may_remove_itself),
        LOOP_TEST(a_source_may_be_freed_while_its_event_waits),
        LOOP_TEST(more_sources_than_one_batch_are_all_served),
        LOOP_TEST(what_cannot_be_watched_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
