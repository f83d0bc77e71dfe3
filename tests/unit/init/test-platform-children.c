/* The ends of children: each is told once, whichever way it is seen, and orphans are collected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "init/platform/children.h"

#define MANY     40 /* more than are looked at each time */
#define DEADLINE (10 * USEC_PER_SEC)

struct world {
    struct loop *loop;
    struct children *children;
    unsigned n_told;
    pid_t last;
    pid_t pids[MANY];
};

static void before(void *userdata)
{
}

static void ended(void *userdata, pid_t pid, int status)
{
    struct world *world = userdata;

    world->n_told++;
    world->last = pid;
}

static pid_t start(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        for (;;)
            (void)pause();
    return pid;
}

static void end(pid_t pid)
{
    siginfo_t info;

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    assert_int_equal(loop_new(&world->loop), 0);
    const struct children_config config = {
        .loop = world->loop, .before = before, .ended = ended, .userdata = world};
    assert_int_equal(children_new(&config, &world->children), 0);
    FOREACH_ARRAY (pid, world->pids, MANY) {
        *pid = start();
        children_add(world->children, *pid);
    }
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    children_free(world->children);
    loop_free(world->loop);
    FOREACH_ARRAY (pid, world->pids, MANY)
        if (kill(*pid, SIGKILL) == 0)
            (void)waitpid(*pid, NULL, 0);
    free(world);
    return 0;
}

static void an_end_wakes_the_loop_and_is_told_once(void **state)
{
    struct world *world = *state;

    end(world->pids[3]);
    assert_int_equal(loop_wait(world->loop, usec_add(now_monotonic(), DEADLINE)), 1);
    assert_int_equal(world->last, world->pids[3]);
    children_signalled(world->children, world->pids[3]);
    assert_int_equal(loop_wait(world->loop, now_monotonic()), 0);
    assert_int_equal(world->n_told, 1);
}

static void an_end_that_the_signal_told_does_not_wake_the_loop(void **state)
{
    struct world *world = *state;

    end(world->pids[3]);
    children_signalled(world->children, world->pids[3]);
    assert_int_equal(world->n_told, 1);
    assert_int_equal(loop_wait(world->loop, now_monotonic()), 0);
}

/* One signal stands for both: it is nobody that waits for the other one. */
static void an_orphan_behind_another_end_is_collected_soon(void **state)
{
    struct world *world = *state;
    pid_t orphan = start();

    end(orphan);
    end(world->pids[0]);
    children_signalled(world->children, world->pids[0]);
    assert_int_equal(world->n_told, 1);
    assert_true(children_next_sweep(world->children) < usec_add(now_monotonic(), USEC_PER_SEC));
    children_sweep(world->children);
    assert_int_equal(world->n_told, 2);
    assert_int_equal(world->last, orphan);
    assert_true(children_next_sweep(world->children) == USEC_INFINITY);
}

static void an_orphan_that_the_signal_names_is_collected_at_once(void **state)
{
    struct world *world = *state;
    pid_t orphan = start();

    end(orphan);
    children_signalled(world->children, orphan);
    assert_int_equal(world->last, orphan);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_end_wakes_the_loop_and_is_told_once),
        TEST(an_end_that_the_signal_told_does_not_wake_the_loop),
        TEST(an_orphan_behind_another_end_is_collected_soon),
        TEST(an_orphan_that_the_signal_names_is_collected_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
