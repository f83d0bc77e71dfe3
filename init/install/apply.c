/* Making and removing links: every path is resolved inside the root, whatever symlinks say. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "init/install/install.h"
#include "init/platform/files.h"

static int make_directory(const struct root_files *root, char *path)
{
    char *slash = strrchr(path, '/');

    *slash = 0;
    _cleanup_close_ int parent = root_files_open(root, *path ? path : "/", O_PATH | O_DIRECTORY);
    *slash = '/';
    if (parent < 0)
        return parent;
    return mkdirat(parent, slash + 1, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* mkdir -p inside the root: each part is looked up anew, so that a symlink on the way stays inside. */
static int make_directories(const struct root_files *root, const char *path)
{
    _cleanup_free_ char *copy = strdup(path);
    int r = 0;

    if (!copy)
        return -ENOMEM;
    for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = 0;
        _cleanup_close_ int fd = root_files_open(root, copy, O_PATH | O_DIRECTORY);
        r = fd >= 0 ? 0 : fd == -ENOENT ? make_directory(root, copy) : fd;
        if (!slash || r < 0)
            return r;
        *slash = '/';
    }
}

static int open_parent(const struct root_files *root, const char *path, bool create)
{
    _cleanup_free_ char *directory = strndup(path, (size_t)(install_base_name(path) - 1 - path));

    if (!directory)
        return -ENOMEM;
    int r = create ? make_directories(root, directory) : 0;
    return r < 0 ? r : root_files_open(root, directory, O_PATH | O_DIRECTORY);
}

static bool is_folder_of_links(const char *directory)
{
    return endswith(directory, ".wants") || endswith(directory, ".requires") ||
           endswith(directory, ".upholds") || endswith(directory, ".d");
}

/* A folder that this was the last of. */
static void remove_folder(const struct root_files *root, const char *path)
{
    _cleanup_free_ char *directory = strndup(path, (size_t)(install_base_name(path) - 1 - path));

    if (!directory || !is_folder_of_links(directory))
        return;
    _cleanup_close_ int parent = open_parent(root, directory, false);
    if (parent >= 0)
        (void)unlinkat(parent, install_base_name(directory), AT_REMOVEDIR);
}

static int apply_link(const struct root_files *root, const struct install_change *change)
{
    _cleanup_close_ int parent = open_parent(root, change->path, true);

    if (parent < 0)
        return parent;
    return symlinkat(change->target, parent, install_base_name(change->path)) < 0 ? -errno : 1;
}

static int apply_unlink(const struct root_files *root, const struct install_change *change)
{
    _cleanup_close_ int parent = open_parent(root, change->path, false);

    if (parent < 0)
        return parent == -ENOENT ? 0 : parent;
    if (unlinkat(parent, install_base_name(change->path), 0) < 0)
        return errno == ENOENT ? 0 : -errno;
    remove_folder(root, change->path);
    return 1;
}

int install_apply(const struct root_files *root, const struct install_change *change)
{
    switch (change->kind) {
    case INSTALL_LINK:
        return apply_link(root, change);
    case INSTALL_UNLINK:
        return apply_unlink(root, change);
    default:
        return 0;
    }
}
