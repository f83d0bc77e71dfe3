/* Capabilities through libcap. */
#include "launcher/privileges.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "common/capabilities.h"

static void cleanup_cap_freep(cap_t *caps)
{
    if (*caps)
        (void)cap_free(*caps);
}

static int drop_bounding(uint64_t keep, struct failure *failure)
{
    for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
        if (!(keep & CAPABILITY_MASK(cap)) && cap_drop_bound(cap) < 0)
            return fail(failure, -errno, "dropping %s from the bounding set: %m: needs CAP_SETPCAP",
                        capability_to_string(cap));
    return 0;
}

/* Permitted and effective become what is kept of what is there; inheritable and ambient become empty. */
static int set_process_sets(uint64_t keep, struct failure *failure)
{
    _cleanup_(cleanup_cap_freep) cap_t now = cap_get_proc(), wanted = cap_init();
    if (!now || !wanted)
        return fail(failure, -errno, "capabilities: %m");
    for (cap_value_t cap = 0; cap < cap_max_bits(); cap++) {
        cap_flag_value_t has;
        if (!(keep & CAPABILITY_MASK(cap)) || cap_get_flag(now, cap, CAP_PERMITTED, &has) < 0 ||
            has != CAP_SET)
            continue;
        if (cap_set_flag(wanted, CAP_PERMITTED, 1, &cap, CAP_SET) < 0 ||
            cap_set_flag(wanted, CAP_EFFECTIVE, 1, &cap, CAP_SET) < 0)
            return fail(failure, -errno, "capabilities: %m");
    }
    if (cap_set_proc(wanted) < 0)
        return fail(failure, -errno, "setting the capabilities: %m");
    /* In one call: cap_reset_ambient(3) asks for each of them first. Kernels before 4.3 have none. */
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
        return fail(failure, -errno, "clearing the ambient capabilities: %m");
    return 0;
}

/* A node that root makes opens the host's disks, unless a device program stands before them: that sits on the
 * payload's cgroup. In a user namespace nodes cannot be made. */
int privileges_plan(struct container *container, struct failure *failure)
{
    const struct container_config *config = container->config;
    const struct capability_words *added = &config->capabilities_added;

    container->capabilities = config->capabilities;
    if (scope_manager(container->scope) != CGROUP_MANAGER_NONE || config->userns != USERNS_HOST ||
        config->privileged || !(config->capabilities & CAPABILITY_MASK(CAP_MKNOD)))
        return 0;
    if (added->all || (added->named & CAPABILITY_MASK(CAP_MKNOD)))
        return fail(failure, -EPERM,
                    "--cap-add=%s: without a cgroup nothing keeps the container from the host's disks: %s",
                    added->all ? "all" : "MKNOD",
                    added->all ? "add --cap-drop=MKNOD, or leave --cgroup-manager=none out"
                               : "leave --cgroup-manager=none out");
    container->capabilities &= ~CAPABILITY_MASK(CAP_MKNOD);
    return 0;
}

int privileges_drop(const struct container *container, struct failure *failure)
{
    int r = drop_bounding(container->capabilities, failure);
    if (r < 0)
        return r;
    if (container->config->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(failure, -errno, "no_new_privs: %m");
    r = seccomp_apply(&container->seccomp, failure);
    return r < 0 ? r : set_process_sets(container->capabilities, failure);
}

bool privileges_has(int capability)
{
    _cleanup_(cleanup_cap_freep) cap_t now = cap_get_proc();
    cap_flag_value_t has;

    return now && cap_get_flag(now, capability, CAP_EFFECTIVE, &has) >= 0 && has == CAP_SET;
}
