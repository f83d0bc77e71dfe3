/* Random units and random requests. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "sim.h"

void generate_name(unsigned index, char *name, size_t size)
{
    /* The first is what a boot starts; every fifth is a target. */
    (void)snprintf(name, size, "%s%u.%s", index == 0 ? "boot" : "u", index,
                   index % 5 == 0 ? "target" : "service");
}

static int add_command(struct random *random, struct unit *unit, enum service_command kind)
{
    struct exec_command *command = calloc(1, sizeof(*command));
    if (!command)
        return -ENOMEM;
    command->next = unit->commands->of[kind];
    unit->commands->of[kind] = command;
    command->flags = random_chance(random, 10) ? EXEC_IGNORE_FAILURE : 0;
    command->path = strdup("/bin/x");
    command->argv = calloc(2, sizeof(char *));
    if (!command->path || !command->argv)
        return -ENOMEM;
    command->argv[0] = strdup("x");
    return command->argv[0] ? 0 : -ENOMEM;
}

static int add_commands(struct random *random, struct unit *unit)
{
    static const unsigned percent[SERVICE_COMMAND_MAX] = {
        [COMMAND_CONDITION] = 10, [COMMAND_START_PRE] = 20, [COMMAND_START_POST] = 20,
        [COMMAND_RELOAD] = 40,    [COMMAND_STOP] = 25,      [COMMAND_STOP_POST] = 25,
    };
    int r = add_command(random, unit, COMMAND_START);

    if (r >= 0 && unit->service->type == SERVICE_ONESHOT && random_chance(random, 40))
        r = add_command(random, unit, COMMAND_START);
    for (enum service_command kind = 0; kind < SERVICE_COMMAND_MAX && r >= 0; kind++)
        while (r >= 0 && random_chance(random, percent[kind]))
            r = add_command(random, unit, kind);
    return r;
}

static usec_t some_timeout(struct random *random)
{
    static const usec_t choices[] = {USEC_PER_SEC, 5 * USEC_PER_SEC, 90 * USEC_PER_SEC};
    return choices[random_below(random, ELEMENTSOF(choices))];
}

static void generate_kill(struct random *random, struct kill_context *kill)
{
    if (random_chance(random, 30))
        kill->mode = (enum kill_mode)random_below(random, KILL_MODE_MAX);
    if (random_chance(random, 20))
        kill->watchdog_signal = SIGQUIT;
    kill->send_sighup = random_chance(random, 10);
    kill->send_sigkill = !random_chance(random, 5);
}

static int generate_service(struct random *random, struct unit *unit)
{
    struct service *service = unit->service;

    service->type = (enum service_type)random_below(random, SERVICE_TYPE_MAX);
    service->restart = (enum service_restart)random_below(random, SERVICE_RESTART_MAX);
    if (service->type == SERVICE_ONESHOT)
        service->restart = RESTART_NO;
    service->notify_access =
        random_chance(random, 80) ? NOTIFY_MAIN : (enum notify_access)random_below(random, NOTIFY_ACCESS_MAX);
    service->remain_after_exit = random_chance(random, 20);
    if (random_chance(random, 90))
        service->restart_usec = random_chance(random, 20) ? 0 : random_time(random, 10 * USEC_PER_SEC);
    if (random_chance(random, 90))
        service->timeout_start = some_timeout(random);
    if (random_chance(random, 90))
        service->timeout_stop = some_timeout(random);
    if (random_chance(random, 10))
        service->runtime_max = some_timeout(random);
    service->restart_mode = random_chance(random, 20) ? RESTART_MODE_DIRECT : RESTART_MODE_NORMAL;
    service->exit_type =
        random_chance(random, 20) && service->type != SERVICE_ONESHOT ? EXIT_TYPE_CGROUP : EXIT_TYPE_MAIN;
    service->timeout_start_failure_mode =
        (enum timeout_failure_mode)random_below(random, TIMEOUT_FAILURE_MODE_MAX);
    service->timeout_stop_failure_mode =
        (enum timeout_failure_mode)random_below(random, TIMEOUT_FAILURE_MODE_MAX);
    service->oom_policy = (enum oom_policy)random_below(random, OOM_POLICY_MAX);
    service->guess_main_pid = random_chance(random, 80);
    service->fd_store_max = random_below(random, 4);
    service->fd_store_preserve = (enum preserve_mode)random_below(random, PRESERVE_MODE_MAX);
    if (random_chance(random, 10))
        service->runtime_random_extra = some_timeout(random);
    if (random_chance(random, 20)) {
        service->restart_steps = 1 + random_below(random, 5);
        service->restart_max_delay = 20 * USEC_PER_SEC;
    }
    if (random_chance(random, 10))
        service->watchdog = USEC_PER_SEC + random_time(random, 5 * USEC_PER_SEC);
    if (service->type == SERVICE_FORKING && random_chance(random, 70)) {
        service->pid_file = strdup("/run/x.pid");
        if (!service->pid_file)
            return -ENOMEM;
    }
    if (random_chance(random, 10))
        unit->policy->start_limit_burst = random_below(random, 4);
    if (random_chance(random, 5))
        unit->policy->job_timeout = some_timeout(random);
    if (random_chance(random, 5))
        unit->policy->job_running_timeout = some_timeout(random);
    generate_kill(random, unit->kill);
    return add_commands(random, unit);
}

static const enum unit_dependency requirements[] = {
    UNIT_REQUIRES,           UNIT_REQUIRES,   UNIT_WANTS,      UNIT_WANTS,
    UNIT_REQUISITE,          UNIT_BINDS_TO,   UNIT_PART_OF,    UNIT_UPHOLDS,
    UNIT_CONFLICTS,          UNIT_ON_FAILURE, UNIT_ON_SUCCESS, UNIT_PROPAGATES_RELOAD_TO,
    UNIT_PROPAGATES_STOP_TO,
};

static int generate_dependencies(const struct world *world, struct random *random, struct unit *unit,
                                 unsigned index)
{
    int r = 0;

    for (unsigned other = 0; other < world->n_units && r >= 0; other++) {
        char name[32];
        generate_name(other, name, sizeof(name));
        if (other == index)
            continue;
        if (index == 0 ? random_chance(random, 60) : random_chance(random, 15))
            r = unit_add_dependency(
                unit, index == 0 ? UNIT_WANTS : requirements[random_below(random, ELEMENTSOF(requirements))],
                name);
        /* Without cycles, the order is that of the numbers. */
        bool after = index == 0 || other > index || (world->cycles && random_chance(random, 20));
        if (r >= 0 && after && random_chance(random, 30))
            r = unit_add_dependency(unit, UNIT_AFTER, name);
    }
    return r;
}

static enum emergency_action some_action(struct random *random)
{
    return (enum emergency_action)random_below(random, EMERGENCY_ACTION_MAX);
}

/* Not those that ignore what is required: a request may have them (struct world, lax). */
static enum job_mode some_mode(struct random *random)
{
    static const enum job_mode modes[] = {JOB_REPLACE, JOB_FAIL, JOB_ISOLATE, JOB_REPLACE_IRREVERSIBLY,
                                          JOB_FLUSH};
    return modes[random_below(random, ELEMENTSOF(modes))];
}

static void generate_actions(struct random *random, struct unit *unit)
{
    if (random_chance(random, 1))
        unit->policy->failure_action = some_action(random);
    if (random_chance(random, 1))
        unit->policy->success_action = some_action(random);
    if (random_chance(random, 5))
        unit->policy->start_limit_action = some_action(random);
    if (random_chance(random, 5))
        unit->policy->job_timeout_action = some_action(random);
    if (random_chance(random, 10))
        unit->policy->on_failure_job_mode = some_mode(random);
    if (random_chance(random, 10))
        unit->policy->on_success_job_mode = some_mode(random);
    unit->policy->collect_mode = random_chance(random, 20) ? COLLECT_INACTIVE_OR_FAILED : COLLECT_INACTIVE;
}

static int generate_condition(struct random *random, struct unit *unit)
{
    if (!random_chance(random, 10))
        return 0;
    unit->conditions = calloc(1, sizeof(*unit->conditions));
    if (!unit->conditions)
        return -ENOMEM;
    unit->n_conditions = 1;
    unit->conditions[0] = (struct condition){.assert_ = random_chance(random, 30), .parameter = strdup("/x")};
    return unit->conditions[0].parameter ? 0 : -ENOMEM;
}

static uint64_t seed_of_unit(const struct world *world, unsigned index)
{
    struct random random = {.state = world->seed ^ (UINT64_C(0x1234567) * (index + 1)) ^
                                     ((uint64_t)world->generation << 40)};
    return random_next(&random);
}

int generate_unit(const struct world *world, const char *name, struct unit **ret)
{
    _cleanup_unit_ struct unit *unit = unit_new(name);
    unsigned index = (unsigned)strtoul(name + strcspn(name, "0123456789"), NULL, 10);
    struct random random = {.state = seed_of_unit(world, index)};

    if (!unit)
        return -ENOMEM;
    if (index > 0 && random_chance(&random, 3)) {
        unit->load_state = random_chance(&random, 50) ? UNIT_NOT_FOUND : UNIT_MASKED;
        *ret = TAKE_PTR(unit);
        return 0;
    }
    unit->stop_when_unneeded = index > 0 && random_chance(&random, 10);
    unit->ignore_on_isolate = random_chance(&random, 10);
    unit->allow_isolate = random_chance(&random, 50);
    generate_actions(&random, unit);
    int r = generate_dependencies(world, &random, unit, index);
    if (r >= 0 && index > 0)
        r = generate_condition(&random, unit);
    if (r >= 0 && unit->type == UNIT_SERVICE)
        r = generate_service(&random, unit);
    if (r >= 0)
        *ret = TAKE_PTR(unit);
    return r;
}

static void note_mode(struct world *world, enum job_mode mode)
{
    world->lax = world->lax || mode == JOB_IGNORE_DEPENDENCIES || mode == JOB_IGNORE_REQUIREMENTS;
}

void generate_request(struct world *world)
{
    static const enum job_type types[] = {JOB_START, JOB_START,   JOB_START,  JOB_STOP,
                                          JOB_STOP,  JOB_RESTART, JOB_RELOAD, JOB_TRY_RESTART};
    struct random *random = &world->random;
    enum job_type type = types[random_below(random, ELEMENTSOF(types))];
    enum job_mode mode =
        random_chance(random, 70) ? JOB_REPLACE : (enum job_mode)random_below(random, JOB_MODE_MAX);
    char name[32];
    uint32_t id = 0;

    generate_name(random_below(random, world->n_units), name, sizeof(name));
    if (random_chance(random, 8)) {
        struct manager_unit *unit = manager_find(world->manager, name);
        world_trace(world, "reset-failed %s", name);
        if (unit)
            sim_unit(unit)->n_starts = 0;
        (void)manager_reset_failed(world->manager, name);
        manager_event(world->manager, &(struct event){.type = EVENT_TIME, .now = world->now});
    } else if (random_chance(random, 5)) {
        const struct manager_unit *unit = manager_find(world->manager, name);
        id = unit ? unit->job_id : 0;
        world_trace(world, "cancel job %u of %s", id, name);
        if (manager_cancel_job(world->manager, world->now, id) == 0 &&
            manager_find(world->manager, name)->job_id == id)
            world_violation(world, "%s: its cancelled job is still there", name);
    } else if (random_chance(random, 3)) {
        world->generation++;
        world_trace(world, "daemon-reload");
        int r = manager_reload(world->manager, world->now);
        /* Other time-outs hold from now on. */
        if (world->shutdown_at != 0)
            world->shutdown_bound = MAX(world->shutdown_bound, shutdown_bound(world));
        if (r < 0)
            world_violation(world, "daemon-reload: %s", strerror(-r));
    } else {
        world_trace(world, "request %s %s, mode %u", job_type_to_string(type), name, mode);
        note_mode(world, mode);
        int r = manager_enqueue(world->manager, world->now, name, type, mode, &id);
        if (r == 0 && type == JOB_STOP && (mode == JOB_REPLACE || mode == JOB_FAIL))
            check_stop_request(world, name, id);
        world_trace(world, "request %s %s: %s, job %u", job_type_to_string(type), name,
                    r < 0 ? strerror(-r) : "accepted", id);
    }
}
