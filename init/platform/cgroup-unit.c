/* One unit's control group: made with its limits before its first process, watched, signalled, removed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/job/reap.h"
#include "init/platform/cgroup-name.h"
#include "init/platform/cgroup-tree.h"
#include "init/platform/processes.h"

#define KILL_ROUNDS_MAX 8 /* processes that fork while they are being killed */
#define CPU_PERIOD      (100 * USEC_PER_MSEC)
#define CPU_QUOTA_MIN   USEC_PER_MSEC /* the kernel's */

struct cgroup_unit {
    struct cgroup_tree *tree;
    struct cgroup_unit *next;
    void *owner;
    char *path; /* in /proc/PID/cgroup; the part below the root is the directory */
    int fd;     /* O_PATH */
    struct cgroup_watch watches[2];
    uint64_t oom_kills;
};

static const char *below_root(const struct cgroup_unit *cgroup)
{
    return cgroup->path + strlen(cgroup->tree->path) + 1;
}

/* The number behind "key " in a file of such lines (cgroup.events, memory.events, cpu.stat), else UINT64_MAX.
 */
static uint64_t read_keyed(int dirfd, const char *file, const char *key)
{
    _cleanup_free_ char *text = NULL;
    uint64_t value;

    if (read_file_at(dirfd, file, CGROUP_FILE_MAX, &text, NULL) < 0)
        return UINT64_MAX;
    char *cursor = text, *line;
    while ((line = strsep(&cursor, "\n"))) {
        const char *rest = startswith(line, key);
        if (rest && *rest == ' ' && parse_u64(rest + 1, &value) == 0)
            return value;
    }
    return UINT64_MAX;
}

static uint64_t read_number(int dirfd, const char *file)
{
    _cleanup_free_ char *text = NULL;
    uint64_t value;

    if (read_file_at(dirfd, file, CGROUP_FILE_MAX, &text, NULL) < 0)
        return UINT64_MAX;
    text[strcspn(text, "\n")] = 0;
    return parse_u64(text, &value) < 0 ? UINT64_MAX : value;
}

static void format_cpu_max(char *text, size_t size, uint64_t per_second)
{
    usec_t quota = MAX(per_second / (USEC_PER_SEC / CPU_PERIOD), CPU_QUOTA_MIN);

    (void)snprintf(text, size, "%" PRIu64 " %" PRIu64, quota, CPU_PERIOD);
}

static void format_plain(char *text, size_t size, uint64_t value)
{
    (void)snprintf(text, size, "%" PRIu64, value);
}

static const struct {
    const char *name;
    const char *file;
    void (*format)(char *text, size_t size, uint64_t value);
} limits[CGROUP_LIMIT_MAX] = {
    [LIMIT_MEMORY_MAX] = {"MemoryMax", "memory.max", format_plain},
    [LIMIT_MEMORY_HIGH] = {"MemoryHigh", "memory.high", format_plain},
    [LIMIT_TASKS_MAX] = {"TasksMax", "pids.max", format_plain},
    [LIMIT_CPU_QUOTA] = {"CPUQuota", "cpu.max", format_cpu_max},
    [LIMIT_CPU_WEIGHT] = {"CPUWeight", "cpu.weight", format_plain},
};

const char *cgroup_limit_to_string(enum cgroup_limit limit)
{
    return limits[limit].name;
}

/* Only what the unit asks for is written: a new group has no limits. */
static unsigned apply_limits(int fd, const struct cgroup_context *context)
{
    const uint64_t values[CGROUP_LIMIT_MAX] = {
        [LIMIT_MEMORY_MAX] = context->memory_max,
        [LIMIT_MEMORY_HIGH] = context->memory_high,
        [LIMIT_TASKS_MAX] = context->tasks_max,
        [LIMIT_CPU_QUOTA] = context->cpu_quota_per_sec,
        [LIMIT_CPU_WEIGHT] = context->cpu_weight ? context->cpu_weight : UINT64_MAX,
    };
    unsigned missing = 0;

    for (size_t i = 0; i < CGROUP_LIMIT_MAX; i++) {
        char text[64];
        if (values[i] == UINT64_MAX)
            continue;
        limits[i].format(text, sizeof(text), values[i]);
        if (write_file_at(fd, limits[i].file, text) < 0)
            missing |= 1U << i;
    }
    return missing;
}

/* Makes the slices above the unit; those that are there have their controllers already. */
static int make_slices(const struct cgroup_tree *tree, const char *path)
{
    _cleanup_free_ char *prefix = strdup(path);

    if (!prefix)
        return -ENOMEM;
    for (char *slash = strchr(prefix, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdirat(tree->root_fd, prefix, 0755) < 0) {
            if (errno != EEXIST)
                return -errno;
        } else if (tree->controllers) {
            _cleanup_free_ char *file = xasprintf("%s/cgroup.subtree_control", prefix);
            int r = file ? write_file_at(tree->root_fd, file, tree->controllers) : -ENOMEM;
            if (r < 0)
                return r;
        }
        *slash = '/';
    }
    return 0;
}

static void watch_file(struct cgroup_unit *cgroup, struct cgroup_watch *watch, const char *file,
                       enum cgroup_event event)
{
    struct cgroup_tree *tree = cgroup->tree;
    _cleanup_free_ char *path = xasprintf(CGROUP_MOUNT "%s/%s", cgroup->path, file);

    *watch = (struct cgroup_watch){.wd = -1, .event = event, .cgroup = cgroup};
    if (path)
        watch->wd = inotify_add_watch(tree->inotify.fd, path, IN_MODIFY);
    if (watch->wd < 0)
        return; /* the end of the main process is seen all the same */
    struct cgroup_watch **bucket = &tree->watches[(unsigned)watch->wd % CGROUP_WATCH_BUCKETS];
    watch->next = *bucket;
    *bucket = watch;
}

static void unwatch(struct cgroup_watch *watch)
{
    if (!watch->cgroup || watch->wd < 0)
        return;
    struct cgroup_tree *tree = watch->cgroup->tree;
    struct cgroup_watch **link = &tree->watches[(unsigned)watch->wd % CGROUP_WATCH_BUCKETS];
    while (*link != watch)
        link = &(*link)->next;
    *link = watch->next;
    (void)inotify_rm_watch(tree->inotify.fd, watch->wd);
    watch->wd = -1;
}

static int cgroup_make(struct cgroup_unit *cgroup, const struct unit *unit)
{
    struct cgroup_tree *tree = cgroup->tree;
    const char *path = below_root(cgroup);
    int r = make_slices(tree, path);

    if (r < 0)
        return r;
    if (mkdirat(tree->root_fd, path, 0755) < 0 && errno != EEXIST)
        return -errno;
    cgroup->fd = openat(tree->root_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return cgroup->fd < 0 ? -errno : 0;
}

int cgroup_unit_new(struct cgroup_tree *tree, const struct unit *unit, void *owner, unsigned *ret_missing,
                    struct cgroup_unit **ret)
{
    _cleanup_free_ char *name = NULL;
    struct cgroup_unit *cgroup = calloc(1, sizeof(*cgroup));

    if (!cgroup)
        return -ENOMEM;
    *cgroup = (struct cgroup_unit){.tree = tree, .owner = owner, .fd = -EBADF};
    int r = cgroup_unit_name(unit, &name);
    if (r == 0 && !(cgroup->path = xasprintf("%s/%s", tree->path, name)))
        r = -ENOMEM;
    if (r == 0)
        r = cgroup_make(cgroup, unit);
    if (r < 0) {
        free(cgroup->path);
        free(cgroup);
        return r;
    }
    *ret_missing = apply_limits(cgroup->fd, &unit->cgroup);
    if (tree->has_memory && unit->service.oom_policy == OOM_KILL)
        (void)write_file_at(cgroup->fd, "memory.oom.group", "1");
    watch_file(cgroup, &cgroup->watches[0], "cgroup.events", CGROUP_EMPTY);
    if (tree->has_memory)
        watch_file(cgroup, &cgroup->watches[1], "memory.events", CGROUP_OOM_KILL);
    cgroup->next = tree->units;
    tree->units = cgroup;
    *ret = cgroup;
    return 0;
}

/* Groups that the service made itself (Delegate=) go first. */
static void remove_below(int dirfd, const char *name, unsigned depth)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_closedir_ DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!directory) {
        close_fd(fd);
        return;
    }
    while (depth > 0 && (entry = readdir(directory)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            remove_below(fd, entry->d_name, depth - 1);
    (void)unlinkat(dirfd, name, AT_REMOVEDIR);
}

struct cgroup_unit *cgroup_unit_free(struct cgroup_unit *cgroup)
{
    if (!cgroup)
        return NULL;
    struct cgroup_tree *tree = cgroup->tree;
    struct cgroup_unit **link = &tree->units;
    while (*link != cgroup)
        link = &(*link)->next;
    *link = cgroup->next;
    FOREACH_ARRAY (watch, cgroup->watches, ELEMENTSOF(cgroup->watches))
        unwatch(watch);
    if (unlinkat(tree->root_fd, below_root(cgroup), AT_REMOVEDIR) < 0 && errno == EBUSY)
        remove_below(tree->root_fd, below_root(cgroup), CGROUP_DEPTH_MAX);
    close_fd(cgroup->fd);
    free(cgroup->path);
    free(cgroup);
    return NULL;
}

int cgroup_unit_fd(const struct cgroup_unit *cgroup)
{
    return cgroup->fd;
}

const char *cgroup_unit_path(const struct cgroup_unit *cgroup)
{
    return cgroup->path;
}

bool cgroup_unit_is_populated(const struct cgroup_unit *cgroup)
{
    return read_keyed(cgroup->fd, "cgroup.events", "populated") == 1;
}

pid_t cgroup_unit_only_child(const struct cgroup_unit *cgroup)
{
    _cleanup_free_ char *text = NULL;
    pid_t found = 0;

    if (read_file_at(cgroup->fd, "cgroup.procs", CGROUP_PROCS_MAX, &text, NULL) < 0)
        return 0;
    char *cursor = text, *line;
    while ((line = strsep(&cursor, "\n"))) {
        int pid;
        if (parse_int(line, &pid) < 0 || !reap_is_child(pid))
            continue;
        if (found != 0)
            return 0;
        found = pid;
    }
    return found;
}

void cgroup_unit_check_oom(struct cgroup_unit *cgroup)
{
    if (!cgroup->tree->has_memory)
        return;
    uint64_t kills = read_keyed(cgroup->fd, "memory.events", "oom_kill");
    if (kills == UINT64_MAX || kills <= cgroup->oom_kills)
        return;
    cgroup->oom_kills = kills;
    cgroup->tree->fn(cgroup->tree->userdata, cgroup->owner, CGROUP_OOM_KILL);
}

void cgroup_unit_changed(struct cgroup_unit *cgroup, enum cgroup_event event)
{
    if (event == CGROUP_OOM_KILL)
        cgroup_unit_check_oom(cgroup);
    else if (!cgroup_unit_is_populated(cgroup))
        cgroup->tree->fn(cgroup->tree->userdata, cgroup->owner, CGROUP_EMPTY);
}

void *cgroup_unit_find_owner(struct cgroup_tree *tree, const char *path)
{
    for (struct cgroup_unit *cgroup = tree->units; cgroup; cgroup = cgroup->next) {
        const char *rest = startswith(path, below_root(cgroup));
        if (rest && (*rest == '/' || *rest == 0))
            return cgroup->owner;
    }
    return NULL;
}

/* Signals what dirfd/name and the groups below it list now; returns how many there were. */
static size_t signal_listed(int dirfd, const char *name, int signal, const pid_t *except, unsigned depth)
{
    _cleanup_close_ int group = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_closedir_ DIR *directory = NULL;
    _cleanup_free_ char *text = NULL;
    struct dirent *entry;
    size_t n = 0;

    if (group < 0 || read_file_at(group, "cgroup.procs", CGROUP_PROCS_MAX, &text, NULL) < 0)
        return 0;
    char *cursor = text, *line;
    while ((line = strsep(&cursor, "\n"))) {
        int pid;
        if (parse_int(line, &pid) == 0 && pid > 0 && !pid_is_in(except, pid))
            n += kill(pid, signal) == 0;
    }
    if (depth == 0 || !(directory = fdopendir(group)))
        return n;
    int fd = TAKE_FD(group);
    while ((entry = readdir(directory)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            n += signal_listed(fd, entry->d_name, signal, except, depth - 1);
    return n;
}

void cgroup_kill_at(int dirfd, const char *name)
{
    _cleanup_free_ char *file = xasprintf("%s/cgroup.kill", name);

    if (file && write_file_at(dirfd, file, "1") == 0)
        return;
    for (unsigned i = 0;
         i < KILL_ROUNDS_MAX && signal_listed(dirfd, name, SIGKILL, NULL, CGROUP_DEPTH_MAX) > 0; i++)
        ;
}

int cgroup_unit_kill(const struct cgroup_unit *cgroup, int signal, const pid_t *except)
{
    if (signal == SIGKILL) {
        if (!cgroup_unit_is_populated(cgroup))
            return -ESRCH;
        cgroup_kill_at(cgroup->tree->root_fd, below_root(cgroup));
        return 0;
    }
    return signal_listed(cgroup->fd, ".", signal, except, CGROUP_DEPTH_MAX) > 0 ? 0 : -ESRCH;
}

void cgroup_unit_usage(const struct cgroup_unit *cgroup, struct unit_usage *ret)
{
    *ret = (struct unit_usage){
        .memory_current = read_number(cgroup->fd, "memory.current"),
        .memory_peak = read_number(cgroup->fd, "memory.peak"),
        .cpu_usec = read_keyed(cgroup->fd, "cpu.stat", "usage_usec"),
        .tasks = read_number(cgroup->fd, "pids.current"),
    };
}
