/* Control groups v2 by descriptor: cgroups(7). */
#include "launcher/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"

#define ATTRIBUTE_MAX  (1024 * 1024) /* cgroup.procs of a large container is the longest that is read */
#define FREEZE_TIMEOUT USEC_PER_SEC

int cgroup_open_root(int *ret_fd, char **ret_path)
{
    static const char *const candidates[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

    FOREACH_ARRAY (path, candidates, ELEMENTSOF(candidates)) {
        _cleanup_close_ int fd = open(*path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct statfs sfs;
        if (fd < 0 || fstatfs(fd, &sfs) < 0 || sfs.f_type != CGROUP2_SUPER_MAGIC)
            continue;
        if (ret_path && !(*ret_path = strdup(*path)))
            return -ENOMEM;
        *ret_fd = TAKE_FD(fd);
        return 0;
    }
    return -ENOENT;
}

int cgroup_of_pid(pid_t pid, char **ret)
{
    char path[sizeof("/proc//cgroup") + 3 * sizeof(pid_t)] = "/proc/self/cgroup";
    _cleanup_free_ char *text = NULL;

    if (pid > 0)
        (void)snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
    int r = read_file_at(AT_FDCWD, path, ATTRIBUTE_MAX, &text, NULL);
    if (r < 0)
        return r == -ENOENT ? -ESRCH : r;

    /* v1 hierarchies have a number and names, the v2 line is always "0::/path". */
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        const char *group = startswith(line, "0::");
        if (group)
            return (*ret = strdup(group)) ? 0 : -ENOMEM;
        line = end ? end + 1 : NULL;
    }
    return -ENOENT;
}

int cgroup_make(int dirfd, const char *path, int *ret_fd)
{
    path += strspn(path, "/");
    if (*path) {
        int r = make_dirs_at(dirfd, path, 0755);
        if (r < 0)
            return r;
    }
    int fd = openat(dirfd, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

int cgroup_attach(int fd, pid_t pid)
{
    char text[3 * sizeof(pid_t) + 1];
    (void)snprintf(text, sizeof(text), "%d", pid);
    return cgroup_write(fd, "cgroup.procs", text);
}

int cgroup_enable(int fd, const char *controller)
{
    _cleanup_free_ char *text = xasprintf("+%s", controller);
    if (!text)
        return -ENOMEM;
    /* EINVAL: the kernel does not know the name at all, which to the caller is the same as not having it. */
    int r = cgroup_write(fd, "cgroup.subtree_control", text);
    return r == -EINVAL ? -ENOENT : r;
}

bool cgroup_has_controller(int fd, const char *controller)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **names = NULL;

    return cgroup_read(fd, "cgroup.controllers", &text) >= 0 && strv_split(text, " ", &names) >= 0 &&
           strv_contains(names, controller);
}

int cgroup_read(int fd, const char *attribute, char **ret)
{
    _cleanup_free_ char *text = NULL;
    size_t size;

    int r = read_file_at(fd, attribute, ATTRIBUTE_MAX, &text, &size);
    if (r < 0)
        return r;
    if (size > 0 && text[size - 1] == '\n')
        text[size - 1] = '\0';
    *ret = TAKE_PTR(text);
    return 0;
}

int cgroup_read_u64(int fd, const char *attribute, uint64_t *ret)
{
    _cleanup_free_ char *text = NULL;

    int r = cgroup_read(fd, attribute, &text);
    if (r < 0)
        return r;
    if (streq(text, "max")) {
        *ret = UINT64_MAX;
        return 0;
    }
    return parse_u64(text, ret);
}

static int find_key(char *text, const char *key, uint64_t *ret)
{
    size_t n = strlen(key);
    for (char *line = text, *next = NULL; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (strncmp(line, key, n) == 0 && line[n] == ' ')
            return parse_u64(line + n + 1, ret);
    }
    return -ENOENT;
}

int cgroup_read_key(int fd, const char *attribute, const char *key, uint64_t *ret)
{
    _cleanup_free_ char *text = NULL;

    int r = cgroup_read(fd, attribute, &text);
    return r < 0 ? r : find_key(text, key, ret);
}

int cgroup_write(int fd, const char *attribute, const char *value)
{
    return write_file_at(fd, attribute, value);
}

bool cgroup_is_populated(int fd)
{
    uint64_t populated;
    return cgroup_read_key(fd, "cgroup.events", "populated", &populated) >= 0 && populated != 0;
}

/* Waits until key of cgroup.events has that value. The kernel wakes pollers of a descriptor that has read the
 * last state. */
static int wait_event(int fd, const char *key, uint64_t value, usec_t deadline)
{
    _cleanup_close_ int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (events < 0)
        return -errno;

    for (;;) {
        char text[256];
        uint64_t found;
        ssize_t n = pread(events, text, sizeof(text) - 1, 0);
        if (n < 0)
            return -errno;
        text[n] = '\0';
        int r = find_key(text, key, &found);
        if (r < 0 || found == value)
            return r;
        r = wait_for_fd(events, POLLPRI, deadline);
        if (r < 0)
            return r;
    }
}

int cgroup_wait_empty(int fd, usec_t deadline)
{
    int r = wait_event(fd, "populated", 0, deadline);
    /* A removed group is as empty as can be. */
    return r == -ENOENT || r == -ENODEV ? 0 : r;
}

/* The next sub-group of an open directory; NULL at its end. */
static const char *next_child(DIR *dir)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): open_group() fails or sets it */
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_type == DT_DIR && !streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
            return entry->d_name;
    return NULL;
}

static int open_group(int dirfd, const char *name, DIR **ret)
{
    _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    DIR *dir = fdopendir(fd);
    if (!dir)
        return -errno;
    TAKE_FD(fd);
    if (*ret)
        (void)closedir(*ret);
    *ret = dir;
    return 0;
}

static void signal_members(int fd)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **pids = NULL;

    if (cgroup_read(fd, "cgroup.procs", &text) < 0 || strv_split(text, "\n", &pids) < 0)
        return;
    for (char **pid = pids; pid && *pid; pid++) {
        int value;
        /* 0 stands for a process outside our PID namespace, and would mean our own process group. */
        if (parse_int(*pid, &value) >= 0 && value > 0)
            (void)kill(value, SIGKILL);
    }
}

#define TREE_DEPTH_MAX 64

static void signal_tree(int fd, unsigned depth)
{
    _cleanup_closedir_ DIR *dir = NULL;

    signal_members(fd);
    if (depth >= TREE_DEPTH_MAX || open_group(fd, ".", &dir) < 0)
        return;
    for (const char *name; (name = next_child(dir));) {
        _cleanup_close_ int child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0)
            signal_tree(child, depth + 1);
    }
}

int cgroup_kill(int fd)
{
    int r = cgroup_write(fd, "cgroup.kill", "1");
    if (r != -ENOENT)
        return r;

    /* Frozen first, so that nobody forks away from under the list; SIGKILL ends frozen processes too. */
    r = cgroup_write(fd, "cgroup.freeze", "1");
    if (r >= 0)
        (void)wait_event(fd, "frozen", 1, usec_add(now_monotonic(), FREEZE_TIMEOUT));
    signal_tree(fd, 0);
    if (r >= 0)
        (void)cgroup_write(fd, "cgroup.freeze", "0");
    return 0;
}

/* Removes all below the open directory, in constant memory and with one descriptor: the container decides how
 * deep the tree is. A group that is EBUSY has children, which go first, or members, which is what the caller
 * hears about. */
static int remove_children(DIR **dir)
{
    unsigned depth = 0;
    bool progress = true;

    for (;;) {
        const char *child = next_child(*dir);
        int r;
        if (child) {
            if (unlinkat(dirfd(*dir), child, AT_REMOVEDIR) >= 0 || errno == ENOENT) {
                progress = true;
                continue;
            }
            if (errno != EBUSY && errno != ENOTEMPTY)
                return -errno;
            r = open_group(dirfd(*dir), child, dir);
            progress = false;
            depth++;
        } else {
            if (depth == 0)
                return 0;
            if (!progress)
                return -EBUSY;
            r = open_group(dirfd(*dir), "..", dir);
            depth--;
        }
        if (r < 0)
            return r;
    }
}

int cgroup_remove_tree(int dirfd, const char *name)
{
    _cleanup_closedir_ DIR *dir = NULL;

    if (unlinkat(dirfd, name, AT_REMOVEDIR) >= 0 || errno == ENOENT)
        return 0;
    if (errno != EBUSY && errno != ENOTEMPTY)
        return -errno;
    int r = open_group(dirfd, name, &dir);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = remove_children(&dir);
    if (r < 0)
        return r;
    return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}
