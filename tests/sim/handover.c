/* daemon-reexec in a simulated world: the manager goes through text into a new one, which has to go on
 * exactly as the old one would have. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "sim.h"

/* daemon-reload leaves a unit that is up its declaration when its file is gone, and nobody could load that.
 */
static bool outlives_its_file(const struct world *world)
{
    const struct manager_unit *unit;
    size_t cursor = 0;

    while (world->generation > 0 && (unit = manager_next_unit(world->manager, &cursor)))
        if (unit->unit->load_state != UNIT_LOADED)
            return true;
    return false;
}

static struct manager *read_manager(struct world *world, const struct handover *text)
{
    _cleanup_free_ char *copy = malloc(text->size);
    struct handover_reader reader;
    struct manager *manager;

    if (!copy || manager_new(&sim_platform_ops, world, &world->config, &manager) < 0)
        abort();
    memcpy(copy, text->data, text->size);
    if (handover_read(&reader, copy, text->size) < 0 || manager_deserialize(manager, world->now, &reader) < 0)
        abort();
    if (reader.n_bad > 0 || reader.n_unknown > 0)
        world_violation(world, "%u lines of the handover are bad, %u unknown", reader.n_bad,
                        reader.n_unknown);
    handover_reader_done(&reader);
    return manager;
}

/* What the new manager would hand over is what it was given. */
static void compare_texts(struct world *world, const struct handover *before, const struct manager *after)
{
    struct handover again;

    handover_begin(&again);
    if (manager_serialize(after, &again) < 0 || handover_end(&again) < 0)
        world_violation(world, "the new manager cannot be handed over");
    else if (again.size != before->size || memcmp(again.data, before->data, again.size) != 0) {
        size_t i = 0;
        while (i < MIN(again.size, before->size) && again.data[i] == before->data[i])
            i++;
        while (i > 0 && before->data[i - 1] != '\n')
            i--;
        world_violation(world, "handed over: %.60s, taken over: %.60s", before->data + i, again.data + i);
    }
    handover_done(&again);
}

/* All that the world knows units by. */
static void move_world(struct world *world, struct manager *to)
{
    size_t cursor = 0;

    for (struct manager_unit *old; (old = manager_next_unit(world->manager, &cursor));) {
        struct manager_unit *new = manager_find(to, old->unit->name);
        if (!new)
            abort();
        new->platform = TAKE_PTR(old->platform);
        FOREACH_ARRAY (process, world->processes, world->n_processes)
            if (process->unit == old)
                process->unit = new;
        for (struct happening *happening = world->pending; happening; happening = happening->next)
            if (happening->event.unit == old)
                happening->event.unit = new;
    }
}

static void replace_manager(struct world *world)
{
    struct handover text;

    world->invariant = "a manager that was handed over goes on";
    handover_begin(&text);
    if (manager_serialize(world->manager, &text) < 0 || handover_end(&text) < 0)
        abort();
    struct manager *new = read_manager(world, &text);
    compare_texts(world, &text, new);
    move_world(world, new);
    manager_free(world->manager);
    world->manager = new;
    world->invariant = NULL;
    handover_done(&text);
}

static const char *or_none(const char *text)
{
    return text ? text : "-";
}

/* What clients can see of a unit, and what only seldom has a consequence. */
static void look_at(struct world *world, struct manager_unit *unit)
{
    const struct unit_report *report = manager_report_of(unit);
    const struct node *node = node_of(unit);

    world_trace(world, "look at %s: main %d/%d, control %d/%d, exec %d %d %s, says %s %s %d %d",
                unit->unit->name, unit->main_exit.code, unit->main_exit.status, unit->control_exit.code,
                unit->control_exit.status, report->exec_stage, report->exec_errno,
                or_none(report->exec_object), or_none(report->status_text), or_none(report->bus_error),
                report->status_errno, report->notified_exit);
    world_trace(world, "  restarts %u, start %llu, since %llu, up %llu-%llu, down %llu-%llu%s, held %d %d",
                unit->n_restarts, (unsigned long long)unit->invocation, (unsigned long long)unit->state_since,
                (unsigned long long)unit->active_enter, (unsigned long long)unit->active_exit,
                (unsigned long long)unit->inactive_enter, (unsigned long long)unit->inactive_exit,
                unit->comes_back ? ", comes back" : "", unit->conditions_held, unit->asserts_held);
    world_trace(world, "  reload %d, extra time %llu, requirements %d", (int)node->reload_result,
                (unsigned long long)node->runtime_extra, node->job.ignore_requirements);
}

static void look_around(struct world *world)
{
    struct manager_unit *unit;
    size_t cursor = 0;

    while (world->log && (unit = manager_next_unit(world->manager, &cursor)))
        look_at(world, unit);
    world_trace(world, "system is %s, %llu starts", manager_system_state(world->manager),
                (unsigned long long)world->manager->last_invocation);
}

void world_hand_over(struct world *world)
{
    if (manager_is_shutting_down(world->manager) || outlives_its_file(world))
        return;
    if (!world->only_looks)
        replace_manager(world);
    look_around(world);
}

static char *trace_of(uint64_t seed, unsigned handovers, bool only_looks, struct world *world)
{
    char *trace = NULL;
    size_t size = 0;
    FILE *log = open_memstream(&trace, &size);

    if (!log)
        abort();
    *world = (struct world){.seed = seed, .log = log, .handovers = handovers, .only_looks = only_looks};
    (void)world_run(world);
    if (fclose(log) != 0)
        abort();
    return trace;
}

static void compare_traces(struct world *world, const char *without, const char *with)
{
    size_t i = 0;

    if (streq(without, with))
        return;
    while (without[i] && without[i] == with[i])
        i++;
    while (i > 0 && without[i - 1] != '\n')
        i--;
    world->log = NULL;
    world_violation(world, "without handovers: %.*s, with: %.*s", (int)strcspn(without + i, "\n"),
                    without + i, (int)strcspn(with + i, "\n"), with + i);
}

unsigned world_run_handovers(uint64_t seed, FILE *log, struct world *world)
{
    /* After each event in some worlds, now and then in others. */
    unsigned percent = seed % 4 == 0 ? 100 : 5 + (unsigned)(seed % 30);
    _cleanup_free_ char *without = trace_of(seed, percent, true, world);

    if (world->violation[0])
        return 0;
    _cleanup_free_ char *with = trace_of(seed, percent, false, world);
    if (log)
        (void)fputs(with, log);
    if (!world->violation[0])
        compare_traces(world, without, with);
    return world->violation[0] ? 0 : 2;
}
