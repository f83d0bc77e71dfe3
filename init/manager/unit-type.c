/* What a service, a target and a slice have in common: conditions, starting, stopping, and the change of a
 * state. */
#include "init/manager/internal.h"

#include <errno.h>
#include <string.h>

bool ratelimit_allows(struct ratelimit *limit, usec_t now, usec_t interval, unsigned burst)
{
    if (interval == 0 || burst == 0)
        return true;
    if (limit->n == 0 || now - limit->begin >= interval)
        *limit = (struct ratelimit){.begin = now};
    if (limit->n >= burst)
        return false;
    limit->n++;
    return true;
}

static const enum active_state service_active_states[SERVICE_STATE_MAX] = {
    [SERVICE_DEAD] = UNIT_INACTIVE,
    [SERVICE_CONDITION] = UNIT_ACTIVATING,
    [SERVICE_START_PRE] = UNIT_ACTIVATING,
    [SERVICE_START] = UNIT_ACTIVATING,
    [SERVICE_START_POST] = UNIT_ACTIVATING,
    [SERVICE_RUNNING] = UNIT_ACTIVE,
    [SERVICE_EXITED] = UNIT_ACTIVE,
    [SERVICE_RELOAD] = UNIT_RELOADING,
    [SERVICE_STOP] = UNIT_DEACTIVATING,
    [SERVICE_STOP_WATCHDOG] = UNIT_DEACTIVATING,
    [SERVICE_STOP_SIGTERM] = UNIT_DEACTIVATING,
    [SERVICE_STOP_SIGKILL] = UNIT_DEACTIVATING,
    [SERVICE_STOP_POST] = UNIT_DEACTIVATING,
    [SERVICE_FINAL_WATCHDOG] = UNIT_DEACTIVATING,
    [SERVICE_FINAL_SIGTERM] = UNIT_DEACTIVATING,
    [SERVICE_FINAL_SIGKILL] = UNIT_DEACTIVATING,
    [SERVICE_FAILED] = UNIT_FAILED,
    [SERVICE_AUTO_RESTART] = UNIT_ACTIVATING,
};

static bool is_busy_service(const struct node *node)
{
    return node->u.unit->type == UNIT_SERVICE && node->u.state != SERVICE_EXITED && !unit_is_down(node);
}

static bool state_is_down(enum active_state state)
{
    return state == UNIT_INACTIVE || state == UNIT_FAILED;
}

static bool state_is_up(enum active_state state)
{
    return state == UNIT_ACTIVE || state == UNIT_RELOADING;
}

static void stamp_times(struct manager_unit *unit, enum active_state old, usec_t now)
{
    if (state_is_down(old) && !state_is_down(unit->active))
        unit->inactive_exit = now;
    if (!state_is_down(old) && state_is_down(unit->active))
        unit->inactive_enter = now;
    if (!state_is_up(old) && state_is_up(unit->active))
        unit->active_enter = now;
    if (state_is_up(old) && !state_is_up(unit->active))
        unit->active_exit = now;
}

static unsigned effects_of_change(const struct node *node, enum active_state old, bool unexpected)
{
    enum active_state new = node->u.active;
    bool was_stopping = old == UNIT_DEACTIVATING, is_stopping = new == UNIT_DEACTIVATING;
    unsigned effects = 0;

    if (unexpected && state_is_down(old) && state_is_up(new))
        effects |= EFFECT_STARTED_UNEXPECTEDLY;
    if (unexpected && !state_is_down(old) && !was_stopping && (state_is_down(new) || is_stopping))
        effects |= EFFECT_STOPPED_UNEXPECTEDLY;
    if (new == UNIT_FAILED && !node->will_restart)
        effects |= EFFECT_FAILED;
    if (new == UNIT_INACTIVE && old != UNIT_FAILED && !node->will_restart)
        effects |= EFFECT_SUCCEEDED;
    return effects;
}

/* daemon-reload can make another type of a unit, which then counts from its next change on. */
void unit_count(struct node *node, int by)
{
    struct manager *manager = node->manager;

    if (by > 0)
        node->is_counted = node->u.unit->type == UNIT_SERVICE;
    manager->n_units[node->u.active] += (unsigned)by;
    manager->n_services[node->u.active] += node->is_counted ? (unsigned)by : 0;
}

void unit_set_state(struct node *node, enum service_state state)
{
    struct manager *manager = node->manager;
    struct manager_unit *unit = &node->u;
    enum service_state old = unit->state;
    enum active_state old_active = unit->active;

    manager->n_busy_services -= is_busy_service(node);
    unit_count(node, -1);
    unit->state = state;
    unit->active = service_active_states[state];
    unit_count(node, 1);
    manager->n_busy_services += is_busy_service(node);
    manager->service_ran = manager->service_ran || is_busy_service(node);
    unit->state_since = manager->now;
    if (!unit_is_down(node))
        node->attempted = true;
    stamp_times(unit, old_active, manager->now);
    if (old != state)
        manager->ops->state_changed(manager->platform, unit, old);
    bool unexpected = job_unit_changed(node);
    if (unit->active == old_active)
        return;
    node->effects |= effects_of_change(node, old_active, unexpected);
    queue_push(node, QUEUE_EFFECTS);
    propagate_neighbours(node);
}

void unit_restore_state(struct node *node, enum service_state state)
{
    struct manager *manager = node->manager;

    manager->n_busy_services -= is_busy_service(node);
    unit_count(node, -1);
    node->u.state = state;
    node->u.active = service_active_states[state];
    unit_count(node, 1);
    manager->n_busy_services += is_busy_service(node);
}

void unit_reset_failed(struct node *node)
{
    if (node->u.active != UNIT_FAILED)
        return;
    node->u.result = RESULT_SUCCESS;
    unit_set_state(node, SERVICE_DEAD);
}

static bool condition_holds(struct node *node, const struct condition *condition)
{
    struct manager *manager = node->manager;
    int r = manager->ops->check_condition(manager->platform, &node->u, condition);
    return r >= 0 && (r > 0) != condition->negate;
}

/* All plain ones have to hold, and of those with "|" one. */
static bool conditions_hold(struct node *node, bool asserts)
{
    bool triggers = false, triggered = false;

    FOREACH_ARRAY (condition, node->u.unit->conditions, node->u.unit->n_conditions) {
        if (condition->assert_ != asserts)
            continue;
        if (condition->trigger && triggered)
            continue;
        bool holds = condition_holds(node, condition);
        if (!condition->trigger && !holds)
            return false;
        triggers = triggers || condition->trigger;
        triggered = triggered || (condition->trigger && holds);
    }
    return !triggers || triggered;
}

static int check_conditions(struct node *node)
{
    node->u.conditions_held = conditions_hold(node, false);
    if (!node->u.conditions_held)
        return -ECOMM;
    node->u.asserts_held = conditions_hold(node, true);
    return node->u.asserts_held ? 0 : -EPROTO;
}

/* A unit that is bound to another and ordered behind it cannot be without it; nor without its Requisite=,
 * which may have gone while the start waited. */
static bool bound_units_are_up(const struct node *node)
{
    uint32_t kinds = KIND(UNIT_BINDS_TO) | (node->job.ignore_requirements ? 0 : KIND(UNIT_REQUISITE));

    FOREACH_NEIGHBOUR(edge, node, kinds)
    if ((edge->kinds & KIND(UNIT_AFTER)) && !unit_is_up(edge->to))
        return false;
    return true;
}

int unit_start(struct node *node)
{
    if (unit_is_up(node))
        return -EALREADY;
    if (node->manager->shutting_down)
        return -ESHUTDOWN;
    node->attempted = true;
    if (node->u.unit->load_state != UNIT_LOADED)
        return -EINVAL;
    int r = unit_is_down(node) ? check_conditions(node) : 0;
    if (r < 0)
        return r;
    if (!bound_units_are_up(node))
        return -ENOLINK;
    if (node->u.unit->type == UNIT_SERVICE)
        return service_start(node);
    unit_set_state(node, SERVICE_RUNNING);
    return 0;
}

int unit_stop(struct node *node)
{
    if (unit_is_down(node))
        return -EALREADY;
    if (node->u.unit->type == UNIT_SERVICE)
        return service_stop(node);
    unit_set_state(node, SERVICE_DEAD);
    return 0;
}

bool unit_can_reload(const struct node *node)
{
    const struct service *service = node->u.unit->service;
    return node->u.unit->type == UNIT_SERVICE &&
           (node->u.unit->commands->of[COMMAND_RELOAD] || service->type == SERVICE_NOTIFY_RELOAD);
}

int unit_reload(struct node *node)
{
    if (node->u.state == SERVICE_RELOAD || node->u.active == UNIT_ACTIVATING)
        return -EAGAIN;
    if (!unit_can_reload(node) || node->u.active != UNIT_ACTIVE)
        return -EINVAL;
    return service_reload(node);
}
