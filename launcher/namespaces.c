/* One table of kinds. They are opened as descriptors and looked at before anything is made, and entered by
 * descriptor: what a path or a number means later does not matter. */
#include "launcher/namespaces.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/syscalls.h"
#include "common/text.h"

static const struct kind {
    const char *name, *option, *file; /* file: in /proc/PID/ns */
    uint64_t flag;
} kinds[NAMESPACE_MAX] = {
    [NAMESPACE_USER] = {"user", "userns", "user", CLONE_NEWUSER},
    [NAMESPACE_PID] = {"pid", "pid", "pid", CLONE_NEWPID},
    [NAMESPACE_IPC] = {"ipc", "ipc", "ipc", CLONE_NEWIPC},
    [NAMESPACE_UTS] = {"uts", "uts", "uts", CLONE_NEWUTS},
    [NAMESPACE_NETWORK] = {"network", "network", "net", CLONE_NEWNET},
    [NAMESPACE_CGROUP] = {"cgroup", "cgroupns", "cgroup", CLONE_NEWCGROUP},
    [NAMESPACE_TIME] = {"time", "time", "time", CLONE_NEWTIME},
};

int namespace_join(struct container_config *config, enum namespace_kind kind, const char *value)
{
    char *path = NULL;
    int pid;

    if (isdigit((unsigned char)*value)) {
        if (parse_int(value, &pid) < 0 || pid <= 0)
            return -EINVAL;
        path = xasprintf("/proc/%d/ns/%s", pid, kinds[kind].file);
    } else if (*value == '/')
        path = strdup(value);
    else
        return -EINVAL;
    if (!path)
        return -ENOMEM;
    free(config->joined[kind]);
    config->joined[kind] = path;
    return 0;
}

void namespace_forget(struct container_config *config, enum namespace_kind kind)
{
    free(config->joined[kind]);
    config->joined[kind] = NULL;
}

static int set_choice(struct container_config *config, enum namespace_kind kind, const char *value,
                      bool *host, struct failure *failure)
{
    namespace_forget(config, kind);
    *host = !streq(value, "private");
    if (streq(value, "private") || streq(value, "host"))
        return 0;
    int r = namespace_join(config, kind, value);
    return r == -EINVAL
               ? fail(failure, r,
                      "must be private, host, the path of a namespace (/run/netns/x, /proc/PID/ns/...) "
                      "or a process id")
               : r;
}

int option_namespace(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    const struct namespace_option *option = spec->detail;
    return set_choice(target, option->kind, value, (bool *)((char *)target + option->shared), failure);
}

int option_time(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    struct container_config *config = target;
    bool host;

    int r = set_choice(config, NAMESPACE_TIME, value, &host, failure);
    config->time = host ? TIME_HOST : TIME_PRIVATE;
    return r;
}

int option_time_offset(const struct option_spec *spec, void *target, const char *value,
                       struct failure *failure)
{
    struct container_config *config = target;
    _cleanup_strv_ char **parts = NULL;

    int r = strv_split(value, ",", &parts);
    for (char **part = parts; part && *part && r >= 0; part++) {
        const char *boottime = startswith(*part, "boottime:"), *monotonic = startswith(*part, "monotonic:"),
                   *text = boottime ? boottime : monotonic;
        bool negative = text && *text == '-';
        usec_t span;
        if (!text || parse_timespan(text + negative, USEC_PER_SEC, &span) < 0 || span >= INT64_MAX)
            return fail(failure, -EINVAL, "write boottime:SPAN,monotonic:SPAN: boottime:30d,monotonic:-5min");
        *(boottime ? &config->boottime_offset : &config->monotonic_offset) =
            negative ? -(int64_t)span : (int64_t)span;
    }
    if (r >= 0 && !parts)
        r = fail(failure, -EINVAL, "write boottime:SPAN,monotonic:SPAN");
    config->time_offset_set = true;
    return r;
}

bool namespaces_are_joined(const struct container_config *config)
{
    for (int i = 0; i < NAMESPACE_MAX; i++)
        if (config->joined[i])
            return true;
    return false;
}

/* Looked at before it is opened for real: opening a device or a FIFO may do something. */
static int open_one(const struct kind *kind, const char *path, int *ret, struct failure *failure)
{
    char by_number[32];
    struct statfs fs;

    _cleanup_close_ int probe = open(path, O_PATH | O_CLOEXEC);
    if (probe < 0 || fstatfs(probe, &fs) < 0)
        return fail(failure, -errno, "--%s: %s: %m", kind->option, path);
    snprintf(by_number, sizeof(by_number), "/proc/self/fd/%d", probe);
    _cleanup_close_ int fd = fs.f_type == NSFS_MAGIC ? open(by_number, O_RDONLY | O_CLOEXEC) : -ENOTTY;
    int type = fd < 0 ? -1 : ioctl(fd, NS_GET_NSTYPE);
    if (type < 0)
        return fail(failure, -EINVAL, "--%s: %s: is no namespace", kind->option, path);
    if ((uint64_t)(unsigned)type == kind->flag) {
        *ret = TAKE_FD(fd);
        return 0;
    }
    FOREACH_ARRAY (other, kinds, ELEMENTSOF(kinds))
        if (other->flag == (uint64_t)(unsigned)type)
            return fail(failure, -EINVAL, "--%s: %s: is a namespace of kind %s, not %s", kind->option, path,
                        other->name, kind->name);
    return fail(failure, -EINVAL, "--%s: %s: is a namespace of another kind", kind->option, path);
}

int namespaces_open(struct container *container, struct failure *failure)
{
    for (int i = 0; i < NAMESPACE_MAX; i++)
        container->joined_fds[i] = -EBADF;
    for (int i = 0; i < NAMESPACE_MAX; i++) {
        const char *path = container->config->joined[i];
        int r = path ? open_one(&kinds[i], path, &container->joined_fds[i], failure) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

void namespaces_close(struct container *container)
{
    for (int i = 0; i < NAMESPACE_MAX; i++)
        if (container->joined_fds[i] > 0)
            container->joined_fds[i] = close_fd(container->joined_fds[i]);
}

static int enter_one(const struct container *container, enum namespace_kind kind, struct failure *failure)
{
    int fd = container->joined_fds[kind];
    if (fd < 0 || setns(fd, (int)kinds[kind].flag) >= 0)
        return 0;
    /* One's own again is where one is. */
    if (kind == NAMESPACE_USER && errno == EINVAL)
        return fail(failure, -EINVAL, "--userns: %s: is the one that berth runs in: use --userns=host",
                    container->config->joined[kind]);
    return fail(failure, -errno, "--%s: entering %s: %m%s", kinds[kind].option,
                container->config->joined[kind],
                errno == EPERM && container_is_rootless()
                    ? ": an ordinary user joins the user namespace that it belongs to, too: --userns=PATH"
                    : "");
}

/* Root may enter all from outside; an ordinary user only from the user namespace that they belong to. */
int namespaces_enter(const struct container *container, struct failure *failure)
{
    bool user_first = container_is_rootless();
    int r = user_first ? enter_one(container, NAMESPACE_USER, failure) : 0;

    for (int i = 0; i < NAMESPACE_MAX && r >= 0; i++)
        if (i != NAMESPACE_USER)
            r = enter_one(container, (enum namespace_kind)i, failure);
    return r < 0 || user_first ? r : enter_one(container, NAMESPACE_USER, failure);
}

/* "monotonic -300 0": the nanoseconds count forward, also from a negative second. */
static int write_offset(const char *clock, int64_t offset, struct failure *failure)
{
    int64_t seconds = offset / (int64_t)USEC_PER_SEC, rest = offset % (int64_t)USEC_PER_SEC;
    char text[96];

    if (rest < 0) {
        seconds--;
        rest += (int64_t)USEC_PER_SEC;
    }
    snprintf(text, sizeof(text), "%s %" PRId64 " %" PRId64 "\n", clock, seconds, rest * 1000);
    int r = write_file_at(AT_FDCWD, "/proc/self/timens_offsets", text);
    if (r == -ERANGE)
        return fail(failure, r, "--time-offset: the clock %s would be before its start, or too far off",
                    clock);
    return r < 0 ? fail(failure, r, "/proc/self/timens_offsets: %s: %s", clock, strerror(-r)) : 0;
}

int namespaces_make_time(const struct container *container, struct failure *failure)
{
    const struct container_config *config = container->config;

    if (config->time != TIME_PRIVATE)
        return 0;
    if (unshare(CLONE_NEWTIME) < 0)
        return fail(failure, -errno,
                    "time namespace: %m: it needs Linux 5.6 and CONFIG_TIME_NS: --time=host "
                    "goes without");
    int r = config->boottime_offset ? write_offset("boottime", config->boottime_offset, failure) : 0;
    if (r >= 0 && config->monotonic_offset)
        r = write_offset("monotonic", config->monotonic_offset, failure);
    if (r < 0)
        return r;
    /* It is that of our children until we enter it, too. */
    _cleanup_close_ int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
        return fail(failure, -errno, "time namespace: %m");
    return 0;
}
