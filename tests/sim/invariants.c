/* What must hold in every world, after every event. */
#include <string.h>

#include "common/text.h"
#include "sim.h"

/* Each has a name, which a violation tells. */
enum invariant {
    START_ORDER,
    STOP_ORDER,
    REQUIREMENTS,
    PROCESSES,
    JOBS_END,
    START_LIMITS,
    STOP_WINS,
    TIME,
    NO_LEAKS,
    SHUTDOWN_IN_TIME,
    COUNTERS,
    STATES,
};

static const char *const names[] = {
    [START_ORDER] = "units start in order",
    [STOP_ORDER] = "units stop in reverse order",
    [REQUIREMENTS] = "no unit is up whose Requisite= or BindsTo= is gone",
    [PROCESSES] = "no process is forgotten",
    [JOBS_END] = "every job ends, once",
    [START_LIMITS] = "the limits of starts are kept",
    [STOP_WINS] = "a stop wins over a start",
    [TIME] = "time never goes backwards",
    [NO_LEAKS] = "nothing leaks",
    [SHUTDOWN_IN_TIME] = "a shutdown ends within the sum of its time-outs",
    [COUNTERS] = "counters are what a count gives",
    [STATES] = "a unit under way has a deadline",
};

static struct node *world_node(struct world *world, const char *name)
{
    struct manager_unit *unit = manager_find(world->manager, name);
    return unit ? node_of(unit) : NULL;
}

static bool is_stop(const struct job *job)
{
    return job->type == JOB_STOP || job->type == JOB_RESTART;
}

static bool job_is_open(const struct job *job)
{
    return job->id != 0 && !job->finishing && !job->ignore_order;
}

/* a is declared to come after b: by itself or by b. */
static bool comes_after(const struct unit *a, const struct unit *b)
{
    return strv_contains(a->dependencies->of[UNIT_AFTER], b->name) ||
           strv_contains(b->dependencies->of[UNIT_BEFORE], a->name);
}

static void check_start_order(struct world *world, struct node *node)
{
    size_t cursor = 0;

    world->invariant = names[START_ORDER];
    if (node->job.ignore_order)
        return;
    for (struct manager_unit *other; (other = manager_next_unit(world->manager, &cursor));)
        if (other != &node->u && comes_after(node->u.unit, other->unit) &&
            job_is_open(&node_of(other)->job) && node_of(other)->job.type != JOB_RELOAD)
            world_violation(world, "%s starts before %s, whose job it has to wait for", node->u.unit->name,
                            other->unit->name);
}

static void check_stop_order(struct world *world, struct node *node)
{
    size_t cursor = 0;

    world->invariant = names[STOP_ORDER];
    if (world->manager->killing || !job_is_open(&node->job) || !is_stop(&node->job))
        return;
    for (struct manager_unit *other; (other = manager_next_unit(world->manager, &cursor));)
        if (other != &node->u && comes_after(other->unit, node->u.unit) &&
            !comes_after(node->u.unit, other->unit) && job_is_open(&node_of(other)->job) &&
            is_stop(&node_of(other)->job))
            world_violation(world, "%s stops before %s, which was started after it", node->u.unit->name,
                            other->unit->name);
}

/* Those it comes after: without an order, the other may have been up when that was looked at. */
static void check_requisites(struct world *world, struct node *node)
{
    const struct unit *unit = node->u.unit;

    world->invariant = names[REQUIREMENTS];
    if (world->lax || world->generation > 0 || node->job.id == 0 || node->job.ignore_order)
        return;
    for (char **name = unit->dependencies->of[UNIT_REQUISITE]; name && *name; name++) {
        const struct node *other = world_node(world, *name);
        if (other && comes_after(unit, other->u.unit) && !comes_after(other->u.unit, unit) &&
            !unit_is_up(other))
            world_violation(world, "%s starts, and %s is not up", unit->name, *name);
    }
}

void check_state_change(struct world *world, struct manager_unit *unit, enum service_state old)
{
    struct node *node = node_of(unit);
    bool was_down = old == SERVICE_DEAD || old == SERVICE_FAILED;

    if (was_down && (unit->active == UNIT_ACTIVATING || unit->active == UNIT_ACTIVE) &&
        unit->state != SERVICE_AUTO_RESTART) {
        check_start_order(world, node);
        check_requisites(world, node);
        world->invariant = names[STOP_WINS];
        if (manager_is_shutting_down(world->manager))
            world_violation(world, "%s starts after the order to stop", unit->unit->name);
    }
    if (old == SERVICE_RUNNING && unit->active == UNIT_DEACTIVATING && node->forbid_restart)
        check_stop_order(world, node);
    world->invariant = NULL;
}

/* Processes that a unit gives up by its KillMode=, or that were killed and take their time. */
static bool may_be_left(const struct process *process)
{
    const struct kill_context *kill = process->unit->unit->kill;
    return process->was_killed || kill->mode == KILL_NONE || kill->mode == KILL_PROCESS ||
           !kill->send_sigkill || kill->final_signal != 0;
}

/* After the order to stop: what stops, and the rest of a reload of a unit whose turn has not come. */
static bool may_run_at_the_end(const struct spawn_request *request)
{
    return request->kind == COMMAND_STOP || request->kind == COMMAND_STOP_POST ||
           (request->kind == COMMAND_RELOAD && request->unit->state == SERVICE_RELOAD);
}

static bool is_start_command(enum service_command kind)
{
    return kind == COMMAND_CONDITION || kind == COMMAND_START_PRE || kind == COMMAND_START ||
           kind == COMMAND_START_POST;
}

void check_spawn(struct world *world, const struct spawn_request *request)
{
    const struct job *job = &node_of(request->unit)->job;

    world->invariant = names[STOP_WINS];
    if (is_start_command(request->kind) && job->id != 0 && job->running && is_stop(job))
        world_violation(world, "%s: %s is executed while it is to stop", request->unit->unit->name,
                        service_command_to_string(request->kind));
    if (manager_is_shutting_down(world->manager) && !may_run_at_the_end(request))
        world_violation(world, "%s: %s is executed after the order to stop", request->unit->unit->name,
                        service_command_to_string(request->kind));
    world->invariant = names[PROCESSES];
    pid_t pid = request->control ? request->unit->control_pid : request->unit->main_pid;
    const struct process *process = pid != 0 ? world_process(world, pid) : NULL;
    if (process && process->alive && !may_be_left(process))
        world_violation(world, "%s: a second %s process", request->unit->unit->name,
                        request->control ? "control" : "main");
    world->invariant = NULL;
}

/* A stop that was accepted is there or done (what follows from it may have started the unit anew), and as
 * long as it is there, starts that need the unit are gone. */
void check_stop_request(struct world *world, const char *name, uint32_t id)
{
    struct node *node = world_node(world, name);
    size_t cursor = 0;

    world->invariant = names[STOP_WINS];
    bool waits = node->job.id == id && node->job.type == JOB_STOP;
    if (!waits && sim_unit(&node->u)->last_stop < id)
        world_violation(world, "%s was told to stop and does not", name);
    for (struct manager_unit *other; waits && (other = manager_next_unit(world->manager, &cursor));) {
        const struct job *job = &node_of(other)->job;
        if (strv_contains(other->unit->dependencies->of[UNIT_REQUIRES], name) && job->type == JOB_START &&
            job_is_open(job) && world->generation == 0)
            world_violation(world, "%s is still to start, and requires %s, which was told to stop",
                            other->unit->name, name);
    }
    world->invariant = NULL;
}

void check_job_finished(struct world *world, const struct job_report *report)
{
    struct node *node = world_node(world, report->unit);

    if (report->type == JOB_STOP)
        sim_unit(&node->u)->last_stop = report->id;
    world->invariant = names[JOBS_END];
    if (++world->n_jobs_finished > world->manager->last_job_id)
        world_violation(world, "job %u ends, and more have ended than there were", report->id);
    if (report->type == JOB_STOP && report->result == JOB_DONE && !unit_is_down(node))
        world_violation(world, "%s has been stopped and is not down", report->unit);
    world->invariant = NULL;
}

/* The windows of the limit are fixed ones: in any interval there are at most those of two of them. */
void check_start(struct world *world, struct manager_unit *unit)
{
    struct sim_unit *sim = sim_unit(unit);
    unsigned burst = service_start_limit_burst(node_of(unit));
    usec_t interval = service_start_limit_interval(node_of(unit));

    if (burst == 0 || interval == 0 || world->generation > 0 || 2 * burst >= WORLD_STARTS_MAX)
        return;
    world->invariant = names[START_LIMITS];
    sim->starts[sim->n_starts++ % WORLD_STARTS_MAX] = world->now;
    if (sim->n_starts <= 2 * burst)
        return;
    usec_t first = sim->starts[(sim->n_starts - 1 - 2 * burst) % WORLD_STARTS_MAX];
    if (world->now - first < interval)
        world_violation(world, "%s: started too often", unit->unit->name);
}

/* An irreversible job may stand in the way of the stop. */
static bool has_irreversible_job(struct world *world)
{
    size_t cursor = 0;

    for (struct manager_unit *unit; (unit = manager_next_unit(world->manager, &cursor));)
        if (node_of(unit)->job.irreversible)
            return true;
    return false;
}

static void check_bound(struct world *world, const struct node *node)
{
    /* New declarations take hold with the next change of a unit: daemon-reload itself stops nothing. */
    if (!unit_is_up(node) || node->job.id != 0 || world->generation > 0 || has_irreversible_job(world))
        return;
    for (char **name = node->u.unit->dependencies->of[UNIT_BINDS_TO]; name && *name; name++) {
        struct node *other = world_node(world, *name);
        if (other && other->job.id == 0 && unit_is_down(other))
            world_violation(world, "%s is up, and %s, which it is bound to, is not", node->u.unit->name,
                            *name);
    }
}

static void check_processes(struct world *world)
{
    FOREACH_ARRAY (process, world->processes, world->n_processes) {
        if (!process->alive || process->role == ROLE_LEFTOVER)
            continue;
        bool known = manager_find_by_pid(world->manager, process->pid) == process->unit;
        /* A unit that is up may have another main process by now; this one is among its leftovers. */
        bool left = !unit_is_down(node_of(process->unit)) && process->unit->state != SERVICE_AUTO_RESTART;
        if (!known && !left && !may_be_left(process) && world->generation == 0)
            world_violation(world, "%s: its process %d is forgotten", process->unit->unit->name,
                            process->pid);
    }
}

/* The counters are what a count gives. */
static void check_counters(struct world *world)
{
    const struct manager *manager = world->manager;
    unsigned n_jobs = 0, n_unordered = 0, n_units[ACTIVE_STATE_MAX] = {0};
    size_t cursor = 0, n = 0;

    for (struct manager_unit *unit; (unit = manager_next_unit(manager, &cursor)); n++) {
        const struct node *node = node_of(unit);
        n_jobs += node->job.id != 0;
        n_unordered += node->job.running || node->job.blocked;
        n_units[unit->active]++;
        if (node->queued != 0)
            world_violation(world, "%s: work is left in a queue", unit->unit->name);
        if (node->tentative != 0)
            world_violation(world, "%s: a transaction is left", unit->unit->name);
    }
    if (n != manager->n_nodes || n_jobs != manager->n_jobs || n_unordered != manager->n_unordered_jobs ||
        memcmp(n_units, manager->n_units, sizeof(n_units)) != 0)
        world_violation(world, "a counter is wrong");
    if (n_jobs > 0 && n_unordered == 0)
        world_violation(world, "all jobs wait for each other");
}

static void check_deadlines(struct world *world)
{
    const struct deadline_heap *heap = &world->manager->deadlines;

    /* At this very instant there may be one: a process can end, and a request come, before it is due. */
    if (manager_next_deadline(world->manager) < world->now)
        world_violation(world, "a deadline lies in the past");
    for (size_t i = 0; i < heap->n; i++)
        if (heap->items[i]->position != i + 1 ||
            heap->items[i]->when < heap->items[i > 0 ? (i - 1) / 2 : 0]->when)
            world_violation(world, "the heap of deadlines is out of order");
}

/* A smaller FileDescriptorStoreMax= after daemon-reload takes nothing away. */
static void check_store(struct world *world, struct manager_unit *unit)
{
    if (unit->n_stored != sim_unit(unit)->n_stored)
        world_violation(world, "%s: %u descriptors are stored, not %u", unit->unit->name,
                        sim_unit(unit)->n_stored, unit->n_stored);
    if (unit->n_stored > unit->unit->service->fd_store_max && world->generation == 0)
        world_violation(world, "%s: more descriptors are stored than allowed", unit->unit->name);
    if (unit_is_down(node_of(unit)) && unit->n_stored > 0 && node_of(unit)->job.id == 0 &&
        unit->unit->service->fd_store_preserve != PRESERVE_YES && world->generation == 0 &&
        !manager_is_shutting_down(world->manager))
        world_violation(world, "%s: its descriptors outlive it", unit->unit->name);
}

static bool has_timer(const struct node *node)
{
    return node->timer.position != 0;
}

/* A unit on its way somewhere has a deadline for it. */
static void check_states(struct world *world)
{
    size_t cursor = 0;

    for (struct manager_unit *unit; (unit = manager_next_unit(world->manager, &cursor));) {
        struct node *node = node_of(unit);
        bool under_way = unit->active == UNIT_ACTIVATING || unit->active == UNIT_DEACTIVATING ||
                         unit->active == UNIT_RELOADING;
        if (under_way && unit->unit->type == UNIT_SERVICE && !has_timer(node) &&
            unit->state != SERVICE_AUTO_RESTART)
            world_violation(world, "%s: in state %s without a deadline", unit->unit->name,
                            service_state_to_string(unit->state));
        if (unit->state == SERVICE_AUTO_RESTART && !has_timer(node))
            world_violation(world, "%s: nothing will restart it", unit->unit->name);
    }
}

static void check_requirements(struct world *world)
{
    size_t cursor = 0;

    for (struct manager_unit *unit; (unit = manager_next_unit(world->manager, &cursor));)
        check_bound(world, node_of(unit));
}

/* A unit that is down holds nothing. */
static void check_leaks(struct world *world)
{
    size_t cursor = 0;

    for (struct manager_unit *unit; (unit = manager_next_unit(world->manager, &cursor));) {
        const struct node *node = node_of(unit);
        check_store(world, unit);
        if (!unit_is_down(node))
            continue;
        if (unit->main_pid != 0 || unit->control_pid != 0)
            world_violation(world, "%s: down, with a process", unit->unit->name);
        if (has_timer(node) || node->watchdog.position != 0 || node->pid_file.position != 0)
            world_violation(world, "%s: down, with a deadline", unit->unit->name);
        if (node->job.id == 0 && node->job.timeout.position != 0)
            world_violation(world, "%s: the limit of a job that is no more", unit->unit->name);
    }
}

static void check_time(struct world *world)
{
    const struct manager *manager = world->manager;
    size_t cursor = 0;

    if (manager->now < world->last_now || manager->now > world->now)
        world_violation(world, "the manager's time is %llu, after %llu", (unsigned long long)manager->now,
                        (unsigned long long)world->last_now);
    world->last_now = manager->now;
    for (struct manager_unit *unit; (unit = manager_next_unit(manager, &cursor));)
        if (unit->state_since > manager->now || unit->active_enter > manager->now ||
            unit->inactive_enter > manager->now)
            world_violation(world, "%s: changes in the future", unit->unit->name);
    check_deadlines(world);
}

static void check_shutdown(struct world *world)
{
    if (world->shutdown_at != 0 && world->now > world->shutdown_bound)
        world_violation(world, "it takes longer");
}

void check_after_event(struct world *world)
{
    static void (*const checks[])(struct world * world) = {
        [COUNTERS] = check_counters,         [TIME] = check_time,           [STATES] = check_states,
        [REQUIREMENTS] = check_requirements, [PROCESSES] = check_processes, [NO_LEAKS] = check_leaks,
        [SHUTDOWN_IN_TIME] = check_shutdown,
    };

    for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
        world->invariant = names[i];
        if (checks[i])
            checks[i](world);
    }
    world->invariant = NULL;
}

static usec_t count_commands(const struct unit *unit, enum service_command kind)
{
    usec_t n = 0;
    for (const struct exec_command *command = unit->commands->of[kind]; command; command = command->next)
        n++;
    return n;
}

usec_t shutdown_bound(struct world *world)
{
    usec_t bound = world->now + USEC_PER_SEC, overall = world->manager->config.stop_timeout;
    size_t cursor = 0;

    for (struct manager_unit *unit; (unit = manager_next_unit(world->manager, &cursor));) {
        if (unit->unit->type != UNIT_SERVICE)
            continue;
        /* A deadline that is armed may come from an older declaration. */
        if (has_timer(node_of(unit)))
            bound = usec_add(bound, node_of(unit)->timer.when - world->now);
        /* Each command once, then TERM and KILL, twice: before and after ExecStopPost=. */
        usec_t steps =
            5 + count_commands(unit->unit, COMMAND_STOP) + count_commands(unit->unit, COMMAND_STOP_POST);
        /* EXTEND_TIMEOUT_USEC= of the world's services gives at most a second, each time. */
        bound = usec_add(bound, steps * (service_stop_timeout(node_of(unit)) + USEC_PER_SEC));
    }
    if (overall != USEC_INFINITY)
        bound = MIN(bound, usec_add(world->now, overall + 6 * USEC_PER_SEC));
    return bound;
}

void check_end(struct world *world)
{
    const struct manager *manager = world->manager;

    world->invariant = names[JOBS_END];
    if (manager->n_jobs != 0 || world->n_jobs_finished != manager->last_job_id)
        world_violation(world, "of %u jobs %u have ended", manager->last_job_id, world->n_jobs_finished);
    world->invariant = names[NO_LEAKS];
    for (size_t i = 0; i < manager->pids.n_buckets; i++)
        if (manager->pids.buckets[i])
            world_violation(world, "pid %d is still in the table", manager->pids.buckets[i]->pid);
    world->invariant = NULL;
}
