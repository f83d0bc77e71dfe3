/* --privileged: the nodes of the host's /dev, made anew in the container's own, so that a changed mode or
 * owner stays inside. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "launcher/devices.h"
#include "launcher/mount.h"

#define DEPTH_MAX 5 /* /dev/bus/usb/001/001 has three directories */

/* The container's own. */
static const char *const own[] = {".", "..", "pts", "shm", "mqueue", "fd", "console", "ptmx", NULL};

struct place {
    int host, container; /* the same directory in both */
    const char *path;    /* "/dev/bus" */
    unsigned depth;
};

static int bind_node(const struct place *place, const char *name, struct failure *failure)
{
    _cleanup_close_ int node = open_tree(place->host, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (node < 0)
        return fail(failure, -errno, "host's %s/%s: %m", place->path, name);
    _cleanup_close_ int target =
        openat(place->container, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (target < 0)
        return fail(failure, -errno, "%s/%s of the container: %m", place->path, name);
    return mount_attach_at(node, target, place->path, failure);
}

static int copy_node(const struct place *place, const char *name, const struct stat *st,
                     struct failure *failure)
{
    if (mknodat(place->container, name, st->st_mode, st->st_rdev) >= 0)
        return fchownat(place->container, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0
                   ? fail(failure, -errno, "owner of %s/%s: %m", place->path, name)
                   : 0;
    if (errno == EEXIST)
        return 0; /* one that every container has */
    if (errno == EPERM)
        return bind_node(place, name, failure);
    return fail(failure, -errno, "%s/%s: %m", place->path, name);
}

static int copy_directory(const struct place *place, struct failure *failure);

static int enter_directory(const struct place *outer, const char *name, struct failure *failure)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", outer->path, name);
    if (!path)
        return fail(failure, -ENOMEM, "out of memory");
    if (outer->depth >= DEPTH_MAX)
        return 0;
    if (mkdirat(outer->container, name, 0755) < 0 && errno != EEXIST)
        return fail(failure, -errno, "%s: %m", path);
    _cleanup_close_ int host = openat(outer->host, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (host < 0) /* not for us to read: an ordinary user */
        return 0;
    _cleanup_close_ int container =
        openat(outer->container, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (container < 0)
        return fail(failure, -errno, "%s: %m", path);
    return copy_directory(&(const struct place){host, container, path, outer->depth + 1}, failure);
}

static int copy_entry(const struct place *place, const char *name, struct failure *failure)
{
    struct stat st;

    if (strv_contains((char *const *)own, name) || fstatat(place->host, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0; /* gone again */
    if (S_ISDIR(st.st_mode))
        return enter_directory(place, name, failure);
    return S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? copy_node(place, name, &st, failure) : 0;
}

static int copy_directory(const struct place *place, struct failure *failure)
{
    _cleanup_close_ int fd = openat(place->host, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    int r = 0;

    if (!dir)
        return fail(failure, -errno, "%s: %m", place->path);
    TAKE_FD(fd);
    while (r >= 0 && (entry = readdir(dir)))
        r = copy_entry(place, entry->d_name, failure);
    return r;
}

int devices_copy_host(int dev_fd, struct failure *failure)
{
    _cleanup_close_ int host = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (host < 0)
        return fail(failure, -errno, "/dev: %m");
    return copy_directory(&(const struct place){host, dev_fd, "/dev", 0}, failure);
}
