/* What a unit's resource settings make of the files of its control group: cgroups(7), the kernel's
 * admin-guide/cgroup-v2. Conversions, devices, and the proof that the kernel took them. */
#pragma once

#include "init/unit/resource.h"

/* DefaultMemoryMin= or DefaultMemoryLow= of the nearest slice that has one. */
struct memory_default {
    bool is_set;
    uint64_t bytes;
};

/* Where the group is, and what it shares in. */
struct cgroup_place {
    bool starting;        /* Startup…= settings hold */
    bool is_root;         /* of the delegated tree, whose limits are somebody else's */
    unsigned controllers; /* mask: those that the container has */
    unsigned disabled;    /* mask: those that DisableControllers= of a slice keeps away */
    uint64_t memory;      /* bytes and tasks that shares are of */
    uint64_t tasks;
    struct memory_default default_min;
    struct memory_default default_low;
};

/* Why a setting has no effect, in words; setting is of the unit that was applied. */
typedef void (*cgroup_problem_fn)(void *userdata, const struct cgroup_setting *setting, const char *why);

/* Mask of the controllers that the settings need. Those that only say what is so anyway need none. */
unsigned cgroup_limits_controllers(const struct cgroup_context *context);
/* Writes them into the files of dirfd, and reads them back. Can be done again when `starting` changes. */
void cgroup_limits_apply(int dirfd, const struct cgroup_context *context, const struct cgroup_place *place,
                         cgroup_problem_fn problem, void *userdata);
/* Takes back what is not set any more; before an apply. */
void cgroup_limits_reset(int dirfd, const struct cgroup_context *context, const struct cgroup_place *place);
/* What a slice gives to the units in it: LIMIT_DEFAULT_MEMORY_MIN or _LOW. */
struct memory_default cgroup_limits_default(const struct cgroup_context *context,
                                            const struct cgroup_place *place, enum cgroup_limit limit,
                                            bool starting);
/* Whether one of them is a Startup…= setting. */
bool cgroup_limits_change(const struct cgroup_context *context);
/* Tells each setting that cannot work with these controllers (a mask); none: nothing is delegated at all. */
void cgroup_limits_check(const struct cgroup_context *context, unsigned controllers, bool delegated,
                         cgroup_problem_fn problem, void *userdata);
/* The controllers in the text of a cgroup.controllers, as a mask. */
unsigned cgroup_controllers_parse(const char *text);
/* The number in a kernel's file; UINT64_MAX for "max", and when there is none. */
uint64_t cgroup_read_number(int dirfd, const char *file);
/* What shares of memory and tasks are of: the machine's, or the limits of the tree's root (an open directory)
 * where those are lower. */
void cgroup_place_measure(int root_fd, struct cgroup_place *place);
