/* Maps: written by ourselves as root, by newuidmap(1) and newgidmap(1) for an ordinary user who has ranges in
 * /etc/subuid, else the one id that everybody may map. */
#include "launcher/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/mount-requests.h"
#include "launcher/mount.h"
#include "launcher/start.h"

#define AUTO_FIRST   0x80000u    /* where nspawn's and berth's automatic ranges begin */
#define AUTO_LAST    0x6fff0000u /* … and end */
#define AUTO_SIZE    0x10000u
#define SUBID_MAX    (1024 * 1024) /* bytes of /etc/subuid */
#define MAP_TEXT_MAX 128
#define MAP_FILE_MAX 4096
#define FDS_MAX      250 /* in one packet (SCM_MAX_FD) */

struct id_range {
    uint32_t first;
    uint32_t size;
};

/* The same name gets the same range each time (FNV-1a), so that a persistent upper keeps its owners. */
static struct id_range automatic_range(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    uint32_t places = (AUTO_LAST - AUTO_FIRST) / AUTO_SIZE;
    return (struct id_range){.first = AUTO_FIRST + hash % places * AUTO_SIZE, .size = AUTO_SIZE};
}

/* Whom the namespace that the leader joined calls root. */
static int joined_range(const struct container *container, struct id_range *ret)
{
    _cleanup_free_ char *text = NULL;
    char path[64];
    uint32_t inside;

    snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)container->leader);
    int r = read_file_at(AT_FDCWD, path, MAP_FILE_MAX, &text, NULL);
    if (r < 0)
        return r;
    /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
    int n = sscanf(text, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &ret->first, &ret->size);
    return n == 3 && inside == 0 ? 0 : -ENOENT;
}

static int root_range(const struct container *container, struct id_range *ret, struct failure *failure)
{
    const struct container_config *config = container->config;

    if (config->userns == USERNS_JOIN) {
        int r = joined_range(container, ret);
        return r < 0 ? fail(failure, r, "--userns: %s: has no user 0", config->joined[NAMESPACE_USER]) : 0;
    }
    *ret = config->userns == USERNS_RANGE ? (struct id_range){config->userns_host, config->userns_size}
                                          : automatic_range(config->name);
    return 0;
}

/* subuid(5): "user:first:count". -ENOENT when the caller has none. */
static int subordinate_range(const char *path, struct id_range *ret)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **lines = NULL;
    const struct passwd *user = getpwuid(geteuid());
    char number[16];
    size_t size;

    snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
    int r = read_file_at(AT_FDCWD, path, SUBID_MAX, &text, &size);
    if (r >= 0)
        r = strv_split(text, "\n", &lines);
    if (r < 0)
        return r;
    for (char **line = lines; line && *line; line++) {
        _cleanup_strv_ char **fields = NULL;
        uint64_t first, count;
        if ((r = strv_split(*line, ":", &fields)) < 0)
            return r;
        if (strv_length(fields) != 3 ||
            (!streq(fields[0], number) && (!user || !streq(fields[0], user->pw_name))))
            continue;
        if (parse_u64(fields[1], &first) < 0 || parse_u64(fields[2], &count) < 0 ||
            first + count > UINT32_MAX)
            continue;
        *ret = (struct id_range){.first = (uint32_t)first, .size = (uint32_t)count};
        return 0;
    }
    return -ENOENT;
}

static int write_map(pid_t pid, const char *file, const char *text, struct failure *failure)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    int r = write_file_at(AT_FDCWD, path, text);
    return r < 0 ? fail(failure, r, "%s: \"%s\": %s", path, text, strerror(-r)) : 0;
}

/* newuidmap or newgidmap: 0 is the caller, the rest comes out of the range. */
static int run_map_helper(const char *helper, pid_t pid, unsigned own, const struct id_range *range,
                          struct failure *failure)
{
    _cleanup_free_ char *pid_text = xasprintf("%d", (int)pid), *own_text = xasprintf("%u", own),
                        *first = xasprintf("%" PRIu32, range->first),
                        *size = xasprintf("%" PRIu32, range->size);
    if (!pid_text || !own_text || !first || !size)
        return fail(failure, -ENOMEM, "out of memory");
    char *argv[] = {(char *)helper, pid_text, (char *)"0", own_text, (char *)"1",
                    (char *)"1",    first,    size,        NULL};
    int status;

    pid_t child = fork();
    if (child == 0) {
        execvp(helper, argv);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return fail(failure, -errno, "%s: %m", helper);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return fail(failure, -ENOENT, "%s is missing: install uidmap", helper);
    return status == 0 ? 0
                       : fail(failure, -EPERM, "%s refused the range %s+%s: see /etc/subuid and /etc/subgid",
                              helper, first, size);
}

/* Ownership of a group is write access to these (cgroups(7), "Delegation"). */
int userns_delegate(const struct container *container, int cgroup_fd, struct failure *failure)
{
    static const char *const files[] = {".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"};

    if (container->config->userns == USERNS_HOST || container_is_rootless() || cgroup_fd < 0)
        return 0;
    struct id_range range = {};
    int r = root_range(container, &range, failure);
    if (r < 0)
        return r;
    uid_t owner = range.first;
    for (size_t i = 0; i < ELEMENTSOF(files); i++)
        if (fchownat(cgroup_fd, files[i], owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
            return fail(failure, -errno, "delegating a cgroup to the container: %s: %m", files[i]);
    return 0;
}

static int map_as_root(const struct container *container, struct failure *failure)
{
    struct id_range range = {};
    char text[MAP_TEXT_MAX];

    int r = root_range(container, &range, failure);
    if (r < 0)
        return r;
    snprintf(text, sizeof(text), "0 %" PRIu32 " %" PRIu32, range.first, range.size);
    r = container->config->userns == USERNS_JOIN ? 0 : write_map(container->leader, "gid_map", text, failure);
    if (r >= 0 && container->config->userns != USERNS_JOIN)
        r = write_map(container->leader, "uid_map", text, failure);
    return r < 0 ? r : userns_delegate(container, scope_payload_fd(container->scope), failure);
}

static int map_as_user(const struct container *container, struct failure *failure)
{
    struct id_range uids, gids;
    char text[MAP_TEXT_MAX];

    if (container->config->userns == USERNS_JOIN)
        return 0;
    if (subordinate_range("/etc/subuid", &uids) >= 0 && subordinate_range("/etc/subgid", &gids) >= 0) {
        int r = run_map_helper("newgidmap", container->leader, getegid(), &gids, failure);
        return r < 0 ? r : run_map_helper("newuidmap", container->leader, geteuid(), &uids, failure);
    }
    int r = write_map(container->leader, "setgroups", "deny", failure);
    if (r < 0)
        return r;
    snprintf(text, sizeof(text), "0 %u 1", (unsigned)getegid());
    r = write_map(container->leader, "gid_map", text, failure);
    if (r < 0)
        return r;
    snprintf(text, sizeof(text), "0 %u 1", (unsigned)geteuid());
    return write_map(container->leader, "uid_map", text, failure);
}

/* A detached copy of a host directory whose owners are shifted into the namespace: nothing on disk changes.
 */
static int clone_mapped(const char *path, int userns_fd, int *ret_fd, struct failure *failure)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd};
    _cleanup_close_ int fd = -EBADF;

    int r = mount_clone(path, false, false, &fd, failure);
    if (r < 0)
        return r;
    if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
        return fail(failure, -errno,
                    "root %s: its file system takes no id-mapped mount (%m): use --userns=host", path);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* All host directories of the root, mapped, in the order in which root.c wants them: the layers, then the
 * place of the upper. */
static int clone_layers(const struct container *container, int *fds, size_t *n, struct failure *failure)
{
    const struct container_config *config = container->config;
    _cleanup_close_ int userns_fd = -EBADF;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)container->leader);
    userns_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (userns_fd < 0)
        return fail(failure, -errno, "%s: %m", path);
    if (config->upper)
        return fail(failure, -EOPNOTSUPP, "--upper does not go with --userns: use --overlay=persistent");
    if (strv_length(config->lower) >= FDS_MAX)
        return fail(failure, -E2BIG, "--userns takes %d layers at most", FDS_MAX - 1);
    for (char **lower = config->lower; *lower; lower++, (*n)++) {
        int r = clone_mapped(*lower, userns_fd, &fds[*n], failure);
        if (r < 0)
            return r;
    }
    if (!container->upper.base)
        return 0;
    int r = clone_mapped(container->upper.base, userns_fd, &fds[*n], failure);
    *n += r >= 0;
    return r;
}

/* The layers, and then the sources of the binds. */
static int clone_all(const struct container *container, int *fds, size_t *n, struct failure *failure)
{
    char path[64];

    int r = clone_layers(container, fds, n, failure);
    if (r < 0)
        return r;
    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)container->leader);
    _cleanup_close_ int userns_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (userns_fd < 0)
        return fail(failure, -errno, "%s: %m", path);
    return mount_requests_clone(container->config, userns_fd, fds, FDS_MAX, n, failure);
}

int userns_map(struct container *container, struct failure *failure)
{
    struct start_message go = {.type = START_GO};
    int fds[FDS_MAX];
    size_t n = 0;

    int r = container_is_rootless() ? map_as_user(container, failure) : map_as_root(container, failure);
    if (r >= 0 && !container_is_rootless())
        r = clone_all(container, fds, &n, failure);
    if (r >= 0) {
        r = send_with_fds(container->start_fd, &go, sizeof(go), fds, n);
        if (r < 0)
            r = fail(failure, r, "the container's side: %s", strerror(-r));
    }
    for (size_t i = 0; i < n; i++)
        close_fd(fds[i]); /* NOLINT(clang-analyzer-core.CallAndMessage): clone_layers() counts what is set */
    return r;
}

int userns_wait(struct container *container, struct failure *failure)
{
    struct start_message go;
    int fds[FDS_MAX];
    size_t n = FDS_MAX;

    ssize_t size = receive_with_fds(container->start_fd, &go, sizeof(go), fds, &n);
    if (size != sizeof(go) || go.type != START_GO)
        return fail(failure, size < 0 ? (int)size : -ECONNRESET, "the host's side broke off");
    size_t n_sources = mount_requests_count_sources(container->config);
    if (n > 0 && n >= n_sources) { /* of an ordinary user's none come */
        n -= n_sources;
        if (mount_requests_take(container, fds + n) < 0)
            return fail(failure, -ENOMEM, "out of memory");
    }
    if (n > 0) {
        container->mapped = malloc(n * sizeof(int));
        if (!container->mapped)
            return fail(failure, -ENOMEM, "out of memory");
        memcpy(container->mapped, fds, n * sizeof(int));
        container->n_mapped = n;
    }
    return 0;
}

int userns_become_root(struct container *container, struct failure *failure)
{
    /* Where only one id is mapped the kernel forbids setgroups(2); there is nothing to drop there either. */
    if (setgroups(0, NULL) < 0) {
        if (errno != EPERM)
            return fail(failure, -errno, "supplementary groups: %m");
        container->one_id = true;
    }
    if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return fail(failure, -errno, "becoming root of the user namespace: %m");
    return 0;
}
