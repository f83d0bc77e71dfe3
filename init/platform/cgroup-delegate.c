/* Delegate=: a group that its service may divide further. systemd's CGROUP_DELEGATION. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/macro.h"
#include "init/platform/cgroup-tree.h"
#include "init/platform/users.h"

/* What the owner of a delegated group writes to: cgroups(7), "Cgroups delegation". */
static const char *const delegated_files[] = {"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"};

int cgroup_give(int fd, const struct cgroup_owner *owner)
{
    if (!owner->set)
        return 0;
    if (fchownat(fd, "", owner->uid, owner->gid, AT_EMPTY_PATH) < 0)
        return -errno;
    for (size_t i = 0; i < ELEMENTSOF(delegated_files); i++)
        if (fchownat(fd, delegated_files[i], owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) < 0 &&
            errno != ENOENT)
            return -errno;
    return 0;
}

int cgroup_delegate(int fd, const struct exec_context *exec, struct dynamic_users *users,
                    struct cgroup_owner *ret)
{
    char proc[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
    _cleanup_credentials_ struct credentials user = {0};
    enum exec_stage stage;
    const char *object;

    /* Another init that is run there looks for this. Kernels before 5.7 have no such attributes. */
    (void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    (void)setxattr(proc, "user.delegate", "1", 1, 0);
    /* A user that is not there is told when a command is to run as it. */
    if (!exec->user || credentials_resolve(exec, users, &user, &stage, &object) < 0 || !user.set)
        return 0;
    *ret = (struct cgroup_owner){.uid = user.uid, .gid = user.gid, .set = true};
    return cgroup_give(fd, ret);
}
