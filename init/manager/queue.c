/* The queues that everything between units goes through. */
#include "init/manager/internal.h"

void queue_push(struct node *node, enum node_queue queue)
{
    struct manager *manager = node->manager;
    unsigned bit = 1U << queue;

    if (node->queued & bit)
        return;
    node->queued |= bit;
    node->next[queue] = NULL;
    if (manager->queues[queue].tail)
        manager->queues[queue].tail->next[queue] = node;
    else
        manager->queues[queue].head = node;
    manager->queues[queue].tail = node;
}

struct node *queue_pop(struct manager *manager, enum node_queue queue)
{
    struct node *node = manager->queues[queue].head;

    if (!node)
        return NULL;
    manager->queues[queue].head = node->next[queue];
    if (!manager->queues[queue].head)
        manager->queues[queue].tail = NULL;
    node->queued &= ~(1U << queue);
    manager->n_looks++;
    return node;
}

static void (*const queue_handlers[NODE_QUEUE_MAX])(struct node *) = {
    [QUEUE_FINISH] = job_end,
    [QUEUE_EFFECTS] = propagate_effects,
    [QUEUE_RUN] = job_run,
    [QUEUE_CHECK] = propagate_checks,
};

/* Works on one node of the first queue that has any. */
static bool queue_step(struct manager *manager)
{
    for (enum node_queue queue = QUEUE_FINISH; queue < NODE_QUEUE_MAX; queue++) {
        struct node *node = queue_pop(manager, queue);
        if (!node)
            continue;
        queue_handlers[queue](node);
        return true;
    }
    return false;
}

void manager_settle(struct manager *manager)
{
    for (;;) {
        while (queue_step(manager))
            ;
        if (manager->n_jobs > 0 && manager->n_unordered_jobs == 0) {
            jobs_unstall(manager);
            continue;
        }
        if (manager->started && manager->n_jobs == 0)
            manager->settled_once = true;
        if (manager->jobs_ended && manager->n_jobs == 0)
            manager->ops->jobs_done(manager->platform);
        manager->jobs_ended = false;
        if (manager->shutting_down)
            return;
        propagate_end(manager);
        if (!manager->shutting_down)
            return;
    }
}
