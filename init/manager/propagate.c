/* What the change of one unit does to others: systemd.unit(5). All of it goes through the queues. */
#include "init/manager/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* A unit may be started so often by what happens to other units, as in systemd; past that it is left alone.
 */
#define TRIGGER_INTERVAL (10 * USEC_PER_SEC)
#define TRIGGER_BURST    16

#define PINNED_BY                                                                                            \
    (KIND(UNIT_REQUIRED_BY) | KIND(UNIT_REQUISITE_OF) | KIND(UNIT_WANTED_BY) | KIND(UNIT_BOUND_BY) |         \
     KIND(UNIT_UPHELD_BY))

static void trigger_job(struct node *node, struct node *cause, enum job_type type, enum job_mode mode)
{
    int r = transaction_run(node, type, mode, NULL);
    if (r == -EDEADLK)
        node->manager->check_refused = true;
    if (r < 0)
        manager_log(node, true, "%s: no %s job could be made because of %s: %s", node->u.unit->name,
                    job_type_to_string(type), cause->u.unit->name, strerror(-r));
}

static void trigger_start(struct node *node, struct node *cause, enum job_mode mode)
{
    if (ratelimit_allows(&node->trigger_limit, node->manager->now, TRIGGER_INTERVAL, TRIGGER_BURST))
        trigger_job(node, cause, JOB_START, mode);
    else
        manager_log(node, true, "%s: started too often because of %s, not started any more for now",
                    node->u.unit->name, cause->u.unit->name);
}

static void start_neighbours(struct node *node, enum unit_dependency kind, enum job_mode mode)
{
    unsigned n = 0;

    FOREACH_NEIGHBOUR(edge, node, KIND(kind))
    n++;
    if (mode == JOB_ISOLATE && n > 1) {
        manager_log(node, true, "%s: only one unit can be isolated, %s= names %u: none is started",
                    node->u.unit->name, unit_dependency_to_string(kind), n);
        return;
    }
    FOREACH_NEIGHBOUR(edge, node, KIND(kind))
    trigger_start(edge->to, node, mode);
}

/* It came up and nobody's job had pulled in what it needs. */
static void start_requirements(struct node *node)
{
    uint32_t needs = KIND(UNIT_REQUIRES) | KIND(UNIT_BINDS_TO) | KIND(UNIT_WANTS) | KIND(UNIT_UPHOLDS);

    FOREACH_NEIGHBOUR(edge, node, needs)
    if (unit_is_down(edge->to) && edge->to->u.unit->load_state == UNIT_LOADED)
        trigger_start(edge->to, node, edge->kinds & KIND(UNIT_WANTS) ? JOB_FAIL : JOB_REPLACE);
    FOREACH_NEIGHBOUR(edge, node, KIND(UNIT_CONFLICTS) | KIND(UNIT_CONFLICTED_BY))
    if (!unit_is_down(edge->to) && edge->to->u.active != UNIT_DEACTIVATING)
        trigger_job(edge->to, node, JOB_STOP, JOB_REPLACE);
}

static void stop_dependents(struct node *node)
{
    FOREACH_NEIGHBOUR(edge, node, KIND(UNIT_BOUND_BY) | KIND(UNIT_PROPAGATES_STOP_TO))
    if (!unit_is_down(edge->to) && edge->to->u.active != UNIT_DEACTIVATING)
        trigger_job(edge->to, node, JOB_STOP, JOB_REPLACE);
}

/* A container has no power to cut: every end is an exit, every new start a reboot. */
static const struct action {
    bool reboot;
    bool force;      /* nothing is stopped in order */
    bool has_status; /* SuccessActionExitStatus= and the like mean it */
} actions[EMERGENCY_ACTION_MAX] = {
    [ACTION_EXIT] = {.has_status = true},
    [ACTION_EXIT_FORCE] = {.force = true, .has_status = true},
    [ACTION_REBOOT] = {.reboot = true},
    [ACTION_REBOOT_FORCE] = {.reboot = true, .force = true},
    [ACTION_REBOOT_IMMEDIATE] = {.reboot = true, .force = true},
    [ACTION_POWEROFF] = {0},
    [ACTION_POWEROFF_FORCE] = {.force = true},
    [ACTION_POWEROFF_IMMEDIATE] = {.force = true},
    [ACTION_HALT] = {0},
    [ACTION_HALT_FORCE] = {.force = true},
    [ACTION_HALT_IMMEDIATE] = {.force = true},
    [ACTION_KEXEC] = {.reboot = true},
    [ACTION_KEXEC_FORCE] = {.reboot = true, .force = true},
    [ACTION_SOFT_REBOOT] = {.reboot = true},
    [ACTION_SOFT_REBOOT_FORCE] = {.reboot = true, .force = true},
};

static void emergency_action(struct node *node, enum emergency_action what, const char *why, int exit_status)
{
    const struct action *action = &actions[what];

    if (what == ACTION_NONE || node->manager->shutting_down)
        return;
    manager_log(node, false, "%s: %s, the container ends (%s)", node->u.unit->name, why,
                emergency_action_to_string(what));
    shutdown_begin(node->manager, action->reboot ? EXIT_REBOOT : action->has_status ? exit_status : 0);
    if (action->force)
        shutdown_kill(node->manager);
}

static int status_or_own(const struct node *node, int exit_status)
{
    return exit_status >= 0 ? exit_status : unit_exit_code(node);
}

/* What the unit says about the whole container. */
static void emergency_actions(struct node *node, unsigned effects)
{
    const struct unit *unit = node->u.unit;

    if (effects & EFFECT_START_LIMIT)
        emergency_action(node, unit->policy->start_limit_action, "it was started too often", EXIT_FAILURE);
    if (effects & EFFECT_JOB_TIMEOUT)
        emergency_action(node, unit->policy->job_timeout_action, "its job took too long", EXIT_FAILURE);
    if (effects & EFFECT_FAILED)
        emergency_action(node, unit->policy->failure_action, "it failed",
                         status_or_own(node, unit->policy->failure_action_exit_status));
    else if (effects & EFFECT_SUCCEEDED)
        emergency_action(node, unit->policy->success_action, "it has ended",
                         status_or_own(node, unit->policy->success_action_exit_status));
}

/* PropagatesReloadTo=, of a reload that nobody asked for. */
static void reload_neighbours(struct node *node)
{
    FOREACH_NEIGHBOUR(edge, node, KIND(UNIT_PROPAGATES_RELOAD_TO))
    if (edge->to->u.active == UNIT_ACTIVE && unit_can_reload(edge->to))
        trigger_job(edge->to, node, JOB_RELOAD, JOB_FAIL);
}

void propagate_effects(struct node *node)
{
    unsigned effects = node->effects;
    const struct unit *unit = node->u.unit;

    node->effects = 0;
    if (node->manager->shutting_down)
        return;
    emergency_actions(node, effects);
    if (node->manager->shutting_down)
        return;
    if (effects & EFFECT_STOPPED_UNEXPECTEDLY)
        stop_dependents(node);
    if ((effects & EFFECT_STARTED_UNEXPECTEDLY) && unit_is_up(node))
        start_requirements(node);
    if (effects & EFFECT_RELOADING)
        reload_neighbours(node);
    if (effects & (EFFECT_FAILED | EFFECT_JOB_FAILED))
        start_neighbours(node, UNIT_ON_FAILURE, unit->policy->on_failure_job_mode);
    else if (effects & EFFECT_SUCCEEDED)
        start_neighbours(node, UNIT_ON_SUCCESS, unit->policy->on_success_job_mode);
}

void propagate_neighbours(struct node *node)
{
    if (node->manager->shutting_down)
        return;
    queue_push(node, QUEUE_CHECK);
    FOREACH_NEIGHBOUR(
        edge, node, PULLING_KINDS | KIND(UNIT_BOUND_BY) | KIND(UNIT_ON_FAILURE_OF) | KIND(UNIT_ON_SUCCESS_OF))
    queue_push(edge->to, QUEUE_CHECK);
}

/* An irreversible job is out of the way: what it refused to propagate_checks() is tried again. */
void propagate_refused(struct manager *manager)
{
    if (!manager->check_refused || manager->shutting_down)
        return;
    manager->check_refused = false;
    manager->n_looks += manager->names.n;
    for (size_t i = 0; i < manager->names.n; i++)
        queue_push(manager->names.entries[i].node, QUEUE_CHECK);
}

static bool is_bound_to_inactive(const struct node *node)
{
    FOREACH_NEIGHBOUR(edge, node, KIND(UNIT_BINDS_TO))
    if (edge->to->job.id == 0 && unit_is_down(edge->to))
        return true;
    return false;
}

static bool is_unneeded(const struct node *node)
{
    if (!node->u.unit->stop_when_unneeded)
        return false;
    FOREACH_NEIGHBOUR(edge, node, PINNED_BY)
    if (edge->to->job.id != 0 || !unit_is_down(edge->to))
        return false;
    return true;
}

/* CollectMode=inactive-or-failed: its failure is forgotten as soon as nobody needs the unit. */
static bool is_collected(const struct node *node)
{
    const char *main_unit = node->manager->main_unit;

    if (node->u.active != UNIT_FAILED || node->u.unit->policy->collect_mode != COLLECT_INACTIVE_OR_FAILED ||
        (main_unit && streq(main_unit, node->u.unit->name)))
        return false;
    FOREACH_NEIGHBOUR(edge, node, PINNED_BY | KIND(UNIT_ON_FAILURE) | KIND(UNIT_ON_SUCCESS))
    if (edge->to->job.id != 0 || !unit_is_down(edge->to))
        return false;
    return true;
}

static struct node *upholder(const struct node *node)
{
    FOREACH_NEIGHBOUR(edge, node, KIND(UNIT_UPHELD_BY))
    if (edge->to->job.id == 0 && unit_is_up(edge->to))
        return edge->to;
    return NULL;
}

void propagate_checks(struct node *node)
{
    if (node->job.id != 0 || node->manager->shutting_down)
        return;
    /* It is down, and nothing is about to start it again. */
    if (unit_is_down(node)) {
        service_release_store(node, PRESERVE_NO); /* stored while it waited to be restarted */
        service_release_store(node, PRESERVE_RESTART);
    }
    if (is_collected(node))
        unit_reset_failed(node);
    if (unit_is_up(node) && is_bound_to_inactive(node)) {
        trigger_job(node, node, JOB_STOP, JOB_REPLACE);
    } else if (unit_is_up(node) && is_unneeded(node)) {
        trigger_job(node, node, JOB_STOP, JOB_FAIL);
    } else if (unit_is_down(node) && node->u.unit->load_state == UNIT_LOADED) {
        struct node *cause = upholder(node);
        if (cause)
            trigger_start(node, cause, JOB_FAIL);
    }
}

static bool main_unit_has_ended(const struct manager *manager, struct node **ret)
{
    if (!manager->main_unit)
        return false;
    struct node *node = name_table_find(&manager->names, manager->main_unit);
    *ret = node;
    return node && node->attempted && node->job.id == 0 && unit_is_down(node);
}

void propagate_end(struct manager *manager)
{
    struct node *node = NULL;

    if (main_unit_has_ended(manager, &node)) {
        manager_log(node, false, "%s: the main unit has ended, the container ends", node->u.unit->name);
        shutdown_begin(manager, unit_exit_code(node));
    } else if (manager->config.exit_when_idle && manager->service_ran && manager->n_busy_services == 0 &&
               manager->n_jobs == 0) {
        shutdown_begin(manager, 0);
    }
}
