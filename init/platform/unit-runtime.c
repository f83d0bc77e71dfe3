/* What the platform keeps of a unit between its start and its end. */
#include "init/platform/unit-runtime.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "common/macro.h"
#include "init/job/reap.h"

#define N_OWN_PIDS 2 /* main and control process */

static void awaiting_add(struct unit_runtime **head, struct unit_runtime *runtime)
{
    runtime->next_awaiting = *head;
    runtime->link_awaiting = head;
    if (*head)
        (*head)->link_awaiting = &runtime->next_awaiting;
    *head = runtime;
}

static void awaiting_remove(struct unit_runtime *runtime)
{
    *runtime->link_awaiting = runtime->next_awaiting;
    if (runtime->next_awaiting)
        runtime->next_awaiting->link_awaiting = runtime->link_awaiting;
    runtime->link_awaiting = NULL;
}

void unit_runtime_set_awaited(struct unit_runtime *runtime, bool awaiting)
{
    if (awaiting && !runtime->link_awaiting)
        awaiting_add(&runtime->list->awaiting, runtime);
    else if (!awaiting && runtime->link_awaiting)
        awaiting_remove(runtime);
}

void unit_runtimes_look(struct unit_runtimes *list)
{
    if (list->looking)
        return; /* in the middle of a round, from within */
    list->looking = list->awaiting;
    list->awaiting = NULL;
    if (list->looking)
        list->looking->link_awaiting = &list->looking;
}

struct unit_runtime *unit_runtimes_next(struct unit_runtimes *list)
{
    struct unit_runtime *runtime = list->looking;

    if (runtime) {
        awaiting_remove(runtime);
        awaiting_add(&list->awaiting, runtime);
    }
    return runtime;
}

struct unit_runtime *unit_runtime_get(struct unit_runtimes *list, struct manager_unit *unit)
{
    struct unit_runtime *runtime = unit->platform;

    if (runtime)
        return runtime;
    runtime = calloc(1, sizeof(*runtime));
    if (!runtime)
        return NULL;
    runtime->unit = unit;
    runtime->list = list;
    runtime->next = list->all;
    runtime->link = &list->all;
    if (runtime->next)
        runtime->next->link = &runtime->next;
    list->all = runtime;
    unit->platform = runtime;
    return runtime;
}

struct unit_runtime *unit_runtime_free(struct unit_runtime *runtime)
{
    if (!runtime)
        return NULL;
    unit_runtime_release(runtime);
    (void)fd_store_remove(&runtime->store, NULL);
    *runtime->link = runtime->next;
    if (runtime->next)
        runtime->next->link = runtime->link;
    runtime->unit->platform = NULL;
    free(runtime);
    return NULL;
}

static void choose_invocation(struct unit_runtime *runtime, uint64_t boot_seed)
{
    uint64_t hash =
        14695981039346656037u; /* FNV-1a: invocations may count from the same number in each unit */

    for (const char *p = runtime->unit->unit->name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 1099511628211u;
    runtime->invocation = runtime->unit->invocation;
    runtime->group.invocation_id[0] = MAX(boot_seed ^ hash, (uint64_t)1);
    runtime->group.invocation_id[1] = hash + runtime->invocation;
}

void unit_runtime_invocation(struct unit_runtime *runtime, uint64_t boot_seed,
                             char ret[static INVOCATION_ID_SIZE])
{
    if (runtime->invocation != runtime->unit->invocation || runtime->group.invocation_id[0] == 0)
        choose_invocation(runtime, boot_seed);
    process_group_print_invocation(&runtime->group, ret);
}

/* The main and the control process by themselves: a child that has just been forked is in no group of the
 * unit yet, and one that has ended is in none any more, though its end is still to be told. ret: those
 * signalled. */
static size_t kill_children(const struct manager_unit *unit, int signal, pid_t ret[static N_OWN_PIDS + 1])
{
    const pid_t pids[N_OWN_PIDS] = {unit->main_pid, unit->control_pid};
    size_t n = 0;

    /* What a file or a message called the main process may be nobody's child, and its pid somebody else's. */
    FOREACH_ARRAY (pid, pids, N_OWN_PIDS)
        if (reap_is_child(*pid) && kill(*pid, signal) == 0)
            ret[n++] = *pid;
    ret[n] = 0;
    return n;
}

static bool is_anothers(void *userdata, pid_t pid)
{
    const struct unit_runtime *runtime = userdata;
    const struct manager_unit *unit = manager_find_by_pid(runtime->list->manager, pid);

    return unit && unit != runtime->unit;
}

/* Most services leave nobody behind. To see that costs the same however many processes there are, but for one
 * short list of our children; only else is all of /proc looked at. */
static size_t signal_group(struct unit_runtime *runtime, int signal, const pid_t *except)
{
    const struct process_others others = {is_anothers, runtime},
                                *known = runtime->list->manager ? &others : NULL;

    if (known && process_group_is_gone(&runtime->group, known))
        return 0;
    size_t n = process_group_kill(&runtime->group, signal, except, known);
    runtime->list->unclear |= runtime->group.unclear;
    return n;
}

int unit_runtime_kill(struct unit_runtime *runtime, int signal)
{
    pid_t children[N_OWN_PIDS + 1];
    size_t n = kill_children(runtime->unit, signal, children);

    if (runtime->cgroup)
        return cgroup_unit_kill(runtime->cgroup, signal, children) < 0 && n == 0 ? -ESRCH : 0;
    n += signal_group(runtime, signal, children);
    if (n > 0)
        unit_runtime_set_awaited(runtime, true);
    return n > 0 ? 0 : -ESRCH;
}

static bool own_process_lives(const struct manager_unit *unit)
{
    return reap_is_living_child(unit->main_pid) || reap_is_living_child(unit->control_pid);
}

bool unit_runtime_is_populated(struct unit_runtime *runtime)
{
    if (runtime->cgroup)
        return cgroup_unit_is_populated(runtime->cgroup);
    bool populated = own_process_lives(runtime->unit) || signal_group(runtime, 0, NULL) > 0;
    unit_runtime_set_awaited(runtime, populated);
    return populated;
}

pid_t unit_runtime_only_child(const struct unit_runtime *runtime)
{
    return runtime->cgroup ? cgroup_unit_only_child(runtime->cgroup)
                           : process_group_only_child(&runtime->group);
}

void unit_runtime_release(struct unit_runtime *runtime)
{
    runtime->cgroup = cgroup_unit_free(runtime->cgroup);
    process_group_done(&runtime->group);
    unit_runtime_set_awaited(runtime, false);
}
