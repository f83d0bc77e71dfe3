/* The descriptors that a service leaves with PID 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fd.h"
#include "init/platform/fd-store.h"

static const struct fd_store_watch unwatched = {.loop = NULL};

static int open_one(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void they_are_listed_in_order_with_their_names(void **state)
{
    _cleanup_free_ int *fds = NULL;
    _cleanup_free_ char *names = NULL;
    struct stored_fd *store = NULL;
    int a = open_one(), b = open_one(), first = a, second = b;
    size_t n;

    assert_int_equal(fd_store_add(&store, "a", &a, &unwatched), 1);
    assert_int_equal(fd_store_add(&store, "b", &b, &unwatched), 1);
    assert_int_equal(a, -EBADF);
    assert_int_equal(fd_store_list(store, &fds, &n, &names), 0);
    assert_int_equal(n, 2);
    assert_int_equal(fds[0], first);
    assert_int_equal(fds[1], second);
    assert_string_equal(names, "a:b");
    assert_int_equal(fd_store_remove(&store, NULL), 2);
    assert_int_equal(fcntl(first, F_GETFD), -1);
}

static void the_same_file_is_stored_once(void **state)
{
    struct stored_fd *store = NULL;
    int a = open_one(), copy = fcntl(a, F_DUPFD_CLOEXEC, 0);

    assert_int_equal(fd_store_add(&store, "a", &a, &unwatched), 1);
    assert_int_equal(fd_store_add(&store, "b", &copy, &unwatched), 0);
    assert_true(copy >= 0);
    close_fd(copy);
    assert_int_equal(fd_store_remove(&store, NULL), 1);
}

static void one_name_is_removed_and_the_other_stays(void **state)
{
    struct stored_fd *store = NULL;
    int a = open_one(), b = open_one(), c = open_one();

    assert_int_equal(fd_store_add(&store, "x", &a, &unwatched), 1);
    assert_int_equal(fd_store_add(&store, "y", &b, &unwatched), 1);
    assert_int_equal(fd_store_add(&store, "x", &c, &unwatched), 1);
    assert_int_equal(fd_store_remove(&store, "x"), 2);
    assert_int_equal(fd_store_remove(&store, NULL), 1);
    assert_null(store);
}

static void count(void *userdata, void *owner)
{
    assert_ptr_equal(owner, &unwatched);
    (*(unsigned *)userdata)++;
}

static void one_whose_other_end_closes_is_dropped(void **state)
{
    struct stored_fd *store = NULL;
    struct loop *loop = NULL;
    unsigned gone = 0;
    int ends[2];

    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const struct fd_store_watch watch = {loop, count, &gone, (void *)&unwatched};
    assert_int_equal(fd_store_add(&store, "x", &ends[0], &watch), 1);
    assert_int_equal(write(ends[1], "data does not matter", 20), 20);
    assert_int_equal(loop_wait(loop, 0), 0);
    close_fd(ends[1]);
    assert_int_equal(loop_wait(loop, 0), 1);
    assert_int_equal(gone, 1);
    assert_null(store);
    loop_free(loop);
}

static void a_regular_file_needs_no_watch(void **state)
{
    struct stored_fd *store = NULL;
    struct loop *loop = NULL;
    unsigned gone = 0;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    assert_int_equal(loop_new(&loop), 0);
    const struct fd_store_watch watch = {loop, count, &gone, (void *)&unwatched};
    assert_int_equal(fd_store_add(&store, "x", &fd, &watch), 1);
    assert_int_equal(fd_store_remove(&store, "x"), 1);
    assert_int_equal(gone, 0);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_listed_in_order_with_their_names),
        cmocka_unit_test(the_same_file_is_stored_once),
        cmocka_unit_test(one_name_is_removed_and_the_other_stays),
        cmocka_unit_test(one_whose_other_end_closes_is_dropped),
        cmocka_unit_test(a_regular_file_needs_no_watch),
    };
    return cmocka_run_group_tests_name("platform-fd-store", tests, NULL, NULL);
}
