/* Buses that are missing, silent or rude: each is an error in time that names the bus. A user's runtime
 * directory of our own stands in for the real one. Needs a cgroup v2 mount. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* launcher/failure.h has its own */

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"
#include "launcher/cgroup.h"
#include "launcher/scope.h"

#define SHORT_DEADLINE (300 * USEC_PER_MSEC)
#define LONG_DEADLINE  (10 * USEC_PER_SEC)

/* A user's runtime directory in which something listens at the given places. */
struct runtime {
    char path[32];
    int broker, manager;
};

static int listen_silently(const char *directory, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void runtime_setup(struct runtime *runtime, bool broker)
{
    _cleanup_free_ char *systemd = NULL;
    strcpy(runtime->path, "/tmp/berth-test-XXXXXX");
    assert_non_null(mkdtemp(runtime->path));
    systemd = xasprintf("%s/systemd", runtime->path);
    assert_int_equal(mkdir(systemd, 0700), 0);
    runtime->manager = listen_silently(runtime->path, "systemd/private");
    runtime->broker = broker ? listen_silently(runtime->path, "bus") : -EBADF;
    assert_int_equal(setenv("XDG_RUNTIME_DIR", runtime->path, 1), 0);
    assert_int_equal(unsetenv("DBUS_SESSION_BUS_ADDRESS"), 0);
}

static void cleanup_runtime(struct runtime *runtime)
{
    close_fd(runtime->manager);
    close_fd(runtime->broker);
    (void)remove_tree_at(AT_FDCWD, runtime->path);
    (void)unsetenv("XDG_RUNTIME_DIR");
}

static int setup(void **state)
{
    _cleanup_close_ int root = -EBADF;
    if (cgroup_open_root(&root, NULL) < 0) {
        print_message("skipped: cgroup v2 is not mounted\n");
        skip();
    }
    return 0;
}

/* Asks for a scope of the user's manager, which must fail with error (0: any) and say both words. Returns how
 * long it took. */
static usec_t ask_in_vain(usec_t patience, int error, const char *word, const char *other_word)
{
    struct scope_settings settings = {
        .name = "berth-test.scope", .manager = CGROUP_MANAGER_AUTO, .user = true};
    struct failure failure = {0};
    struct scope *scope = NULL;

    usec_t before = now_monotonic();
    int r = scope_request(&settings, usec_add(before, patience), &scope, &failure);
    assert_true(error ? r == error : r < 0);
    usec_t took = now_monotonic() - before;
    assert_null(scope);
    bool said = strstr(failure.text, word) && strstr(failure.text, other_word);
    if (!said)
        print_error("does not say \"%s\" and \"%s\": %s\n", word, other_word, failure.text);
    assert_true(said);
    return took;
}

#if HAVE_SYSTEMD

static void assert_times_out(bool broker, const char *address)
{
    _cleanup_(cleanup_runtime) struct runtime runtime = {0};

    runtime_setup(&runtime, broker);
    usec_t took = ask_in_vain(SHORT_DEADLINE, -ETIMEDOUT, address, "--cgroup-manager=cgroupfs");
    assert_true(took >= SHORT_DEADLINE && took < LONG_DEADLINE / 2);
}

static void test_a_bus_that_takes_connections_and_says_nothing_is_an_error_in_time(void **state)
{
    assert_times_out(true, "/bus");
}

static void test_without_a_bus_the_manager_is_asked_itself_also_in_time(void **state)
{
    assert_times_out(false, "/systemd/private");
}

static void test_a_bus_that_nobody_serves_is_named_with_what_to_do(void **state)
{
    _cleanup_(cleanup_runtime) struct runtime runtime = {0};

    runtime_setup(&runtime, true);
    runtime.broker = close_fd(runtime.broker);
    runtime.manager = close_fd(runtime.manager);
    ask_in_vain(LONG_DEADLINE, -ECONNREFUSED, "/systemd/private", "enable-linger");
}

/* Runs a server that gives each caller the words, or hangs up when there are none; asks; ends it. */
static void assert_rude_bus_is_an_error(const char *words)
{
    _cleanup_(cleanup_runtime) struct runtime runtime = {0};

    runtime_setup(&runtime, true);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        for ((void)prctl(PR_SET_PDEATHSIG, SIGKILL);;) {
            int fd = accept(runtime.broker, NULL, NULL);
            if (write(fd, words, strlen(words)) <= 0)
                (void)close(fd);
        }
    /* Which end notices first decides the errno. */
    usec_t took = ask_in_vain(LONG_DEADLINE, 0, "/bus", "cannot be reached");
    assert_true(took < LONG_DEADLINE / 2);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_a_bus_that_hangs_up_is_an_error_at_once(void **state)
{
    assert_rude_bus_is_an_error("");
}

static void test_something_that_is_no_bus_is_an_error_at_once(void **state)
{
    assert_rude_bus_is_an_error("HTTP/1.1 400 Bad Request\r\nServer: x\r\nConnection: close\r\n\r\n");
}

#else

static void test_a_berth_without_systemd_says_so(void **state)
{
    _cleanup_(cleanup_runtime) struct runtime runtime = {0};

    runtime_setup(&runtime, true);
    ask_in_vain(LONG_DEADLINE, -EOPNOTSUPP, "built without systemd", "--cgroup-manager=cgroupfs");
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#if HAVE_SYSTEMD
        cmocka_unit_test_setup(test_a_bus_that_takes_connections_and_says_nothing_is_an_error_in_time, setup),
        cmocka_unit_test_setup(test_without_a_bus_the_manager_is_asked_itself_also_in_time, setup),
        cmocka_unit_test_setup(test_a_bus_that_nobody_serves_is_named_with_what_to_do, setup),
        cmocka_unit_test_setup(test_a_bus_that_hangs_up_is_an_error_at_once, setup),
        cmocka_unit_test_setup(test_something_that_is_no_bus_is_an_error_at_once, setup),
#else
        cmocka_unit_test_setup(test_a_berth_without_systemd_says_so, setup),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
