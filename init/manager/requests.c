/* What clients ask about units and jobs beside the requests of manager.c. */
#include "init/manager/internal.h"

#include <errno.h>

static const struct node *const_node_of(const struct manager_unit *unit)
{
    return (const struct node *)((const char *)unit - offsetof(struct node, u));
}

bool manager_can_reload(const struct manager_unit *unit)
{
    return unit_can_reload(const_node_of(unit));
}

bool manager_job_of(const struct manager_unit *unit, struct job_status *ret)
{
    const struct job *job = &const_node_of(unit)->job;

    *ret = (struct job_status){.id = job->id, .type = job->type, .running = job->running};
    return job->id != 0;
}

int manager_cancel_job(struct manager *manager, usec_t now, uint32_t id)
{
    manager->now = MAX(manager->now, now);
    /* What the container's end asked for is not undone. */
    if (manager->shutting_down)
        return -EPERM;
    for (size_t i = 0; id != 0 && i < manager->names.n; i++) {
        struct node *node = manager->names.entries[i].node;
        if (node->job.id != id)
            continue;
        job_set_result(node, JOB_CANCELED);
        manager_settle(manager);
        return 0;
    }
    return -ENOENT;
}

const struct manager_unit *manager_next_neighbour(const struct manager_unit *unit, size_t *cursor,
                                                  uint32_t *ret_kinds)
{
    const struct node *node = const_node_of(unit);

    if (*cursor >= node->n_edges)
        return NULL;
    const struct edge *edge = &node->edges[(*cursor)++];
    *ret_kinds = edge->kinds;
    return &edge->to->u;
}
