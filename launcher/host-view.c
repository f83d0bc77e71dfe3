/* An overlay's layer is one file system: what is mounted below / is not part of it. */
#include "launcher/host-view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/text.h"
#include "launcher/mount.h"

/* What the container has of its own. */
static const char *const own[] = {"/proc", "/sys", "/dev", "/run", "/tmp"};
/* Kernel interfaces, triggers, and the roots of other containers: no files of the host's. */
static const char *const skipped_types[] = {
    "autofs",     "binfmt_misc", "bpf",       "cgroup", "cgroup2", "configfs",  "debugfs", "devpts",
    "devtmpfs",   "efivarfs",    "fusectl",   "mqueue", "nsfs",    "overlay",   "proc",    "pstore",
    "rpc_pipefs", "securityfs",  "selinuxfs", "sysfs",  "tracefs", "hugetlbfs",
};

/* What path is called below a directory: "" for itself; NULL: it does not lie there. */
static const char *path_below(const char *path, const char *directory)
{
    if (streq(directory, "/"))
        return path;
    const char *rest = startswith(path, directory);
    return rest && (!*rest || *rest == '/') ? rest : NULL;
}

static bool is_whole_host(const struct container_config *config)
{
    return config->overlay != OVERLAY_NONE && strv_contains(config->lower, "/");
}

static bool is_own(const char *path)
{
    FOREACH_ARRAY (one, own, ELEMENTSOF(own))
        if (path_below(path, *one))
            return true;
    return false;
}

/* Adds what a path of the host is called in the container, if a layer shows it there. */
static int hide(struct container *container, const char *path)
{
    _cleanup_free_ char *real = path ? realpath(path, NULL) : NULL;

    for (char *const *lower = container->config->lower; real && *lower; lower++) {
        const char *inside = path_below(real, *lower);
        if (!inside || !*inside || is_own(inside) || strv_contains(container->hidden, inside))
            continue;
        int r = strv_append(&container->hidden, inside);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The directories of all containers, and what this one has elsewhere. */
static int hide_ours(struct container *container)
{
    _cleanup_free_ char *state = strdup(container->state.path), *kept = strdup(container->persistent_path);
    if (!state || !kept)
        return -ENOMEM;
    char *const parents[] = {state, kept};
    FOREACH_ARRAY (path, parents, ELEMENTSOF(parents))
        *strrchr(*path, '/') = 0;

    const char *const paths[] = {state, kept, container->upper.path, container->upper.work_path};
    FOREACH_ARRAY (path, paths, ELEMENTSOF(paths)) {
        int r = hide(container, *path);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool is_shown(const struct container *container, const char *path, const char *type)
{
    if (streq(path, "/") || is_own(path))
        return false;
    FOREACH_ARRAY (one, skipped_types, ELEMENTSOF(skipped_types))
        if (streq(type, *one))
            return false;
    for (char **one = container->hidden; one && *one; one++)
        if (path_below(path, *one))
            return false;
    return true;
}

/* "\040" for a space and the like, proc_pid_mountinfo(5). */
static void unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        unsigned byte;
        int n = 0;
        if (*in == '\\' && sscanf(in, "\\%3o%n", &byte, &n) == 1 && n == 4) {
            *out++ = (char)byte;
            in += 3;
        } else {
            *out++ = *in;
        }
    }
    *out = 0;
}

/* "36 35 98:0 /root /mount/point options - type source options" */
static bool split_line(char *line, char **ret_path, char **ret_type)
{
    char *type = strstr(line, " - "), *save = NULL, *word = NULL;
    if (!type)
        return false;
    *type = 0;
    for (int i = 0; i < 5; i++)
        word = strtok_r(i == 0 ? line : NULL, " ", &save);
    if (!word)
        return false;
    *ret_type = type + strlen(" - ");
    (*ret_type)[strcspn(*ret_type, " \n")] = 0;
    unescape(word);
    *ret_path = word;
    return true;
}

static int add_view(struct container *container, const char *path, struct failure *failure)
{
    struct host_view *views = realloc(container->views, (container->n_views + 1) * sizeof(*container->views));
    if (!views)
        return fail(failure, -ENOMEM, "out of memory");
    container->views = views;
    struct host_view *view = &views[container->n_views];
    view->path = strdup(path);
    if (!view->path)
        return fail(failure, -ENOMEM, "out of memory");
    struct failure refused = {};
    if (mount_clone(path, false, true, &view->fd, &refused) < 0) {
        free(view->path);
        /* Lies below another mount, or went away meanwhile. */
        return refused.error == -ENOENT || refused.error == -EACCES
                   ? 0
                   : fail(failure, refused.error, "file system of the host on %s: %s", path, refused.text);
    }
    container->n_views++;
    return 0;
}

static int open_views(struct container *container, struct failure *failure)
{
    _cleanup_fclose_ FILE *file = fopen("/proc/self/mountinfo", "re");
    _cleanup_free_ char *line = NULL;
    char *path, *type;
    size_t size = 0;
    int r = 0;

    if (!file)
        return fail(failure, -errno, "/proc/self/mountinfo: %m");
    while (r >= 0 && getline(&line, &size, file) >= 0)
        if (split_line(line, &path, &type) && is_shown(container, path, type))
            r = add_view(container, path, failure);
    return r;
}

int host_view_open(struct container *container, struct failure *failure)
{
    int r = hide_ours(container);
    if (r < 0)
        return fail(failure, r, "out of memory");
    /* The mounts that a user namespace has inherited are locked, each to those below it. */
    if (!is_whole_host(container->config) || container->config->userns != USERNS_HOST)
        return 0;
    return open_views(container, failure);
}

int host_view_attach(struct container *container, struct failure *failure)
{
    FOREACH_ARRAY (view, container->views, container->n_views) {
        _cleanup_close_ int target = root_open(container->root_fd, view->path, 0);
        if (target == -ENOENT || target == -ENOTDIR)
            continue; /* a layer above / has something else there */
        if (target < 0)
            return fail(failure, target, "file system of the host on %s: %s", view->path, strerror(-target));
        int r = mount_attach_at(view->fd, target, view->path, failure);
        if (r < 0)
            return r;
    }
    return 0;
}
