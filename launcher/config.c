/* The defaults of a container, and its end. */
#include "launcher/config.h"

#include <sched.h>
#include <stdlib.h>

#include "common/syscalls.h"
#include "common/text.h"

struct container_config *config_new(void)
{
    struct container_config *config = calloc(1, sizeof(*config));
    if (!config)
        return NULL;
    config->upper_size = UINT64_MAX;
    config->limits.memory_max = UINT64_MAX;
    config->limits.memory_high = UINT64_MAX;
    config->limits.swap_max = UINT64_MAX;
    config->limits.tasks_max = UINT64_MAX;
    config->limits.cpu_quota_per_sec = USEC_INFINITY;
    config->stop_timeout = DEFAULT_STOP_TIMEOUT;
    config->start_timeout = DEFAULT_START_TIMEOUT;
    return config;
}

uint64_t config_namespaces(const struct container_config *config)
{
    uint64_t flags = CLONE_NEWNS;
    if (config->userns != USERNS_HOST && config->userns != USERNS_JOIN)
        flags |= CLONE_NEWUSER;
    if (!config->host_pid)
        flags |= CLONE_NEWPID;
    if (!config->host_ipc)
        flags |= CLONE_NEWIPC;
    if (!config->host_uts)
        flags |= CLONE_NEWUTS;
    if (!config->host_cgroupns)
        flags |= CLONE_NEWCGROUP;
    if (config->network == NETWORK_NONE)
        flags |= CLONE_NEWNET;
    return flags;
}

uint64_t config_entered_namespaces(const struct container_config *config)
{
    static const uint64_t flags_of[NAMESPACE_MAX] = {
        [NAMESPACE_USER] = CLONE_NEWUSER,   [NAMESPACE_PID] = CLONE_NEWPID,
        [NAMESPACE_IPC] = CLONE_NEWIPC,     [NAMESPACE_UTS] = CLONE_NEWUTS,
        [NAMESPACE_NETWORK] = CLONE_NEWNET, [NAMESPACE_CGROUP] = CLONE_NEWCGROUP,
        [NAMESPACE_TIME] = CLONE_NEWTIME,
    };
    uint64_t flags = config_namespaces(config);
    for (int i = 0; i < NAMESPACE_MAX; i++)
        if (config->joined[i])
            flags |= flags_of[i];
    return config->time == TIME_PRIVATE ? flags | CLONE_NEWTIME : flags;
}

void mount_request_done(struct mount_request *request)
{
    free(request->source);
    free(request->target);
    strv_free(request->options);
}

void device_request_done(struct device_request *device)
{
    free(device->source);
    free(device->target);
}

struct container_config *config_free(struct container_config *config)
{
    if (!config)
        return NULL;
    FOREACH_ARRAY (request, config->mounts, config->n_mounts)
        mount_request_done(request);
    free(config->mounts);
    FOREACH_ARRAY (device, config->devices, config->n_devices)
        device_request_done(device);
    free(config->devices);
    free(config->name);
    strv_free(config->lower);
    strv_free(config->command);
    free(config->upper);
    free(config->work);
    free(config->scratch);
    strv_free(config->unit_files);
    free(config->target);
    free(config->main_unit);
    free(config->hostname);
    free(config->user);
    free(config->workdir);
    free(config->seccomp_file);
    free(config->apparmor);
    free(config->selinux_label);
    for (int i = 0; i < NAMESPACE_MAX; i++)
        free(config->joined[i]);
    free(config->domainname);
    free(config->machine_id);
    strv_free(config->sysctls);
    strv_free(config->environment);
    free(config->limits.cpuset);
    strv_free(config->properties);
    free(config->slice);
    free(config->unit_name);
    free(config);
    return NULL;
}
