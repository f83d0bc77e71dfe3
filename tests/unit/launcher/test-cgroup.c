/* Control groups on the real kernel, in a group of our own that goes again. Needs root and a cgroup v2 mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"
#include "launcher/cgroup.h"

#define DEADLINE (10 * USEC_PER_SEC)

static int root = -EBADF;
static int group = -EBADF;
static char name[64];

static usec_t soon(void)
{
    return usec_add(now_monotonic(), DEADLINE);
}

static int setup(void **state)
{
    if (geteuid() != 0 || cgroup_open_root(&root, NULL) < 0) {
        print_message("skipped: needs root and a cgroup v2 mount\n");
        skip();
    }
    (void)snprintf(name, sizeof(name), "berth-test-cgroup-%d", getpid());
    assert_int_equal(cgroup_make(root, name, &group), 0);
    return 0;
}

static int teardown(void **state)
{
    if (group < 0)
        return 0;
    (void)cgroup_kill(group);
    (void)cgroup_wait_empty(group, soon());
    int r = cgroup_remove_tree(root, name);
    group = close_fd(group);
    root = close_fd(root);
    return r;
}

/* A child that sits in the group and waits to be killed. */
static pid_t sleeper(int fd)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        for (;;)
            pause();
    assert_int_equal(cgroup_attach(fd, pid), 0);
    return pid;
}

static void assert_killed(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_a_process_is_found_where_it_was_put(void **state)
{
    _cleanup_free_ char *path = NULL;
    pid_t pid = sleeper(group);

    assert_int_equal(cgroup_of_pid(pid, &path), 0);
    assert_string_equal(path + 1, name);
    assert_true(cgroup_is_populated(group));
    assert_int_equal(cgroup_wait_empty(group, now_monotonic()), -ETIMEDOUT);
    assert_int_equal(cgroup_kill(group), 0);
    assert_int_equal(cgroup_wait_empty(group, soon()), 0);
    assert_false(cgroup_is_populated(group));
    assert_killed(pid);
}

static void test_kill_reaches_every_group_below(void **state)
{
    _cleanup_close_ int deep = -EBADF;

    assert_int_equal(cgroup_make(group, "a/b/c", &deep), 0);
    pid_t first = sleeper(group), second = sleeper(deep);
    assert_int_equal(cgroup_kill(group), 0);
    assert_int_equal(cgroup_wait_empty(group, soon()), 0);
    assert_killed(first);
    assert_killed(second);
}

static void test_a_tree_deeper_than_the_descriptor_limit_is_removed(void **state)
{
    _cleanup_close_ int fd = -EBADF;

    assert_int_equal(cgroup_make(group, "top/sibling", &fd), 0);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit few = {.rlim_cur = 32, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (rlim_t i = 0; i < 3 * few.rlim_cur; i++) {
        int below;
        assert_int_equal(cgroup_make(fd, "x", &below), 0);
        close(fd);
        fd = below;
    }
    assert_int_equal(cgroup_remove_tree(group, "top"), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(faccessat(group, "top", F_OK, 0), -1);
}

static void test_a_tree_somebody_lives_in_is_busy_and_stays(void **state)
{
    _cleanup_close_ int fd = -EBADF;

    assert_int_equal(cgroup_make(group, "top/a/b", &fd), 0);
    pid_t pid = sleeper(fd);
    assert_int_equal(cgroup_remove_tree(group, "top"), -EBUSY);
    assert_int_equal(faccessat(group, "top/a/b", F_OK, 0), 0);
    assert_int_equal(cgroup_kill(fd), 0);
    assert_int_equal(cgroup_wait_empty(fd, soon()), 0);
    assert_killed(pid);
    assert_int_equal(cgroup_remove_tree(group, "top"), 0);
}

static void test_removing_what_is_gone_is_fine(void **state)
{
    assert_int_equal(cgroup_remove_tree(group, "never-there"), 0);
}

static void test_attributes_are_read_as_what_they_are(void **state)
{
    _cleanup_free_ char *type = NULL;
    uint64_t number;

    assert_int_equal(cgroup_read(group, "cgroup.type", &type), 0);
    assert_string_equal(type, "domain");
    assert_int_equal(cgroup_read_u64(group, "cgroup.max.depth", &number), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(cgroup_write(group, "cgroup.max.depth", "7"), 0);
    assert_int_equal(cgroup_read_u64(group, "cgroup.max.depth", &number), 0);
    assert_int_equal(number, 7);
    assert_int_equal(cgroup_read_key(group, "cgroup.events", "frozen", &number), 0);
    assert_int_equal(number, 0);
    assert_int_equal(cgroup_read_key(group, "cgroup.events", "froz", &number), -ENOENT);
    assert_int_equal(cgroup_read(group, "no.such", &type), -ENOENT);
}

static void test_a_controller_that_is_not_there_is_told_from_other_errors(void **state)
{
    assert_false(cgroup_has_controller(group, "no-such"));
    assert_int_equal(cgroup_enable(group, "no-such"), -ENOENT);
}

static void test_a_process_that_is_gone_has_no_group(void **state)
{
    _cleanup_free_ char *path = NULL;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(cgroup_of_pid(pid, &path), -ESRCH);
    assert_int_equal(cgroup_of_pid(0, &path), 0);
    assert_int_equal(path[0], '/');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_process_is_found_where_it_was_put, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill_reaches_every_group_below, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_tree_deeper_than_the_descriptor_limit_is_removed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_tree_somebody_lives_in_is_busy_and_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removing_what_is_gone_is_fine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attributes_are_read_as_what_they_are, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_controller_that_is_not_there_is_told_from_other_errors, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_process_that_is_gone_has_no_group, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
