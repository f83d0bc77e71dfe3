/* The graph of units: declarations become nodes, the names in them become edges, each with its way back. */
#include "init/manager/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/name.h"

#define FEW_EDGES 4

void manager_log(struct node *node, bool warning, const char *format, ...)
{
    /* The caller's line may name many units; what does not fit is cut off. */
    char text[MESSAGE_MAX];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (warning)
        memcpy(node->manager->refusal, text, sizeof(text));
    node->manager->ops->message(node->manager->platform, &node->u, warning, text);
}

struct node *node_free(struct node *node)
{
    if (!node)
        return NULL;
    node->manager->ops->forget(node->manager->platform, &node->u);
    unit_free(node->u.unit);
    unit_report_forget(&node->u);
    free(node->edges);
    free(node);
    return NULL;
}

static struct edge *edge_find(const struct node *from, const struct node *to)
{
    /* A target has an edge for each of its thousand units: look from the side that has fewer. */
    if (from->n_edges <= to->n_edges) {
        FOREACH_ARRAY (edge, from->edges, from->n_edges)
            if (edge->to == to)
                return edge;
        return NULL;
    }
    FOREACH_ARRAY (edge, to->edges, to->n_edges)
        if (edge->to == from)
            return &from->edges[edge->twin];
    return NULL;
}

static int edges_reserve(struct node *node)
{
    if (node->n_edges < node->edges_capacity)
        return 0;
    /* Most units have very few. */
    uint32_t capacity =
        node->edges_capacity < FEW_EDGES ? node->edges_capacity + 1 : node->edges_capacity * 2;
    struct edge *edges = realloc(node->edges, capacity * sizeof(*edges));
    if (!edges)
        return -ENOMEM;
    node->edges = edges;
    node->edges_capacity = capacity;
    return 0;
}

static void edge_swap(struct node *node, uint32_t a, uint32_t b)
{
    struct edge edge = node->edges[a];

    if (a == b)
        return;
    node->edges[a] = node->edges[b];
    node->edges[b] = edge;
    node->edges[a].to->edges[node->edges[a].twin].twin = a;
    node->edges[b].to->edges[node->edges[b].twin].twin = b;
}

/* Where the edge is now. */
static uint32_t edge_add_kind(struct node *node, uint32_t at, uint32_t kind)
{
    node->edges[at].kinds |= kind;
    node->kinds |= kind;
    if (!(kind & STRONG_KINDS) || at < node->n_strong)
        return at;
    edge_swap(node, at, node->n_strong);
    return node->n_strong++;
}

static int edge_add(struct node *from, struct node *to, enum unit_dependency dependency)
{
    if (from == to)
        return 0;
    struct edge *edge = edge_find(from, to);
    if (!edge) {
        int r = edges_reserve(from);
        if (r >= 0)
            r = edges_reserve(to);
        if (r < 0)
            return r;
        edge = &from->edges[from->n_edges];
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): without edges the capacity is 0 */
        *edge = (struct edge){.to = to, .twin = to->n_edges};
        to->edges[to->n_edges++] = (struct edge){.to = from, .twin = from->n_edges++};
    }
    uint32_t at = edge_add_kind(from, (uint32_t)(edge - from->edges), KIND(dependency));
    (void)edge_add_kind(to, from->edges[at].twin, KIND(unit_dependency_inverse(dependency)));
    return 0;
}

/* Owns unit on success. */
static int node_new(struct manager *manager, struct unit *unit, struct node **ret)
{
    size_t n = manager->n_nodes + 1;
    int r = n > MANAGER_UNITS_MAX ? -E2BIG
                                  : deadline_heap_reserve(&manager->deadlines, n * DEADLINES_PER_NODE + 1);
    if (r >= 0)
        r = pid_table_reserve(&manager->pids, n); /* few have a control process, too */
    if (r < 0)
        return r;
    struct node *node = calloc(1, sizeof(*node));
    if (!node)
        return -ENOMEM;
    node->manager = manager;
    node->u.unit = unit;
    node->u.control_command = SERVICE_COMMAND_MAX;
    node->control_link.is_control = true;
    node->timer.kind = DEADLINE_STATE;
    node->watchdog.kind = DEADLINE_WATCHDOG;
    node->pid_file.kind = DEADLINE_PID_FILE;
    node->job.timeout.kind = DEADLINE_JOB;
    *ret = node;
    return 0;
}

/* Another name of a unit that is known already, or NULL. */
static struct node *find_same_unit(struct manager *manager, const struct unit *unit)
{
    struct node *node = name_table_find(&manager->names, unit->name);
    for (char **alias = unit->aliases; alias && *alias && !node; alias++)
        node = name_table_find(&manager->names, *alias);
    return node;
}

static void take_out(char **entry)
{
    free(*entry);
    do
        entry[0] = entry[1];
    while (*entry++);
}

int graph_add_aliases(struct node *node)
{
    for (char **alias = node->u.unit->aliases; alias && *alias;) {
        int r = name_table_add(&node->manager->names, *alias, node);
        if (r == -EEXIST) {
            manager_log(node, true, "%s: alias %s is another unit already, ignored", node->u.unit->name,
                        *alias);
            take_out(alias);
            continue;
        }
        if (r < 0)
            return r;
        alias++;
    }
    return 0;
}

/* A node under the unit's own name alone. Takes the unit over (*unit becomes NULL) unless it fails before
 * there is a node. */
static int node_add(struct manager *manager, struct unit **unit, struct node **ret)
{
    int r = node_new(manager, *unit, ret);
    if (r < 0)
        return r;
    r = name_table_add(&manager->names, (*unit)->name, *ret);
    if (r < 0) {
        free(*ret);
        return r;
    }
    (void)TAKE_PTR(*unit);
    manager->n_nodes++;
    unit_count(*ret, 1);
    queue_push(*ret, QUEUE_LOAD);
    return 0;
}

/* A name by which it was just found; its link may be newer than what was read of the unit. */
static int add_name(struct node *node, const char *name)
{
    struct unit *unit = node->u.unit;
    int r = name_table_add(&node->manager->names, name, node);

    if (r < 0 || streq(name, unit->name) || strv_contains(unit->aliases, name))
        return r;
    return strv_append(&unit->aliases, name);
}

static int node_load(struct manager *manager, const char *name, struct node **ret)
{
    _cleanup_unit_ struct unit *unit = NULL;
    struct node *node = name_table_find(&manager->names, name);

    if (node) {
        *ret = node;
        return 0;
    }
    if (!unit_name_is_valid(name))
        return -EINVAL;
    int r = manager->ops->load(manager->platform, name, &unit);
    if (r < 0)
        return r;
    node = find_same_unit(manager, unit);
    if (!node) {
        r = node_add(manager, &unit, &node);
        if (r >= 0)
            r = graph_add_aliases(node);
    }
    if (r >= 0)
        r = add_name(node, name);
    *ret = node;
    return r;
}

/* A target comes after what it pulls in (systemd.target(5)), unless that one has no default dependencies or
 * one of them says otherwise. */
static int order_target(struct node *node, enum unit_dependency dependency, const char *name,
                        struct node *other)
{
    const struct unit *target = node->u.unit, *unit = other->u.unit;

    if (target->type != UNIT_TARGET || !target->default_dependencies || !unit->default_dependencies ||
        !(KIND(dependency) & PULLING_KINDS) || strv_contains(target->dependencies->of[UNIT_BEFORE], name) ||
        strv_contains(unit->dependencies->of[UNIT_AFTER], target->name))
        return 0;
    return edge_add(node, other, UNIT_AFTER);
}

static int add_dependencies(struct node *node)
{
    for (enum unit_dependency d = 0; d < UNIT_DEPENDENCY_MAX; d++)
        for (char **name = node->u.unit->dependencies->of[d]; name && *name; name++) {
            struct node *other = NULL;
            int r = node_load(node->manager, *name, &other);
            /* The loader has told about names that are none of ours (a mount, a device). */
            if (r == -EINVAL)
                continue;
            if (r >= 0)
                r = edge_add(node, other, d);
            if (r >= 0)
                r = order_target(node, d, *name, other);
            if (r < 0)
                return r;
        }
    return 0;
}

int graph_resolve(struct manager *manager)
{
    int result = 0;

    for (struct node *node; (node = queue_pop(manager, QUEUE_LOAD));) {
        node->resolved = ++manager->n_resolved;
        int r = add_dependencies(node);
        if (r >= 0)
            continue;
        manager_log(node, true, "%s: not all of its dependencies could be loaded: %s", node->u.unit->name,
                    strerror(-r));
        result = r;
    }
    return result;
}

int graph_load(struct manager *manager, const char *name, struct node **ret)
{
    int r = node_load(manager, name, ret);
    return r < 0 ? r : graph_resolve(manager);
}

/* What the name stands for by itself, or NULL when its file is gone or has become another unit's. */
static struct unit *load_own(struct manager *manager, const char *name)
{
    _cleanup_unit_ struct unit *unit = NULL;

    if (manager->ops->load(manager->platform, name, &unit) < 0 || !streq(unit->name, name))
        return NULL;
    return TAKE_PTR(unit);
}

int graph_adopt(struct manager *manager, const char *name, struct node **ret)
{
    _cleanup_unit_ struct unit *unit = NULL;

    if (!unit_name_is_valid(name))
        return -EINVAL;
    if (name_table_find(&manager->names, name))
        return -EEXIST;
    unit = load_own(manager, name);
    if (!unit) {
        unit = unit_new(name);
        if (!unit)
            return -ENOMEM;
        unit->load_state = UNIT_NOT_FOUND;
    }
    return node_add(manager, &unit, ret);
}

int graph_adopt_alias(struct node *node, const char *alias)
{
    _cleanup_unit_ struct unit *unit = NULL;
    struct manager *manager = node->manager;

    if (name_table_find(&manager->names, alias) == node)
        return 0;
    if (!unit_name_is_valid(alias) || manager->ops->load(manager->platform, alias, &unit) < 0 ||
        !streq(unit->name, node->u.unit->name))
        return -ENOENT;
    return add_name(node, alias);
}
