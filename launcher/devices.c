/* The nodes and links of /dev. */
#include "launcher/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "launcher/mount.h"

static const struct {
    const char *name;
    unsigned major, minor;
} nodes[] = {
    {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
    const char *name;
    const char *target;
} links[] = {
    {"ptmx", "pts/ptmx"},          {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
};

static const char *const directories[] = {"pts", "shm", "mqueue"};

/* In a user namespace no node can be made: the host's is bound, and belongs to an id that is not mapped
 * inside, so that nobody there can change it. */
static int bind_node(int dev_fd, const char *name, struct failure *failure)
{
    char path[32];
    snprintf(path, sizeof(path), "/dev/%s", name);
    _cleanup_close_ int node = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (node < 0)
        return fail(failure, -errno, "host's %s: %m", path);
    _cleanup_close_ int target = openat(dev_fd, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (target < 0)
        return fail(failure, -errno, "%s of the container: %m", path);
    return mount_attach_at(node, target, path, failure);
}

/* As bind_node(), where mknod(2) is not allowed. */
static int bind_device(int parent, const char *name, const struct device_request *device,
                       struct failure *failure)
{
    _cleanup_close_ int node = open_tree(AT_FDCWD, device->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    struct stat st;
    if (node < 0 || fstat(node, &st) < 0)
        return fail(failure, -errno, "host's %s: %m", device->source);
    if (st.st_rdev != device->number || (st.st_mode & S_IFMT) != (device->mode & S_IFMT))
        return fail(failure, -ESTALE, "host's %s: has been exchanged meanwhile", device->source);
    _cleanup_close_ int target = openat(parent, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (target < 0)
        return fail(failure, -errno, "%s of the container: %m", device->target);
    return mount_attach_at(node, target, device->target, failure);
}

/* One that every container has may be asked for, too. */
static int check_existing(int parent, const char *name, const struct device_request *device,
                          struct failure *failure)
{
    struct stat st;
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && st.st_rdev == device->number &&
        (st.st_mode & S_IFMT) == (device->mode & S_IFMT))
        return 0;
    return fail(failure, -EEXIST, "--device=%s: %s is another one", device->source, device->target);
}

/* Nothing but berth has written to this /dev: its directories are what they seem. */
static int add_device(int dev_fd, const struct device_request *device, struct failure *failure)
{
    _cleanup_free_ char *directory = strdup(device->target + strlen("/dev"));
    if (!directory)
        return fail(failure, -ENOMEM, "out of memory");
    char *slash = strrchr(directory, '/');
    *slash = 0;
    const char *name = slash + 1;
    _cleanup_close_ int parent = root_open_or_make_dir(dev_fd, *directory ? directory : "/");
    if (parent < 0)
        return fail(failure, parent, "directory of %s: %s", device->target, strerror(-parent));
    if (mknodat(parent, name, device->mode, device->number) >= 0)
        return fchownat(parent, name, device->owner, device->group, AT_SYMLINK_NOFOLLOW) < 0
                   ? fail(failure, -errno, "owner of %s: %m", device->target)
                   : 0;
    if (errno == EEXIST)
        return check_existing(parent, name, device, failure);
    return errno == EPERM ? bind_device(parent, name, device, failure)
                          : fail(failure, -errno, "%s: %m", device->target);
}

int devices_fill(struct container *container, int dev_fd, struct failure *failure)
{
    for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
        if (mknodat(dev_fd, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) >= 0)
            continue;
        if (errno != EPERM)
            return fail(failure, -errno, "/dev/%s: %m", nodes[i].name);
        int r = bind_node(dev_fd, nodes[i].name, failure);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < ELEMENTSOF(links); i++)
        if (symlinkat(links[i].target, dev_fd, links[i].name) < 0)
            return fail(failure, -errno, "/dev/%s: %m", links[i].name);
    for (size_t i = 0; i < ELEMENTSOF(directories); i++)
        if (mkdirat(dev_fd, directories[i], 0755) < 0)
            return fail(failure, -errno, "/dev/%s: %m", directories[i]);
    FOREACH_ARRAY (device, container->config->devices, container->config->n_devices) {
        int r = add_device(dev_fd, device, failure);
        if (r < 0)
            return r;
    }
    if (container->config->privileged) {
        int r = devices_copy_host(dev_fd, failure);
        if (r < 0)
            return r;
    }
    container->dev_fd = fcntl(dev_fd, F_DUPFD_CLOEXEC, 3);
    return container->dev_fd < 0 ? fail(failure, -errno, "/dev: %m") : 0;
}

int devices_bind_console(struct container *container, const char *pty, struct failure *failure)
{
    _cleanup_close_ int slave = root_open(container->root_fd, pty, 0);
    if (slave < 0)
        return fail(failure, slave, "%s: %s", pty, strerror(-slave));
    _cleanup_close_ int copy = open_tree(slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (copy < 0)
        return fail(failure, -errno, "%s: %m", pty);
    _cleanup_close_ int console =
        openat(container->dev_fd, "console", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (console < 0)
        return fail(failure, -errno, "/dev/console: %m");
    return mount_attach_at(copy, console, "/dev/console", failure);
}
