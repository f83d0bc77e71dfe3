/* Making the directories of a unit, and removing those that live no longer than it. */
#include "init/platform/exec-directories.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/exec-steps.h"
#include "init/platform/trusted-path.h"

#define MODE_BITS 07777
#define DEPTH_MAX 128 /* of a tree that changes its owner: a descriptor each */

static const struct {
    const char *place;
    const char *variable;
} kinds[EXEC_DIRECTORY_MAX] = {
    [DIRECTORY_RUNTIME] = {"/run", "RUNTIME_DIRECTORY"},
    [DIRECTORY_STATE] = {"/var/lib", "STATE_DIRECTORY"},
    [DIRECTORY_CACHE] = {"/var/cache", "CACHE_DIRECTORY"},
    [DIRECTORY_LOGS] = {"/var/log", "LOGS_DIRECTORY"},
    [DIRECTORY_CONFIGURATION] = {"/etc", "CONFIGURATION_DIRECTORY"},
};

const char *exec_directory_place(enum exec_directory_type type)
{
    return kinds[type].place;
}

const char *exec_directory_variable(enum exec_directory_type type)
{
    return kinds[type].variable;
}

static int path_of(enum exec_directory_type type, const char *name, char path[static PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/%s", kinds[type].place, name);
    return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int chown_tree(int fd, const struct credentials *owner, unsigned depth);

/* What is gone meanwhile is fine. */
static int chown_entry(int dirfd, const char *name, const struct credentials *owner, unsigned depth)
{
    _cleanup_close_ int fd =
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int r;

    if (fd >= 0)
        return depth < DEPTH_MAX ? chown_tree(fd, owner, depth + 1) : -ELOOP;
    r = fchownat(dirfd, name, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    return r == -ENOENT ? 0 : r;
}

/* The top comes last: a walk that breaks off is taken up by the next start. */
static int chown_tree(int fd, const struct credentials *owner, unsigned depth)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;

    if (!dir) {
        close_fd(copy);
        return -errno;
    }
    while ((entry = readdir(dir))) {
        if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
            continue;
        int r = chown_entry(fd, entry->d_name, owner, depth);
        if (r < 0)
            return r;
    }
    return negative_errno(fchown(fd, owner->uid, owner->gid));
}

/* When the top belongs to the right user, all below it is taken to. */
static int hand_over(int fd, const struct credentials *owner, mode_t mode)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (owner->set && (st.st_uid != owner->uid || st.st_gid != owner->gid)) {
        int r = chown_tree(fd, owner, 0);
        if (r < 0)
            return r;
    }
    if ((st.st_mode & MODE_BITS) == mode)
        return 0;
    return negative_errno(fchmod(fd, mode));
}

/* A configuration is the administrator's: one that is there is left as it is. */
static int make_one(int root, enum exec_directory_type type, const char *name, mode_t mode,
                    const struct credentials *owner)
{
    char path[PATH_MAX];
    bool made = false;
    int r = path_of(type, name, path);

    if (r < 0)
        return r;
    _cleanup_close_ int at = trusted_directory_open(root, path, true, &made);
    if (at < 0)
        return at;
    if (type == DIRECTORY_CONFIGURATION && !made)
        return 0;
    _cleanup_close_ int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return hand_over(fd, owner, mode);
}

/* link: "NAME:LINK". */
static int make_link(int root, enum exec_directory_type type, const char *link)
{
    const char *colon = strchr(link, ':'), *name;
    char target[PATH_MAX], present[PATH_MAX], path[PATH_MAX];
    int n = snprintf(target, sizeof(target), "%s/%.*s", kinds[type].place, (int)(colon - link), link);
    int r = n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : path_of(type, colon + 1, path);

    if (r < 0)
        return r;
    _cleanup_close_ int parent = trusted_parent_open(root, path, true, &name);
    if (parent < 0)
        return parent;
    if (symlinkat(target, parent, name) == 0)
        return 0;
    r = -errno;
    ssize_t size = readlinkat(parent, name, present, sizeof(present));
    return size == n && memcmp(present, target, (size_t)n) == 0 ? 0 : r;
}

/* The root that the unit's processes see. */
static int open_root(const struct exec_context *context)
{
    int fd = open(context->root_directory ? context->root_directory : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int make_all(const struct exec_plan *plan, enum exec_directory_type type, const char **object)
{
    const struct exec_directory *directory = &plan->context->directories[type];

    if (!directory->names)
        return 0;
    _cleanup_close_ int root = open_root(plan->context);
    int r = root < 0 ? root : 0;
    for (char **name = directory->names; r == 0 && *name; name++) {
        *object = *name;
        r = make_one(root, type, *name, directory->mode, plan->credentials);
    }
    for (char **link = directory->links; r == 0 && link && *link; link++) {
        *object = *link;
        r = make_link(root, type, *link);
    }
    return r;
}

int exec_step_runtime_directories(const struct exec_plan *plan, const char **object)
{
    return make_all(plan, DIRECTORY_RUNTIME, object);
}

int exec_step_state_directories(const struct exec_plan *plan, const char **object)
{
    return make_all(plan, DIRECTORY_STATE, object);
}

int exec_step_cache_directories(const struct exec_plan *plan, const char **object)
{
    return make_all(plan, DIRECTORY_CACHE, object);
}

int exec_step_logs_directories(const struct exec_plan *plan, const char **object)
{
    return make_all(plan, DIRECTORY_LOGS, object);
}

int exec_step_configuration_directories(const struct exec_plan *plan, const char **object)
{
    return make_all(plan, DIRECTORY_CONFIGURATION, object);
}

/* What cannot go is taken over by the next start. */
static void remove_one(int root, const char *name, int (*how)(int parent, const char *last))
{
    char path[PATH_MAX];
    const char *last;

    if (path_of(DIRECTORY_RUNTIME, name, path) < 0)
        return;
    _cleanup_close_ int parent = trusted_parent_open(root, path, false, &last);
    if (parent >= 0)
        (void)how(parent, last);
}

static int remove_link(int dirfd, const char *name)
{
    char target[1];
    return readlinkat(dirfd, name, target, sizeof(target)) < 0 ? -errno : unlinkat(dirfd, name, 0);
}

void runtime_directories_remove(const struct exec_context *context, bool comes_back)
{
    const struct exec_directory *directory = &context->directories[DIRECTORY_RUNTIME];

    if (!directory->names || context->runtime_preserve == PRESERVE_YES ||
        (context->runtime_preserve == PRESERVE_RESTART && comes_back))
        return;
    _cleanup_close_ int root = open_root(context);
    for (char **link = directory->links; root >= 0 && link && *link; link++)
        remove_one(root, strchr(*link, ':') + 1, remove_link);
    for (char **name = directory->names; root >= 0 && *name; name++)
        remove_one(root, *name, remove_tree_at);
}
