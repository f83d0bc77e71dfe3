/* Overlay by descriptors: every layer is named "/proc/self/fd/N", so that no character of a path needs an
 * escape and nothing can be exchanged between the look and the mount. */
#include "launcher/root.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/mount.h"
#include "launcher/own-layer.h"
#include "launcher/start.h"

#define FD_PATH_MAX           32
#define DESCRIPTION_MAX       512
#define FSCONFIG_VALUE_MAX    255 /* bytes of one string, fs/fsopen.c */
#define UPPER_IN_USE_PATIENCE (2 * USEC_PER_SEC)

static void upper_done(struct upper *upper)
{
    close_fd(upper->upper_fd);
    close_fd(upper->work_fd);
}

static char *fd_path(char buffer[static FD_PATH_MAX], int fd)
{
    snprintf(buffer, FD_PATH_MAX, "/proc/self/fd/%d", fd);
    return buffer;
}

static int open_dir_at(int dirfd, const char *path, bool make, int *ret, struct failure *failure)
{
    if (make && mkdirat(dirfd, path, 0755) < 0 && errno != EEXIST)
        return fail(failure, -errno, "directory %s: %m", path);
    /* The kernel's own word for a read-only layer would be "invalid". */
    if (make && faccessat(dirfd, path, W_OK, AT_EACCESS) < 0)
        return fail(failure, -errno, "directory %s: %m", path);
    *ret = openat(dirfd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *ret < 0 ? fail(failure, -errno, "directory %s: %m", path) : 0;
}

/* A tmpfs under the place where the root itself will lie: attached in this namespace only, as an overlay
 * takes no detached layers on older kernels. */
static int mount_stage(const struct container *container, int *ret_fd, struct failure *failure)
{
    _cleanup_close_ int fd = -EBADF;
    char size[32] = "50%";

    if (container->config->upper_size != UINT64_MAX)
        snprintf(size, sizeof(size), "%" PRIu64, container->config->upper_size);
    int r = mount_new("tmpfs", (const struct mount_option[]){{"mode", "0755"}, {"size", size}, {}},
                      MOUNT_ATTR_NODEV, &fd, failure);
    if (r < 0)
        return r;
    r = mount_attach_at(fd, container->stage_fd, container->state.path, failure);
    if (r >= 0)
        *ret_fd = TAKE_FD(fd);
    return r;
}

/* Attaches an id-mapped copy on a directory of the stage, and opens what is there then. */
static int open_mapped(const struct container *container, size_t index, int stage, int *ret,
                       struct failure *failure)
{
    _cleanup_close_ int target = -EBADF;
    char name[32];

    snprintf(name, sizeof(name), "mapped%zu", index);
    int r = open_dir_at(stage, name, true, &target, failure);
    if (r < 0)
        return r;
    r = mount_attach_at(container->mapped[index], target, name, failure);
    return r < 0 ? r : open_dir_at(stage, name, false, ret, failure);
}

/* What the host's side has locked, on the mounts of this namespace: overlayfs takes no others. */
static int open_again(const char *path, int locked_fd, int *ret, struct failure *failure)
{
    struct stat locked, here;

    int r = open_dir_at(AT_FDCWD, path, false, ret, failure);
    if (r < 0)
        return r;
    if (fstat(locked_fd, &locked) < 0 || fstat(*ret, &here) < 0 || locked.st_dev != here.st_dev ||
        locked.st_ino != here.st_ino)
        return fail(failure, -ESTALE, "directory %s: has been exchanged meanwhile", path);
    return 0;
}

/* Changes go where the host's side has found a place (upper.c), through an id-mapped copy of it if there is
 * one, or to the stage, with which they vanish. */
static int upper_open(const struct container *container, int stage, struct upper *upper,
                      struct failure *failure)
{
    size_t n_lower = strv_length(container->config->lower);
    _cleanup_close_ int mapped = -EBADF;
    int base = stage, r = 0;

    if (container->n_mapped > n_lower) {
        r = open_mapped(container, n_lower, stage, &mapped, failure);
        base = mapped;
    } else if (container->upper.path) {
        const struct upper *place = &container->upper;
        r = open_again(place->path, place->upper_fd, &upper->upper_fd, failure);
        return r < 0 ? r : open_again(place->work_path, place->work_fd, &upper->work_fd, failure);
    }
    if (r >= 0)
        r = open_dir_at(base, "upper", true, &upper->upper_fd, failure);
    return r < 0 ? r : open_dir_at(base, "work", true, &upper->work_fd, failure);
}

/* Before 6.5 overlayfs takes any key, and complains of it when the mount is made. */
static bool tells_keys_apart(void)
{
    _cleanup_close_ int context_fd = fsopen("overlay", FSOPEN_CLOEXEC);
    return context_fd >= 0 && mount_configure(context_fd, "no-such-key", "") < 0;
}

/* Those that one string does not hold, since 6.7. */
static int configure_each_lower(int context_fd, const int *lowers, size_t n, size_t n_joined,
                                struct failure *failure)
{
    char path[FD_PATH_MAX];

    if (!tells_keys_apart() || mount_configure(context_fd, "lowerdir+", fd_path(path, lowers[0])) < 0)
        return fail(failure, -E2BIG,
                    "overlay: %zu layers are more than this kernel takes (%zu); 6.7 takes 500", n, n_joined);
    for (size_t i = 1; i < n; i++) {
        int r = mount_configure(context_fd, "lowerdir+", fd_path(path, lowers[i]));
        if (r < 0)
            return fail(failure, r, "overlay: layer %zu: %s", i + 1, strerror(-r));
    }
    return 0;
}

static int configure_lowers(int context_fd, const int *lowers, size_t n, struct failure *failure)
{
    char joined[FSCONFIG_VALUE_MAX + 1] = "", path[FD_PATH_MAX];
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%s%s", i ? ":" : "",
                                 fd_path(path, lowers[i]));
        if (used >= sizeof(joined))
            return configure_each_lower(context_fd, lowers, n, i, failure);
    }
    int r = mount_configure(context_fd, "lowerdir", joined);
    return r < 0 ? fail(failure, r, "overlay: %zu lower directories: %s", n, strerror(-r)) : 0;
}

/* How a failure calls the overlay: by the directory that makes the difference. */
static void describe_overlay(const struct container *container, char text[static DESCRIPTION_MAX])
{
    const struct container_config *config = container->config;
    const char *upper = container->upper.path ? container->upper.path : "a tmpfs";
    snprintf(text, DESCRIPTION_MAX, "the overlay with its upper on %s%s%s", upper,
             config->work ? " and its work on " : "", config->work ? config->work : "");
}

static int configure_overlay(const struct container *container, int context_fd, const int *lowers,
                             const struct upper *upper, const char *description, struct failure *failure)
{
    char path[FD_PATH_MAX];

    int r = mount_configure(context_fd, "source", "overlay");
    if (r >= 0)
        r = configure_lowers(context_fd, lowers, strv_length(container->config->lower) + 1, failure);
    if (r >= 0)
        r = mount_configure(context_fd, "upperdir", fd_path(path, upper->upper_fd));
    if (r >= 0)
        r = mount_configure(context_fd, "workdir", fd_path(path, upper->work_fd));
    /* An index would tie an upper to its layers, of which the container's own is another each time. A kernel
     * that has none does not know the word. */
    if (r >= 0 && container->upper.path)
        (void)mount_configure(context_fd, "index", "off");
    /* Inside a user namespace trusted.* attributes cannot be written. */
    if (r >= 0 && container->config->userns != USERNS_HOST)
        r = mount_configure(context_fd, "userxattr", NULL);
    return r < 0 ? mount_fail(context_fd, description, r, failure) : 0;
}

/* What an overlay cannot do in a user namespace. The mounts below a layer are locked to it there. */
static void explain_refusal(const struct container *container, int error, struct failure *failure)
{
    size_t used = strlen(failure->text), size = sizeof(failure->text) - used;

    if (container->config->userns == USERNS_HOST)
        return;
    if (error == -EINVAL && container->n_mapped == 0)
        snprintf(failure->text + used, size,
                 ": an ordinary user's overlay takes no layer with other file systems mounted in it: give "
                 "another directory, or use --overlay=none");
    else if (error == -EPERM)
        snprintf(
            failure->text + used, size,
            ": this kernel keeps overlays for root (Linux 5.11 does not): use --overlay=none, or run berth "
            "as root");
}

/* The mount of a container of that name that has just ended may hold the upper for another moment. */
static int create_overlay(const struct container *container, const int *lowers, const struct upper *upper,
                          int *ret_fd, struct failure *failure)
{
    usec_t patience = now_monotonic() + UPPER_IN_USE_PATIENCE;
    char description[DESCRIPTION_MAX];

    describe_overlay(container, description);
    for (;;) {
        struct failure this = {};
        _cleanup_close_ int context_fd = -EBADF;
        int r = mount_open("overlay", &context_fd, &this);
        if (r >= 0)
            r = configure_overlay(container, context_fd, lowers, upper, description, &this);
        if (r >= 0)
            r = mount_create(context_fd, description, MOUNT_ATTR_NODEV, ret_fd, &this);
        if (r >= 0)
            return 0;
        if (r != -EBUSY || now_monotonic() >= patience) {
            explain_refusal(container, r, &this);
            *failure = this;
            return r;
        }
        (void)poll(NULL, 0, 1);
    }
}

static int open_lower(const struct container *container, size_t index, int stage, int *ret,
                      struct failure *failure)
{
    return index < container->n_mapped
               ? open_mapped(container, index, stage, ret, failure)
               : open_dir_at(AT_FDCWD, container->config->lower[index], false, ret, failure);
}

/* No path leads to what lies on the stage: the monitor keeps a descriptor of it, for `berth diff`. */
static int show_upper(const struct container *container, int upper_fd, struct failure *failure)
{
    const struct start_message message = {.type = START_UPPER};
    int r = send_with_fds(container->start_fd, &message, sizeof(message), &upper_fd, 1);
    return r < 0 ? fail(failure, r, "the monitor's side: %s", strerror(-r)) : 0;
}

/* The image's layers below the container's own. */
static int open_layers(const struct container *container, int stage, int *layers, size_t *opened,
                       struct failure *failure)
{
    size_t n = strv_length(container->config->lower);
    int r = 0;

    layers[0] = -EBADF;
    for (*opened = 1; r >= 0 && *opened <= n; *opened += r >= 0)
        r = open_lower(container, *opened - 1, stage, &layers[*opened], failure);
    return r < 0 ? r : own_layer_make(container, stage, layers + 1, n, &layers[0], failure);
}

static int mount_overlay(struct container *container, int *ret_fd, struct failure *failure)
{
    size_t n = strv_length(container->config->lower) + 1, opened = 0;
    _cleanup_free_ int *layers = calloc(n, sizeof(int));
    _cleanup_(upper_done) struct upper upper = UPPER_INIT;
    _cleanup_close_ int stage = -EBADF;

    if (!layers)
        return fail(failure, -ENOMEM, "out of memory");
    int r = mount_stage(container, &stage, failure);
    if (r >= 0)
        r = open_layers(container, stage, layers, &opened, failure);
    if (r >= 0)
        r = upper_open(container, stage, &upper, failure);
    if (r >= 0 && !container->upper.path)
        r = show_upper(container, upper.upper_fd, failure);
    if (r >= 0)
        r = create_overlay(container, layers, &upper, ret_fd, failure);
    for (size_t i = 0; i < opened; i++)
        close_fd(layers[i]);
    return r;
}

/* --read-only is for what is mounted in the root, too. The root itself follows in root_pivot(): mount points
 * may have to be made in it. */
static int protect_below(int mount_fd, struct failure *failure)
{
    struct mount_attr all = {.attr_set = MOUNT_ATTR_RDONLY}, top = {.attr_clr = MOUNT_ATTR_RDONLY};

    if (mount_setattr(mount_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &all, sizeof(all)) < 0 ||
        mount_setattr(mount_fd, "", AT_EMPTY_PATH, &top, sizeof(top)) < 0)
        return fail(failure, -errno, "making the root read-only: %m");
    return 0;
}

int root_mount(struct container *container, struct failure *failure)
{
    const struct container_config *config = container->config;
    _cleanup_close_ int mount_fd = -EBADF;
    int r = 0;

    if (config->overlay != OVERLAY_NONE)
        r = mount_overlay(container, &mount_fd, failure);
    else if (container->n_mapped > 0)
        mount_fd = TAKE_FD(container->mapped[0]);
    else
        r = mount_clone(config->lower[0], true, false, &mount_fd, failure);
    if (r >= 0 && config->overlay == OVERLAY_NONE && config->read_only)
        r = protect_below(mount_fd, failure);
    if (r < 0)
        return r;
    r = mount_attach_at(mount_fd, container->stage_fd, container->state.path, failure);
    if (r >= 0)
        container->root_fd = TAKE_FD(mount_fd);
    return r;
}

int root_pivot(struct container *container, struct failure *failure)
{
    /* pivot_root(2), "pivot_root(".", ".")": the old root ends up under the new one and is let go from there.
     */
    if (fchdir(container->root_fd) < 0 || sys_pivot_root(".", ".") < 0)
        return fail(failure, -errno, "pivot_root: %m");
    if (umount2(".", MNT_DETACH) < 0)
        return fail(failure, -errno, "detaching the host's root: %m");
    if (chdir("/") < 0)
        return fail(failure, -errno, "chdir to the new root: %m");
    struct mount_attr shared = {.propagation = MS_SHARED};
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &shared, sizeof(shared)) < 0)
        return fail(failure, -errno, "propagation of the new root: %m");
    if (!container->config->read_only)
        return 0;
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof(read_only)) < 0)
        return fail(failure, -errno, "making the root read-only: %m");
    return 0;
}
