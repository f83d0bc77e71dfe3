/* Taking over the delegated tree. The order matters to the kernel: a group with processes of its own gives no
 * controllers to its children, and for some controllers says so only by making the children unusable. So
 * everybody moves to init.scope first, then the root is seen empty, then controllers are enabled. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/cgroup-tree.h"
#include "init/platform/processes.h"

#define INIT_SCOPE      "init.scope"
#define MOVE_ROUNDS_MAX 16 /* processes that fork while they are being moved */

/* The path of the "0::" line of /proc/PID/cgroup, which is moved to the front of text. */
static const char *unified_path(char *text)
{
    char *cursor = text, *line;

    while ((line = strsep(&cursor, "\n")))
        if (startswith(line, "0::/"))
            return line + strlen("0::");
    return NULL;
}

/* A systemd unit with Delegate= says so in an attribute of its directory. The root of a cgroup namespace is
 * ours by itself, but for the real root of the host, which has no cgroup.events. */
static bool is_delegated(int root_fd, const char *path)
{
    char proc[sizeof("/proc/self/fd/") + 3 * sizeof(int)], value[2] = "";

    if (streq(path, "/"))
        return faccessat(root_fd, "cgroup.events", F_OK, 0) == 0 || processes_is_host_init();
    (void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", root_fd);
    return getxattr(proc, "user.delegate", value, 1) == 1 && value[0] == '1';
}

/* given: what it was before PID 1 moved itself away from there; "" when only that is known. */
static int open_root(struct cgroup_tree *tree, const char *given)
{
    _cleanup_free_ char *text = NULL, *directory = NULL;
    const char *path = given && *given == '/' ? given : NULL;
    char *scope;
    struct statfs fs;
    int r = path ? 0 : read_file_at(AT_FDCWD, "/proc/self/cgroup", CGROUP_FILE_MAX, &text, NULL);

    if (r < 0)
        return r;
    if (!path && !(path = unified_path(text)))
        return -EOPNOTSUPP;
    if (given && text && (scope = endswith(path, "/" INIT_SCOPE))) {
        *scope = 0;
        path = *path ? path : "/";
    }
    if (!(directory = xasprintf(CGROUP_MOUNT "%s", path)) ||
        !(tree->path = strdup(streq(path, "/") ? "" : path)))
        return -ENOMEM;
    tree->root_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (tree->root_fd < 0 || fstatfs(tree->root_fd, &fs) < 0)
        return -EOPNOTSUPP;
    return fs.f_type == CGROUP2_SUPER_MAGIC && is_delegated(tree->root_fd, path) ? 0 : -EOPNOTSUPP;
}

/* Moves the processes of the root to init.scope: 1 when the root was empty, 0 when some were moved or could
 * not be (a pid of 0 is one from outside of our pid namespace). */
static int move_processes(int root_fd)
{
    _cleanup_free_ char *text = NULL;
    int r = read_file_at(root_fd, "cgroup.procs", CGROUP_PROCS_MAX, &text, NULL);

    if (r < 0)
        return r;
    char *cursor = text, *pid;
    bool empty = true;
    while ((pid = strsep(&cursor, "\n"))) {
        if (!*pid)
            continue;
        empty = false;
        if (!streq(pid, "0"))
            (void)write_file_at(root_fd, INIT_SCOPE "/cgroup.procs", pid); /* it may be gone */
    }
    return empty;
}

static int enter_init_scope(struct cgroup_tree *tree, bool *ret_root_is_empty)
{
    int r = 0;

    if (mkdirat(tree->root_fd, INIT_SCOPE, 0755) < 0 && errno != EEXIST)
        return -EOPNOTSUPP;
    if (write_file_at(tree->root_fd, INIT_SCOPE "/cgroup.procs", "0") < 0)
        return -EOPNOTSUPP;
    for (unsigned i = 0; r == 0 && i < MOVE_ROUNDS_MAX; i++)
        r = move_processes(tree->root_fd);
    *ret_root_is_empty = r > 0;
    return 0;
}

unsigned cgroup_enable_controllers(const struct cgroup_tree *tree, const char *directory, unsigned mask)
{
    if (mask == 0)
        return 0;
    _cleanup_free_ char *file = xasprintf("%s/cgroup.subtree_control", directory);
    unsigned enabled = 0;

    for (int i = 0; file && i < CGROUP_CONTROLLER_MAX; i++) {
        char order[32];
        (void)snprintf(order, sizeof(order), "+%s", cgroup_controller_to_string(i));
        if ((mask & CONTROLLER_BIT(i)) && write_file_at(tree->root_fd, file, order) == 0)
            enabled |= CONTROLLER_BIT(i);
    }
    return enabled;
}

/* Those that only some units need wait for the first of them. */
static int find_controllers(struct cgroup_tree *tree)
{
    _cleanup_free_ char *text = NULL;
    int r = read_file_at(tree->root_fd, "cgroup.controllers", CGROUP_FILE_MAX, &text, NULL);

    if (r < 0)
        return r;
    tree->controllers = cgroup_controllers_parse(text);
    tree->root_controllers = cgroup_enable_controllers(tree, ".", tree->controllers & CONTROLLERS_ACCOUNTING);
    tree->controllers &= tree->root_controllers | ~CONTROLLERS_ACCOUNTING;
    return 0;
}

/* The root counts what happens in all groups below it: one watch instead of one for each unit. */
static void watch_oom(struct cgroup_tree *tree)
{
    tree->oom = (struct cgroup_watch){.wd = -1, .event = CGROUP_OOM_KILL};
    tree->oom_kills = cgroup_read_keyed(tree->root_fd, "memory.events", "oom_kill");
    if (tree->oom_kills != UINT64_MAX)
        cgroup_watch_file(tree, &tree->oom, tree->path, "memory.events");
}

static void check_oom(struct cgroup_tree *tree)
{
    uint64_t kills = cgroup_read_keyed(tree->root_fd, "memory.events", "oom_kill");

    if (kills == tree->oom_kills || kills == UINT64_MAX)
        return;
    tree->oom_kills = kills;
    cgroup_units_check_oom(tree);
}

static struct cgroup_watch *find_watch(const struct cgroup_tree *tree, int wd)
{
    struct cgroup_watch *watch = tree->watches[(unsigned)wd % CGROUP_WATCH_BUCKETS];

    while (watch && watch->wd != wd)
        watch = watch->next;
    return watch;
}

static void tree_told(struct cgroup_tree *tree, int wd)
{
    struct cgroup_watch *watch = find_watch(tree, wd);

    if (watch && !watch->cgroup) {
        check_oom(tree);
        return;
    }
    if (watch)
        tree->before(tree->userdata, cgroup_unit_owner(watch->cgroup)); /* may free it */
    watch = find_watch(tree, wd);
    if (watch)
        cgroup_unit_changed(watch->cgroup, watch->event);
}

static void tree_ready(struct loop_source *source, uint32_t events)
{
    struct cgroup_tree *tree = CONTAINER_OF(source, struct cgroup_tree, inotify);
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t size = read(source->fd, buffer, sizeof(buffer));

    tree->before(tree->userdata, NULL);
    for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= size;) {
        const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
        at += (ssize_t)(sizeof(*event) + event->len);
        tree_told(tree, event->wd);
    }
}

static int tree_open(struct cgroup_tree *tree, const char *path)
{
    bool root_is_empty = false;
    int r = open_root(tree, path);

    if (r < 0 || (r = enter_init_scope(tree, &root_is_empty)) < 0)
        return r;
    if (root_is_empty && (r = find_controllers(tree)) < 0)
        return r;
    cgroup_place_measure(tree->root_fd, &tree->machine);
    tree->inotify.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (tree->inotify.fd < 0)
        return -errno;
    watch_oom(tree);
    return loop_add(tree->loop, &tree->inotify, EPOLLIN);
}

int cgroup_tree_new(struct loop *loop, cgroup_event_fn fn, cgroup_before_fn before, void *userdata,
                    const char *path, struct cgroup_tree **ret)
{
    struct cgroup_tree *tree = calloc(1, sizeof(*tree));

    if (!tree)
        return -ENOMEM;
    *tree = (struct cgroup_tree){
        .loop = loop,
        .inotify = {.fd = -EBADF, .ready = tree_ready},
        .fn = fn,
        .before = before,
        .userdata = userdata,
        .root_fd = -EBADF,
        .machine = {.starting = true},
    };
    int r = tree_open(tree, path);
    if (r < 0) {
        cgroup_tree_free(tree);
        return r;
    }
    *ret = tree;
    return 0;
}

const char *cgroup_tree_path(const struct cgroup_tree *tree)
{
    return tree->path[0] ? tree->path : "/";
}

void cgroup_tree_check_oom(struct cgroup_tree *tree)
{
    cgroup_units_check_oom(tree);
}

void cgroup_tree_set_starting(struct cgroup_tree *tree, bool starting)
{
    tree->machine.starting = starting;
}

void cgroup_tree_set_users(struct cgroup_tree *tree, struct dynamic_users *users)
{
    tree->users = users;
}

struct cgroup_tree *cgroup_tree_free(struct cgroup_tree *tree)
{
    if (!tree)
        return NULL;
    if (tree->inotify.fd >= 0)
        loop_remove(tree->loop, &tree->inotify);
    close_fd(tree->inotify.fd);
    close_fd(tree->root_fd);
    free(tree->path);
    free(tree);
    return NULL;
}

void *cgroup_tree_find_owner(struct cgroup_tree *tree, pid_t pid)
{
    char file[sizeof("/proc//cgroup") + 3 * sizeof(pid_t)];
    _cleanup_free_ char *text = NULL;
    const char *path;

    (void)snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
    if (read_file_at(AT_FDCWD, file, CGROUP_FILE_MAX, &text, NULL) < 0 || !(path = unified_path(text)))
        return NULL;
    path = startswith(path, tree->path);
    return path && *path == '/' ? cgroup_unit_find_owner(tree, path + 1) : NULL;
}

void cgroup_tree_kill(struct cgroup_tree *tree)
{
    int fd = openat(tree->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!directory) {
        close_fd(fd);
        return;
    }
    while ((entry = readdir(directory)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && !streq(entry->d_name, INIT_SCOPE))
            cgroup_kill_at(tree->root_fd, entry->d_name);
}
