/* Mounts by descriptor, and lookups that cannot leave the root. */
#include "launcher/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/hint.h"

#define MOUNT_MESSAGE_MAX 256 /* bytes of one line of the kernel's */

int root_open(int root_fd, const char *path, int flags)
{
    const struct open_how how = {
        .flags = (uint64_t)(flags | O_PATH | O_CLOEXEC),
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    int fd = sys_openat2(root_fd, path, &how, sizeof(how));
    return fd < 0 ? -errno : fd;
}

/* Opens the directory that path's last component lives in, making it, and returns that component. */
static int open_parent(int root_fd, const char *path, char **ret_last)
{
    _cleanup_free_ char *parent = strdup(path);
    if (!parent)
        return -ENOMEM;
    size_t n = strlen(parent);
    while (n > 1 && parent[n - 1] == '/')
        parent[--n] = 0;
    char *slash = strrchr(parent, '/');
    const char *last = slash ? slash + 1 : parent;
    if (!*last || streq(last, ".."))
        return -EINVAL;
    *ret_last = strdup(last);
    if (!*ret_last)
        return -ENOMEM;
    if (!slash || slash == parent)
        return root_open(root_fd, "/", O_DIRECTORY);
    *slash = 0;
    return root_open_or_make_dir(root_fd, parent);
}

int root_open_or_make_dir(int root_fd, const char *path)
{
    _cleanup_free_ char *last = NULL;

    int fd = root_open(root_fd, path, O_DIRECTORY);
    if (fd != -ENOENT)
        return fd;
    _cleanup_close_ int parent = open_parent(root_fd, path, &last);
    if (parent < 0)
        return parent;
    if (mkdirat(parent, last, 0755) < 0 && errno != EEXIST)
        return -errno;
    return root_open(root_fd, path, O_DIRECTORY);
}

int root_open_or_make_file(int root_fd, const char *path)
{
    _cleanup_free_ char *last = NULL;

    int fd = root_open(root_fd, path, 0);
    if (fd != -ENOENT)
        return fd;
    _cleanup_close_ int parent = open_parent(root_fd, path, &last);
    if (parent < 0)
        return parent;
    if (mknodat(parent, last, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
        return -errno;
    return root_open(root_fd, path, 0);
}

/* The last line that the kernel wrote about the context ("e overlay: …"), without its class letter. */
static void read_kernel_message(int context_fd, char message[static MOUNT_MESSAGE_MAX])
{
    message[0] = 0;
    for (;;) {
        char line[MOUNT_MESSAGE_MAX];
        ssize_t n = read(context_fd, line, sizeof(line) - 1);
        if (n <= 0)
            return;
        line[n] = 0;
        line[strcspn(line, "\n")] = 0;
        if (n > 2 && line[0] == 'e')
            snprintf(message, MOUNT_MESSAGE_MAX, "%s", line + 2);
    }
}

int mount_fail(int context_fd, const char *what, int error, struct failure *failure)
{
    char message[MOUNT_MESSAGE_MAX];
    read_kernel_message(context_fd, message);
    return fail(failure, error, "mount of %s: %s%s%s%s", what, strerror(-error), message[0] ? " (" : "",
                message, message[0] ? ")" : "");
}

int mount_open(const char *type, int *ret_context_fd, struct failure *failure)
{
    *ret_context_fd = fsopen(type, FSOPEN_CLOEXEC);
    if (*ret_context_fd >= 0)
        return 0;
    return errno == ENODEV ? fail(failure, -ENODEV, "mount of %s: this kernel does not know it: %s", type,
                                  hint_for_filesystem(type))
                           : fail(failure, -errno, "mount of %s: %m", type);
}

int mount_configure(int context_fd, const char *key, const char *value)
{
    int r = value ? fsconfig(context_fd, FSCONFIG_SET_STRING, key, value, 0)
                  : fsconfig(context_fd, FSCONFIG_SET_FLAG, key, NULL, 0);
    return r < 0 ? -errno : 0;
}

int mount_create(int context_fd, const char *what, uint64_t attributes, int *ret_fd, struct failure *failure)
{
    if (fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return mount_fail(context_fd, what, -errno, failure);
    int fd = fsmount(context_fd, FSMOUNT_CLOEXEC, (unsigned)attributes);
    if (fd < 0)
        return mount_fail(context_fd, what, -errno, failure);
    *ret_fd = fd;
    return 0;
}

int mount_new(const char *type, const struct mount_option *options, uint64_t attributes, int *ret_fd,
              struct failure *failure)
{
    _cleanup_close_ int context_fd = -EBADF;

    int r = mount_open(type, &context_fd, failure);
    if (r < 0)
        return r;
    /* The source is only a name, for mount(8) and df(1). */
    r = mount_configure(context_fd, "source", type);
    for (; r >= 0 && options && options->key; options++)
        r = mount_configure(context_fd, options->key, options->value);
    if (r < 0)
        return mount_fail(context_fd, type, r, failure);
    return mount_create(context_fd, type, attributes, ret_fd, failure);
}

/* What the kernel means by its errors. */
static const char *clone_hint(int error, bool recursive)
{
    /* In a user namespace what lies below another mount stays hidden. */
    return error == EINVAL && !recursive ? ": file systems are mounted below it: add rbind" : "";
}

int mount_clone_with(const char *source, bool recursive, uint64_t attributes, int userns_fd, int *ret_fd,
                     struct failure *failure)
{
    unsigned recurse = recursive ? AT_RECURSIVE : 0;
    struct mount_attr attr = {.attr_set = attributes, .propagation = MS_PRIVATE};
    struct mount_attr owners = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd};

    _cleanup_close_ int fd = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recurse);
    if (fd < 0)
        return fail(failure, -errno, "bind of %s: %m%s", source, clone_hint(errno, recursive));
    if (mount_setattr(fd, "", AT_EMPTY_PATH | recurse, &attr, sizeof(attr)) < 0)
        return fail(failure, -errno, "bind of %s: attributes: %m", source);
    if (userns_fd >= 0 && mount_setattr(fd, "", AT_EMPTY_PATH | recurse, &owners, sizeof(owners)) < 0)
        return fail(failure, -errno, "bind of %s: its file system takes no id-mapped mount (%m)", source);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int mount_clone(const char *source, bool recursive, bool read_only, int *ret_fd, struct failure *failure)
{
    return mount_clone_with(source, recursive, MOUNT_ATTR_NODEV | (read_only ? MOUNT_ATTR_RDONLY : 0), -EBADF,
                            ret_fd, failure);
}

int mount_attach_at(int mount_fd, int target_fd, const char *target, struct failure *failure)
{
    if (move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return fail(failure, -errno, "mount on %s: %m", target);
    return 0;
}

int mount_attach(int mount_fd, int root_fd, const char *target, struct failure *failure)
{
    _cleanup_close_ int target_fd = root_open_or_make_dir(root_fd, target);
    if (target_fd == -ENOTDIR) {
        close_fd(target_fd);
        target_fd = root_open(root_fd, target, 0);
    }
    if (target_fd < 0)
        return fail(failure, target_fd, "mount point %s in the root: %s", target, strerror(-target_fd));
    return mount_attach_at(mount_fd, target_fd, target, failure);
}
