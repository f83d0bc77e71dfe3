/* The manager's state as text: a section for itself, one a unit, and the deadlines in the order of their
 * heap. */
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/manager/handover-fields.h"

static bool is_quiet(const struct manager *manager)
{
    for (enum node_queue queue = 0; queue < NODE_QUEUE_MAX; queue++)
        if (manager->queues[queue].head)
            return false;
    return !manager->shutting_down;
}

static int compare_resolved(const void *a, const void *b)
{
    const struct node *one = *(struct node *const *)a, *other = *(struct node *const *)b;
    return (one->resolved > other->resolved) - (one->resolved < other->resolved);
}

/* In the order in which their edges were made, so that those who read them make the same graph. */
static int list_nodes(const struct manager *manager, struct node ***ret)
{
    struct node **nodes = calloc(manager->n_nodes + 1, sizeof(*nodes));
    size_t n = 0;

    if (!nodes)
        return -ENOMEM;
    for (size_t i = 0; i < manager->names.n; i++) {
        const struct name_entry *entry = &manager->names.entries[i];
        if (is_own_name(entry))
            nodes[n++] = entry->node;
    }
    if (n > 0)
        qsort(nodes, n, sizeof(struct node *), compare_resolved);
    *ret = nodes;
    return 0;
}

static void write_node(struct handover *handover, const struct node *node)
{
    const struct unit *unit = node->u.unit;
    enum service_command kind = node->u.control_command;

    handover_section(handover, "unit", unit->name);
    fields_write(handover, node_fields, n_node_fields, node);
    if (node->u.report)
        fields_write(handover, report_fields, n_report_fields, node->u.report);
    command_write(handover, "MainCommand", unit->commands->of[COMMAND_START], node->main_command);
    if (kind < SERVICE_COMMAND_MAX)
        command_write(handover, "ControlCommand", unit->commands->of[kind], node->control_command);
}

static void write_aliases(struct handover *handover, const struct manager *manager)
{
    handover_section(handover, "aliases", NULL);
    for (size_t i = 0; i < manager->names.n; i++) {
        const struct name_entry *entry = &manager->names.entries[i];
        if (!is_own_name(entry))
            handover_addf(handover, "Alias", "%s %s", entry->name, entry->node->u.unit->name);
    }
}

static const char *deadline_name(struct deadline *deadline)
{
    FOREACH_ARRAY (kind, deadline_kinds, ELEMENTSOF(deadline_kinds))
        if ((const char *)deadline == (const char *)deadline_node(deadline) + kind->offset)
            return kind->name;
    return NULL;
}

/* Who arms them in this order has the same heap: of two that fall due together, the same comes first. */
static void write_deadlines(struct handover *handover, const struct manager *manager)
{
    handover_section(handover, "deadlines", NULL);
    FOREACH_ARRAY (item, manager->deadlines.items, manager->deadlines.n) {
        struct deadline *deadline = *item;
        if (deadline->kind != DEADLINE_SHUTDOWN)
            handover_addf(handover, deadline_name(deadline), "%llu %s", (unsigned long long)deadline->when,
                          deadline_node(deadline)->u.unit->name);
    }
}

int manager_serialize(const struct manager *manager, struct handover *handover)
{
    _cleanup_free_ struct node **nodes = NULL;

    if (!is_quiet(manager))
        return -EBUSY;
    int r = list_nodes(manager, &nodes);
    if (r < 0)
        return r;
    handover_section(handover, "manager", NULL);
    fields_write(handover, manager_fields, n_manager_fields, manager);
    for (struct node **node = nodes; *node; node++)
        write_node(handover, *node);
    write_aliases(handover, manager);
    write_deadlines(handover, manager);
    return 0;
}
