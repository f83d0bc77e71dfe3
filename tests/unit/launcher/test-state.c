/* Names are claimed by one monitor at a time, and free again after any kind of end. Runs with an own runtime
 * directory, as an ordinary user's; as root the test takes another user's id. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "launcher/state.h"

#include <cmocka.h> /* last: its fail() would shadow ours */

#define SOMEBODY 65534

static char directory[] = "/tmp/berth-state-XXXXXX";

static int enter(void **state)
{
    if (!mkdtemp(directory) || chmod(directory, 0700) < 0)
        return -1;
    if (geteuid() == 0 && (chown(directory, SOMEBODY, SOMEBODY) < 0 || seteuid(SOMEBODY) < 0))
        return -1;
    return setenv("XDG_RUNTIME_DIR", directory, 1);
}

static int leave(void **state)
{
    if (getuid() == 0 && seteuid(0) < 0)
        return -1;
    return remove_tree_at(AT_FDCWD, directory);
}

static void a_name_is_claimed_once(void **unused)
{
    struct state first = STATE_INIT, second = STATE_INIT;
    struct failure failure = {};
    assert_int_equal(state_claim("web", USEC_INFINITY, &first, &failure), 0);
    assert_int_equal(state_claim("web", USEC_INFINITY, &second, &failure), -EBUSY);
    assert_non_null(strstr(failure.text, "web is running"));
    state_remove(&first);
    state_done(&first);
    assert_int_equal(state_claim("web", USEC_INFINITY, &second, NULL), 0);
    state_remove(&second);
    state_done(&second);
}

static int let_go_fd = -EBADF;

static void let_go(int number)
{
    let_go_fd = close_fd(let_go_fd);
}

static void looking_at_a_name_does_not_take_it(void **unused)
{
    static const struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    struct state state = STATE_INIT;
    char path[256];

    assert_int_equal(state_claim("seen", USEC_INFINITY, &state, NULL), 0);
    state_done(&state); /* without removing it, as a monitor that was killed */
    snprintf(path, sizeof(path), "%s/berth/seen/lock", directory);
    let_go_fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(let_go_fd, LOCK_SH), 0);
    assert_int_equal(state_claim("seen", now_monotonic(), &state, NULL), -EBUSY);
    (void)signal(SIGALRM, let_go);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(state_claim("seen", USEC_INFINITY, &state, NULL), 0);
    assert_int_equal(let_go_fd, -EBADF);
    state_remove(&state);
    state_done(&state);
}

static void a_name_is_free_when_its_monitor_was_killed(void **unused)
{
    _cleanup_close_pair_ int pair[2] = EBADF_PAIR;
    char byte;
    int status;
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        struct state state = STATE_INIT;
        if (state_claim("web", USEC_INFINITY, &state, NULL) == 0)
            (void)!write(pair[1], "x", 1);
        for (;;)
            pause();
    }
    pair[1] = close_fd(pair[1]);
    assert_int_equal(read(pair[0], &byte, 1), 1);

    struct state seen = STATE_INIT, mine = STATE_INIT;
    assert_int_equal(state_open("web", &seen), 0);
    assert_true(seen.running);
    state_done(&seen);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);

    assert_int_equal(state_open("web", &seen), 0);
    assert_false(seen.running);
    state_done(&seen);
    assert_int_equal(state_claim("web", USEC_INFINITY, &mine, NULL), 0);
    state_remove(&mine);
    state_done(&mine);
}

static void what_a_killed_monitor_had_half_written_goes_with_the_next_claim(void **unused)
{
    struct state state = STATE_INIT;
    assert_int_equal(state_claim("web", USEC_INFINITY, &state, NULL), 0);
    assert_int_equal(replace_file_at(state.dir_fd, "state.123.new", "Monitor=", 0600), 0);
    state_done(&state);
    assert_int_equal(state_claim("web", USEC_INFINITY, &state, NULL), 0);
    assert_int_equal(faccessat(state.dir_fd, "state.123.new", F_OK, 0), -1);
    state_remove(&state);
    state_done(&state);
    assert_int_equal(state_open("web", &state), -ENOENT);
}

static void what_is_written_is_read_back(void **unused)
{
    struct state state = STATE_INIT;
    _cleanup_state_record_ struct state_record read = {};
    assert_int_equal(state_claim("x", USEC_INFINITY, &state, NULL), 0);
    struct state_record record = {.monitor = 7,
                                  .leader = 8,
                                  .started = 9,
                                  .boot = true,
                                  .root = (char *)"/a b\n=c",
                                  .status = (char *)"3 of 3 services up"};
    assert_int_equal(state_write(&state, &record), 0);
    assert_int_equal(state_read(&state, &read), 0);
    assert_int_equal(read.monitor, 7);
    assert_int_equal(read.leader, 8);
    assert_int_equal(read.started, 9);
    assert_true(read.boot);
    assert_string_equal(read.root, "/a b\n=c");
    assert_string_equal(read.status, "3 of 3 services up");
    assert_null(read.command);
    state_remove(&state);
    state_done(&state);
}

static void a_damaged_record_is_an_error(void **unused)
{
    struct state state = STATE_INIT;
    struct state_record read = {};
    static const char *const damaged[] = {"", "Monitor", "Monitor=x\nLeader=1\n",
                                          "Monitor=1\nLeader=99999999999\n"};
    assert_int_equal(state_claim("x", USEC_INFINITY, &state, NULL), 0);
    for (size_t i = 0; i < ELEMENTSOF(damaged); i++) {
        assert_int_equal(replace_file_at(state.dir_fd, "state", damaged[i], 0600), 0);
        assert_int_equal(state_read(&state, &read), -EBADMSG);
    }
    state_remove(&state);
    state_done(&state);
}

static void names_are_listed_in_order_and_vanish_when_removed(void **unused)
{
    struct state states[2] = {STATE_INIT, STATE_INIT};
    _cleanup_strv_ char **names = NULL, **none = NULL;
    assert_int_equal(state_claim("b", USEC_INFINITY, &states[0], NULL), 0);
    assert_int_equal(state_claim("a", USEC_INFINITY, &states[1], NULL), 0);
    assert_int_equal(state_list(&names), 0);
    assert_int_equal(strv_length(names), 2);
    assert_string_equal(names[0], "a");
    for (size_t i = 0; i < 2; i++) {
        state_remove(&states[i]);
        state_done(&states[i]);
    }
    assert_int_equal(state_list(&none), 0);
    assert_int_equal(strv_length(none), 0);
}

static void a_directory_that_others_may_write_is_not_trusted(void **unused)
{
    struct state state = STATE_INIT;
    _cleanup_free_ char *path = xasprintf("%s/berth", directory);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(state_claim("x", USEC_INFINITY, &state, NULL), -EPERM);
    assert_int_equal(chmod(path, 0700), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_claimed_once),
        cmocka_unit_test(looking_at_a_name_does_not_take_it),
        cmocka_unit_test(a_name_is_free_when_its_monitor_was_killed),
        cmocka_unit_test(what_a_killed_monitor_had_half_written_goes_with_the_next_claim),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_damaged_record_is_an_error),
        cmocka_unit_test(names_are_listed_in_order_and_vanish_when_removed),
        cmocka_unit_test(a_directory_that_others_may_write_is_not_trusted),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
