/* Files, directories, trees and sockets, in a directory of the test's own. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

static int directory = -EBADF;
static char directory_path[] = "/tmp/test-fd-XXXXXX";

static int make_directory(void **state)
{
    if (!mkdtemp(directory_path))
        return -1;
    directory = open(directory_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -1 : 0;
}

static int delete_directory(void **state)
{
    directory = close_fd(directory);
    return remove_tree_at(AT_FDCWD, directory_path);
}

static bool exists(const char *path)
{
    return faccessat(directory, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(fstatat(directory, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st.st_mode & 07777;
}

static void a_file_is_replaced_as_a_whole(void **state)
{
    _cleanup_free_ char *text = NULL;
    size_t size;

    assert_int_equal(replace_file_at(directory, "state", "old", 0600), 0);
    mode_t umask_before = umask(077);
    assert_int_equal(replace_file_at(directory, "state", "new one", 0644), 0);
    umask(umask_before);
    assert_int_equal(read_file_at(directory, "state", 100, &text, &size), 0);
    assert_string_equal(text, "new one");
    assert_int_equal(size, 7);
    assert_int_equal(mode_of("state"), 0644);
}

static void what_a_crash_left_does_not_stop_the_next_write(void **state)
{
    _cleanup_free_ char *left = xasprintf("state.%d.new", (int)getpid());
    _cleanup_free_ char *text = NULL;

    assert_int_equal(symlinkat("/nonexistent/target", directory, left), 0);
    assert_int_equal(replace_file_at(directory, "state", "fresh", 0600), 0);
    assert_int_equal(read_file_at(directory, "state", 100, &text, NULL), 0);
    assert_string_equal(text, "fresh");
    assert_false(exists(left));
}

static void a_failed_replacement_leaves_nothing(void **state)
{
    _cleanup_free_ char *temporary = xasprintf("dir.%d.new", (int)getpid());

    assert_int_equal(make_dirs_at(directory, "dir", 0755), 0);
    assert_int_equal(replace_file_at(directory, "dir", "x", 0600), -EISDIR);
    assert_false(exists(temporary));
}

static void a_file_is_read_up_to_its_limit(void **state)
{
    static char large[20001];
    memset(large, 'x', sizeof(large) - 1);

    assert_int_equal(replace_file_at(directory, "large", large, 0600), 0);
    for (size_t max = 19999; max <= 20001; max++) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        int r = read_file_at(directory, "large", max, &text, &size);
        assert_int_equal(r, max < 20000 ? -EFBIG : 0);
        if (r == 0)
            assert_string_equal(text, large);
        assert_int_equal(size, r == 0 ? 20000 : 0);
    }
}

static void odd_files_are_read_without_waiting(void **state)
{
    _cleanup_free_ char *proc = NULL, *fifo = NULL, *none = NULL;
    size_t size = 1;

    assert_int_equal(read_file_at(AT_FDCWD, "/proc/self/status", 65536, &proc, NULL), 0);
    assert_non_null(strstr(proc, "Pid:"));
    assert_int_equal(mkfifoat(directory, "fifo", 0600), 0);
    assert_int_equal(read_file_at(directory, "fifo", 10, &fifo, &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(read_file_at(directory, "none", 10, &none, NULL), -ENOENT);
    assert_int_equal(read_file_at(directory, ".", 10, &none, NULL), -EISDIR);
    assert_null(none);
}

static void only_an_existing_file_is_overwritten(void **state)
{
    _cleanup_free_ char *text = NULL;

    assert_int_equal(write_file_at(directory, "absent", "x"), -ENOENT);
    assert_false(exists("absent"));
    assert_int_equal(replace_file_at(directory, "knob", "a longer text", 0600), 0);
    assert_int_equal(write_file_at(directory, "knob", "short"), 0);
    assert_int_equal(read_file_at(directory, "knob", 100, &text, NULL), 0);
    assert_string_equal(text, "short");
}

static void directories_are_made_where_they_are_missing(void **state)
{
    assert_int_equal(make_dirs_at(directory, "a/b//c/", 0700), 0);
    assert_int_equal(mode_of("a/b/c"), 0700);
    assert_int_equal(make_dirs_at(directory, "a/b", 0755), 0);
    assert_int_equal(mode_of("a/b"), 0700);
    assert_int_equal(symlinkat("a", directory, "link"), 0);
    assert_int_equal(make_dirs_at(directory, "link/d", 0755), 0);
    assert_true(exists("a/d"));
    assert_int_equal(make_dirs_at(AT_FDCWD, "/", 0755), 0);
    assert_int_equal(replace_file_at(directory, "file", "", 0600), 0);
    assert_int_equal(make_dirs_at(directory, "file", 0755), -ENOTDIR);
    assert_int_equal(make_dirs_at(directory, "file/x", 0755), -ENOTDIR);
}

static void a_tree_goes_and_what_its_links_point_to_stays(void **state)
{
    assert_int_equal(make_dirs_at(directory, "keep/inner", 0755), 0);
    assert_int_equal(make_dirs_at(directory, "tree/a/b", 0755), 0);
    assert_int_equal(symlinkat("../keep", directory, "tree/link"), 0);
    assert_int_equal(symlinkat("keep", directory, "toplink"), 0);
    assert_int_equal(mkfifoat(directory, "tree/a/fifo", 0), 0);
    assert_int_equal(fchmodat(directory, "tree/a/b", 0, 0), 0);
    assert_int_equal(remove_tree_at(directory, "tree"), 0);
    assert_int_equal(remove_tree_at(directory, "toplink"), 0);
    assert_false(exists("tree"));
    assert_false(exists("toplink"));
    assert_true(exists("keep/inner"));
    assert_int_equal(remove_tree_at(directory, "tree"), 0);
}

/* Deeper than any path can be long, and than descriptors are there. */
static void a_tree_of_any_depth_goes(void **state)
{
    _cleanup_close_ int at = dup(directory);

    for (int i = 0; i < 1500; i++) {
        assert_int_equal(mkdirat(at, "directory", 0755), 0);
        int below = openat(at, "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(below >= 0);
        close_fd(at);
        at = below;
    }
    /* A name that moved directories get. */
    assert_int_equal(mkdirat(directory, "directory/.moved-0", 0755), 0);
    assert_int_equal(mkdirat(directory, "directory/.moved-0/x", 0755), 0);
    assert_int_equal(remove_tree_at(directory, "directory"), 0);
    assert_false(exists("directory"));
}

static void a_mount_inside_of_a_tree_is_not_entered(void **state)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        print_message("needs the right to mount\n");
        skip();
    }
    _cleanup_free_ char *source = xasprintf("%s/precious", directory_path);
    _cleanup_free_ char *target = xasprintf("%s/tree/mount", directory_path);
    assert_int_equal(make_dirs_at(directory, "precious/data", 0755), 0);
    assert_int_equal(make_dirs_at(directory, "tree/mount", 0755), 0);
    assert_int_equal(make_dirs_at(directory, "tree/other", 0755), 0);
    assert_int_equal(mount(source, target, NULL, MS_BIND, NULL), 0);
    /* Our own descriptor still leads to the mounts of before. */
    _cleanup_free_ char *tree = xasprintf("%s/tree", directory_path);
    assert_int_equal(remove_tree_at(AT_FDCWD, tree), -EXDEV);
    assert_true(exists("precious/data"));
    assert_false(exists("tree/other"));
    assert_int_equal(umount(target), 0);
    assert_int_equal(remove_tree_at(directory, "tree"), 0);
}

static void descriptors_arrive_close_on_exec(void **state)
{
    _cleanup_close_pair_ int pair[2] = EBADF_PAIR;
    char data[16];
    int fds[2] = EBADF_PAIR;
    size_t n = 2;

    assert_int_equal(packet_pair(pair), 0);
    assert_int_equal(send_with_fds(pair[0], "hello", 5, (int[]){0, directory}, 2), 0);
    assert_int_equal(receive_with_fds(pair[1], data, sizeof(data), fds, &n), 5);
    assert_memory_equal(data, "hello", 5);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
        close_fd(fds[i]);
    }
    assert_int_equal(send_with_fds(pair[0], "x", 1, NULL, 0), 0);
    assert_int_equal(receive_with_fds(pair[1], data, sizeof(data), NULL, &n), 1);
    assert_int_equal(n, 0);
    pair[0] = close_fd(pair[0]);
    assert_int_equal(receive_with_fds(pair[1], data, sizeof(data), NULL, &n), 0);
    assert_int_equal(send_with_fds(pair[1], "x", 1, NULL, 0), -EPIPE);
}

static int lowest_free_fd(void)
{
    int fd = dup(0);
    close_fd(fd);
    return fd;
}

static void no_packet_leaves_descriptors_behind(void **state)
{
    _cleanup_close_pair_ int pair[2] = EBADF_PAIR;
    char data[4];
    int fds[1];
    size_t n = 1;

    assert_int_equal(packet_pair(pair), 0);
    int lowest = lowest_free_fd();
    /* too many, too long, both in one, and on a packet that looks like the end */
    assert_int_equal(send_with_fds(pair[0], "x", 1, (int[]){0, 0, 0}, 3), 0);
    assert_int_equal(receive_with_fds(pair[1], data, sizeof(data), fds, &n), -EMSGSIZE);
    assert_int_equal(send_with_fds(pair[0], "too long", 8, (int[]){0}, 1), 0);
    assert_int_equal(receive_with_fds(pair[1], data, sizeof(data), fds, (n = 1, &n)), -EMSGSIZE);
    assert_int_equal(send_with_fds(pair[0], "too long", 8, (int[]){0, 0}, 2), 0);
    assert_int_equal(receive_with_fds(pair[1], data, sizeof(data), NULL, (n = 0, &n)), -EMSGSIZE);
    assert_int_equal(send_with_fds(pair[0], "", 0, (int[]){0}, 1), 0);
    assert_int_equal(receive_with_fds(pair[1], data, sizeof(data), fds, (n = 1, &n)), 0);
    assert_int_equal(n, 0);
    assert_int_equal(lowest_free_fd(), lowest);
}

static void a_socket_is_reached_at_a_path_of_any_length(void **state)
{
    char deep[300];
    _cleanup_free_ char *absolute = NULL;

    memset(deep, 'd', sizeof(deep));
    deep[100] = deep[200] = '/';
    memcpy(deep + 290, "/control", 9);
    deep[299] = 0;
    *strrchr(deep, '/') = 0;
    assert_int_equal(make_dirs_at(directory, deep, 0755), 0);
    deep[290] = '/';
    absolute = xasprintf("%s/%s", directory_path, deep);
    _cleanup_close_ int server = listen_at(directory, deep, 0600);
    assert_true(server >= 0);
    assert_int_equal(mode_of(deep), 0600);
    _cleanup_close_ int client = connect_at(AT_FDCWD, absolute);
    assert_true(client >= 0);
    assert_int_equal(wait_for_fd(server, POLLIN, now_monotonic() + 5 * USEC_PER_SEC), 0);
    _cleanup_close_ int accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    assert_true(accepted >= 0);
    assert_int_equal(accept4(server, NULL, NULL, SOCK_CLOEXEC), -1);
    assert_int_equal(errno, EAGAIN);
}

static void a_dead_socket_is_replaced_and_a_live_one_is_not(void **state)
{
    assert_int_equal(connect_at(directory, "s"), -ENOENT);
    mode_t umask_before = umask(077);
    _cleanup_close_ int first = listen_at(directory, "s", 0666);
    umask(umask_before);
    assert_true(first >= 0);
    assert_int_equal(mode_of("s"), 0666);
    assert_int_equal(listen_at(directory, "s", 0600), -EADDRINUSE);
    first = close_fd(first);
    assert_int_equal(connect_at(directory, "s"), -ECONNREFUSED);
    _cleanup_close_ int second = listen_at(directory, "s", 0600);
    assert_true(second >= 0);
    _cleanup_close_ int client = connect_at(directory, "s");
    assert_true(client >= 0);
}

static void a_file_in_the_place_of_a_socket_stays(void **state)
{
    assert_int_equal(replace_file_at(directory, "s-file", "mine", 0600), 0);
    assert_int_equal(listen_at(directory, "s-file", 0600), -EADDRINUSE);
    assert_true(exists("s-file"));
    assert_int_equal(listen_at(directory, "no/such/dir/s", 0600), -ENOENT);
    assert_int_equal(listen_at(directory, "dir/", 0600), -EINVAL);
}

/* Who listens at a name hears what is sent to what it means. */
static void expect_heard(int listener, const char *name)
{
    struct sockaddr_un address;
    char text[8] = "";
    int size = notify_address(name, &address);

    assert_true(size > 0);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address, (socklen_t)size), 7);
    assert_int_equal(recv(listener, text, sizeof(text), MSG_DONTWAIT), 7);
    assert_string_equal(text, "READY=1");
}

static void a_notify_socket_is_reached_by_its_path(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", directory_path);
    _cleanup_close_ int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    expect_heard(listener, address.sun_path);
}

static void a_notify_socket_is_reached_by_its_abstract_name(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(address);
    char name[sizeof(address.sun_path)] = "@";

    /* The kernel chooses a free one, without a NUL at its end. */
    _cleanup_close_ int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    memcpy(name + 1, address.sun_path + 1, size - offsetof(struct sockaddr_un, sun_path) - 1);
    expect_heard(listener, name);
}

static void what_is_no_notify_socket_is_refused(void **state)
{
    struct sockaddr_un address;
    char name[sizeof(address.sun_path) + 1];
    static const char *const wrong[] = {"", "/", "@", "run/notify", "vsock:2:1234"};

    FOREACH_ARRAY (text, wrong, ELEMENTSOF(wrong))
        assert_int_equal(notify_address(*text, &address), -EINVAL);
    memset(name, '/', sizeof(name));
    name[sizeof(name) - 1] = 0;
    assert_int_equal(notify_address(name, &address), -EINVAL);
    name[sizeof(name) - 2] = 0;
    assert_int_equal(notify_address(name, &address), sizeof(address) - 1);
}

static void waiting_ends_at_the_deadline(void **state)
{
    _cleanup_close_pair_ int pair[2] = EBADF_PAIR;

    assert_int_equal(packet_pair(pair), 0);
    usec_t deadline = now_monotonic() + 5 * USEC_PER_MSEC;
    assert_int_equal(wait_for_fd(pair[0], POLLIN, deadline), -ETIMEDOUT);
    assert_true(now_monotonic() >= deadline);
    assert_int_equal(wait_for_fd(pair[0], POLLIN, 0), -ETIMEDOUT);
    assert_int_equal(wait_for_fd(pair[0], POLLOUT, 0), 0);
    assert_int_equal(wait_for_fd(-EBADF, POLLIN, USEC_INFINITY), -EBADF);
    pair[1] = close_fd(pair[1]);
    assert_int_equal(wait_for_fd(pair[0], POLLIN, USEC_INFINITY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_replaced_as_a_whole),
        cmocka_unit_test(what_a_crash_left_does_not_stop_the_next_write),
        cmocka_unit_test(a_failed_replacement_leaves_nothing),
        cmocka_unit_test(a_file_is_read_up_to_its_limit),
        cmocka_unit_test(odd_files_are_read_without_waiting),
        cmocka_unit_test(only_an_existing_file_is_overwritten),
        cmocka_unit_test(directories_are_made_where_they_are_missing),
        cmocka_unit_test(a_tree_goes_and_what_its_links_point_to_stays),
        cmocka_unit_test(a_tree_of_any_depth_goes),
        cmocka_unit_test(a_mount_inside_of_a_tree_is_not_entered),
        cmocka_unit_test(descriptors_arrive_close_on_exec),
        cmocka_unit_test(no_packet_leaves_descriptors_behind),
        cmocka_unit_test(a_socket_is_reached_at_a_path_of_any_length),
        cmocka_unit_test(a_dead_socket_is_replaced_and_a_live_one_is_not),
        cmocka_unit_test(a_file_in_the_place_of_a_socket_stays),
        cmocka_unit_test(a_notify_socket_is_reached_by_its_path),
        cmocka_unit_test(a_notify_socket_is_reached_by_its_abstract_name),
        cmocka_unit_test(what_is_no_notify_socket_is_refused),
        cmocka_unit_test(waiting_ends_at_the_deadline),
    };
    return cmocka_run_group_tests(tests, make_directory, delete_directory);
}
