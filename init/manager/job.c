/* Jobs: what a unit was asked to do. A job runs when no ordered job of a neighbour has to come first. */
#include "init/manager/internal.h"

#include <errno.h>

bool unit_is_up(const struct node *node)
{
    return node->u.active == UNIT_ACTIVE || node->u.active == UNIT_RELOADING;
}

bool unit_is_down(const struct node *node)
{
    return node->u.active == UNIT_INACTIVE || node->u.active == UNIT_FAILED;
}

/* A restart is a stop until its unit is down; its job is a start from then on. */
static bool job_type_is_stop(enum job_type type)
{
    return type == JOB_STOP || type == JOB_RESTART;
}

/* Of two ordered units, a stop goes first; two starts go in order, two stops in reverse. */
bool job_waits_for(enum job_type a, enum job_type b, uint32_t kinds)
{
    return ((kinds & KIND(UNIT_AFTER)) && !job_type_is_stop(a)) ||
           ((kinds & KIND(UNIT_BEFORE)) && job_type_is_stop(b));
}

int job_type_merge(const struct node *node, enum job_type a, enum job_type b)
{
    if (a == b)
        return (int)a;
    if (a == JOB_STOP || b == JOB_STOP)
        return -EDEADLK;
    if (a == JOB_RESTART || b == JOB_RESTART)
        return JOB_RESTART;
    if (a == JOB_VERIFY_ACTIVE || b == JOB_VERIFY_ACTIVE)
        return (int)(a == JOB_VERIFY_ACTIVE ? b : a);
    return unit_is_up(node) ? JOB_RELOAD : JOB_START;
}

/* Running and blocked jobs end by themselves; jobs_unstall() is for when there are none. */
static void job_set_progress(struct node *node, bool running, bool blocked)
{
    struct job *job = &node->job;
    bool before = job->running || job->blocked, after = running || blocked;

    job->running = running;
    job->blocked = blocked;
    if (before && !after)
        node->manager->n_unordered_jobs--;
    if (!before && after)
        node->manager->n_unordered_jobs++;
}

static void queue_ordered_jobs(struct node *node)
{
    FOREACH_NEIGHBOUR(edge, node, KIND(UNIT_BEFORE) | KIND(UNIT_AFTER))
    if (edge->to->job.id != 0)
        queue_push(edge->to, QUEUE_RUN);
}

uint32_t job_install(struct node *node, enum job_type type, bool irreversible, bool ignore_order)
{
    struct manager *manager = node->manager;
    struct job *job = &node->job;
    int merged = job->id != 0 ? job_type_merge(node, job->type, type) : (int)type;

    if (merged < 0) {
        job_cancel(node);
        merged = (int)type;
    }
    if (job->id == 0) {
        if (++manager->last_job_id == 0)
            manager->last_job_id = 1;
        job->id = node->u.job_id = manager->last_job_id;
        manager->n_jobs++;
        manager->started = true;
        job->type = (enum job_type)merged;
        deadline_arm(&manager->deadlines, &job->timeout,
                     usec_add(manager->now, node->u.unit->policy->job_timeout));
    } else if (job->type != (enum job_type)merged) {
        job->type = (enum job_type)merged;
        job_set_progress(node, false, false);
    }
    job->irreversible = job->irreversible || irreversible;
    job->ignore_order = job->ignore_order || ignore_order;
    queue_push(node, QUEUE_RUN);
    return job->id;
}

void job_set_result(struct node *node, enum job_result result)
{
    if (node->job.id == 0 || node->job.finishing)
        return;
    node->job.finishing = true;
    node->job.result = result;
    queue_push(node, QUEUE_FINISH);
}

static void job_remove(struct node *node)
{
    struct manager *manager = node->manager;
    struct job_report report = {
        .id = node->job.id,
        .unit = node->u.unit->name,
        .type = node->job.type,
        .result = node->job.result,
    };

    bool irreversible = node->job.irreversible;

    deadline_disarm(&manager->deadlines, &node->job.timeout);
    job_set_progress(node, false, false);
    struct deadline timeout = node->job.timeout;
    node->job = (struct job){.timeout = timeout};
    node->u.job_id = 0;
    manager->n_jobs--;
    manager->jobs_ended = manager->n_jobs == 0;
    queue_ordered_jobs(node);
    propagate_neighbours(node);
    if (irreversible)
        propagate_refused(manager);
    manager->ops->job_finished(manager->platform, &report);
}

void job_cancel(struct node *node)
{
    node->job.result = JOB_CANCELED;
    job_remove(node);
}

/* The starts that needed this one. */
static void fail_dependents(struct node *node, uint32_t kinds)
{
    FOREACH_NEIGHBOUR(edge, node, kinds)
    if (edge->to->job.type == JOB_START || edge->to->job.type == JOB_VERIFY_ACTIVE)
        job_set_result(edge->to, JOB_DEPENDENCY);
}

/* The stop half of a restart is done. */
static void job_turn_into_start(struct node *node)
{
    node->job.type = JOB_START;
    node->job.finishing = false;
    job_set_progress(node, false, false);
    queue_push(node, QUEUE_RUN);
    queue_ordered_jobs(node);
}

static void fail_conflicting(struct node *node)
{
    FOREACH_NEIGHBOUR(edge, node, KIND(UNIT_CONFLICTED_BY))
    if (edge->to->job.type == JOB_START)
        job_set_result(edge->to, JOB_DEPENDENCY);
}

void job_end(struct node *node)
{
    struct job job = node->job;

    /* It may have been cancelled since. */
    if (job.id == 0 || !job.finishing)
        return;
    if (job.type == JOB_RESTART && job.result == JOB_DONE && !node->manager->shutting_down) {
        job_turn_into_start(node);
        return;
    }
    if (job.type == JOB_START)
        node->attempted = true;
    job_remove(node);
    if (job.result != JOB_DONE && (job.type == JOB_START || job.type == JOB_VERIFY_ACTIVE))
        fail_dependents(node, KIND(UNIT_REQUIRED_BY) | KIND(UNIT_REQUISITE_OF) | KIND(UNIT_BOUND_BY));
    else if (job.result != JOB_DONE && job.type == JOB_STOP)
        fail_conflicting(node);
    else if (job.type == JOB_START && !unit_is_up(node))
        fail_dependents(node, KIND(UNIT_REQUISITE_OF));
    if (job.result == JOB_TIMEOUT || job.result == JOB_DEPENDENCY) {
        node->effects |= EFFECT_JOB_FAILED | (job.result == JOB_TIMEOUT ? EFFECT_JOB_TIMEOUT : 0);
        queue_push(node, QUEUE_EFFECTS);
    }
}

static int verify_active(struct node *node)
{
    if (unit_is_up(node))
        return -EALREADY;
    return node->u.active == UNIT_ACTIVATING ? -EAGAIN : -EBADR;
}

static int (*const job_actions[JOB_TYPE_MAX])(struct node *) = {
    [JOB_START] = unit_start,   [JOB_STOP] = unit_stop,        [JOB_RESTART] = unit_stop,
    [JOB_RELOAD] = unit_reload, [JOB_TRY_RESTART] = unit_stop, [JOB_VERIFY_ACTIVE] = verify_active,
};

static const struct {
    int error;
    enum job_result result;
} job_errors[] = {
    {-EALREADY, JOB_DONE}, {-ECOMM, JOB_DONE},         {-EBADR, JOB_SKIPPED},      {-EINVAL, JOB_INVALID},
    {-EPROTO, JOB_ASSERT}, {-ENOLINK, JOB_DEPENDENCY}, {-ESHUTDOWN, JOB_CANCELED},
};

static enum job_result job_error_to_result(int error)
{
    FOREACH_ARRAY (entry, job_errors, ELEMENTSOF(job_errors))
        if (entry->error == error)
            return entry->result;
    return JOB_FAILED;
}

static bool job_waits_over(const struct node *node, const struct edge *edge)
{
    const struct job *other = &edge->to->job;

    return (edge->kinds & (KIND(UNIT_BEFORE) | KIND(UNIT_AFTER))) && other->id != 0 && !other->ignore_order &&
           job_waits_for(node->job.type, other->type, edge->kinds);
}

/* The search goes on where it ended: a target that waits for a thousand units asks after each of them. */
static bool job_has_to_wait(struct node *node)
{
    if (node->job.ignore_order)
        return false;
    for (uint32_t i = 0; i < node->n_edges; i++) {
        uint32_t at = (node->blocker + i) % node->n_edges;
        node->manager->n_looks++;
        if (job_waits_over(node, &node->edges[at])) {
            node->blocker = at;
            return true;
        }
    }
    return false;
}

/* JobRunningTimeoutSec=; the earlier limit counts. An order to stop has one deadline over everything. */
static void limit_running_job(struct node *node)
{
    struct manager *manager = node->manager;
    struct deadline *timeout = &node->job.timeout;
    usec_t end = usec_add(manager->now, node->u.unit->policy->job_running_timeout);

    if (!manager->shutting_down && (timeout->position == 0 || end < timeout->when))
        deadline_arm(&manager->deadlines, timeout, end);
}

void job_run(struct node *node)
{
    struct job *job = &node->job;

    if (job->id == 0 || job->finishing || job->running)
        return;
    if (job_has_to_wait(node)) {
        job_set_progress(node, false, false);
        return;
    }
    uint32_t id = job->id;
    limit_running_job(node);
    job_set_progress(node, true, false);
    int r = job_actions[job->type](node);
    if (r == 0 || job->id != id || job->finishing)
        return;
    if (r == -EAGAIN)
        job_set_progress(node, false, true);
    else
        job_set_result(node, job_error_to_result(r));
}

void job_retry(struct node *node)
{
    if (node->job.id == 0 || node->job.finishing)
        return;
    job_set_progress(node, false, false);
    queue_push(node, QUEUE_RUN);
}

void job_restore(struct node *node)
{
    struct manager *manager = node->manager;
    struct job *job = &node->job;

    node->u.job_id = job->id;
    manager->n_jobs++;
    manager->n_unordered_jobs += job->running || job->blocked;
    manager->last_job_id = MAX(manager->last_job_id, job->id);
    /* A running job whose unit is where it wants it has ended, whatever it says of itself. */
    if (job->running)
        (void)job_unit_changed(node);
}

/* The result of a running job in the unit's new state, or JOB_RESULT_MAX as long as it goes on. */
static enum job_result running_job_result(const struct node *node)
{
    enum active_state state = node->u.active;

    switch (node->job.type) {
    case JOB_START:
    case JOB_VERIFY_ACTIVE:
        if (unit_is_up(node))
            return JOB_DONE;
        /* Only when it is down it is known whether it starts again without anybody noticing. */
        if (state == UNIT_ACTIVATING || state == UNIT_DEACTIVATING)
            return JOB_RESULT_MAX;
        return state == UNIT_INACTIVE ? JOB_DONE : JOB_FAILED;
    case JOB_RELOAD:
        if (state == UNIT_ACTIVE)
            return node->reload_result == RESULT_SUCCESS ? JOB_DONE : JOB_FAILED;
        if (state == UNIT_ACTIVATING || state == UNIT_RELOADING)
            return JOB_RESULT_MAX;
        return state == UNIT_INACTIVE ? JOB_DONE : JOB_FAILED;
    default:
        if (unit_is_down(node))
            return JOB_DONE;
        return state == UNIT_DEACTIVATING ? JOB_RESULT_MAX : JOB_FAILED;
    }
}

static bool job_expects(enum job_type type, enum active_state state)
{
    switch (type) {
    case JOB_START:
    case JOB_VERIFY_ACTIVE:
        return state == UNIT_ACTIVATING || state == UNIT_ACTIVE || state == UNIT_RELOADING;
    case JOB_RELOAD:
        return state == UNIT_ACTIVATING || state == UNIT_RELOADING || state == UNIT_ACTIVE;
    default:
        return state == UNIT_DEACTIVATING || state == UNIT_INACTIVE || state == UNIT_FAILED;
    }
}

bool job_unit_changed(struct node *node)
{
    struct job *job = &node->job;

    if (job->id == 0)
        return true;
    if (job->finishing)
        return !job_expects(job->type, node->u.active);
    if (!job->running) {
        queue_push(node, QUEUE_RUN);
        return true;
    }
    enum job_result result = running_job_result(node);
    if (result < JOB_RESULT_MAX)
        job_set_result(node, result);
    return !job_expects(job->type, node->u.active);
}

/* Restarts and merged jobs can wait for each other in ways that no transaction saw. Somebody has to begin. */
void jobs_unstall(struct manager *manager)
{
    manager->n_looks += manager->names.n;
    for (size_t i = 0; i < manager->names.n; i++) {
        struct node *node = manager->names.entries[i].node;
        if (node->job.id == 0 || node->job.ignore_order)
            continue;
        manager_log(node, true,
                    "%s: its %s job waits in a circle of After= and Before=, not waiting any more",
                    node->u.unit->name, job_type_to_string(node->job.type));
        node->job.ignore_order = true;
        queue_push(node, QUEUE_RUN);
        return;
    }
}
