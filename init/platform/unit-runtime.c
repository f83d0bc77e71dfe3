/* What the platform keeps of a unit between its start and its end. */
#include "init/platform/unit-runtime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/macro.h"

struct unit_runtime *unit_runtime_get(struct unit_runtime **list, struct manager_unit *unit)
{
    struct unit_runtime *runtime = unit->platform;

    if (runtime)
        return runtime;
    runtime = calloc(1, sizeof(*runtime));
    if (!runtime)
        return NULL;
    runtime->unit = unit;
    runtime->next = *list;
    runtime->link = list;
    if (runtime->next)
        runtime->next->link = &runtime->next;
    *list = runtime;
    unit->platform = runtime;
    return runtime;
}

struct unit_runtime *unit_runtime_free(struct unit_runtime *runtime)
{
    if (!runtime)
        return NULL;
    unit_runtime_release(runtime);
    *runtime->link = runtime->next;
    if (runtime->next)
        runtime->next->link = runtime->link;
    runtime->unit->platform = NULL;
    free(runtime);
    return NULL;
}

const char *unit_runtime_invocation(struct unit_runtime *runtime, uint64_t boot_seed)
{
    uint64_t hash =
        14695981039346656037u; /* FNV-1a: invocations may count from the same number in each unit */

    if (runtime->invocation == runtime->unit->invocation && runtime->group.invocation_id[0])
        return runtime->group.invocation_id;
    for (const char *p = runtime->unit->unit->name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 1099511628211u;
    runtime->invocation = runtime->unit->invocation;
    (void)snprintf(runtime->group.invocation_id, sizeof(runtime->group.invocation_id),
                   "%016" PRIx64 "%016" PRIx64, boot_seed ^ hash, hash + runtime->invocation);
    return runtime->group.invocation_id;
}

int unit_runtime_kill(struct unit_runtime *runtime, int signal, pid_t except)
{
    if (runtime->cgroup)
        return cgroup_unit_kill(runtime->cgroup, signal, except);
    if (process_group_kill(&runtime->group, signal, except) == 0)
        return -ESRCH;
    runtime->awaits_empty = true;
    return 0;
}

bool unit_runtime_is_populated(struct unit_runtime *runtime)
{
    if (runtime->cgroup)
        return cgroup_unit_is_populated(runtime->cgroup);
    runtime->awaits_empty = process_group_kill(&runtime->group, 0, 0) > 0;
    return runtime->awaits_empty;
}

void unit_runtime_release(struct unit_runtime *runtime)
{
    runtime->cgroup = cgroup_unit_free(runtime->cgroup);
    process_group_done(&runtime->group);
    runtime->awaits_empty = false;
}
