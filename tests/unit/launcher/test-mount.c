/* Looking things up in a root that somebody hostile has prepared: nothing ever leads out of it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "launcher/mount.h"

#include <cmocka.h> /* last: its fail() would shadow ours */

struct world {
    char path[sizeof("/tmp/berth-mount-XXXXXX")];
    int fd;      /* of the directory that holds root and what must not change */
    int root_fd; /* "root" in it */
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    strcpy(world->path, "/tmp/berth-mount-XXXXXX");
    if (!mkdtemp(world->path))
        return -1;
    world->fd = open(world->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mkdirat(world->fd, "root", 0755) < 0 || mkdirat(world->fd, "outside", 0755) < 0)
        return -1;
    world->root_fd = openat(world->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = world;
    return world->root_fd < 0 ? -1 : 0;
}

static int remove_world(void **state)
{
    struct world *world = *state;
    close_fd(world->fd);
    close_fd(world->root_fd);
    int r = remove_tree_at(AT_FDCWD, world->path);
    free(world);
    return r;
}

static bool exists(int dirfd, const char *path)
{
    return faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

static void missing_mount_points_are_made_with_their_parents(void **state)
{
    struct world *world = *state;
    _cleanup_close_ int fd = root_open_or_make_dir(world->root_fd, "/a/b/c/");
    assert_true(fd >= 0);
    assert_true(exists(world->root_fd, "a/b/c"));
    _cleanup_close_ int again = root_open_or_make_dir(world->root_fd, "a/b/c");
    assert_true(again >= 0);
}

static void a_missing_file_is_made_empty(void **state)
{
    struct world *world = *state;
    struct stat st;
    _cleanup_close_ int fd = root_open_or_make_file(world->root_fd, "/etc/deep/hosts");
    assert_true(fd >= 0);
    assert_int_equal(fstatat(world->root_fd, "etc/deep/hosts", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void an_absolute_symlink_is_resolved_inside_of_the_root(void **state)
{
    struct world *world = *state;
    _cleanup_free_ char *outside = xasprintf("%s/outside", world->path);
    assert_int_equal(symlinkat(outside, world->root_fd, "dev"), 0);
    _cleanup_close_ int fd = root_open_or_make_dir(world->root_fd, "/dev/pts");
    assert_true(fd < 0);
    assert_false(exists(world->fd, "outside/pts"));
}

static void dots_end_at_the_root(void **state)
{
    struct world *world = *state;
    assert_int_equal(symlinkat("../../../../outside", world->root_fd, "proc"), 0);
    _cleanup_close_ int fd = root_open(world->root_fd, "proc", O_DIRECTORY);
    assert_int_equal(fd, -ENOENT);
    _cleanup_close_ int made = root_open_or_make_dir(world->root_fd, "../outside/x");
    assert_true(made >= 0);
    assert_false(exists(world->fd, "outside/x"));
    assert_true(exists(world->root_fd, "outside/x"));
}

static void a_magic_link_is_refused(void **state)
{
    struct world *world = *state;
    assert_int_equal(symlinkat("/proc/self/root", world->root_fd, "magic"), 0);
    _cleanup_close_ int real = open("/", O_PATH | O_CLOEXEC);
    _cleanup_close_ int fd = root_open(real, "/proc/self/root/etc", O_DIRECTORY);
    assert_int_equal(fd, -ELOOP);
}

static void a_mount_point_below_a_file_says_so(void **state)
{
    struct world *world = *state;
    assert_int_equal(mknodat(world->root_fd, "run", S_IFREG | 0644, 0), 0);
    _cleanup_close_ int fd = root_open_or_make_dir(world->root_fd, "/run/berth");
    assert_int_equal(fd, -ENOTDIR);
}

static void a_symlink_loop_is_an_error_and_no_endless_walk(void **state)
{
    struct world *world = *state;
    assert_int_equal(symlinkat("loop", world->root_fd, "loop"), 0);
    _cleanup_close_ int fd = root_open_or_make_dir(world->root_fd, "/loop/x");
    assert_int_equal(fd, -ELOOP);
}

int main(void)
{
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(missing_mount_points_are_made_with_their_parents),
        WORLD_TEST(a_missing_file_is_made_empty),
        WORLD_TEST(an_absolute_symlink_is_resolved_inside_of_the_root),
        WORLD_TEST(dots_end_at_the_root),
        WORLD_TEST(a_magic_link_is_refused),
        WORLD_TEST(a_mount_point_below_a_file_says_so),
        WORLD_TEST(a_symlink_loop_is_an_error_and_no_endless_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
