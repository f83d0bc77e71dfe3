/* daemon-reload: every declaration is read again while what runs goes on. Edges are made anew from the new
 * declarations; states, jobs, deadlines and processes stay. */
#include "init/manager/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* Nothing of it is left that anybody waits for or that runs. */
static bool is_at_rest(struct node *node)
{
    const struct manager_unit *unit = &node->u;

    return unit->active == UNIT_INACTIVE && node->job.id == 0 && node->queued == 0 && unit->main_pid == 0 &&
           unit->control_pid == 0 && node->timer.position == 0 &&
           !node->manager->ops->is_populated(node->manager->platform, &node->u);
}

/* --- names --- */

static void forget_name(struct name_table *table, size_t i)
{
    free(table->entries[i].name);
    table->n--;
    memmove(table->entries + i, table->entries + i + 1, (table->n - i) * sizeof(*table->entries));
}

/* Whether the name still leads to its unit. What was read of the unit tells of most; the others are names of
 * one that is masked or not found, or whose new declaration was not taken. One that cannot be read is left as
 * it is. */
static int is_alias_still(const struct name_entry *entry)
{
    _cleanup_unit_ struct unit *found = NULL;
    struct manager *manager = entry->node->manager;
    struct unit *unit = entry->node->u.unit;

    if (strv_contains(unit->aliases, entry->name))
        return 1;
    int r = manager->ops->load(manager->platform, entry->name, &found);
    if (r < 0 || !streq(found->name, unit->name))
        return r;
    r = strv_append(&unit->aliases, entry->name);
    return r < 0 ? r : 1;
}

/* An alias is a link that may lead elsewhere by now, or be gone. */
static int forget_old_aliases(struct manager *manager)
{
    int result = 0;

    for (size_t i = 0; i < manager->names.n;) {
        const struct name_entry *entry = &manager->names.entries[i];
        int r = is_own_name(entry) ? 1 : is_alias_still(entry);
        if (r == 0) {
            forget_name(&manager->names, i);
            continue;
        }
        result = MIN(result, r);
        i++;
    }
    return result;
}

/* Where a name comes in before the one that is looked at, that one is looked at twice. */
static int add_new_aliases(struct manager *manager)
{
    int result = 0;

    for (size_t i = 0; i < manager->names.n; i++) {
        int r = graph_add_aliases(manager->names.entries[i].node);
        result = MIN(result, r);
    }
    return result;
}

/* --- declarations --- */

/* A declaration that is gone or broken must not take its running service's ExecStop= with it. */
static void replace_unit(struct node *node, struct unit *unit)
{
    struct unit *old = node->u.unit;

    if (unit->load_state != UNIT_LOADED && !unit_is_down(node)) {
        old->load_state = unit->load_state;
        free(old->load_error);
        old->load_error = TAKE_PTR(unit->load_error);
        old->aliases = strv_free(old->aliases); /* is_alias_still() has a look at each */
        unit_free(unit);
        return;
    }
    service_remap_commands(node, old, unit);
    node->u.unit = unit;
    unit_free(old);
}

/* Its name is now another name of a different unit: true when it has given the name up. One that is in use
 * keeps it, with its old declaration, until the next reload. */
static bool gives_name_up(struct node *node, const struct unit *unit)
{
    if (is_at_rest(node))
        return true;
    manager_log(node, true, "%s: it is another name of %s now; as it is in use it stays what it was",
                node->u.unit->name, unit->name);
    return false;
}

/* One unit: 1 when it has to go, 0 when it stays, -errno when it could not be read and stays as it was. */
static int load_again(struct node *node)
{
    _cleanup_unit_ struct unit *unit = NULL;
    struct manager *manager = node->manager;
    int r = manager->ops->load(manager->platform, node->u.unit->name, &unit);

    if (r < 0)
        return r;
    if (streq(unit->name, node->u.unit->name))
        replace_unit(node, TAKE_PTR(unit));
    else if (gives_name_up(node, unit))
        return 1;
    return 0;
}

static void forget_node(struct manager *manager, struct node *node)
{
    deadline_disarm(&manager->deadlines, &node->watchdog);
    deadline_disarm(&manager->deadlines, &node->pid_file);
    deadline_disarm(&manager->deadlines, &node->job.timeout);
    manager->n_nodes--;
    unit_count(node, -1);
    node_free(node);
}

/* Takes the units that are gone, with all of their names, out of the manager. No edge may lead to one. */
static void forget_the_gone(struct manager *manager)
{
    struct node *gone = NULL;
    size_t kept = 0;

    for (size_t i = 0; i < manager->names.n; i++) {
        struct name_entry entry = manager->names.entries[i];
        if (!entry.node->gone) {
            manager->names.entries[kept++] = entry;
            continue;
        }
        if (is_own_name(&entry)) {
            entry.node->next[QUEUE_LOAD] = gone;
            gone = entry.node;
        } else {
            free(entry.name);
        }
    }
    manager->names.n = kept;
    while (gone) {
        struct node *next = gone->next[QUEUE_LOAD];
        forget_node(manager, gone);
        gone = next;
    }
}

/* The edges go first: a unit that is forgotten below must not be led to by one that was looked at before. */
static void drop_edges(struct manager *manager)
{
    FOREACH_ARRAY (entry, manager->names.entries, manager->names.n)
        entry->node->n_edges = entry->node->n_strong = entry->node->kinds = 0;
    manager->n_resolved = 0;
}

static int load_all_again(struct manager *manager)
{
    int result = 0;

    for (size_t i = 0; i < manager->names.n; i++) {
        struct name_entry *entry = &manager->names.entries[i];
        if (!is_own_name(entry))
            continue;
        int r = load_again(entry->node);
        entry->name = entry->node->u.unit->name; /* of another text */
        entry->node->gone |= r > 0;
        result = MIN(result, r);
    }
    return result;
}

static void resolve_later(struct manager *manager)
{
    FOREACH_ARRAY (entry, manager->names.entries, manager->names.n)
        if (is_own_name(entry))
            queue_push(entry->node, QUEUE_LOAD);
}

/* Its file is gone, and nobody names it any more. */
static bool is_gone(struct node *node)
{
    const char *main_unit = node->manager->main_unit;

    return node->u.unit->load_state == UNIT_NOT_FOUND && node->n_edges == 0 && is_at_rest(node) &&
           (!main_unit || !streq(main_unit, node->u.unit->name));
}

static void find_the_gone(struct manager *manager)
{
    FOREACH_ARRAY (entry, manager->names.entries, manager->names.n)
        if (is_own_name(entry))
            entry->node->gone = is_gone(entry->node);
}

int graph_reload(struct manager *manager)
{
    drop_edges(manager);
    int units = load_all_again(manager);
    forget_the_gone(manager);
    int old_aliases = forget_old_aliases(manager), new_aliases = add_new_aliases(manager);
    resolve_later(manager);
    int edges = graph_resolve(manager);
    find_the_gone(manager);
    forget_the_gone(manager);
    return edges < 0 ? edges : units < 0 ? units : MIN(old_aliases, new_aliases);
}
