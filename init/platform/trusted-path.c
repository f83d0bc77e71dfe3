/* Walking a path one component at a time. */
#include "init/platform/trusted-path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"

#define LINKS_MAX 40 /* as the kernel */

struct walk {
    int root;
    int at; /* O_PATH, where the walk stands */
    bool make;
    bool made; /* `at` was, by us */
    unsigned n_links;
    char rest[PATH_MAX]; /* what is still to go */
};

static void stand_at(struct walk *walk, int fd, bool made)
{
    close_fd(walk->at);
    walk->at = fd;
    walk->made = made;
}

static int back_to_root(struct walk *walk)
{
    int fd = fcntl(walk->root, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (fd < 0)
        return -errno;
    stand_at(walk, fd, false);
    return 0;
}

/* The root is its own parent. */
static int go_up(struct walk *walk)
{
    struct stat here, root;

    if (fstat(walk->at, &here) < 0 || fstat(walk->root, &root) < 0)
        return -errno;
    if (here.st_dev == root.st_dev && here.st_ino == root.st_ino)
        return 0;
    int fd = openat(walk->at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    stand_at(walk, fd, false);
    return 0;
}

static bool only_we_can_write(const struct stat *st)
{
    return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int follow(struct walk *walk, int link)
{
    char target[PATH_MAX], rest[PATH_MAX];
    struct stat st;

    if (++walk->n_links > LINKS_MAX)
        return -ELOOP;
    if (fstat(walk->at, &st) < 0)
        return -errno;
    if (!only_we_can_write(&st))
        return -EPERM;
    ssize_t n = readlinkat(link, "", target, sizeof(target));
    if (n < 0)
        return -errno;
    int size = snprintf(rest, sizeof(rest), "%.*s/%s", (int)n, target, walk->rest);
    if (size < 0 || (size_t)size >= sizeof(rest) || (size_t)n >= sizeof(target))
        return -ENAMETOOLONG;
    memcpy(walk->rest, rest, (size_t)size + 1);
    return *target == '/' ? back_to_root(walk) : 0;
}

static int open_component(struct walk *walk, const char *name, bool *made)
{
    int fd = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 || errno != ENOENT || !walk->make)
        return fd < 0 ? -errno : fd;
    *made = mkdirat(walk->at, name, 0755) == 0;
    if (!*made && errno != EEXIST)
        return -errno;
    fd = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int go_down(struct walk *walk, const char *name)
{
    bool made = false;
    struct stat st;
    _cleanup_close_ int fd = open_component(walk, name, &made);

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return follow(walk, fd);
    if (!S_ISDIR(st.st_mode))
        return -ENOTDIR;
    stand_at(walk, TAKE_FD(fd), made);
    return 0;
}

/* Takes the first component off the rest; false at the end. */
static int next_component(struct walk *walk, char name[static NAME_MAX + 1])
{
    char *begin = walk->rest + strspn(walk->rest, "/");
    size_t size = strcspn(begin, "/");

    if (size > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, begin, size);
    name[size] = 0;
    memmove(walk->rest, begin + size, strlen(begin + size) + 1);
    return size > 0;
}

static int walk_all(struct walk *walk)
{
    char name[NAME_MAX + 1];
    int r = back_to_root(walk);

    while (r == 0 && (r = next_component(walk, name)) > 0)
        r = streq(name, ".") ? 0 : streq(name, "..") ? go_up(walk) : go_down(walk, name);
    return r;
}

int trusted_directory_open(int root, const char *path, bool make, bool *ret_made)
{
    struct walk walk = {.root = root, .at = -EBADF, .make = make};
    int size = snprintf(walk.rest, sizeof(walk.rest), "%s", path);
    int r = size < 0 || (size_t)size >= sizeof(walk.rest) ? -ENAMETOOLONG : walk_all(&walk);

    if (r < 0) {
        close_fd(walk.at);
        return r;
    }
    if (ret_made)
        *ret_made = walk.made;
    return walk.at;
}

int trusted_parent_open(int root, const char *path, bool make, const char **ret_name)
{
    char parent[PATH_MAX];
    size_t size = strlen(path);

    while (size > 0 && path[size - 1] != '/')
        size--;
    if (size >= sizeof(parent))
        return -ENAMETOOLONG;
    memcpy(parent, path, size);
    parent[size] = 0;
    *ret_name = path + size;
    return trusted_directory_open(root, parent, make, NULL);
}
