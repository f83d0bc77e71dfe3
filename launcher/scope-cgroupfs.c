/* The scope without systemd: the same tree, /SLICE/UNIT, made and limited by ourselves in cgroup v2. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"
#include "launcher/cgroup.h"
#include "launcher/scope-private.h"

#define MADE_XATTR     "user.berth" /* on slices that a container made: the last one to leave removes them */
#define DYING_TIMEOUT  (2 * USEC_PER_SEC)
#define ENTER_ATTEMPTS 8

int slice_to_path(const char *slice, char **ret)
{
    const char *suffix = endswith(slice, ".slice");
    char *path = strdup("");

    if (!path)
        return -ENOMEM;
    bool root = streq(slice, "-.slice");
    if (!suffix || suffix == slice || strchr(slice, '/') ||
        (!root && (slice[0] == '-' || suffix[-1] == '-')) || strstr(slice, "--")) {
        free(path);
        return -EINVAL;
    }
    for (const char *p = slice; !root && p; p = p < suffix ? strpbrk(p + 1, "-.") : NULL) {
        if (p == slice || (*p == '.' && p != suffix))
            continue;
        _cleanup_free_ char *before = path;
        path = xasprintf("%s%s%.*s.slice", before, *before ? "/" : "", (int)(p - slice), slice);
        if (!path)
            return -ENOMEM;
    }
    *ret = path;
    return 0;
}

static int check_controllers(const struct scope *scope, struct failure *failure)
{
    char controller[CONTROLLER_NAME_MAX];

    for (size_t i = 0; i < scope->n_properties; i++) {
        const struct scope_property *property = &scope->properties[i];
        const struct scope_property_type *type = property->type;
        if (!type->attribute)
            return fail(failure, -EOPNOTSUPP,
                        "property %s: only systemd can apply it, and the cgroup manager is cgroupfs",
                        type->name);
        if (cgroup_has_controller(scope->mount_fd, controller_of(controller, type->attribute)))
            continue;
        _cleanup_free_ char *why = explain_missing_controller(controller, false);
        return fail(failure, -EOPNOTSUPP, "limit %s cannot be set: %s", type->name, why ?: controller);
    }
    return 0;
}

int scope_cgroupfs_request(struct scope *scope, struct failure *failure)
{
    _cleanup_free_ char *slices = NULL;

    if (faccessat(scope->mount_fd, ".", W_OK, AT_EACCESS) < 0) {
        int r = -errno;
        return fail(failure, r,
                    "cgroup v2 at %s: %s: without systemd it must be writable, or use --cgroup-manager=none",
                    scope->mount, strerror(-r));
    }
    int r = slice_to_path(scope->slice, &slices);
    if (r < 0)
        return fail(failure, r, "slice \"%s\": %s: write NAME.slice, with - between the levels", scope->slice,
                    strerror(-r));
    r = check_controllers(scope, failure);
    if (r < 0)
        return r;
    scope->cgroup = xasprintf("/%s%s%s", slices, *slices ? "/" : "", scope->unit);
    return scope->cgroup ? 0 : -ENOMEM;
}

static int enable_controllers(const struct scope *scope, int fd, const char *path, struct failure *failure)
{
    char controller[CONTROLLER_NAME_MAX];

    for (size_t i = 0; i < scope->n_properties; i++) {
        const struct scope_property *property = &scope->properties[i];
        int r = cgroup_enable(fd, controller_of(controller, property->type->attribute));
        if (r < 0)
            return fail(failure, r, "limit %s: the controller %s cannot be enabled in %s%s: %s",
                        property->type->name, controller, scope->mount, path, strerror(-r));
    }
    return 0;
}

/* Opens one level of the slices; what is made here is marked so that it goes with its last container. */
static int enter_slice(int *fd, const char *name)
{
    bool made = mkdirat(*fd, name, 0755) >= 0;
    if (!made && errno != EEXIST)
        return -errno;
    _cleanup_close_ int child = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (child < 0)
        return -errno;
    if (made)
        (void)fsetxattr(child, MADE_XATTR, "1", 1, 0);
    close_fd(*fd);
    *fd = TAKE_FD(child);
    return 0;
}

static int open_slices(const struct scope *scope, int *ret_fd, struct failure *failure)
{
    _cleanup_close_ int fd = openat(scope->mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_strv_ char **levels = NULL;

    if (fd < 0)
        return -errno;
    int r = strv_split(scope->cgroup, "/", &levels);
    if (r < 0)
        return r;
    r = enable_controllers(scope, fd, "/", failure);
    for (char **level = levels; r >= 0 && level[1]; level++) {
        r = enter_slice(&fd, *level);
        if (r >= 0)
            r = enable_controllers(scope, fd, scope->cgroup, failure);
    }
    if (r < 0)
        return r;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* The tree of a container that died with its monitor may be there still, and even be dying. */
static int remove_leftover(const struct scope *scope, int slice_fd, usec_t deadline, struct failure *failure)
{
    _cleanup_close_ int fd = openat(slice_fd, scope->unit, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;

    usec_t patience = MIN(deadline, usec_add(now_monotonic(), DYING_TIMEOUT));
    int r = cgroup_wait_empty(fd, patience);
    if (r == -ETIMEDOUT)
        return fail(failure, -EBUSY, "%s is running: processes live in %s%s", scope->unit, scope->mount,
                    scope->cgroup);
    return r < 0 ? r : cgroup_remove_tree(slice_fd, scope->unit);
}

static int make_group(struct scope *scope, usec_t deadline, struct failure *failure)
{
    _cleanup_close_ int slice_fd = -EBADF;

    int r = open_slices(scope, &slice_fd, failure);
    if (r < 0)
        return r;
    r = remove_leftover(scope, slice_fd, deadline, failure);
    if (r < 0)
        return r;
    if (mkdirat(slice_fd, scope->unit, 0755) < 0)
        return -errno;
    scope->fd = openat(slice_fd, scope->unit, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return scope->fd < 0 ? -errno : 0;
}

static int write_limits(const struct scope *scope, struct failure *failure)
{
    for (size_t i = 0; i < scope->n_properties; i++) {
        const struct scope_property *property = &scope->properties[i];
        _cleanup_free_ char *text = property->type->format->to_text(property);
        if (!text)
            return -ENOMEM;
        int r = cgroup_write(scope->fd, property->type->attribute, text);
        if (r < 0)
            return fail(failure, r, "limit %s: writing \"%s\" to %s%s/%s: %s", property->type->name, text,
                        scope->mount, scope->cgroup, property->type->attribute, strerror(-r));
    }
    return 0;
}

int scope_cgroupfs_enter(struct scope *scope, usec_t deadline, struct failure *failure)
{
    int r;

    /* ENOENT and ENODEV: the last container of the slice went and took it along while we came in. */
    for (unsigned i = 0; i < ENTER_ATTEMPTS; i++) {
        r = make_group(scope, deadline, failure);
        if (r != -ENOENT && r != -ENODEV)
            break;
    }
    if (r < 0)
        return fail(failure, r, "control group %s%s: cannot be made: %s", scope->mount, scope->cgroup,
                    strerror(-r));
    return write_limits(scope, failure);
}

/* Removes path and what is above it, as far as berth made it and it is empty. */
static void remove_slices(const struct scope *scope, char *path)
{
    char mark;
    for (char *slash; (slash = strrchr(path, '/')); *slash = '\0') {
        _cleanup_close_ int fd =
            openat(scope->mount_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fgetxattr(fd, MADE_XATTR, &mark, 1) < 0 ||
            unlinkat(scope->mount_fd, path, AT_REMOVEDIR) < 0)
            return;
    }
}

void scope_cgroupfs_remove(struct scope *scope, usec_t deadline)
{
    _cleanup_free_ char *path = scope->cgroup ? xasprintf(".%s", scope->cgroup) : NULL;

    if (!path)
        return;
    /* Without a descriptor the group is another's, or was never made. */
    if (scope->fd >= 0) {
        (void)cgroup_kill(scope->fd); /* helpers of the monitor that outlived it */
        (void)cgroup_wait_empty(scope->fd, deadline);
        if (cgroup_remove_tree(scope->mount_fd, path) < 0)
            return;
    }
    *strrchr(path, '/') = '\0';
    remove_slices(scope, path);
}
