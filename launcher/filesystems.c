/* Tables of what is mounted where. A fresh file system is filled through its own descriptor, never through a
 * path of the image: nothing of the image runs yet, and none of its symlinks is followed. */
#include "launcher/filesystems.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/text.h"
#include "launcher/devices.h"
#include "launcher/guest.h"
#include "launcher/host-view.h"
#include "launcher/mount-requests.h"
#include "launcher/mount.h"

#define NOTHING_SPECIAL (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

struct filesystem {
    const char *target;
    const char *type;
    struct mount_option options[5];
    uint64_t attributes;                               /* MOUNT_ATTR_* */
    bool (*wanted)(const struct container *container); /* NULL: always */
    int (*fill)(struct container *container, int fd, struct failure *failure);
};

static bool own_cgroups(const struct container *container)
{
    return !container->config->host_cgroupns && scope_payload_fd(container->scope) >= 0;
}

static bool has_tty_group(const struct container *container)
{
    return !container->one_id;
}

static bool lacks_tty_group(const struct container *container)
{
    return container->one_id;
}

/* In order: later ones lie on earlier ones. */
static const struct filesystem filesystems[] = {
    {"/proc", "proc", {{}}, NOTHING_SPECIAL},
    {"/sys", "sysfs", {{}}, NOTHING_SPECIAL | MOUNT_ATTR_RDONLY},
    {"/sys/fs/cgroup", "cgroup2", {{}}, NOTHING_SPECIAL, own_cgroups},
    {"/dev",
     "tmpfs",
     {{"mode", "0755"}, {"size", "4m"}},
     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
     NULL,
     devices_fill},
    {"/dev/pts",
     "devpts",
     {{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}},
     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
     has_tty_group},
    {"/dev/pts",
     "devpts",
     {{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}},
     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
     lacks_tty_group},
    {"/dev/shm", "tmpfs", {{"mode", "1777"}, {"size", "64m"}}, NOTHING_SPECIAL},
    {"/dev/mqueue", "mqueue", {{}}, NOTHING_SPECIAL},
    {"/run",
     "tmpfs",
     {{"mode", "0755"}, {"size", "20%"}},
     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
     NULL,
     guest_fill_run},
    {"/tmp", "tmpfs", {{"mode", "1777"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV},
};

/* What of /proc and /sys could reveal or change the host: docker's and podman's lists. */
static const char *const masked[] = {
    "/proc/acpi",        "/proc/asound",        "/proc/interrupts",  "/proc/kcore",
    "/proc/keys",        "/proc/latency_stats", "/proc/sched_debug", "/proc/timer_list",
    "/proc/timer_stats", "/proc/scsi",          "/sys/firmware",     "/sys/devices/virtual/powercap",
};
static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                        "/proc/sysrq-trigger"};

/* A tmpfs asked for at the place of one of these is that one, with other settings. */
static bool is_replaceable(const struct filesystem *filesystem)
{
    return streq(filesystem->type, "tmpfs") && !streq(filesystem->target, "/dev");
}

static bool replaces_own(const struct mount_request *request)
{
    FOREACH_ARRAY (filesystem, filesystems, ELEMENTSOF(filesystems))
        if (request->kind == MOUNT_TMPFS && is_replaceable(filesystem) &&
            streq(filesystem->target, request->target))
            return true;
    return false;
}

/* With --privileged all can be written, unless the host's own cannot: the kernel then refuses a user
 * namespace. */
static int mount_fresh(const struct container *container, const struct filesystem *filesystem, int *ret_fd,
                       struct failure *failure)
{
    uint64_t attributes = filesystem->attributes;
    struct failure refused = {};

    if (container->config->privileged && attributes & MOUNT_ATTR_RDONLY) {
        int r = mount_new(filesystem->type, filesystem->options, attributes & ~(uint64_t)MOUNT_ATTR_RDONLY,
                          ret_fd, &refused);
        if (r != -EPERM) {
            *failure = refused;
            return r;
        }
    }
    return mount_new(filesystem->type, filesystem->options, attributes, ret_fd, failure);
}

static int mount_one(struct container *container, const struct filesystem *filesystem,
                     struct failure *failure)
{
    _cleanup_close_ int fd = -EBADF;

    const struct mount_request *asked =
        is_replaceable(filesystem) ? mount_requests_find_tmpfs(container->config, filesystem->target) : NULL;
    int r = asked ? mount_request_create(container, asked, &fd, failure)
                  : mount_fresh(container, filesystem, &fd, failure);
    if (r >= 0)
        r = mount_attach(fd, container->root_fd, filesystem->target, failure);
    return r >= 0 && filesystem->fill ? filesystem->fill(container, fd, failure) : r;
}

/* A copy of an attached mount on top of what was opened at a path of the root. */
static int cover(int source_fd, int target, const char *path, struct failure *failure)
{
    _cleanup_close_ int copy = open_tree(source_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (copy < 0)
        return fail(failure, -errno, "mask over %s: %m", path);
    return mount_attach_at(copy, target, path, failure);
}

/* Directories share one empty, read-only tmpfs: the first gets it, and as it is attached then, which kernels
 * before 6.15 ask for, the others get copies. */
static int mask_directory(int *empty, int target, const char *path, struct failure *failure)
{
    if (*empty >= 0)
        return cover(*empty, target, path, failure);
    int r = mount_new("tmpfs", (const struct mount_option[]){{"size", "4k"}, {"mode", "0555"}, {}},
                      NOTHING_SPECIAL | MOUNT_ATTR_RDONLY, empty, failure);
    return r < 0 ? r : mount_attach_at(*empty, target, path, failure);
}

/* Files get the container's own /dev/null. */
static int mask_path(const struct container *container, const char *path, int null, int *empty,
                     struct failure *failure)
{
    struct stat st;

    _cleanup_close_ int target = root_open(container->root_fd, path, 0);
    /* Overlayfs lets nobody into its upper through a layer, and calls that a loop. */
    if (target == -ENOENT || target == -ENOTDIR || target == -ELOOP)
        return 0;
    if (target < 0)
        return fail(failure, target, "%s: %s", path, strerror(-target));
    return fstat(target, &st) >= 0 && S_ISDIR(st.st_mode) ? mask_directory(empty, target, path, failure)
                                                          : cover(null, target, path, failure);
}

/* The same files of a second /sys. */
static int mask_sysfs(const struct container *container, const char *place, int null, int *empty,
                      struct failure *failure)
{
    int r = 0;

    FOREACH_ARRAY (path, masked, ELEMENTSOF(masked)) {
        const char *below = startswith(*path, "/sys/");
        if (!below)
            continue;
        _cleanup_free_ char *other = xasprintf("%s/%s", place, below);
        r = other ? mask_path(container, other, null, empty, failure)
                  : fail(failure, -ENOMEM, "out of memory");
        if (r < 0)
            return r;
    }
    return r;
}

static int mask_paths(struct container *container, struct failure *failure)
{
    _cleanup_close_ int empty = -EBADF,
                        null = openat(container->dev_fd, "null", O_PATH | O_CLOEXEC | O_NOFOLLOW);
    int r = 0;

    if (null < 0)
        return fail(failure, -errno, "/dev/null of the container: %m");
    FOREACH_ARRAY (path, masked, ELEMENTSOF(masked))
        if ((r = mask_path(container, *path, null, &empty, failure)) < 0)
            return r;
    FOREACH_ARRAY (request, container->config->mounts, container->config->n_mounts)
        if (request->kind == MOUNT_SYSFS &&
            (r = mask_sysfs(container, request->target, null, &empty, failure)) < 0)
            return r;
    for (char **path = container->hidden; path && *path; path++)
        if ((r = mask_path(container, *path, null, &empty, failure)) < 0)
            return r;
    return 0;
}

static int protect_paths(struct container *container, struct failure *failure)
{
    struct mount_attr attr = {.attr_set = NOTHING_SPECIAL | MOUNT_ATTR_RDONLY};

    FOREACH_ARRAY (path, read_only, ELEMENTSOF(read_only)) {
        _cleanup_close_ int target = root_open(container->root_fd, *path, 0);
        if (target == -ENOENT)
            continue;
        if (target < 0)
            return fail(failure, target, "%s: %s", *path, strerror(-target));
        _cleanup_close_ int copy =
            open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
        if (copy < 0 || mount_setattr(copy, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
            return fail(failure, -errno, "making %s read-only: %m", *path);
        int r = mount_attach_at(copy, target, *path, failure);
        if (r < 0)
            return r;
    }
    return 0;
}

int filesystems_open_sources(struct container *container, struct failure *failure)
{
    int r = mount_requests_open(container, failure);
    return r < 0 ? r : host_view_open(container, failure);
}

int filesystems_mount(struct container *container, struct failure *failure)
{
    int r = host_view_attach(container, failure);
    if (r < 0)
        return r;
    FOREACH_ARRAY (filesystem, filesystems, ELEMENTSOF(filesystems)) {
        if (filesystem->wanted && !filesystem->wanted(container))
            continue;
        if ((r = mount_one(container, filesystem, failure)) < 0)
            return r;
    }
    r = mount_requests_attach(container, replaces_own, failure);
    if (r < 0 || container->config->privileged)
        return r;
    r = mask_paths(container, failure);
    return r < 0 ? r : protect_paths(container, failure);
}
