/* A table of what has a namespace. Everything else is the host's, and refused. */
#include "launcher/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/mount.h"

#define PROC_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static const struct {
    const char *key; /* ends with '/': all below */
    uint64_t flag;
    const char *option; /* that keeps the host's namespace */
    const char *instead;
} known[] = {
    {"kernel/shmall", CLONE_NEWIPC, "--ipc", NULL}, {"kernel/shmmax", CLONE_NEWIPC, "--ipc", NULL},
    {"kernel/shmmni", CLONE_NEWIPC, "--ipc", NULL}, {"kernel/shm_rmid_forced", CLONE_NEWIPC, "--ipc", NULL},
    {"kernel/msgmax", CLONE_NEWIPC, "--ipc", NULL}, {"kernel/msgmnb", CLONE_NEWIPC, "--ipc", NULL},
    {"kernel/msgmni", CLONE_NEWIPC, "--ipc", NULL}, {"kernel/sem", CLONE_NEWIPC, "--ipc", NULL},
    {"fs/mqueue/", CLONE_NEWIPC, "--ipc", NULL},    {"net/", CLONE_NEWNET, "--network", NULL},
    {"kernel/hostname", 0, NULL, "--hostname"},     {"kernel/domainname", 0, NULL, "--domainname"},
};

/* The path below /proc/sys: the first separator says whether dots or slashes separate (sysctl.d(5)). */
static char *key_path(const char *assignment, size_t length)
{
    char *path = strndup(assignment, length);
    size_t first = path ? strcspn(path, "./") : 0;

    if (path && path[first] == '.')
        for (char *c = path; *c; c++)
            *c = (char)(*c == '.' ? '/' : *c == '/' ? '.' : *c);
    return path;
}

static bool has_odd_parts(const char *path)
{
    _cleanup_free_ char *framed = xasprintf("/%s/", path);
    return !framed || strstr(framed, "//") || strstr(framed, "/../") || strstr(framed, "/./");
}

static bool matches(const char *key, const char *path)
{
    return endswith(key, "/") ? startswith(path, key) != NULL : streq(key, path);
}

int sysctl_check(const struct container_config *config, const char *assignment, struct failure *failure)
{
    size_t length = strcspn(assignment, "=");
    _cleanup_free_ char *path = key_path(assignment, length);

    if (!path)
        return fail(failure, -ENOMEM, "out of memory");
    if (!assignment[length] || length == 0 || has_odd_parts(path))
        return fail(failure, -EINVAL, "--sysctl=%s: write KEY=VALUE: net.ipv4.ip_forward=1", assignment);
    FOREACH_ARRAY (row, known, ELEMENTSOF(known)) {
        if (!matches(row->key, path))
            continue;
        if (row->instead)
            return fail(failure, -EINVAL, "--sysctl=%s: use %s", assignment, row->instead);
        if (config_namespaces(config) & row->flag)
            return 0;
        return fail(failure, -EINVAL,
                    "--sysctl=%s: belongs to a namespace that is not the container's own: "
                    "leave %s out",
                    assignment, row->option);
    }
    return fail(failure, -EINVAL,
                "--sysctl=%.*s: belongs to the whole host, to no namespace of the container: set it with "
                "sysctl(8) there",
                (int)length, assignment);
}

static int write_one(int proc_fd, const char *assignment, struct failure *failure)
{
    static const struct open_how how = {.flags = O_WRONLY | O_CLOEXEC,
                                        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    size_t length = strcspn(assignment, "=");
    _cleanup_free_ char *key = key_path(assignment, length), *path = key ? xasprintf("sys/%s", key) : NULL;

    if (!path)
        return fail(failure, -ENOMEM, "out of memory");
    _cleanup_close_ int fd = sys_openat2(proc_fd, path, &how, sizeof(how));
    int r = fd < 0 ? -errno : write_all(fd, assignment + length + 1, strlen(assignment + length + 1));
    return r < 0 ? fail(failure, r, "--sysctl=%s: %s", assignment, strerror(-r)) : 0;
}

int sysctl_write(struct container *container, struct failure *failure)
{
    char **sysctls = container->config->sysctls;
    _cleanup_close_ int proc = -EBADF;

    if (!sysctls)
        return 0;
    int r = mount_new("proc", (const struct mount_option[]){{}}, PROC_ATTRIBUTES, &proc, failure);
    for (; *sysctls && r >= 0; sysctls++)
        r = write_one(proc, *sysctls, failure);
    return r;
}
