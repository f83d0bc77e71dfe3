/* Deletes a tree that hostile programs have written: no symlink is followed, no mount entered, and no depth
 * of directories costs more than a bounded number of descriptors and stack frames. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"

/* A directory that lies deeper is moved up to the top of the tree and deleted from there. */
#define DEPTH_MAX 32

struct removal {
    int top; /* the directory that the tree begins with */
    dev_t device;
    unsigned moved; /* numbers the names of directories that were moved up */
    int error;      /* the first that was met; the rest of the tree is deleted all the same */
};

static int remove_directory(struct removal *removal, int dirfd, const char *name, unsigned depth);

/* RESOLVE_NO_XDEV also sees a bind mount of the same file system, which st_dev does not. No
 * fallback without it: to leave a tree is better than to empty what is mounted in it. */
static int open_inside(const struct removal *removal, int dirfd, const char *name)
{
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
    };
    struct stat st;

    _cleanup_close_ int fd = sys_openat2(dirfd, name, &how, sizeof(how));
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (st.st_dev != removal->device)
        return -EXDEV;
    return TAKE_FD(fd);
}

static int move_up(struct removal *removal, int dirfd, const char *name)
{
    char moved[sizeof(".moved-") + 10];

    do {
        snprintf(moved, sizeof(moved), ".moved-%u", removal->moved++);
        if (renameat(dirfd, name, removal->top, moved) == 0)
            return 0;
    } while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
    return -errno;
}

static int remove_entry(struct removal *removal, int dirfd, const char *name, unsigned depth)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR)
        return -errno;
    if (depth >= DEPTH_MAX)
        return move_up(removal, dirfd, name);
    return remove_directory(removal, dirfd, name, depth + 1);
}

/* One pass over a directory; returns how many entries it got rid of. */
static size_t remove_entries(struct removal *removal, DIR *dir, unsigned depth)
{
    size_t removed = 0;

    rewinddir(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
            continue;
        int r = remove_entry(removal, dirfd(dir), entry->d_name, depth);
        if (r == 0)
            removed++;
        else if (removal->error == 0)
            removal->error = r;
    }
    return removed;
}

/* Takes the descriptor over. Passes are repeated while they get on: directories come up from below, and
 * readdir(3) may miss entries of a directory that changes. */
static int empty_and_remove(struct removal *removal, int fd, int parent, const char *name, unsigned depth)
{
    _cleanup_closedir_ DIR *dir = fdopendir(fd);
    if (!dir) {
        close_fd(fd);
        return -ENOMEM;
    }
    size_t removed;
    do {
        removed = remove_entries(removal, dir, depth);
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
    } while ((errno == ENOTEMPTY || errno == EEXIST) && removed > 0);
    return -errno;
}

static int remove_directory(struct removal *removal, int dirfd, const char *name, unsigned depth)
{
    int fd = open_inside(removal, dirfd, name);
    if (fd >= 0)
        return empty_and_remove(removal, fd, dirfd, name, depth);
    /* An empty directory goes without being read (overlay's work directory has mode 000). */
    return fd == -EACCES && unlinkat(dirfd, name, AT_REMOVEDIR) == 0 ? 0 : fd;
}

int remove_tree_at(int dirfd, const char *path)
{
    struct removal removal = {.top = -EBADF};
    struct stat st;

    if (unlinkat(dirfd, path, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR)
        return -errno;
    removal.top = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (removal.top < 0)
        return -errno;
    if (fstat(removal.top, &st) < 0) {
        close_fd(removal.top);
        return -errno;
    }
    removal.device = st.st_dev;
    int r = empty_and_remove(&removal, removal.top, dirfd, path, 0);
    return removal.error < 0 ? removal.error : r;
}
