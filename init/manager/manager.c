/* The manager's own interface: events and requests in, then work until quiet. */
#include "init/manager/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

int manager_new(const struct platform_ops *ops, void *platform, const struct manager_config *config,
                struct manager **ret)
{
    struct manager *manager = calloc(1, sizeof(*manager));
    if (!manager)
        return -ENOMEM;
    manager->ops = ops;
    manager->platform = platform;
    manager->config = *config;
    manager->shutdown_deadline.kind = DEADLINE_SHUTDOWN;
    manager->main_unit = config->main_unit ? strdup(config->main_unit) : NULL;
    manager->config.main_unit = manager->main_unit;
    if (config->main_unit && !manager->main_unit) {
        free(manager);
        return -ENOMEM;
    }
    int r = deadline_heap_reserve(&manager->deadlines, 1);
    if (r < 0) {
        manager_free(manager);
        return r;
    }
    *ret = manager;
    return 0;
}

struct manager *manager_free(struct manager *manager)
{
    if (!manager)
        return NULL;
    FOREACH_ARRAY (entry, manager->names.entries, manager->names.n)
        if (is_own_name(entry))
            queue_push(entry->node, QUEUE_CHECK);
        else
            free(entry->name);
    for (struct node *node; (node = queue_pop(manager, QUEUE_CHECK));)
        node_free(node);
    free(manager->names.entries);
    free(manager->pids.buckets);
    free(manager->deadlines.items);
    free(manager->main_unit);
    free(manager);
    return NULL;
}

/* --- events --- */

static void on_exited(struct manager *manager, const struct event *event)
{
    struct pid_link *link = pid_table_find(&manager->pids, event->pid);
    if (link)
        service_process_exited(pid_link_node(link), event->pid, event->exit);
}

static void on_exec_done(struct manager *manager, const struct event *event)
{
    struct pid_link *link = pid_table_find(&manager->pids, event->pid);
    if (link && !link->is_control)
        service_dispatch(pid_link_node(link), SERVICE_EXECUTED, RESULT_SUCCESS);
}

static void on_exec_failed(struct manager *manager, const struct event *event)
{
    struct pid_link *link = pid_table_find(&manager->pids, event->pid);
    if (link)
        service_exec_failed(pid_link_node(link), event);
}

static void on_empty(struct manager *manager, const struct event *event)
{
    service_dispatch(node_of(event->unit), SERVICE_EMPTIED, RESULT_SUCCESS);
}

static void on_oom_kill(struct manager *manager, const struct event *event)
{
    service_out_of_memory(node_of(event->unit));
}

static void on_notify(struct manager *manager, const struct event *event)
{
    service_notify(node_of(event->unit), event);
}

static void on_descriptor_gone(struct manager *manager, const struct event *event)
{
    if (event->unit->n_stored > 0)
        event->unit->n_stored--;
}

static void on_deadline(struct manager *manager, struct deadline *deadline)
{
    static const enum service_event events[] = {
        [DEADLINE_STATE] = SERVICE_TIMED_OUT,
        [DEADLINE_WATCHDOG] = SERVICE_WATCHDOG_DUE,
        [DEADLINE_PID_FILE] = SERVICE_PID_FILE_DUE,
    };

    if (deadline->kind == DEADLINE_SHUTDOWN)
        shutdown_deadline_due(manager);
    else if (deadline->kind == DEADLINE_JOB)
        job_set_result(deadline_node(deadline), JOB_TIMEOUT);
    else
        service_dispatch(deadline_node(deadline), events[deadline->kind], RESULT_SUCCESS);
}

/* All deadlines that have passed, each with what follows from it. What they arm lies in the future. */
static void on_time(struct manager *manager, const struct event *event)
{
    while (manager->deadlines.n > 0 && manager->deadlines.items[0]->when <= manager->now) {
        struct deadline *deadline = manager->deadlines.items[0];
        deadline_disarm(&manager->deadlines, deadline);
        on_deadline(manager, deadline);
        manager_settle(manager);
    }
}

static void (*const event_handlers[EVENT_TYPE_MAX])(struct manager *manager, const struct event *event) = {
    [EVENT_EXITED] = on_exited,
    [EVENT_EXEC_DONE] = on_exec_done,
    [EVENT_EXEC_FAILED] = on_exec_failed,
    [EVENT_EMPTY] = on_empty,
    [EVENT_OOM_KILL] = on_oom_kill,
    [EVENT_NOTIFY] = on_notify,
    [EVENT_TIME] = on_time,
    [EVENT_DESCRIPTOR_GONE] = on_descriptor_gone,
};

static void set_now(struct manager *manager, usec_t now)
{
    manager->now = MAX(manager->now, now);
}

void manager_event(struct manager *manager, const struct event *event)
{
    set_now(manager, event->now);
    event_handlers[event->type](manager, event);
    manager_settle(manager);
    /* What fell due meanwhile would else wait for an event of its own. */
    on_time(manager, event);
}

/* A request without a time stamp leaves its work to the next event, which then has to come at once. */
static bool work_is_left(const struct manager *manager)
{
    for (enum node_queue queue = QUEUE_FINISH; queue < NODE_QUEUE_MAX; queue++)
        if (manager->queues[queue].head)
            return true;
    return false;
}

usec_t manager_next_deadline(const struct manager *manager)
{
    if (work_is_left(manager))
        return manager->now;
    return manager->deadlines.n > 0 ? manager->deadlines.items[0]->when : USEC_INFINITY;
}

/* --- requests --- */

static int check_request(const struct node *node, enum job_type *type, enum job_mode mode)
{
    const struct unit *unit = node->u.unit;
    bool starts = *type == JOB_START || *type == JOB_RESTART;
    bool stops = *type == JOB_STOP || *type == JOB_RESTART || *type == JOB_TRY_RESTART;

    if ((unsigned)*type >= JOB_TYPE_MAX || (unsigned)mode >= JOB_MODE_MAX)
        return -EINVAL;
    if ((mode == JOB_ISOLATE && *type != JOB_START) || (mode == JOB_TRIGGERING && *type != JOB_STOP))
        return -EINVAL;
    if ((starts && unit->refuse_manual_start) || (stops && unit->refuse_manual_stop) ||
        (mode == JOB_ISOLATE && !unit->allow_isolate))
        return -EPERM;
    return *type == JOB_RELOAD && !unit_can_reload(node) ? -EINVAL : 0;
}

/* A request that comes to nothing still has a job, which is done at once. */
static uint32_t report_empty_job(struct manager *manager, const struct node *node, enum job_type type)
{
    if (++manager->last_job_id == 0)
        manager->last_job_id = 1;
    struct job_report report = {
        .id = manager->last_job_id, .unit = node->u.unit->name, .type = type, .result = JOB_DONE};
    manager->ops->job_finished(manager->platform, &report);
    return report.id;
}

int manager_enqueue(struct manager *manager, usec_t now, const char *name, enum job_type type,
                    enum job_mode mode, uint32_t *ret_job)
{
    struct node *node;
    uint32_t id;

    set_now(manager, now);
    manager->refusal[0] = 0;
    if (manager->shutting_down)
        return -ESHUTDOWN;
    int r = graph_load(manager, name, &node);
    if (r >= 0)
        r = check_request(node, &type, mode);
    if (r < 0)
        return r;
    bool nothing = type == JOB_TRY_RESTART && !unit_is_up(node) && node->u.active != UNIT_ACTIVATING;
    if (nothing)
        id = report_empty_job(manager, node, type);
    else
        r = transaction_run(node, type == JOB_TRY_RESTART ? JOB_RESTART : type, mode, &id);
    if (r < 0)
        return r;
    if (ret_job)
        *ret_job = id;
    /* Who starts by hand starts counting anew. */
    if (type == JOB_START || type == JOB_RESTART)
        node->flush_restarts = true;
    if (!manager->gathering)
        manager_settle(manager);
    return 0;
}

void manager_gather(struct manager *manager)
{
    manager->gathering = true;
}

void manager_go(struct manager *manager)
{
    manager->gathering = false;
    manager_settle(manager);
}

const char *manager_refusal(const struct manager *manager)
{
    return manager->refusal[0] ? manager->refusal : NULL;
}

int manager_load_unit(struct manager *manager, const char *name, struct manager_unit **ret)
{
    struct node *node;
    int r = graph_load(manager, name, &node);
    if (r >= 0)
        *ret = &node->u;
    return r;
}

struct manager_unit *manager_find(const struct manager *manager, const char *name)
{
    struct node *node = name_table_find(&manager->names, name);
    return node ? &node->u : NULL;
}

struct manager_unit *manager_find_by_pid(const struct manager *manager, pid_t pid)
{
    struct pid_link *link = pid_table_find(&manager->pids, pid);
    return link ? &pid_link_node(link)->u : NULL;
}

struct manager_unit *manager_next_unit(const struct manager *manager, size_t *cursor)
{
    while (*cursor < manager->names.n) {
        const struct name_entry *entry = &manager->names.entries[(*cursor)++];
        if (is_own_name(entry))
            return &entry->node->u;
    }
    return NULL;
}

static void reset_failed(struct node *node)
{
    node->start_limit = node->trigger_limit = (struct ratelimit){0};
    node->u.n_restarts = 0;
    unit_reset_failed(node);
}

int manager_reset_failed(struct manager *manager, const char *name)
{
    struct node *node = name ? name_table_find(&manager->names, name) : NULL;

    if (name && !node)
        return -ENOENT;
    if (node)
        reset_failed(node);
    for (size_t i = 0; !name && i < manager->names.n; i++)
        reset_failed(manager->names.entries[i].node);
    return 0;
}

int manager_reload(struct manager *manager, usec_t now)
{
    set_now(manager, now);
    int r = graph_reload(manager);
    manager_settle(manager);
    return r;
}

void manager_shutdown(struct manager *manager, usec_t now, enum shutdown_kind kind, int exit_status)
{
    set_now(manager, now);
    shutdown_begin(manager, kind == SHUTDOWN_REBOOT ? EXIT_REBOOT : exit_status);
    manager_settle(manager);
}

void manager_shutdown_now(struct manager *manager, usec_t now, enum shutdown_kind kind, int exit_status)
{
    set_now(manager, now);
    shutdown_begin(manager, kind == SHUTDOWN_REBOOT ? EXIT_REBOOT : exit_status);
    shutdown_kill(manager);
    manager_settle(manager);
}

/* --- what it looks like --- */

bool manager_is_shutting_down(const struct manager *manager)
{
    return manager->shutting_down;
}

bool manager_finished(const struct manager *manager, int *ret_exit_status)
{
    if (!manager->shutting_down ||
        manager->n_units[UNIT_INACTIVE] + manager->n_units[UNIT_FAILED] != manager->n_nodes)
        return false;
    if (ret_exit_status)
        *ret_exit_status = manager->exit_status;
    return true;
}

const char *manager_system_state(const struct manager *manager)
{
    if (manager->shutting_down)
        return "stopping";
    if (!manager->settled_once)
        return "starting";
    return manager->n_units[UNIT_FAILED] > 0 ? "degraded" : "running";
}

unsigned manager_count_units(const struct manager *manager, enum active_state state)
{
    return manager->n_units[state];
}

uint64_t manager_count_looks(const struct manager *manager)
{
    return manager->n_looks;
}

unsigned manager_count_services(const struct manager *manager, enum active_state state)
{
    return manager->n_services[state];
}
