/* systemd.resource-control(5) as files declare it. A unit keeps a list of what was set: most set nothing, and
 * what cannot be applied is told with its file and line. No system calls here; init/platform/cgroup-limits.h
 * carries it out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Of cgroups v2; masks have 1 << these. */
enum cgroup_controller {
    CONTROLLER_CPU,
    CONTROLLER_CPUSET,
    CONTROLLER_IO,
    CONTROLLER_MEMORY,
    CONTROLLER_PIDS,
    CGROUP_CONTROLLER_MAX,
};
#define CONTROLLER_BIT(controller) (1U << (controller))
#define CONTROLLERS_ALL            (CONTROLLER_BIT(CGROUP_CONTROLLER_MAX) - 1)

enum cgroup_limit {
    LIMIT_CPU_WEIGHT,
    LIMIT_CPU_SHARES, /* of cgroups v1, as are those of BLOCK_IO and MEMORY_LIMIT */
    LIMIT_CPU_QUOTA,  /* µs of CPU per second of time */
    LIMIT_CPU_PERIOD, /* over which the quota is kept */
    LIMIT_CPUS,
    LIMIT_MEMORY_NODES,
    LIMIT_MEMORY_MIN,
    LIMIT_MEMORY_LOW,
    LIMIT_DEFAULT_MEMORY_MIN, /* for units in the slice */
    LIMIT_DEFAULT_MEMORY_LOW,
    LIMIT_MEMORY_HIGH,
    LIMIT_MEMORY_MAX,
    LIMIT_MEMORY_LIMIT,
    LIMIT_MEMORY_SWAP_MAX,
    LIMIT_MEMORY_ZSWAP_MAX,
    LIMIT_MEMORY_ZSWAP_WRITEBACK,
    LIMIT_TASKS_MAX,
    LIMIT_IO_WEIGHT,
    LIMIT_BLOCK_IO_WEIGHT,
    LIMIT_IO_DEVICE_WEIGHT, /* this and the rest: for one device */
    LIMIT_BLOCK_IO_DEVICE_WEIGHT,
    LIMIT_IO_READ_BANDWIDTH,
    LIMIT_BLOCK_IO_READ_BANDWIDTH,
    LIMIT_IO_WRITE_BANDWIDTH,
    LIMIT_BLOCK_IO_WRITE_BANDWIDTH,
    LIMIT_IO_READ_IOPS,
    LIMIT_IO_WRITE_IOPS,
    LIMIT_IO_LATENCY, /* µs */
    CGROUP_LIMIT_MAX,
};
#define LIMIT_BIT(limit) (UINT64_C(1) << (limit))
static inline bool limit_is_of_device(enum cgroup_limit limit)
{
    return limit >= LIMIT_IO_DEVICE_WEIGHT;
}

/* In the data of a row of the directive table: Startup…=. */
#define LIMIT_STARTUP   (1 << 8)
#define LIMIT_OF(data)  ((enum cgroup_limit)((data) & (LIMIT_STARTUP - 1)))
#define CPU_WEIGHT_IDLE 0

struct cgroup_setting {
    struct cgroup_setting *next;
    const char *directive; /* the table's */
    char *file;
    unsigned line;
    enum cgroup_limit limit;
    bool startup;   /* holds while the container comes up or goes down */
    bool is_share;  /* value is in 1/10000 of what the machine has */
    uint64_t value; /* UINT64_MAX: no limit */
    char *text;     /* path of the device; numbers of CPUs or nodes as the kernel writes them */
};

struct cgroup_context {
    struct cgroup_setting *settings;
    char *slice;
    bool delegate;
    unsigned delegate_controllers; /* masks of controllers */
    unsigned disable_controllers;
    char *delegate_subgroup;
};

/* The one that counts at that time: a Startup…= while starting, else the plain one; NULL for none. */
const struct cgroup_setting *cgroup_context_get(const struct cgroup_context *context, enum cgroup_limit limit,
                                                bool starting);
struct cgroup_setting *cgroup_setting_free(struct cgroup_setting *setting);
void cgroup_context_done(struct cgroup_context *context);

const char *cgroup_controller_to_string(enum cgroup_controller controller); /* "cpu" */
/* -EINVAL for a name that is none in cgroups v2. */
int cgroup_controller_from_string(const char *name);
