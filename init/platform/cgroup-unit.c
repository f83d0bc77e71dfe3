/* One unit's control group: made with its limits before its first process, watched, signalled, removed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/job/reap.h"
#include "init/manager/handover.h"
#include "init/platform/cgroup-name.h"
#include "init/platform/cgroup-tree.h"
#include "init/platform/processes.h"

#define KILL_ROUNDS_MAX 8 /* processes that fork while they are being killed */
#define CONTROL_GROUP   ".control"

/* What a slice says about the units in it. */
struct gifts {
    unsigned disable; /* mask of controllers */
    struct memory_default min;
    struct memory_default low[2]; /* by whether the container is starting */
};

struct cgroup_unit {
    struct cgroup_tree *tree;
    struct cgroup_unit *next, **link; /* in the tree's list */
    void *owner;
    char *path; /* in /proc/PID/cgroup; the part below the root is the directory */
    int fd;     /* O_PATH */
    int below;  /* the same for a group in it, or -EBADF */
    struct cgroup_watch watch;
    uint64_t oom_kills;
    unsigned looked; /* the tree's looks, when this was the last */
    bool is_slice;
    bool is_root;    /* of the tree, for "-.slice" */
    bool is_limited; /* something was set */
    bool delegated;
    bool was_killed;          /* by cgroup.kill */
    struct cgroup_owner user; /* whom it is delegated to */
    struct gifts *gifts;      /* of a slice that says something, or NULL */
    char *subgroup;           /* of DelegateSubgroup= */
};

static const char *below_root(const struct cgroup_unit *cgroup)
{
    return cgroup->path + strlen(cgroup->tree->path) + 1;
}

uint64_t cgroup_read_keyed(int dirfd, const char *file, const char *key)
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

/* What the slice at that path says about the units in it, into place. */
static void slice_give(const struct cgroup_tree *tree, const char *path, struct cgroup_place *place)
{
    const struct cgroup_unit *slice = tree->n_giving > 0 ? tree->units : NULL;

    while (slice && !(slice->gifts && streq(below_root(slice), path)))
        slice = slice->next;
    if (!slice)
        return;
    const struct gifts *gifts = slice->gifts;
    const struct memory_default *low = &gifts->low[place->starting];
    place->disabled |= gifts->disable;
    place->default_min = gifts->min.is_set ? gifts->min : place->default_min;
    place->default_low = low->is_set ? *low : place->default_low;
}

/* Makes one group on the way to a unit; a new one gets what all have. */
static int make_slice(const struct cgroup_tree *tree, const char *path, unsigned mask, unsigned disabled)
{
    bool is_new = mkdirat(tree->root_fd, path, 0755) == 0;

    if (!is_new && errno != EEXIST)
        return -errno;
    unsigned wanted = is_new ? mask | (tree->root_controllers & CONTROLLERS_ACCOUNTING) : mask;
    (void)cgroup_enable_controllers(tree, path, wanted & tree->controllers & ~disabled);
    return 0;
}

static void enable_at_root(struct cgroup_tree *tree, unsigned mask)
{
    unsigned missing = mask & ~tree->root_controllers;

    if (missing == 0)
        return;
    tree->root_controllers |= cgroup_enable_controllers(tree, ".", missing);
    tree->controllers &= ~missing | tree->root_controllers;
}

/* Makes the groups above a path, with controllers down to it; place learns what slices say on the way. */
static int make_slices(struct cgroup_tree *tree, const char *path, unsigned mask, struct cgroup_place *place)
{
    _cleanup_free_ char *prefix = strdup(path);

    if (!prefix)
        return -ENOMEM;
    slice_give(tree, "", place);
    enable_at_root(tree, mask & tree->controllers & ~place->disabled);
    for (char *slash = strchr(prefix, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        slice_give(tree, prefix, place);
        int r = make_slice(tree, prefix, mask, place->disabled);
        if (r < 0)
            return r;
        *slash = '/';
    }
    place->controllers = tree->controllers;
    return 0;
}

void cgroup_watch_file(struct cgroup_tree *tree, struct cgroup_watch *watch, const char *group,
                       const char *file)
{
    _cleanup_free_ char *path = xasprintf(CGROUP_MOUNT "%s/%s", group, file);

    watch->wd = path ? inotify_add_watch(tree->inotify.fd, path, IN_MODIFY) : -1;
    if (watch->wd < 0)
        return; /* the end of the main process is seen all the same */
    struct cgroup_watch **bucket = &tree->watches[(unsigned)watch->wd % CGROUP_WATCH_BUCKETS];
    watch->next = *bucket;
    *bucket = watch;
}

static void unwatch(struct cgroup_tree *tree, struct cgroup_watch *watch)
{
    if (watch->wd < 0)
        return;
    struct cgroup_watch **link = &tree->watches[(unsigned)watch->wd % CGROUP_WATCH_BUCKETS];
    while (*link != watch)
        link = &(*link)->next;
    *link = watch->next;
    (void)inotify_rm_watch(tree->inotify.fd, watch->wd);
    watch->wd = -1;
}

static int remember_gifts(struct cgroup_unit *cgroup, const struct cgroup_context *context)
{
    const struct cgroup_place *place = &cgroup->tree->machine;
    struct gifts gifts = {
        .disable = context->disable_controllers,
        .min = cgroup_limits_default(context, place, LIMIT_DEFAULT_MEMORY_MIN, false),
        .low = {cgroup_limits_default(context, place, LIMIT_DEFAULT_MEMORY_LOW, false),
                cgroup_limits_default(context, place, LIMIT_DEFAULT_MEMORY_LOW, true)},
    };

    if (!gifts.disable && !gifts.min.is_set && !gifts.low[0].is_set && !gifts.low[1].is_set)
        return 0;
    if (!(cgroup->gifts = malloc(sizeof(gifts))))
        return -ENOMEM;
    *cgroup->gifts = gifts;
    cgroup->tree->n_giving++;
    return 0;
}

/* What is in use already, from before the slice was known. */
static void disable_controllers(const struct cgroup_unit *cgroup, unsigned mask)
{
    for (int i = 0; i < CGROUP_CONTROLLER_MAX; i++) {
        char order[32];
        (void)snprintf(order, sizeof(order), "-%s", cgroup_controller_to_string(i));
        if (mask & CONTROLLER_BIT(i))
            (void)write_file_at(cgroup->fd, "cgroup.subtree_control", order);
    }
}

static int cgroup_make(struct cgroup_unit *cgroup, const struct unit *unit, struct cgroup_place *place)
{
    struct cgroup_tree *tree = cgroup->tree;
    const char *path = below_root(cgroup);
    unsigned mask = cgroup_limits_controllers(unit->cgroup) | unit->cgroup->delegate_controllers;
    int r = make_slices(tree, path, mask, place);

    if (r < 0)
        return r;
    place->is_root = cgroup->is_root = *path == 0;
    if (cgroup->is_slice && *path)
        r = make_slice(tree, path, 0, place->disabled);
    else if (*path && mkdirat(tree->root_fd, path, 0755) < 0 && errno != EEXIST)
        r = -errno;
    if (r < 0)
        return r;
    cgroup->fd = openat(tree->root_fd, *path ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (cgroup->fd < 0)
        return -errno;
    if (!unit->cgroup->delegate)
        return 0;
    cgroup->delegated = true;
    if (unit->cgroup->delegate_subgroup && !(cgroup->subgroup = strdup(unit->cgroup->delegate_subgroup)))
        return -ENOMEM;
    return cgroup_delegate(cgroup->fd, unit->exec, tree->users, &cgroup->user);
}

static struct cgroup_unit *discard(struct cgroup_unit *cgroup)
{
    close_fd(cgroup->fd);
    close_fd(cgroup->below);
    free(cgroup->gifts);
    free(cgroup->subgroup);
    free(cgroup->path);
    free(cgroup);
    return NULL;
}

/* A group of this name that is there from before has its count of kills from before. */
static void take_up(struct cgroup_unit *cgroup)
{
    struct cgroup_tree *tree = cgroup->tree;
    uint64_t kills = cgroup_read_keyed(cgroup->fd, "memory.events", "oom_kill");

    cgroup->oom_kills = kills == UINT64_MAX ? 0 : kills;
    cgroup->watch = (struct cgroup_watch){.wd = -1, .event = CGROUP_EMPTY, .cgroup = cgroup};
    if (!cgroup->is_slice)
        cgroup_watch_file(tree, &cgroup->watch, cgroup->path, "cgroup.events");
    cgroup->next = tree->units;
    cgroup->link = &tree->units;
    if (cgroup->next)
        cgroup->next->link = &cgroup->next;
    tree->units = cgroup;
}

static void set_limited(struct cgroup_unit *cgroup, const struct cgroup_context *context)
{
    cgroup->is_limited = context->settings != NULL;
    cgroup->tree->has_limited_slices |= cgroup->is_limited && cgroup->is_slice;
}

/* With shares of the CPU, a group with many that are busy has little left for each. */
bool cgroup_unit_may_stall(const struct cgroup_unit *cgroup)
{
    const struct cgroup_tree *tree = cgroup->tree;

    return cgroup->is_limited || cgroup->delegated || tree->has_limited_slices ||
           (tree->root_controllers & CONTROLLER_BIT(CONTROLLER_CPU));
}

int cgroup_unit_new(struct cgroup_tree *tree, const struct unit *unit, void *owner, cgroup_problem_fn problem,
                    void *userdata, struct cgroup_unit **ret)
{
    _cleanup_free_ char *name = NULL;
    struct cgroup_unit *cgroup = calloc(1, sizeof(*cgroup));

    if (!cgroup)
        return -ENOMEM;
    *cgroup = (struct cgroup_unit){.tree = tree, .owner = owner, .fd = -EBADF, .below = -EBADF};
    cgroup->is_slice = unit->type == UNIT_SLICE;
    struct cgroup_place place = tree->machine;
    int r = cgroup_unit_name(unit, &name);
    if (r == 0 && !(cgroup->path = xasprintf("%s/%s", tree->path, name)))
        r = -ENOMEM;
    if (r == 0)
        r = cgroup_make(cgroup, unit, &place);
    if (r == 0 && cgroup->is_slice)
        r = remember_gifts(cgroup, unit->cgroup);
    if (r < 0) {
        discard(cgroup);
        return r;
    }
    disable_controllers(cgroup, unit->cgroup->disable_controllers);
    cgroup_limits_apply(cgroup->fd, unit->cgroup, &place, problem, userdata);
    set_limited(cgroup, unit->cgroup);
    if (!cgroup->is_slice && unit->service->oom_policy == OOM_KILL)
        (void)write_file_at(cgroup->fd, "memory.oom.group", "1");
    take_up(cgroup);
    *ret = cgroup;
    return 0;
}

void cgroup_unit_hand_over(const struct cgroup_unit *cgroup, struct handover *handover)
{
    handover_addf(handover, "Cgroup", "%" PRIu64 " %s", cgroup->oom_kills, cgroup->path);
}

/* What make did for it when it was new, as far as it is kept in memory. */
static int remember(struct cgroup_unit *cgroup, const struct unit *unit)
{
    const struct cgroup_context *context = unit->cgroup;

    cgroup->is_root = below_root(cgroup)[0] == 0;
    set_limited(cgroup, context);
    cgroup->delegated = context->delegate;
    if (context->delegate && context->delegate_subgroup &&
        !(cgroup->subgroup = strdup(context->delegate_subgroup)))
        return -ENOMEM;
    return cgroup->is_slice ? remember_gifts(cgroup, context) : 0;
}

int cgroup_unit_take_over(struct cgroup_tree *tree, const struct unit *unit, void *owner, const char *value,
                          struct cgroup_unit **ret)
{
    uint64_t kills;
    const char *path = value;
    const char *below = handover_number(&path, &kills) ? startswith(path, tree->path) : NULL;

    if (!below || *below != '/' || strstr(below, "/../"))
        return -EINVAL;
    struct cgroup_unit *cgroup = calloc(1, sizeof(*cgroup));
    if (!cgroup)
        return -ENOMEM;
    *cgroup = (struct cgroup_unit){.tree = tree, .owner = owner, .below = -EBADF};
    cgroup->is_slice = unit->type == UNIT_SLICE;
    cgroup->fd = openat(tree->root_fd, below[1] ? below + 1 : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r = cgroup->fd < 0 ? -errno : 0;
    if (r == 0 && !(cgroup->path = strdup(path)))
        r = -ENOMEM;
    if (r == 0)
        r = remember(cgroup, unit);
    if (r < 0) {
        discard(cgroup);
        return r;
    }
    take_up(cgroup);
    cgroup->oom_kills = kills;
    *ret = cgroup;
    return 0;
}

void cgroup_unit_apply(struct cgroup_unit *cgroup, const struct cgroup_context *context,
                       cgroup_problem_fn problem, void *userdata)
{
    struct cgroup_place place = cgroup->tree->machine;
    unsigned mask = cgroup_limits_controllers(context) | context->delegate_controllers;

    if (!cgroup->is_limited && !context->settings)
        return;
    (void)make_slices(cgroup->tree, below_root(cgroup), mask, &place);
    place.is_root = cgroup->is_root;
    cgroup_limits_reset(cgroup->fd, context, &place);
    cgroup_limits_apply(cgroup->fd, context, &place, problem, userdata);
    set_limited(cgroup, context);
}

static bool is_dot(const char *name)
{
    return streq(name, ".") || streq(name, "..");
}

/* Groups that the service made itself (Delegate=) go first. */
static void remove_down_to(int dirfd, const char *name, unsigned depth)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_closedir_ DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!directory) {
        close_fd(fd);
        return;
    }
    while (depth > 0 && (entry = readdir(directory)))
        if (entry->d_type == DT_DIR && !is_dot(entry->d_name))
            remove_down_to(fd, entry->d_name, depth - 1);
    (void)unlinkat(dirfd, name, AT_REMOVEDIR);
}

void cgroup_remove_at(int dirfd, const char *name)
{
    remove_down_to(dirfd, name, CGROUP_DEPTH_MAX);
}

struct cgroup_unit *cgroup_unit_free(struct cgroup_unit *cgroup)
{
    if (!cgroup)
        return NULL;
    struct cgroup_tree *tree = cgroup->tree;
    *cgroup->link = cgroup->next;
    if (cgroup->next)
        cgroup->next->link = cgroup->link;
    unwatch(tree, &cgroup->watch);
    tree->n_giving -= cgroup->gifts != NULL;
    const char *path = below_root(cgroup);
    if (*path && unlinkat(tree->root_fd, path, AT_REMOVEDIR) < 0 && errno == EBUSY && !cgroup->is_slice)
        cgroup_remove_at(tree->root_fd, path);
    return discard(cgroup);
}

int cgroup_unit_fd(struct cgroup_unit *cgroup, enum service_command kind)
{
    const char *name = kind != COMMAND_START ? CONTROL_GROUP : cgroup->subgroup;

    if (!cgroup->delegated || !name)
        return cgroup->fd;
    close_fd(cgroup->below);
    cgroup->below = -EBADF;
    if (mkdirat(cgroup->fd, name, 0755) < 0 && errno != EEXIST)
        return cgroup->fd;
    cgroup->below = openat(cgroup->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (cgroup->below < 0)
        return cgroup->fd;
    if (kind == COMMAND_START)
        (void)cgroup_give(cgroup->below, &cgroup->user);
    return cgroup->below;
}

const char *cgroup_unit_path(const struct cgroup_unit *cgroup)
{
    return cgroup->path;
}

bool cgroup_unit_is_populated(const struct cgroup_unit *cgroup)
{
    return cgroup_read_keyed(cgroup->fd, "cgroup.events", "populated") == 1;
}

/* Our children in one group; *found is one of them. */
static size_t count_children(int dirfd, const char *file, pid_t *found)
{
    _cleanup_free_ char *text = NULL;
    size_t n = 0;

    if (read_file_at(dirfd, file, CGROUP_PROCS_MAX, &text, NULL) < 0)
        return 0;
    char *cursor = text, *line;
    while ((line = strsep(&cursor, "\n"))) {
        int pid;
        if (parse_int(line, &pid) < 0 || !reap_is_child(pid))
            continue;
        *found = pid;
        n++;
    }
    return n;
}

pid_t cgroup_unit_only_child(const struct cgroup_unit *cgroup)
{
    _cleanup_free_ char *file = cgroup->subgroup ? xasprintf("%s/cgroup.procs", cgroup->subgroup) : NULL;
    pid_t found = 0;
    size_t n = count_children(cgroup->fd, "cgroup.procs", &found);

    if (file)
        n += count_children(cgroup->fd, file, &found);
    return n == 1 ? found : 0;
}

void cgroup_unit_check_oom(struct cgroup_unit *cgroup)
{
    uint64_t kills = cgroup_read_keyed(cgroup->fd, "memory.events", "oom_kill");
    if (kills == UINT64_MAX || kills <= cgroup->oom_kills)
        return;
    cgroup->oom_kills = kills;
    cgroup->tree->fn(cgroup->tree->userdata, cgroup->owner, CGROUP_OOM_KILL);
}

static struct cgroup_unit *next_unlooked(const struct cgroup_tree *tree)
{
    struct cgroup_unit *cgroup = tree->units;

    while (cgroup && (cgroup->is_slice || cgroup->looked == tree->looks))
        cgroup = cgroup->next;
    return cgroup;
}

/* From the front each time: what is told may free any of them. */
void cgroup_units_check_oom(struct cgroup_tree *tree)
{
    struct cgroup_unit *cgroup;

    tree->looks++;
    while ((cgroup = next_unlooked(tree))) {
        cgroup->looked = tree->looks;
        cgroup_unit_check_oom(cgroup);
    }
}

void *cgroup_unit_owner(const struct cgroup_unit *cgroup)
{
    return cgroup->owner;
}

void cgroup_unit_changed(struct cgroup_unit *cgroup, enum cgroup_event event)
{
    if (!cgroup_unit_is_populated(cgroup))
        cgroup->tree->fn(cgroup->tree->userdata, cgroup->owner, CGROUP_EMPTY);
}

void *cgroup_unit_find_owner(struct cgroup_tree *tree, const char *path)
{
    for (struct cgroup_unit *cgroup = tree->units; cgroup; cgroup = cgroup->next) {
        const char *rest = cgroup->is_slice ? NULL : startswith(path, below_root(cgroup));
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
        if (entry->d_type == DT_DIR && !is_dot(entry->d_name))
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

bool cgroup_unit_was_killed(const struct cgroup_unit *cgroup)
{
    return cgroup->was_killed;
}

int cgroup_unit_kill(struct cgroup_unit *cgroup, int signal, const pid_t *except)
{
    if (cgroup->is_root)
        return -ESRCH; /* PID 1 is there too */
    if (signal == SIGKILL) {
        if (!cgroup_unit_is_populated(cgroup))
            return -ESRCH;
        cgroup->was_killed = true;
        cgroup_kill_at(cgroup->tree->root_fd, below_root(cgroup));
        return 0;
    }
    return signal_listed(cgroup->fd, ".", signal, except, CGROUP_DEPTH_MAX) > 0 ? 0 : -ESRCH;
}

/* io.stat has a line for each device. */
static uint64_t sum_devices(int dirfd, const char *key)
{
    _cleanup_free_ char *text = NULL;
    uint64_t sum = 0, value;

    if (read_file_at(dirfd, "io.stat", CGROUP_FILE_MAX, &text, NULL) < 0)
        return UINT64_MAX;
    char *cursor = text, *word;
    while ((word = strsep(&cursor, " \n"))) {
        const char *number = startswith(word, key);
        if (number && parse_u64(number, &value) == 0)
            sum += value;
    }
    return sum;
}

void cgroup_unit_usage(const struct cgroup_unit *cgroup, struct unit_usage *ret)
{
    *ret = (struct unit_usage){
        .memory_current = cgroup_read_number(cgroup->fd, "memory.current"),
        .memory_peak = cgroup_read_number(cgroup->fd, "memory.peak"),
        .cpu_usec = cgroup_read_keyed(cgroup->fd, "cpu.stat", "usage_usec"),
        .tasks = cgroup_read_number(cgroup->fd, "pids.current"),
        .io_read = sum_devices(cgroup->fd, "rbytes="),
        .io_write = sum_devices(cgroup->fd, "wbytes="),
    };
}
