/* Sources are descriptors before anything of the root is looked at; targets are looked up in the root only.
 */
#include "launcher/mount-requests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/text.h"
#include "launcher/mount.h"

#define FD_PATH_MAX 32

/* What is always the container's own. */
static const struct {
    const char *path, *hint;
} reserved[] = {
    {"/", "ROOT is what lies there"},
    {"/proc", "it is mounted anyway"},
    {"/sys", "it is mounted anyway"},
    {"/dev", "--device adds a device to it"},
};

static bool has_source(const struct mount_request *request)
{
    return request->kind == MOUNT_BIND || request->kind == MOUNT_OVERLAY;
}

static size_t depth(const char *path)
{
    size_t n = 0;
    for (; *path; path++)
        n += *path == '/';
    return n;
}

/* Stable: what is equally deep stays in the order of the command line. */
static void sort_by_depth(struct mount_request *mounts, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct mount_request one = mounts[i];
        size_t place = i;
        for (; place > 0 && depth(mounts[place - 1].target) > depth(one.target); place--)
            mounts[place] = mounts[place - 1];
        mounts[place] = one;
    }
}

static int check_place(const struct mount_request *request, struct failure *failure)
{
    FOREACH_ARRAY (place, reserved, ELEMENTSOF(reserved))
        if (streq(place->path, request->target))
            return fail(failure, -EINVAL, "mount on %s: the container has its own: %s", place->path,
                        place->hint);
    if (streq(request->target, "/run") && (request->attributes & (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC)))
        return fail(failure, -EINVAL, "mount on /run: berth-init lies there: leave ro and noexec out");
    return 0;
}

static int check_mapping(const struct container_config *config, const struct mount_request *request,
                         struct failure *failure)
{
    if (!request->id_mapped || (config->userns != USERNS_HOST && !container_is_rootless()))
        return 0;
    return fail(failure, -EINVAL, "bind of %s: idmap is for root with a user namespace: %s", request->source,
                container_is_rootless() ? "leave it out" : "add --userns=auto");
}

int mount_requests_complete(struct container_config *config, struct failure *failure)
{
    sort_by_depth(config->mounts, config->n_mounts);
    for (size_t i = 0; i < config->n_mounts; i++) {
        const struct mount_request *request = &config->mounts[i];
        int r = check_place(request, failure);
        if (r >= 0)
            r = check_mapping(config, request, failure);
        if (r < 0)
            return r;
        for (size_t j = 0; j < i; j++)
            if (streq(config->mounts[j].target, request->target))
                return fail(failure, -EINVAL, "mount on %s: asked for twice", request->target);
    }
    return 0;
}

size_t mount_requests_count_sources(const struct container_config *config)
{
    size_t n = 0;
    FOREACH_ARRAY (request, config->mounts, config->n_mounts)
        n += has_source(request);
    return n;
}

/* What an overlay copies up keeps its owner, who must be one of those inside. */
static bool is_mapped(const struct mount_request *request)
{
    return request->id_mapped || request->kind == MOUNT_OVERLAY;
}

int mount_requests_clone(const struct container_config *config, int userns_fd, int *fds, size_t max,
                         size_t *n, struct failure *failure)
{
    FOREACH_ARRAY (request, config->mounts, config->n_mounts) {
        if (!has_source(request))
            continue;
        if (*n >= max)
            return fail(failure, -E2BIG, "bind of %s: more than %zu layers and binds do not go with --userns",
                        request->source, max);
        int r = mount_clone_with(request->source, request->recursive, request->attributes,
                                 is_mapped(request) ? userns_fd : -EBADF, &fds[*n], failure);
        if (r < 0)
            return r;
        (*n)++;
    }
    return 0;
}

int mount_requests_take(struct container *container, const int *fds)
{
    size_t n = mount_requests_count_sources(container->config);
    container->sources = malloc((n + 1) * sizeof(int));
    if (!container->sources)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        container->sources[i] = fds[i];
    return 0;
}

int mount_requests_open(struct container *container, struct failure *failure)
{
    size_t n = 0, max = mount_requests_count_sources(container->config);

    if (container->sources)
        return 0;
    container->sources = malloc((max + 1) * sizeof(int));
    if (!container->sources)
        return fail(failure, -ENOMEM, "out of memory");
    return mount_requests_clone(container->config, -EBADF, container->sources, max, &n, failure);
}

const struct mount_request *mount_requests_find_tmpfs(const struct container_config *config,
                                                      const char *target)
{
    FOREACH_ARRAY (request, config->mounts, config->n_mounts)
        if (request->kind == MOUNT_TMPFS && streq(request->target, target))
            return request;
    return NULL;
}

static int configure(int context_fd, const struct mount_option *options)
{
    int r = 0;
    for (; options->key && r >= 0; options++)
        r = mount_configure(context_fd, options->key, options->value);
    return r;
}

/* Of a second /proc only processes are seen: its other files would go round the masks. */
static int configure_defaults(const struct container *container, const struct mount_request *request, int fd)
{
    bool run = streq(request->target, "/run");

    switch (request->kind) {
    case MOUNT_TMPFS:
        return configure(fd,
                         (const struct mount_option[]){{"size", "50%"}, {"mode", run ? "0755" : "1777"}, {}});
    case MOUNT_PROC:
        return container->config->privileged
                   ? 0
                   : configure(fd, (const struct mount_option[]){{"subset", "pid"}, {}});
    case MOUNT_DEVPTS:
        return configure(fd, (const struct mount_option[]){{"newinstance", NULL},
                                                           {"ptmxmode", "0666"},
                                                           {"mode", "0620"},
                                                           {container->one_id ? NULL : "gid", "5"},
                                                           {}});
    default:
        return 0;
    }
}

static int configure_asked(const struct mount_request *request, int fd)
{
    int r = 0;
    for (char **option = request->options; option && *option && r >= 0; option++) {
        _cleanup_free_ char *key = strndup(*option, strcspn(*option, "="));
        r = key ? mount_configure(fd, key, strchr(*option, '=') + 1) : -ENOMEM;
    }
    return r;
}

int mount_request_create(const struct container *container, const struct mount_request *request, int *ret_fd,
                         struct failure *failure)
{
    static const char *const types[] = {[MOUNT_TMPFS] = "tmpfs",
                                        [MOUNT_PROC] = "proc",
                                        [MOUNT_SYSFS] = "sysfs",
                                        [MOUNT_MQUEUE] = "mqueue",
                                        [MOUNT_DEVPTS] = "devpts"};
    _cleanup_close_ int context = -EBADF;
    const char *type = types[request->kind];
    uint64_t attributes = request->attributes;

    if (request->kind == MOUNT_SYSFS && !container->config->privileged)
        attributes |= MOUNT_ATTR_RDONLY;
    int r = mount_open(type, &context, failure);
    if (r < 0)
        return r;
    r = mount_configure(context, "source", type);
    if (r >= 0)
        r = configure_defaults(container, request, context);
    if (r >= 0)
        r = configure_asked(request, context);
    if (r < 0)
        return mount_fail(context, request->target, r, failure);
    return mount_create(context, request->target, attributes, ret_fd, failure);
}

static int target_failed(const struct mount_request *request, int error, struct failure *failure)
{
    const char *what = request->source ? request->source : "file system";
    const char *reason = error == -ENOTDIR  ? "is a directory, and that is none"
                         : error == -EISDIR ? "is no directory, and that is one"
                         : error == -ENOENT ? "the target is a link to what is not there"
                                            : strerror(-error);
    return fail(failure, error, "mount of %s on %s in the root: %s", what, request->target, reason);
}

/* Opens the target, which is made as what the source is: a directory or a file. */
static int open_target(const struct container *container, const struct mount_request *request, bool directory,
                       int *ret_fd, struct failure *failure)
{
    struct stat st;
    _cleanup_close_ int fd = directory ? root_open_or_make_dir(container->root_fd, request->target)
                                       : root_open_or_make_file(container->root_fd, request->target);
    if (fd < 0)
        return target_failed(request, fd, failure);
    if (fstat(fd, &st) < 0)
        return target_failed(request, -errno, failure);
    if (!directory && S_ISDIR(st.st_mode))
        return target_failed(request, -EISDIR, failure);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int make_directory(int dirfd, const char *name, int *ret_fd, struct failure *failure)
{
    if (mkdirat(dirfd, name, 0755) < 0 && errno != EEXIST)
        return fail(failure, -errno, "directory %s of an overlay: %m", name);
    *ret_fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret_fd < 0 ? fail(failure, -errno, "directory %s of an overlay: %m", name) : 0;
}

static int configure_overlay(const struct container *container, int context, const int fds[static 3])
{
    static const char *const keys[] = {"lowerdir", "upperdir", "workdir"};
    char path[FD_PATH_MAX];
    int r = 0;

    for (size_t i = 0; i < ELEMENTSOF(keys) && r >= 0; i++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
        r = mount_configure(context, keys[i], path);
    }
    /* As for the root (root.c). */
    return r >= 0 && container->config->userns != USERNS_HOST ? mount_configure(context, "userxattr", NULL)
                                                              : r;
}

/* The layers lie on a tmpfs at the target itself, where the overlay covers them: kernels before 6.15 take
 * only layers that are attached. */
static int mount_overlay(const struct container *container, const struct mount_request *request, int source,
                         int target, struct failure *failure)
{
    _cleanup_close_ int stage = -EBADF, point = -EBADF, lower = -EBADF, upper = -EBADF, work = -EBADF,
                        context = -EBADF, overlay = -EBADF;

    int r = mount_new("tmpfs", (const struct mount_option[]){{"mode", "0755"}, {"size", "50%"}, {}},
                      MOUNT_ATTR_NODEV, &stage, failure);
    if (r >= 0)
        r = mount_attach_at(stage, target, request->target, failure);
    if (r >= 0)
        r = make_directory(stage, "lower", &point, failure);
    if (r >= 0)
        r = mount_attach_at(source, point, request->target, failure);
    if (r >= 0)
        r = make_directory(stage, "lower", &lower, failure);
    if (r >= 0)
        r = make_directory(stage, "upper", &upper, failure);
    if (r >= 0)
        r = make_directory(stage, "work", &work, failure);
    if (r >= 0)
        r = mount_open("overlay", &context, failure);
    if (r < 0)
        return r;
    r = configure_overlay(container, context, (const int[]){lower, upper, work});
    if (r < 0)
        return mount_fail(context, request->target, r, failure);
    r = mount_create(context, request->target, request->attributes, &overlay, failure);
    return r < 0 ? r : mount_attach_at(overlay, stage, request->target, failure);
}

static int attach_source(const struct container *container, const struct mount_request *request, int source,
                         struct failure *failure)
{
    _cleanup_close_ int target = -EBADF;
    struct stat st;

    if (fstat(source, &st) < 0)
        return fail(failure, -errno, "bind of %s: %m", request->source);
    if (request->kind == MOUNT_OVERLAY && !S_ISDIR(st.st_mode))
        return fail(failure, -ENOTDIR, "overlay of %s: is no directory", request->source);
    int r = open_target(container, request, S_ISDIR(st.st_mode), &target, failure);
    if (r < 0)
        return r;
    return request->kind == MOUNT_OVERLAY ? mount_overlay(container, request, source, target, failure)
                                          : mount_attach_at(source, target, request->target, failure);
}

static int attach_new(const struct container *container, const struct mount_request *request,
                      struct failure *failure)
{
    _cleanup_close_ int fd = -EBADF, target = -EBADF;

    int r = mount_request_create(container, request, &fd, failure);
    if (r >= 0)
        r = open_target(container, request, true, &target, failure);
    return r < 0 ? r : mount_attach_at(fd, target, request->target, failure);
}

int mount_requests_attach(struct container *container, bool (*is_own)(const struct mount_request *request),
                          struct failure *failure)
{
    size_t next_source = 0;
    int r = 0;

    FOREACH_ARRAY (request, container->config->mounts, container->config->n_mounts) {
        if (has_source(request))
            r = attach_source(container, request, container->sources[next_source++], failure);
        else if (!is_own(request))
            r = attach_new(container, request, failure);
        if (r < 0)
            return r;
    }
    return 0;
}
