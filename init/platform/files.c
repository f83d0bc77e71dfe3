/* Unit files from a real root: openat2(2) keeps every lookup inside it, reads are bounded and never block. */
#include "init/platform/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/syscalls.h"
#include "common/text.h"

/* Far more than any directory of units has; what is beyond is a mistake or an attack. */
#define DIRECTORY_NAMES_MAX 65536

int root_files_open(const struct root_files *files, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    int fd = sys_openat2(files->root_fd, path, &how, sizeof(how));

    /* EPERM is what older filters say to calls that they do not know. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
        errno = ENOSYS;
        fd = files->is_own ? open(path, flags | O_CLOEXEC) : -1;
    }
    return fd < 0 ? -errno : fd;
}

/* Until end of file or max bytes; *size is what came. */
static int read_bytes(int fd, char *buffer, size_t max, size_t *size)
{
    while (*size < max) {
        ssize_t n = read(fd, buffer + *size, max - *size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        *size += (size_t)n;
    }
    return 0;
}

/* --- what is in the directories of the search path --- */

/* One directory, as it was read. */
struct root_listing {
    struct root_listing *next;
    char **entries; /* sorted: the name with its d_type (dirent(3)) in front, plus one as that may be 0 */
    size_t n;
    bool readable; /* false: only a look at each file tells */
    char path[];
};

static int compare_entries(const void *a, const void *b)
{
    return strcmp(*(char *const *)a + 1, *(char *const *)b + 1);
}

static int listing_fill(struct root_listing *listing, DIR *dir)
{
    const struct dirent *entry;
    size_t room = 0;

    while ((errno = 0, entry = readdir(dir))) {
        if (listing->n == room) {
            room = MAX(room * 2, (size_t)32);
            char **bigger = reallocarray(listing->entries, room, sizeof(*bigger));
            if (!bigger || room > DIRECTORY_NAMES_MAX)
                return -ENOMEM;
            listing->entries = bigger;
        }
        char *copy = xasprintf("%c%s", entry->d_type + 1, entry->d_name);
        if (!copy)
            return -ENOMEM;
        listing->entries[listing->n++] = copy;
    }
    if (listing->n > 0)
        qsort(listing->entries, listing->n, sizeof(*listing->entries), compare_entries);
    return -errno;
}

/* A directory that is not there has no files; one that may be searched but not read says nothing. */
static void listing_read(struct root_files *files, struct root_listing *listing)
{
    int fd = root_files_open(files, listing->path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir)
        close_fd(fd);
    listing->readable = dir ? listing_fill(listing, dir) == 0 : fd == -ENOENT;
}

/* Of the directory whose path has that length; NULL when it is not one of the search path. */
static struct root_listing *listing_get(struct root_files *files, const char *path, size_t length)
{
    struct root_listing *listing = files->listings;

    for (; listing; listing = listing->next)
        if (strncmp(listing->path, path, length) == 0 && !listing->path[length])
            return listing;
    for (char *const *directory = files->search_path; directory && *directory; directory++) {
        if (strncmp(*directory, path, length) != 0 || (*directory)[length])
            continue;
        listing = calloc(1, sizeof(*listing) + length + 1);
        if (!listing)
            return NULL;
        memcpy(listing->path, path, length);
        listing_read(files, listing);
        listing->next = files->listings;
        files->listings = listing;
        return listing;
    }
    return NULL;
}

/* The d_type of the file, -ENOENT when there is none, or DT_UNKNOWN. */
static int known_type(struct root_files *files, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct root_listing *listing = slash ? listing_get(files, path, (size_t)(slash - path)) : NULL;

    if (!listing || !listing->readable)
        return DT_UNKNOWN;
    const char *key = slash; /* its first character stands where an entry has its type */
    char *const *found = listing->n == 0 ? NULL
                                         : bsearch(&key, listing->entries, listing->n,
                                                   sizeof(*listing->entries), compare_entries);
    return found ? (unsigned char)**found - 1 : -ENOENT;
}

void root_files_forget(struct root_files *files)
{
    while (files->listings) {
        struct root_listing *listing = files->listings;
        files->listings = listing->next;
        for (size_t i = 0; i < listing->n; i++)
            free(listing->entries[i]);
        free(listing->entries);
        free(listing);
    }
}

static int files_read(void *files, const char *path, char **ret, size_t *ret_size)
{
    struct root_files *root = files;
    struct stat st;

    if (known_type(root, path) == -ENOENT)
        return -ENOENT;
    _cleanup_close_ int fd = root_files_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISCHR(st.st_mode))
        st.st_size = 0; /* /dev/null behind a symlink: an empty file */
    else if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    if (st.st_size > UNIT_FILE_MAX)
        return -EFBIG;
    /* The file may grow between the two calls: what is longer than it was is left. */
    size_t max = (size_t)st.st_size, size = 0;
    _cleanup_free_ char *text = malloc(max + 1);
    if (!text)
        return -ENOMEM;
    int r = read_bytes(fd, text, max, &size);
    if (r < 0)
        return r;
    text[size] = 0;
    *ret = TAKE_PTR(text);
    *ret_size = size;
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int collect_names(DIR *dir, char ***names)
{
    for (size_t n = 0; n < DIRECTORY_NAMES_MAX;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return -errno;
        if (entry->d_name[0] == '.')
            continue;
        int r = strv_append(names, entry->d_name);
        if (r < 0)
            return r;
        n++;
    }
    return -E2BIG;
}

static int files_list(void *files, const char *path, char ***ret)
{
    struct root_files *root = files;
    _cleanup_strv_ char **names = NULL;

    if (known_type(root, path) == -ENOENT)
        return -ENOENT;
    _cleanup_close_ int fd = root_files_open(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (fd < 0)
        return fd;
    _cleanup_closedir_ DIR *dir = fdopendir(fd);
    if (!dir)
        return -errno;
    TAKE_FD(fd);
    int r = collect_names(dir, &names);
    if (r < 0)
        return r;
    if (names)
        qsort(names, strv_length(names), sizeof(*names), compare_names);
    *ret = TAKE_PTR(names);
    return 0;
}

static int files_read_link(void *files, const char *path, char **ret)
{
    struct root_files *root = files;
    char target[PATH_MAX];
    int type = known_type(root, path);

    if (type == -ENOENT || type == DT_REG)
        return type == DT_REG ? -EINVAL : -ENOENT;
    _cleanup_close_ int fd = root_files_open(root, path, O_PATH | O_NOFOLLOW);
    if (fd < 0)
        return fd;
    /* An empty path means the symlink that fd is; on anything else it is ENOENT: readlink(2). */
    ssize_t n = readlinkat(fd, "", target, sizeof(target));
    if (n < 0)
        return errno == ENOENT ? -EINVAL : -errno;
    if ((size_t)n >= sizeof(target))
        return -ENAMETOOLONG;
    *ret = strndup(target, (size_t)n);
    return *ret ? 0 : -ENOMEM;
}

const struct unit_files_ops root_files_ops = {
    .read = files_read,
    .list = files_list,
    .read_link = files_read_link,
};
