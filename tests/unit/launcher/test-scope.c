/* The scope without systemd, made for real in cgroup v2, and what a user reads when something is missing.
 * Needs root and a cgroup v2 mount. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* launcher/failure.h has its own */

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"
#include "launcher/cgroup.h"
#include "launcher/scope.h"

#define PROPERTIES(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})
#define DEADLINE        (10 * USEC_PER_SEC)
#define SHORT_DEADLINE  (300 * USEC_PER_MSEC)

static char unit[64], slice[64], inner_slice[128];
static char *origin;

static usec_t soon(void)
{
    return usec_add(now_monotonic(), DEADLINE);
}

static struct scope_settings cgroupfs_settings(void)
{
    return (struct scope_settings){
        .name = unit, .slice = inner_slice, .description = "test", .manager = CGROUP_MANAGER_CGROUPFS};
}

static int setup(void **state)
{
    _cleanup_close_ int root = -EBADF;
    if (geteuid() != 0 || cgroup_open_root(&root, NULL) < 0) {
        print_message("skipped: needs root and a cgroup v2 mount\n");
        skip();
    }
    (void)snprintf(unit, sizeof(unit), "berth-test-%d.scope", getpid());
    (void)snprintf(slice, sizeof(slice), "berthtest%d.slice", getpid());
    (void)snprintf(inner_slice, sizeof(inner_slice), "berthtest%d-inner.slice", getpid());
    return cgroup_of_pid(0, &origin);
}

static int teardown(void **state)
{
    free(TAKE_PTR(origin));
    return 0;
}

static struct scope *start(const struct scope_settings *settings)
{
    struct failure failure = {0};
    struct scope *scope = NULL;

    int r = scope_request(settings, soon(), &scope, &failure);
    if (r >= 0)
        r = scope_wait(scope, soon(), &failure);
    if (r >= 0)
        r = scope_join(scope, &failure);
    if (r < 0)
        print_error("%s\n", failure.text);
    assert_int_equal(r, 0);
    return scope;
}

static void assert_nothing_left(void)
{
    _cleanup_close_ int fd = -EBADF;
    _cleanup_free_ char *now = NULL;

    assert_int_equal(cgroup_of_pid(0, &now), 0);
    assert_string_equal(now, origin);
    assert_int_equal(scope_open_cgroup(slice, &fd), -ENOENT);
}

static void assert_text(const struct failure *failure, const char *word)
{
    bool said = strstr(failure->text, word) != NULL;
    if (!said)
        print_error("does not say \"%s\": %s\n", word, failure->text);
    assert_true(said);
}

static void test_monitor_and_payload_get_a_leaf_each_and_leave_nothing(void **state)
{
    struct scope_settings settings = cgroupfs_settings();
    _cleanup_free_ char *here = NULL, *expected = NULL, *processes = NULL;

    struct scope *scope = start(&settings);
    assert_int_equal(scope_manager(scope), CGROUP_MANAGER_CGROUPFS);
    assert_null(scope_unit(scope));
    assert_int_equal(scope_watch_fd(scope), -EBADF);
    assert_int_equal(scope_process(scope), 0);
    expected = xasprintf("/%s/%s/%s/supervisor", slice, inner_slice, unit);
    assert_int_equal(cgroup_of_pid(0, &here), 0);
    assert_string_equal(here, expected);
    *strrchr(expected, '/') = '\0';
    assert_string_equal(scope_cgroup(scope), expected);
    assert_int_equal(cgroup_read(scope_fd(scope), "cgroup.procs", &processes), 0);
    assert_string_equal(processes, "");
    assert_false(cgroup_is_populated(scope_payload_fd(scope)));
    assert_null(scope_destroy(scope, soon()));
    assert_nothing_left();
}

/* A process in the payload, with a group of its own below it. */
static pid_t payload(const struct scope *scope)
{
    _cleanup_close_ int fd = -EBADF;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        for (;;)
            pause();
    assert_int_equal(cgroup_make(scope_payload_fd(scope), "system.slice/a.service", &fd), 0);
    assert_int_equal(cgroup_attach(fd, pid), 0);
    return pid;
}

static void test_whatever_is_left_in_the_payload_dies_with_the_scope(void **state)
{
    struct scope_settings settings = cgroupfs_settings();
    struct scope *scope = start(&settings);
    pid_t pid = payload(scope);
    int status;

    scope_destroy(scope, soon());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_nothing_left();
}

static void test_the_tree_of_a_dead_container_is_no_obstacle(void **state)
{
    struct scope_settings settings = cgroupfs_settings();
    pid_t pid = fork();
    if (pid == 0) {
        (void)start(&settings);
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    scope_destroy(start(&settings), soon());
    /* The slices were made, and marked, by the one that died. */
    assert_nothing_left();
}

static void test_a_name_that_is_running_is_a_clear_error_and_stays_unharmed(void **state)
{
    struct scope_settings settings = cgroupfs_settings();
    struct scope *scope = start(&settings), *second = NULL;
    pid_t child = fork();

    if (child == 0) {
        struct failure failure = {0};
        if (scope_request(&settings, soon(), &second, &failure) < 0)
            _exit(1);
        int r = scope_wait(second, usec_add(now_monotonic(), SHORT_DEADLINE), &failure);
        scope_destroy(second, soon());
        _exit(r == -EBUSY && strstr(failure.text, "running") ? 0 : 2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(faccessat(scope_fd(scope), "payload", F_OK, 0), 0);
    scope_destroy(scope, soon());
    assert_nothing_left();
}

static void test_a_slice_goes_with_its_last_container_and_not_before(void **state)
{
    struct scope_settings settings = cgroupfs_settings(), other = cgroupfs_settings();
    _cleanup_free_ char *name = xasprintf("other-%s", unit);
    _cleanup_close_ int fd = -EBADF;

    other.name = name;
    struct scope *first = start(&settings), *second = start(&other);
    scope_destroy(second, soon());
    assert_int_equal(scope_open_cgroup(scope_cgroup(first), &fd), 0);
    scope_destroy(first, soon());
    assert_nothing_left();
}

/* One limit whose controller this host has in cgroup v2 must arrive, one that it lacks must be refused before
 * anything happens: a host has each of them on one side or the other. */
static void test_a_limit_is_in_its_file_or_an_error_before_the_start(void **state)
{
    static const struct {
        const char *controller, *assignment, *attribute, *text;
    } rows[] = {
        {"memory", "MemoryMax=64M", "memory.max", "67108864"},
        {"pids", "TasksMax=33", "pids.max", "33"},
        {"cpu", "CPUQuota=50%", "cpu.max", "50000 100000"},
    };
    _cleanup_close_ int root = -EBADF;
    assert_int_equal(cgroup_open_root(&root, NULL), 0);

    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        struct scope_settings settings = cgroupfs_settings();
        settings.properties = PROPERTIES(row->assignment);
        if (cgroup_has_controller(root, row->controller)) {
            _cleanup_free_ char *text = NULL;
            struct scope *scope = start(&settings);
            assert_int_equal(cgroup_read(scope_fd(scope), row->attribute, &text), 0);
            assert_string_equal(text, row->text);
            scope_destroy(scope, soon());
        } else {
            struct failure failure = {0};
            struct scope *scope = NULL;
            assert_int_equal(scope_request(&settings, soon(), &scope, &failure), -EOPNOTSUPP);
            assert_null(scope);
            assert_text(&failure, row->controller);
        }
        assert_nothing_left();
    }
}

static void assert_request_fails(const struct scope_settings *settings, int error, const char *word)
{
    struct failure failure = {0};
    struct scope *scope = NULL;
    assert_int_equal(scope_request(settings, soon(), &scope, &failure), error);
    assert_null(scope);
    assert_text(&failure, word);
}

static void test_what_cannot_be_honoured_is_an_error_that_names_it(void **state)
{
    struct scope_settings settings = cgroupfs_settings();

    settings.properties = PROPERTIES("RuntimeMaxSec=1h");
    assert_request_fails(&settings, -EOPNOTSUPP, "RuntimeMaxSec");
    settings.manager = CGROUP_MANAGER_NONE;
    assert_request_fails(&settings, -EINVAL, "RuntimeMaxSec");
    settings.properties = PROPERTIES("Nonsense=1");
    assert_request_fails(&settings, -EINVAL, "Nonsense");

    settings = cgroupfs_settings();
    settings.slice = "../x";
    assert_request_fails(&settings, -EINVAL, "../x");
    settings = cgroupfs_settings();
    settings.name = "a/b.scope";
    assert_request_fails(&settings, -EINVAL, "a/b.scope");
    settings.name = "web";
    assert_request_fails(&settings, -EINVAL, "NAME.scope");
    if (access("/run/systemd/system", F_OK) < 0) {
        settings = cgroupfs_settings();
        settings.manager = CGROUP_MANAGER_SYSTEMD;
        assert_request_fails(&settings, -EOPNOTSUPP, "not booted with systemd");
    }
    assert_nothing_left();
}

static void test_without_a_manager_the_process_stays_where_it_is(void **state)
{
    struct scope_settings settings = cgroupfs_settings();
    settings.manager = CGROUP_MANAGER_NONE;

    struct scope *scope = start(&settings);
    assert_int_equal(scope_payload_fd(scope), -EBADF);
    assert_int_equal(scope_fd(scope), -EBADF);
    assert_null(scope_cgroup(scope));
    assert_nothing_left();
    scope_destroy(scope, soon());
}

int main(void)
{
#define SCOPE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCOPE_TEST(test_monitor_and_payload_get_a_leaf_each_and_leave_nothing),
        SCOPE_TEST(test_whatever_is_left_in_the_payload_dies_with_the_scope),
        SCOPE_TEST(test_the_tree_of_a_dead_container_is_no_obstacle),
        SCOPE_TEST(test_a_name_that_is_running_is_a_clear_error_and_stays_unharmed),
        SCOPE_TEST(test_a_slice_goes_with_its_last_container_and_not_before),
        SCOPE_TEST(test_a_limit_is_in_its_file_or_an_error_before_the_start),
        SCOPE_TEST(test_what_cannot_be_honoured_is_an_error_that_names_it),
        SCOPE_TEST(test_without_a_manager_the_process_stays_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
