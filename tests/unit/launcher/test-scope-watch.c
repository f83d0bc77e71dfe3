/* A unit watched on a manager's own socket, which here is ours: it answers, changes its mind, hangs up, is
 * away. Manager and watch take turns in one process, so nothing depends on who is faster. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* launcher/failure.h has its own */
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"
#include "launcher/scope-watch.h"

#define UNIT_PATH MANAGER_PATH "/unit/berth_2dtest_2escope"
#define DEADLINE  (10 * USEC_PER_SEC)
#define PAUSES    (600 * USEC_PER_MSEC) /* at least, between four attempts */

static struct manager {
    char directory[32];
    int listener;
    sd_bus *bus;
    const char *state;
    unsigned connections, questions;
    unsigned rudeness; /* so many connections are closed at once */
} manager;

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    manager.questions++;
    return sd_bus_message_append(reply, "s", manager.state);
}

static const sd_bus_vtable unit_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("ActiveState", "s", get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_VTABLE_END,
};

static void manager_appear(const char *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/systemd/private", manager.directory);
    (void)unlink(address.sun_path);
    manager.state = state;
    manager.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(manager.listener >= 0);
    assert_int_equal(bind(manager.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(manager.listener, 8), 0);
}

static void manager_hang_up(void)
{
    manager.bus = sd_bus_close_unref(manager.bus);
}

static void manager_accept(void)
{
    sd_id128_t id;
    _cleanup_close_ int fd = accept4(manager.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(fd >= 0);
    manager.connections++;
    if (manager.rudeness > 0) {
        manager.rudeness--;
        return;
    }
    manager_hang_up();
    assert_true(sd_id128_randomize(&id) >= 0);
    assert_true(sd_bus_new(&manager.bus) >= 0);
    assert_true(sd_bus_set_fd(manager.bus, fd, fd) >= 0);
    TAKE_FD(fd);
    assert_true(sd_bus_set_server(manager.bus, 1, id) >= 0);
    assert_true(sd_bus_start(manager.bus) >= 0);
    assert_true(sd_bus_add_object_vtable(manager.bus, NULL, UNIT_PATH, UNIT_INTERFACE, unit_vtable, NULL) >=
                0);
}

static void manager_change(const char *state)
{
    manager.state = state;
    assert_true(sd_bus_emit_properties_changed(manager.bus, UNIT_PATH, UNIT_INTERFACE, "ActiveState", NULL) >=
                0);
}

/* Waits for either side, and lets both go on. True when the watch says that the unit is being stopped. */
static bool turn(struct unit_watch *watch, usec_t deadline)
{
    int bus = manager.bus ? sd_bus_get_fd(manager.bus) : -EBADF;
    struct pollfd fds[] = {
        {.fd = unit_watch_fd(watch), .events = POLLIN},
        {.fd = manager.listener, .events = POLLIN},
        {.fd = bus, .events = POLLIN},
    };
    usec_t now = now_monotonic();

    assert_true(now < deadline);
    assert_true(poll(fds, ELEMENTSOF(fds), (int)((deadline - now) / USEC_PER_MSEC) + 1) >= 0);
    if (fds[1].revents)
        manager_accept();
    int r = manager.bus ? 1 : 0;
    while (r > 0)
        r = sd_bus_process(manager.bus, NULL);
    if (r < 0)
        manager_hang_up();
    return unit_watch_process(watch);
}

static void wait_for_stop(struct unit_watch *watch)
{
    usec_t deadline = usec_add(now_monotonic(), DEADLINE);
    while (!turn(watch, deadline))
        ;
}

/* Until the watch has seen a unit that runs. */
static void wait_for_questions(struct unit_watch *watch, unsigned questions)
{
    usec_t deadline = usec_add(now_monotonic(), DEADLINE);
    while (manager.questions < questions)
        assert_false(turn(watch, deadline));
}

static void cleanup_watch(struct unit_watch **watch)
{
    unit_watch_free(*watch);
}

static struct unit_watch *new_watch(void)
{
    struct unit_watch *watch = NULL;
    assert_int_equal(unit_watch_new(true, UNIT_PATH, NULL, &watch), 0);
    return watch;
}

static int setup(void **state)
{
    _cleanup_free_ char *systemd = NULL;

    if (bus_load(NULL) < 0) {
        print_message("skipped: libsystemd is not installed\n");
        skip();
    }
    manager = (struct manager){.directory = "/tmp/berth-test-XXXXXX", .listener = -EBADF};
    assert_non_null(mkdtemp(manager.directory));
    systemd = xasprintf("%s/systemd", manager.directory);
    assert_int_equal(mkdir(systemd, 0700), 0);
    return setenv("XDG_RUNTIME_DIR", manager.directory, 1);
}

static int teardown(void **state)
{
    manager_hang_up();
    close_fd(manager.listener);
    (void)remove_tree_at(AT_FDCWD, manager.directory);
    return unsetenv("XDG_RUNTIME_DIR");
}

static void test_a_stop_is_noticed_when_it_comes(void **state)
{
    manager_appear("active");
    _cleanup_(cleanup_watch) struct unit_watch *watch = new_watch();
    wait_for_questions(watch, 1);
    manager_change("deactivating");
    wait_for_stop(watch);
}

static void test_other_changes_are_no_stop(void **state)
{
    manager_appear("active");
    _cleanup_(cleanup_watch) struct unit_watch *watch = new_watch();
    wait_for_questions(watch, 1);
    manager_change("reloading");
    wait_for_questions(watch, 2);
    manager_change("deactivating");
    wait_for_stop(watch);
}

static void test_a_stop_from_before_the_connection_is_noticed(void **state)
{
    manager_appear("deactivating");
    _cleanup_(cleanup_watch) struct unit_watch *watch = new_watch();
    wait_for_stop(watch);
}

static void test_a_manager_that_is_away_is_found_when_it_is_back(void **state)
{
    _cleanup_(cleanup_watch) struct unit_watch *watch = new_watch();
    assert_false(unit_watch_process(watch));
    manager_appear("deactivating");
    wait_for_stop(watch);
}

static void test_a_manager_that_executes_itself_anew_is_connected_to_again(void **state)
{
    manager_appear("active");
    _cleanup_(cleanup_watch) struct unit_watch *watch = new_watch();
    wait_for_questions(watch, 1);
    manager.listener = close_fd(manager.listener);
    manager_hang_up();
    manager_appear("deactivating");
    wait_for_stop(watch);
    assert_int_equal(manager.connections, 2);
}

static void test_a_manager_that_hangs_up_is_not_asked_without_a_pause(void **state)
{
    manager_appear("deactivating");
    manager.rudeness = 3;
    usec_t began = now_monotonic();
    _cleanup_(cleanup_watch) struct unit_watch *watch = new_watch();
    wait_for_stop(watch);
    assert_int_equal(manager.connections, 4);
    assert_true(now_monotonic() - began >= PAUSES);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_a_stop_is_noticed_when_it_comes),
        CASE(test_other_changes_are_no_stop),
        CASE(test_a_stop_from_before_the_connection_is_noticed),
        CASE(test_a_manager_that_is_away_is_found_when_it_is_back),
        CASE(test_a_manager_that_executes_itself_anew_is_connected_to_again),
        CASE(test_a_manager_that_hangs_up_is_not_asked_without_a_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
