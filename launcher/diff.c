/* Two walks in step: the upper, and for each of its directories those of the layers that it is merged with.
 */
#include "launcher/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"

#define DEPTH_MAX     1000
#define NAMES_MAX     65536   /* of one directory that are sorted at once */
#define LOWER_MAX_ALL 1000000 /* names of the layers' directories under one that replaces them */
#define ATTRIBUTE_MAX 64
#define REDIRECT_MAX  4096

/* What the layers have at one place, seen as one. */
struct below {
    enum { ABSENT, FILE_BELOW, DIRECTORY_BELOW } kind;
    int *fds; /* of the directories that are merged, topmost first */
    unsigned n;
};

struct walk {
    struct diff *diff;
    const struct below *root;
    char *path; /* of the directory that is walked; "" is the top */
    size_t length, size;
    unsigned depth;
};

static void below_done(struct below *below)
{
    for (unsigned i = 0; i < below->n; i++)
        close_fd(below->fds[i]);
    free(below->fds);
    *below = (struct below){};
}

static int open_directory(int dirfd, const char *name)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    int fd = sys_openat2(dirfd, name, &how, sizeof(how));
    return fd < 0 ? -errno : fd;
}

/* The value of one of overlay's attributes: its size, 0 without. */
static size_t attribute(const struct walk *walk, int fd, const char *name, char *value, size_t size)
{
    char full[ATTRIBUTE_MAX];
    snprintf(full, sizeof(full), "%s%s", walk->diff->attribute_prefix, name);
    ssize_t n = fgetxattr(fd, full, value, size);
    return n > 0 ? (size_t)n : 0;
}

static bool is_opaque(const struct walk *walk, int fd)
{
    char value[2];
    return attribute(walk, fd, "opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}

/* A character device 0:0, or an empty file that says so: nothing else than directories is opened, so it is
 * asked by its name behind the descriptor. */
static bool is_whiteout(const struct walk *walk, int dirfd, const char *name, const struct stat *st)
{
    char path[NAME_MAX + 64], full[ATTRIBUTE_MAX];

    if (S_ISCHR(st->st_mode))
        return st->st_rdev == makedev(0, 0);
    if (!S_ISREG(st->st_mode) || st->st_size != 0)
        return false;
    snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
    snprintf(full, sizeof(full), "%swhiteout", walk->diff->attribute_prefix);
    return lgetxattr(path, full, NULL, 0) >= 0;
}

static int add_below(struct below *below, int fd)
{
    int *fds = realloc(below->fds, (below->n + 1) * sizeof(int));
    if (!fds) {
        close_fd(fd);
        return -ENOMEM;
    }
    below->fds = fds;
    below->fds[below->n++] = fd;
    below->kind = DIRECTORY_BELOW;
    return 0;
}

/* Takes the directory of one layer. 1: what lies deeper is hidden. */
static int merge_directory(const struct walk *walk, int dirfd, const char *name, struct below *ret)
{
    ret->kind = DIRECTORY_BELOW;
    int fd = open_directory(dirfd, name);
    if (fd == -EXDEV)
        return 0; /* a mount, which is not part of the layer */
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    bool opaque = is_opaque(walk, fd);
    int r = add_below(ret, fd);
    return r < 0 ? r : opaque;
}

/* What the layers have under that name: the topmost decides, directories are merged as far as they reach. */
static int look_below(const struct walk *walk, const struct below *parent, const char *name,
                      struct below *ret)
{
    int r = 0;

    for (unsigned i = 0; i < parent->n && r == 0; i++) {
        struct stat st;
        if (fstatat(parent->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            r = errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        } else if (S_ISDIR(st.st_mode)) {
            r = merge_directory(walk, parent->fds[i], name, ret);
        } else {
            if (ret->kind == ABSENT && !is_whiteout(walk, parent->fds[i], name, &st))
                ret->kind = FILE_BELOW;
            break;
        }
    }
    return MIN(r, 0);
}

static int set_path(struct walk *walk, size_t length, const char *name)
{
    size_t n = strlen(name), need = length + n + 2;
    if (need > walk->size) {
        char *path = realloc(walk->path, 2 * need);
        if (!path)
            return -ENOMEM;
        walk->path = path;
        walk->size = 2 * need;
    }
    walk->path[length] = '/';
    memcpy(walk->path + length + 1, name, n + 1);
    walk->length = need - 1;
    return 0;
}

static int tell(struct walk *walk, char change, const char *name)
{
    size_t length = walk->length;
    int r = set_path(walk, length, name);
    if (r >= 0)
        walk->diff->on_change(walk->diff, change, walk->path);
    walk->length = length;
    walk->path[length] = 0;
    return r;
}

static void skip(struct walk *walk, const char *name, int error)
{
    walk->diff->incomplete = true;
    (void)fail(&walk->diff->failure, error, "%s/%s: %s", walk->path, name,
               error == -ELOOP ? "lies too deep" : strerror(-error));
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The next names of a directory, sorted; none at the end. */
static int read_names(DIR *dir, size_t max, char ***names, size_t *n)
{
    size_t room = *n;

    for (struct dirent *entry; *n < max && (entry = readdir(dir));) {
        if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
            continue;
        if (*n + 1 >= room) {
            char **larger = realloc(*names, (room = 2 * room + 16) * sizeof(char *));
            if (!larger)
                return -ENOMEM;
            *names = larger;
        }
        if (!((*names)[*n] = strdup(entry->d_name)))
            return -ENOMEM;
        (*names)[++*n] = NULL;
    }
    if (*names)
        qsort(*names, *n, sizeof(char *), compare_names);
    return 0;
}

static int read_directory(int fd, size_t max, char ***names, size_t *n)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir) {
        int r = -errno;
        close_fd(copy);
        return r;
    }
    return read_names(dir, max, names, n);
}

/* A directory that hides those of the layers: what it has not got itself is deleted. */
static int tell_hidden(struct walk *walk, int upper_fd, const struct below *below)
{
    _cleanup_strv_ char **names = NULL;
    size_t n = 0;
    int r = 0;

    for (unsigned i = 0; i < below->n && r >= 0; i++)
        r = read_directory(below->fds[i], LOWER_MAX_ALL, &names, &n);
    for (size_t i = 0; i < n && r >= 0; i++) {
        struct stat st;
        _cleanup_(below_done) struct below one = {};
        if ((i > 0 && streq(names[i], names[i - 1])) ||
            fstatat(upper_fd, names[i], &st, AT_SYMLINK_NOFOLLOW) >= 0)
            continue;
        r = look_below(walk, below, names[i], &one);
        if (r >= 0 && one.kind != ABSENT)
            r = tell(walk, 'D', names[i]);
    }
    return r;
}

static int walk_directory(struct walk *walk, int fd, const struct below *below);

/* A directory that was renamed goes on with the content of another one (redirect_dir=on): "/from/the/top" or
 * a name beside it. */
static int follow_redirect(const struct walk *walk, const struct below *parent, const char *to,
                           struct below *ret)
{
    _cleanup_strv_ char **parts = NULL;
    struct below at = {};
    const struct below *from = to[0] == '/' ? walk->root : parent;

    int r = strv_split(to, "/", &parts);
    for (char **part = parts; part && *part && r >= 0; part++) {
        struct below next = {};
        r = streq(*part, "..") ? -EINVAL : look_below(walk, from, *part, &next);
        below_done(&at);
        at = next;
        from = &at;
    }
    *ret = at;
    return r;
}

static int visit_directory(struct walk *walk, int dirfd, const char *name, const struct below *parent,
                           struct below *below)
{
    static const struct below nothing = {};
    _cleanup_(below_done) struct below redirected = {};
    char redirect[REDIRECT_MAX] = "";
    size_t length = walk->length;

    _cleanup_close_ int fd = open_directory(dirfd, name);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    if (walk->depth >= DEPTH_MAX || length + strlen(name) + 1 >= PATH_MAX)
        return -ELOOP;
    bool opaque = is_opaque(walk, fd);
    size_t n = opaque ? 0 : attribute(walk, fd, "redirect", redirect, sizeof(redirect) - 1);
    redirect[n] = 0;
    int r = n == 0 ? 0 : follow_redirect(walk, parent, redirect, &redirected);
    if (r >= 0)
        r = tell(walk, below->kind == ABSENT || n > 0 ? 'A' : 'C', name);
    if (r < 0 || (r = set_path(walk, length, name)) < 0)
        return r;
    walk->depth++;
    /* What it hides below it is replaced, not merged with. */
    if (opaque && below->kind == DIRECTORY_BELOW)
        r = tell_hidden(walk, fd, below);
    if (r >= 0)
        r = walk_directory(walk, fd, n > 0 ? &redirected : below->kind == DIRECTORY_BELOW ? below : &nothing);
    walk->depth--;
    walk->length = length;
    walk->path[length] = 0;
    return r;
}

static int visit(struct walk *walk, int dirfd, const char *name, const struct below *parent)
{
    _cleanup_(below_done) struct below below = {};
    struct stat st;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno; /* gone meanwhile */
    int r = look_below(walk, parent, name, &below);
    if (r < 0)
        return r;
    if (is_whiteout(walk, dirfd, name, &st))
        return below.kind == ABSENT ? 0 : tell(walk, 'D', name);
    if (S_ISDIR(st.st_mode))
        return visit_directory(walk, dirfd, name, parent, &below);
    return tell(walk, below.kind == ABSENT ? 'A' : 'C', name);
}

/* Takes a part of the names at a time: a directory may have any number. What cannot be looked at does not
 * keep the rest. */
static int walk_directory(struct walk *walk, int fd, const struct below *below)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir) {
        int r = -errno;
        close_fd(copy);
        return r;
    }
    for (;;) {
        _cleanup_strv_ char **names = NULL;
        size_t n = 0;
        int r = read_names(dir, NAMES_MAX, &names, &n);
        if (r < 0 || n == 0)
            return r;
        for (size_t i = 0; i < n; i++) {
            r = visit(walk, fd, names[i], below);
            if (r == -ENOMEM)
                return r;
            if (r < 0)
                skip(walk, names[i], r);
        }
    }
}

int diff_walk(struct diff *diff, int upper_fd, const int *lower_fds, unsigned n_lower)
{
    _cleanup_free_ int *copies = calloc(n_lower + 1, sizeof(int));
    _cleanup_free_ char *path = calloc(1, 1);
    if (!copies || !path)
        return -ENOMEM;
    memcpy(copies, lower_fds, n_lower * sizeof(int));
    const struct below root = {.kind = DIRECTORY_BELOW, .fds = copies, .n = n_lower};
    struct walk walk = {.diff = diff, .root = &root, .path = TAKE_PTR(path), .size = 1};

    int r = walk_directory(&walk, upper_fd, &root);
    free(walk.path);
    return r;
}
