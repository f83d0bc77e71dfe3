/* The job's own control group. It is named after us, and opened when it is needed: a directory that we held
 * would pin the mount. */
#include "init/job/job-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/fd.h"
#include "init/job/job-usage.h"
#include "init/platform/cgroup-tree.h"

#define NAME_MAX_SIZE (sizeof("job-") + 3 * sizeof(pid_t))

static void own_name(char name[static NAME_MAX_SIZE])
{
    (void)snprintf(name, NAME_MAX_SIZE, "job-%d", (int)getpid());
}

static bool is_delegated(int fd)
{
    char value;
    return fgetxattr(fd, "user.delegate", &value, 1) == 1 && value == '1';
}

int job_cgroup_make(void)
{
    char name[NAME_MAX_SIZE];
    _cleanup_close_ int own = usage_open_cgroup();

    if (own < 0 || !is_delegated(own))
        return -EOPNOTSUPP;
    own_name(name);
    if (mkdirat(own, name, 0755) < 0)
        return -errno;
    int fd = openat(own, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void job_cgroup_kill(void)
{
    char name[NAME_MAX_SIZE];
    _cleanup_close_ int own = usage_open_cgroup();

    own_name(name);
    if (own >= 0)
        cgroup_kill_at(own, name);
}

void job_cgroup_remove(void)
{
    char name[NAME_MAX_SIZE];
    _cleanup_close_ int own = usage_open_cgroup();

    own_name(name);
    if (own >= 0)
        cgroup_remove_at(own, name);
}
