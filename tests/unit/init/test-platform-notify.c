/* sd_notify(3) as PID 1 hears it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/fd.h"
#include "init/job/job-notify.h"
#include "init/platform/notify.h"

struct world {
    struct loop *loop;
    struct notify_socket *notify;
    char directory[32];
    unsigned n;
    pid_t pid;
    char text[NOTIFY_MESSAGE_MAX + 1];
    bool keeps;
    int kept;
};

static void take(void *userdata, pid_t pid, const char *text, int *fds, size_t n_fds)
{
    struct world *world = userdata;

    world->n++;
    world->pid = pid;
    strcpy(world->text, text);
    if (world->keeps && n_fds > 0)
        world->kept = TAKE_FD(fds[0]);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    strcpy(world->directory, "/tmp/test-notify-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    assert_int_equal(loop_new(&world->loop), 0);
    assert_int_equal(notify_socket_new(world->loop, world->directory, take, world, &world->notify), 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    notify_socket_free(world->notify);
    loop_free(world->loop);
    assert_int_equal(rmdir(world->directory), 0); /* the socket is gone with its owner */
    free(world);
    return 0;
}

static void say(const struct world *world, const char *text)
{
    assert_int_equal(setenv("NOTIFY_SOCKET", notify_socket_address(world->notify), 1), 0);
    assert_int_equal(job_notify(-1, text), 0);
}

static void a_message_comes_with_its_real_sender(void **state)
{
    struct world *world = *state;

    say(world, "READY=1\nSTATUS=fine");
    notify_socket_drain(world->notify);
    assert_int_equal(world->n, 1);
    assert_int_equal(world->pid, getpid());
    assert_string_equal(world->text, "READY=1\nSTATUS=fine");
}

static void every_user_may_speak(void **state)
{
    struct world *world = *state;
    struct stat st;

    assert_int_equal(stat(notify_socket_address(world->notify), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666);
}

static void a_message_with_hidden_bytes_or_too_long_is_dropped(void **state)
{
    struct world *world = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char big[NOTIFY_MESSAGE_MAX + 2];

    memset(big, 'x', sizeof(big));
    strcpy(address.sun_path, notify_socket_address(world->notify));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
    assert_int_equal(send(fd, "READY=1\0X", 9, 0), 9);
    assert_int_equal(send(fd, "", 0, 0), 0);
    assert_int_equal(send(fd, "READY=1", 7, 0), 7);
    notify_socket_drain(world->notify);
    assert_int_equal(world->n, 1);
    assert_string_equal(world->text, "READY=1");
}

/* sd_notify_barrier(3): the writer waits until the other end of its pipe is closed. */
static void a_barrier_is_answered_by_closing_its_descriptor(void **state)
{
    struct world *world = *state;
    _cleanup_close_pair_ int barrier[2] = EBADF_PAIR;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, notify_socket_address(world->notify));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(pipe2(barrier, O_CLOEXEC), 0);
    assert_int_equal(send_with_fds(fd, "BARRIER=1", 9, &barrier[1], 1), 0);
    barrier[1] = close_fd(barrier[1]);
    struct pollfd ready = {.fd = barrier[0]};
    assert_int_equal(poll(&ready, 1, 0), 0);
    notify_socket_drain(world->notify);
    assert_int_equal(poll(&ready, 1, 0), 1);
    assert_int_equal(ready.revents, POLLHUP);
}

static void a_descriptor_that_is_taken_stays_open(void **state)
{
    struct world *world = *state;
    _cleanup_close_pair_ int ends[2] = EBADF_PAIR;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    world->keeps = true;
    strcpy(address.sun_path, notify_socket_address(world->notify));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(send_with_fds(fd, "FDSTORE=1", 9, &ends[1], 1), 0);
    ends[1] = close_fd(ends[1]);
    notify_socket_drain(world->notify);
    assert_int_equal(write(world->kept, "x", 1), 1);
    close_fd(world->kept);
}

static void without_a_directory_the_address_is_abstract_and_works(void **state)
{
    struct world *world = *state;

    notify_socket_free(world->notify);
    assert_int_equal(notify_socket_new(world->loop, "/proc/no/such", take, world, &world->notify), 0);
    assert_int_equal(notify_socket_address(world->notify)[0], '@');
    say(world, "READY=1");
    notify_socket_drain(world->notify);
    assert_int_equal(world->n, 1);
}

static void the_socket_of_a_former_boot_is_replaced(void **state)
{
    struct world *world = *state;
    struct notify_socket *second;

    assert_int_equal(notify_socket_new(world->loop, world->directory, take, world, &second), 0);
    assert_int_equal(notify_socket_address(second)[0], '/');
    say(world, "READY=1");
    notify_socket_drain(second);
    assert_int_equal(world->n, 1);
    notify_socket_free(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_comes_with_its_real_sender),
        TEST(every_user_may_speak),
        TEST(a_message_with_hidden_bytes_or_too_long_is_dropped),
        TEST(a_barrier_is_answered_by_closing_its_descriptor),
        TEST(a_descriptor_that_is_taken_stays_open),
        TEST(without_a_directory_the_address_is_abstract_and_works),
        TEST(the_socket_of_a_former_boot_is_replaced),
    };
    return cmocka_run_group_tests_name("platform-notify", tests, NULL, NULL);
}
