/* The processes of a unit, whichever way they are kept together: a control group, or sessions. */
#pragma once

#include "init/manager/manager.h"
#include "init/platform/cgroup.h"
#include "init/platform/fd-store.h"
#include "init/platform/processes.h"

struct unit_runtimes {
    struct unit_runtime *all;
    struct unit_runtime *awaiting; /* without cgroups: the manager wants to know when all of it are gone */
    struct unit_runtime *looking;  /* those of them that are still to be looked at in this round */
    bool unclear;                  /* without cgroups: whether one is empty; nothing tells when it is clear */
    const struct manager *manager; /* knows the processes of all units; NULL: nobody does */
};

struct unit_runtime {
    struct manager_unit *unit;
    struct unit_runtimes *list;
    struct unit_runtime *next, **link;
    struct unit_runtime *next_awaiting, **link_awaiting; /* NULL: not in that list */
    struct cgroup_unit *cgroup;                          /* NULL: not started, or no delegated tree */
    struct process_group group;                          /* without a cgroup */
    struct stored_fd *store;                             /* outlives a restart */
    uint64_t invocation;                                 /* that group.invocation_id was made for */
    usec_t started;   /* CLOCK_REALTIME: PID files of before are of another life */
    bool told_limits; /* those of its limits that cannot be */
};

/* The unit's, made when it has none yet; NULL without memory. It goes into the list. */
struct unit_runtime *unit_runtime_get(struct unit_runtimes *list, struct manager_unit *unit);
struct unit_runtime *unit_runtime_free(struct unit_runtime *runtime);
/* The unit's, or NULL. */
static inline struct unit_runtime *unit_runtime_of(const struct manager_unit *unit)
{
    return unit->platform;
}

/* The manager wants to know when all of it are gone. */
void unit_runtime_set_awaited(struct unit_runtime *runtime, bool awaited);
static inline bool unit_runtime_is_awaited(const struct unit_runtime *runtime)
{
    return runtime->link_awaiting != NULL;
}
/* Begins a round over all that are awaited to be empty; the next one of the round, or NULL. Any of them may
 * go meanwhile. */
void unit_runtimes_look(struct unit_runtimes *list);
struct unit_runtime *unit_runtimes_next(struct unit_runtimes *list);
/* Gives the unit an $INVOCATION_ID of its own for this start; boot_seed is random, once a boot. */
void unit_runtime_invocation(struct unit_runtime *runtime, uint64_t boot_seed,
                             char ret[static INVOCATION_ID_SIZE]);
/* struct platform_ops: kill with KILL_ALL, is_populated. */
int unit_runtime_kill(struct unit_runtime *runtime, int signal);
bool unit_runtime_is_populated(struct unit_runtime *runtime);
/* The one process that is our own child, 0: none, or several. */
pid_t unit_runtime_only_child(const struct unit_runtime *runtime);
/* Lets the processes' bookkeeping go; the unit is down. */
void unit_runtime_release(struct unit_runtime *runtime);
