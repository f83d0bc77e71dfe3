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

/* One directory, as it was read. An entry is its d_type (dirent(3)), plus one as that may be 0, its name, and
 * behind the NUL of that where it leads, when it is a symlink. */
struct root_listing {
    struct root_listing *next;
    char **entries; /* by name */
    char **links;   /* the symlinks among them, by the last part of where they lead */
    char **folders; /* what is no regular file, by name */
    size_t n, n_links, n_folders;
    bool readable; /* false: only a look at each file tells */
    char path[];
};

static int entry_type(const char *entry)
{
    return (unsigned char)*entry - 1;
}

static const char *entry_target(const char *entry)
{
    return entry + strlen(entry) + 1;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(*(char *const *)a + 1, *(char *const *)b + 1);
}

static int compare_links(const void *a, const void *b)
{
    const char *mine = *(char *const *)a, *other = *(char *const *)b;
    int order = strcmp(base_name(entry_target(mine)), base_name(entry_target(other)));

    return order != 0 ? order : compare_entries(a, b);
}

/* Of a symlink in that directory; "" for anything else. */
static void read_target(DIR *dir, const struct dirent *entry, char target[PATH_MAX])
{
    bool maybe = entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
    ssize_t n = maybe ? readlinkat(dirfd(dir), entry->d_name, target, PATH_MAX) : -1;

    target[n > 0 && n < PATH_MAX ? n : 0] = 0;
}

static char *entry_new(DIR *dir, const struct dirent *entry)
{
    char target[PATH_MAX];
    unsigned char type = entry->d_type;

    read_target(dir, entry, target);
    if (*target || type == DT_LNK)
        type = *target ? DT_LNK : DT_UNKNOWN;
    return xasprintf("%c%s%c%s", type + 1, entry->d_name, 0, target);
}

static int listing_add(struct root_listing *listing, size_t *room, char *entry)
{
    if (entry && listing->n == *room && *room < DIRECTORY_NAMES_MAX) {
        size_t more = MAX(*room * 2, (size_t)32);
        char **bigger = reallocarray(listing->entries, more, sizeof(*bigger));
        if (bigger) {
            listing->entries = bigger;
            *room = more;
        }
    }
    if (!entry || listing->n == *room) {
        free(entry);
        return -ENOMEM;
    }
    listing->entries[listing->n++] = entry;
    listing->n_links += entry_type(entry) == DT_LNK;
    listing->n_folders += entry_type(entry) != DT_REG;
    return 0;
}

static bool is_link(int type)
{
    return type == DT_LNK;
}

static bool is_no_file(int type)
{
    return type != DT_REG;
}

/* The n entries of such a type, as they are ordered; *ret stays NULL for none. */
static int pick(const struct root_listing *listing, bool (*is_wanted)(int type), size_t n, char ***ret)
{
    *ret = n > 0 ? calloc(n, sizeof(**ret)) : NULL;
    for (size_t i = 0, picked = 0; *ret && i < listing->n; i++)
        if (is_wanted(entry_type(listing->entries[i])))
            (*ret)[picked++] = listing->entries[i];
    return n > 0 && !*ret ? -ENOMEM : 0;
}

static int listing_sort(struct root_listing *listing)
{
    if (listing->n > 0)
        qsort(listing->entries, listing->n, sizeof(*listing->entries), compare_entries);
    int r = pick(listing, is_no_file, listing->n_folders, &listing->folders);
    if (r >= 0)
        r = pick(listing, is_link, listing->n_links, &listing->links);
    if (r >= 0 && listing->links)
        qsort(listing->links, listing->n_links, sizeof(*listing->links), compare_links);
    return r;
}

static int listing_fill(struct root_listing *listing, DIR *dir)
{
    const struct dirent *entry;
    size_t room = 0;

    while ((errno = 0, entry = readdir(dir))) {
        int r = listing_add(listing, &room, entry_new(dir, entry));
        if (r < 0)
            return r;
    }
    return errno != 0 ? -errno : listing_sort(listing);
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

/* 1 with what is there under that name, 0 when nobody knows, -ENOENT when nothing is. */
static int find_entry(struct root_files *files, const char *path, const char **ret)
{
    const char *slash = strrchr(path, '/');
    struct root_listing *listing = slash ? listing_get(files, path, (size_t)(slash - path)) : NULL;

    if (!listing || !listing->readable)
        return 0;
    const char *key = slash; /* its first character stands where an entry has its type */
    char *const *found = listing->n == 0 ? NULL
                                         : bsearch(&key, listing->entries, listing->n,
                                                   sizeof(*listing->entries), compare_entries);
    if (!found)
        return -ENOENT;
    *ret = *found;
    return 1;
}

static bool is_known_to_be_missing(struct root_files *files, const char *path)
{
    const char *entry;

    return find_entry(files, path, &entry) == -ENOENT;
}

void root_files_forget(struct root_files *files)
{
    while (files->listings) {
        struct root_listing *listing = files->listings;
        files->listings = listing->next;
        for (size_t i = 0; i < listing->n; i++)
            free(listing->entries[i]);
        free(listing->entries);
        free(listing->links);
        free(listing->folders);
        free(listing);
    }
}

/* The first of the links that lead to base, or where they would have to be. */
static size_t first_link_to(const struct root_listing *listing, const char *base)
{
    size_t low = 0, high = listing->n_links;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(base_name(entry_target(listing->links[middle])), base) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int files_links_to(void *files, const char *directory, const char *base, char ***ret)
{
    const struct root_listing *listing = listing_get(files, directory, strlen(directory));
    _cleanup_strv_ char **names = NULL;

    if (!listing || !listing->readable)
        return 0;
    for (size_t i = first_link_to(listing, base); i < listing->n_links; i++) {
        const char *link = listing->links[i];
        if (!streq(base_name(entry_target(link)), base))
            break;
        if (strv_append(&names, link + 1) < 0)
            return -ENOMEM;
    }
    *ret = TAKE_PTR(names);
    return 0;
}

struct folder_name {
    const char *name, *suffix;
};

static int compare_folder(const void *key, const void *entry)
{
    const struct folder_name *wanted = key;
    const char *found = *(char *const *)entry + 1;
    size_t n = strlen(wanted->name);
    int order = strncmp(wanted->name, found, n);

    return order != 0 ? order : strcmp(wanted->suffix, found + n);
}

static bool files_may_have_folder(void *files, const char *directory, const char *name, const char *suffix)
{
    const struct root_listing *listing = listing_get(files, directory, strlen(directory));
    const struct folder_name wanted = {name, suffix};

    if (!listing || !listing->readable)
        return true;
    return listing->n_folders > 0 &&
           bsearch(&wanted, listing->folders, listing->n_folders, sizeof(*listing->folders), compare_folder);
}

static int files_read(void *files, const char *path, char **ret, size_t *ret_size)
{
    struct root_files *root = files;
    struct stat st;

    if (is_known_to_be_missing(root, path))
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

/* The names, or pairs of name and target. */
static int collect_names(DIR *dir, bool pairs, char ***names)
{
    char target[PATH_MAX];

    for (size_t n = 0; n < DIRECTORY_NAMES_MAX;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return -errno;
        if (entry->d_name[0] == '.')
            continue;
        int r = strv_append(names, entry->d_name);
        if (pairs && r >= 0) {
            read_target(dir, entry, target);
            r = strv_append(names, target);
        }
        if (r < 0)
            return r;
        n++;
    }
    return -E2BIG;
}

static int list(struct root_files *root, const char *path, bool pairs, char ***ret)
{
    _cleanup_strv_ char **names = NULL;
    size_t size = pairs ? 2 : 1;

    if (is_known_to_be_missing(root, path))
        return -ENOENT;
    _cleanup_close_ int fd = root_files_open(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (fd < 0)
        return fd;
    _cleanup_closedir_ DIR *dir = fdopendir(fd);
    if (!dir)
        return -errno;
    TAKE_FD(fd);
    int r = collect_names(dir, pairs, &names);
    if (r < 0)
        return r;
    if (names)
        qsort(names, strv_length(names) / size, size * sizeof(*names), compare_names);
    *ret = TAKE_PTR(names);
    return 0;
}

static int files_list(void *files, const char *path, char ***ret)
{
    return list(files, path, false, ret);
}

static int files_list_links(void *files, const char *path, char ***ret)
{
    return list(files, path, true, ret);
}

static int files_read_link(void *files, const char *path, char **ret)
{
    struct root_files *root = files;
    char target[PATH_MAX];
    const char *entry = NULL;
    int r = find_entry(root, path, &entry), type = r > 0 ? entry_type(entry) : DT_UNKNOWN;

    if (r < 0 || type == DT_REG)
        return r < 0 ? r : -EINVAL;
    if (type == DT_LNK) {
        *ret = strdup(entry_target(entry));
        return *ret ? 0 : -ENOMEM;
    }
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
    .list_links = files_list_links,
    .read_link = files_read_link,
    .links_to = files_links_to,
    .may_have_folder = files_may_have_folder,
};
