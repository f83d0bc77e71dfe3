/* Scopes of a real systemd, as root: for the machine of the VM tier. On a host that systemd did not boot
 * everything here is skipped, with the reason. Each test is a process of its own, because a scope takes its
 * process along. An argument selects the tests, as a pattern with * and ?. */
#include <errno.h>
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
#define DEADLINE        (30 * USEC_PER_SEC)
#define UNIT            "berth-test.scope"

static const struct limits no_limits = {
    .memory_max = UINT64_MAX,
    .memory_high = UINT64_MAX,
    .swap_max = UINT64_MAX,
    .tasks_max = UINT64_MAX,
    .cpu_quota_per_sec = USEC_INFINITY,
};

static struct scope_settings settings = {
    .name = UNIT,
    .description = "berth's own test",
    .limits = &no_limits,
    .stop_timeout = 5 * USEC_PER_SEC,
    .manager = CGROUP_MANAGER_SYSTEMD,
};

static usec_t soon(void)
{
    return usec_add(now_monotonic(), DEADLINE);
}

/* In the child: a check that fails says where and ends it. */
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            (void)fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, failure.text);          \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

static void in_child(void (*body)(void))
{
    if (access("/run/systemd/system", F_OK) < 0) {
        print_message("skipped: systemd did not boot this host\n");
        skip();
    }
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the next test */
        body();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int start(struct scope **scope, struct failure *failure)
{
    int r = scope_request(&settings, soon(), scope, failure);
    return r < 0 ? r : scope_wait(*scope, soon(), failure);
}

static void check_attribute(const struct scope *scope, const char *attribute, const char *expected)
{
    struct failure failure = {0};
    _cleanup_free_ char *text = NULL;
    CHECK(cgroup_read(scope_fd(scope), attribute, &text) >= 0);
    (void)snprintf(failure.text, sizeof(failure.text), "%s is \"%s\"", attribute, text);
    CHECK(streq(text, expected));
}

static void limits_body(void)
{
    struct failure failure = {0};
    struct scope *scope = NULL;
    char cpuset[] = "0";
    struct limits limits = {
        .memory_max = 256 << 20,
        .memory_high = (200 << 20) + 1,
        .swap_max = 0,
        .tasks_max = 99,
        .cpu_quota_per_sec = 750 * USEC_PER_MSEC,
        .cpu_weight = 150,
        .io_weight = 300,
        .cpuset = cpuset,
    };
    settings.limits = &limits;
    settings.properties = PROPERTIES("MemoryLow=10M", "OOMPolicy=continue", "Documentation=man:a(1) man:b(1)",
                                     "DeviceAllow=/dev/null rw", "RuntimeMaxSec=1h");
    CHECK(start(&scope, &failure) >= 0);
    check_attribute(scope, "memory.max", "268435456");
    check_attribute(scope, "memory.high", "209715200");
    check_attribute(scope, "memory.swap.max", "0");
    check_attribute(scope, "memory.low", "10485760");
    check_attribute(scope, "pids.max", "99");
    check_attribute(scope, "cpu.max", "75000 100000");
    check_attribute(scope, "cpu.weight", "150");
    check_attribute(scope, "cpuset.cpus", "0");
    check_attribute(scope, "cgroup.procs", "");
    CHECK(cgroup_has_controller(scope_payload_fd(scope), "memory"));
    CHECK(cgroup_has_controller(scope_payload_fd(scope), "pids"));
    CHECK(streq(scope_cgroup(scope), "/machine.slice/" UNIT));
    scope_destroy(scope, soon());
}

static void test_limits_arrive_in_the_files_and_the_payload_is_delegated(void **state)
{
    in_child(limits_body);
}

static void refused_body(void)
{
    struct failure failure = {0};
    struct scope *scope = NULL;
    _cleanup_free_ char *before = NULL, *after = NULL;

    CHECK(cgroup_of_pid(0, &before) >= 0);
    settings.properties = PROPERTIES("AllowedCPUs=0-4000");
    CHECK(start(&scope, &failure) < 0);
    CHECK(strstr(failure.text, "AllowedCPUs") && strstr(failure.text, "0-4000"));
    CHECK(cgroup_of_pid(0, &after) >= 0 && streq(before, after));
    scope_destroy(scope, soon());
}

static void test_a_limit_that_systemd_ignores_is_an_error_that_names_it(void **state)
{
    in_child(refused_body);
}

static void words_body(void)
{
    struct failure failure = {0};
    struct scope *scope = NULL;

    settings.properties = PROPERTIES("OOMPolicy=perhaps");
    CHECK(start(&scope, &failure) < 0);
    CHECK(strstr(failure.text, "systemd refused"));
}

static void test_a_refusal_comes_in_systemd_s_own_words(void **state)
{
    in_child(words_body);
}

/* A container that lives until the descriptor is closed. Returns its pid. */
static pid_t container(int *ret_hold)
{
    int ready[2], hold[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(hold), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct failure failure = {0};
        struct scope *scope = NULL;
        char c;
        close(ready[0]);
        close(hold[1]);
        CHECK(start(&scope, &failure) >= 0);
        CHECK(write(ready[1], "x", 1) == 1);
        (void)!read(hold[0], &c, 1);
        scope_destroy(scope, soon());
        _exit(0);
    }
    char c;
    close(ready[1]);
    close(hold[0]);
    if (read(ready[0], &c, 1) != 1)
        _exit(1);
    close(ready[0]);
    *ret_hold = hold[1];
    return pid;
}

static void running_body(void)
{
    struct failure failure = {0};
    struct scope *scope = NULL;
    int hold;
    pid_t pid = container(&hold);

    CHECK(start(&scope, &failure) == -EBUSY);
    CHECK(strstr(failure.text, "running"));
    close(hold);
    waitpid(pid, NULL, 0);
}

static void test_a_name_that_is_running_is_a_clear_error(void **state)
{
    in_child(running_body);
}

static void again_body(void)
{
    for (int i = 0; i < 10; i++) {
        int hold;
        pid_t pid = container(&hold);
        if (i % 2)
            kill(pid, SIGKILL);
        close(hold);
        waitpid(pid, NULL, 0);
    }
}

static void test_the_same_name_starts_again_at_once_after_any_death(void **state)
{
    in_child(again_body);
}

static void leftover_body(void)
{
    struct failure failure = {0};
    struct scope *scope = NULL;
    int hold;

    settings.properties = PROPERTIES("CollectMode=inactive");
    settings.stop_timeout = 100 * USEC_PER_MSEC;
    pid_t pid = container(&hold);
    CHECK(system("systemctl --no-block stop " UNIT) == 0);
    waitpid(pid, NULL, 0); /* it does not listen, and is killed when its time to stop is over */
    close(hold);
    settings.properties = NULL;
    settings.stop_timeout = 5 * USEC_PER_SEC;
    CHECK(start(&scope, &failure) >= 0);
    scope_destroy(scope, soon());
}

static void test_a_failed_leftover_of_the_name_is_reset_and_used(void **state)
{
    in_child(leftover_body);
}

static void stop_body(void)
{
    struct failure failure = {0};
    struct scope *scope = NULL;
    int stopped = 0;

    CHECK(start(&scope, &failure) >= 0);
    CHECK(system("systemctl --no-block stop " UNIT) == 0);
    usec_t deadline = soon();
    while (!stopped && scope_watch_fd(scope) >= 0) {
        stopped = scope_process(scope);
        CHECK(stopped || wait_for_fd(scope_watch_fd(scope), 1, deadline) >= 0);
    }
    CHECK(stopped == 1);
    scope_destroy(scope, soon());
}

static void test_systemctl_stop_asks_the_monitor(void **state)
{
    in_child(stop_body);
}

static void machine_body(void)
{
    static const uint8_t uuid[16] = {1};
    struct failure failure = {0};
    struct scope *scope = NULL;

    CHECK(start(&scope, &failure) >= 0);
    pid_t leader = fork();
    if (leader == 0) {
        cgroup_attach(scope_payload_fd(scope), 0);
        scope_free(scope);
        pause();
        _exit(0);
    }
    int r = scope_register_machine(scope, "berthtest", leader, "/", uuid, soon(), &failure);
    if (r != -EOPNOTSUPP) {
        CHECK(r >= 0);
        CHECK(system("machinectl --no-pager list | grep -q berthtest") == 0);
    } else
        CHECK(failure.text[0]);
    CHECK(scope_register_machine(scope, "berthtest", leader, "/", uuid, soon(), NULL) == -EALREADY);
    scope_destroy(scope, soon());
    CHECK(waitpid(leader, NULL, 0) == leader);
}

static void test_machined_lists_it_and_is_asked_once(void **state)
{
    in_child(machine_body);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_arrive_in_the_files_and_the_payload_is_delegated),
        cmocka_unit_test(test_a_limit_that_systemd_ignores_is_an_error_that_names_it),
        cmocka_unit_test(test_a_refusal_comes_in_systemd_s_own_words),
        cmocka_unit_test(test_a_name_that_is_running_is_a_clear_error),
        cmocka_unit_test(test_the_same_name_starts_again_at_once_after_any_death),
        cmocka_unit_test(test_a_failed_leftover_of_the_name_is_reset_and_used),
        cmocka_unit_test(test_systemctl_stop_asks_the_monitor),
        cmocka_unit_test(test_machined_lists_it_and_is_asked_once),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
