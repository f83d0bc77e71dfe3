/* The simulated platform: what the manager asks of the world, and how the world's processes behave. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "init/unit/share.h"
#include "sim.h"

struct sim_unit *sim_unit(struct manager_unit *unit)
{
    if (!unit->platform)
        unit->platform = calloc(1, sizeof(struct sim_unit));
    if (!unit->platform)
        abort();
    return unit->platform;
}

void world_schedule(struct world *world, usec_t delay, enum happening_type type, const struct event *event,
                    const char *text)
{
    struct happening *happening = calloc(1, sizeof(*happening));
    struct happening **at = &world->pending;

    if (!happening)
        abort();
    happening->at = world->now + delay;
    happening->type = type;
    if (event)
        happening->event = *event;
    if (text) {
        (void)snprintf(happening->text, sizeof(happening->text), "%s", text);
        happening->event.text = happening->text;
    }
    while (*at && (*at)->at <= happening->at)
        at = &(*at)->next;
    happening->next = *at;
    *at = happening;
}

struct process *world_process(struct world *world, pid_t pid)
{
    for (unsigned i = world->n_processes; i-- > 0;)
        if (world->processes[i].pid == pid)
            return &world->processes[i];
    return NULL;
}

static struct process *process_new(struct world *world, struct manager_unit *unit, enum role role)
{
    struct random *random = &world->random;

    if (world->n_processes == WORLD_PROCESSES_MAX)
        return NULL;
    struct process *process = &world->processes[world->n_processes++];
    *process = (struct process){
        .pid = ++world->last_pid,
        .unit = unit,
        .role = role,
        .alive = true,
        .ignores_term = random_chance(random, 15),
    };
    sim_unit(unit)->n_alive++;
    return process;
}

static void schedule_exit(struct world *world, struct process *process, usec_t delay, int code, int status)
{
    struct event event = {
        .type = EVENT_EXITED, .pid = process->pid, .exit = {.code = code, .status = status}};
    world_schedule(world, delay, HAPPEN_EXIT, &event, NULL);
}

/* Its end comes as an event of its own, and so does the emptiness of its unit. */
void process_exits(struct world *world, const struct event *event)
{
    struct process *process = world_process(world, event->pid);
    if (!process->alive)
        return;
    process->alive = false;
    world_schedule(world, 0, HAPPEN_EVENT, event, NULL);
    if (--sim_unit(process->unit)->n_alive > 0)
        return;
    struct event empty = {.type = EVENT_EMPTY, .unit = process->unit};
    world_schedule(world, random_time(&world->random, 10 * USEC_PER_MSEC), HAPPEN_EVENT, &empty, NULL);
}

static void schedule_notify(struct world *world, struct process *process, usec_t delay, const char *text)
{
    struct event event = {.type = EVENT_NOTIFY,
                          .pid = process->pid,
                          .unit = process->unit,
                          .n_descriptors = strstr(text, "FDSTORE=") ? 1 : 0};
    world_schedule(world, delay, HAPPEN_EVENT, &event, text);
}

static void exit_at_random(struct world *world, struct process *process, usec_t max)
{
    struct random *random = &world->random;
    unsigned fate = random_below(random, 10);

    if (fate < 6)
        schedule_exit(world, process, random_time(random, max), CLD_EXITED, 0);
    else if (fate < 9)
        schedule_exit(world, process, random_time(random, max), CLD_EXITED, (int)random_below(random, 256));
    else
        schedule_exit(world, process, random_time(random, max),
                      random_chance(random, 30) ? CLD_DUMPED : CLD_KILLED, SIGSEGV);
}

static void live_as_daemon(struct world *world, struct process *process)
{
    static const char *const words[] = {"FDSTORE=1\nFDNAME=x",
                                        "FDSTORE=1\nFDPOLL=0",
                                        "FDSTOREREMOVE=1\nFDNAME=x",
                                        "ERRNO=2\nBUSERROR=x",
                                        "READY=1",
                                        "READY=1\nSTATUS=up",
                                        "RELOADING=1",
                                        "STOPPING=1",
                                        "WATCHDOG=1",
                                        "WATCHDOG=trigger",
                                        "MAINPID=1",
                                        "EXTEND_TIMEOUT_USEC=1000000",
                                        "\n=\nREADY"};
    struct random *random = &world->random;
    enum service_type type = process->unit->unit->service->type;

    if (random_chance(random, type == SERVICE_NOTIFY || type == SERVICE_NOTIFY_RELOAD ? 90 : 10))
        schedule_notify(world, process, random_time(random, 10 * USEC_PER_SEC), "READY=1");
    while (random_chance(random, 15))
        schedule_notify(world, process, random_time(random, 100 * USEC_PER_SEC),
                        words[random_below(random, ELEMENTSOF(words))]);
    if (random_chance(random, 60) || type == SERVICE_ONESHOT)
        exit_at_random(world, process, 300 * USEC_PER_SEC);
    if (random_chance(random, 3)) {
        struct event event = {.type = EVENT_OOM_KILL, .unit = process->unit};
        world_schedule(world, random_time(random, 60 * USEC_PER_SEC), HAPPEN_EVENT, &event, NULL);
    }
    if (random_chance(random, 10))
        (void)process_new(world, process->unit, ROLE_LEFTOVER);
}

/* A forking service's parent leaves a daemon behind, and perhaps a file that says which. */
static void live_as_parent(struct world *world, struct process *parent)
{
    struct random *random = &world->random;

    exit_at_random(world, parent, 5 * USEC_PER_SEC);
    if (random_chance(random, 10))
        return;
    struct process *child = process_new(world, parent->unit, ROLE_LEFTOVER);
    if (!child)
        return;
    live_as_daemon(world, child);
    struct sim_unit *sim = sim_unit(parent->unit);
    sim->pid_file = random_chance(random, 90) ? child->pid : 0;
    sim->pid_file_at = world->now + random_time(random, 10 * USEC_PER_SEC);
}

static int op_load(void *platform, const char *name, struct unit **ret)
{
    int r = generate_unit(platform, name, ret);

    if (r >= 0)
        unit_seal(ret); /* as PID 1 does */
    return r;
}

static int op_spawn(void *platform, const struct spawn_request *request, pid_t *ret_pid)
{
    struct world *world = platform;
    struct random *random = &world->random;

    check_spawn(world, request);
    if (world->unreliable && random_chance(random, 2))
        return -EAGAIN;
    struct process *process = process_new(world, request->unit, request->control ? ROLE_CONTROL : ROLE_MAIN);
    if (!process)
        return -EAGAIN;
    *ret_pid = process->pid;
    world_trace(world, "spawn %s %s, pid %d", request->unit->unit->name,
                service_command_to_string(request->kind), process->pid);
    struct event event = {.type = EVENT_EXEC_DONE, .pid = process->pid};
    if (random_chance(random, 4)) {
        event = (struct event){.type = EVENT_EXEC_FAILED,
                               .pid = process->pid,
                               .stage = EXEC_STAGE_EXEC,
                               .error = ENOENT,
                               .object = "/bin/x"};
        world_schedule(world, 0, HAPPEN_EVENT, &event, NULL);
        schedule_exit(world, process, 1, CLD_EXITED, EXEC_STAGE_EXEC);
        return 0;
    }
    /* Killed on the way to its program. */
    if (random_chance(random, 2)) {
        schedule_exit(world, process, random_time(random, USEC_PER_MSEC), CLD_KILLED, SIGKILL);
        return 0;
    }
    world_schedule(world, random_time(random, USEC_PER_MSEC), HAPPEN_EVENT, &event, NULL);
    if (request->kind == COMMAND_START && request->control)
        live_as_parent(world, process);
    else if (request->control && random_chance(random, 95))
        exit_at_random(world, process, 3 * USEC_PER_SEC);
    else if (!request->control)
        live_as_daemon(world, process);
    return 0;
}

static void process_signalled(struct world *world, struct process *process, int signal)
{
    struct random *random = &world->random;
    const struct service *service = process->unit->unit->service;

    if (signal == SIGKILL) {
        process->was_killed = true;
        schedule_exit(world, process, random_time(random, 10 * USEC_PER_MSEC), CLD_KILLED, SIGKILL);
    } else if (signal == SIGHUP && service->type == SERVICE_NOTIFY_RELOAD && random_chance(random, 90)) {
        char text[64];
        (void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
                       (unsigned long long)world->now);
        schedule_notify(world, process, 10, random_chance(random, 95) ? text : "RELOADING=1");
        schedule_notify(world, process, 10 + random_time(random, 5 * USEC_PER_SEC), "READY=1");
    } else if (signal == SIGABRT || (signal == SIGTERM && !process->ignores_term && !process->dying)) {
        process->dying = true;
        bool caught = random_chance(random, 50);
        schedule_exit(world, process, random_time(random, 3 * USEC_PER_SEC), caught ? CLD_EXITED : CLD_KILLED,
                      caught ? 0 : signal);
    }
}

/* Main and control process take signals, without effect, until the manager has heard of their end. */
static bool is_target(const struct process *process, const struct manager_unit *unit, enum kill_who who)
{
    bool is_main = process->pid == unit->main_pid, is_control = process->pid == unit->control_pid;

    if (process->unit != unit)
        return false;
    if (who == KILL_ALL)
        return process->alive || is_main || is_control;
    return who == KILL_MAIN ? is_main : is_control;
}

static int op_kill(void *platform, struct manager_unit *unit, enum kill_who who, int signal)
{
    struct world *world = platform;
    int r = -ESRCH;

    for (unsigned i = 0; i < world->n_processes; i++) {
        struct process *process = &world->processes[i];
        if (!is_target(process, unit, who))
            continue;
        world_trace(world, "signal %d to %s, pid %d", signal, unit->unit->name, process->pid);
        if (process->alive)
            process_signalled(world, process, signal);
        r = 0;
    }
    return r;
}

static bool op_is_populated(void *platform, struct manager_unit *unit)
{
    return sim_unit(unit)->n_alive > 0;
}

static int op_check_condition(void *platform, const struct manager_unit *unit,
                              const struct condition *condition)
{
    struct world *world = platform;
    return random_chance(&world->random, 50);
}

static bool op_owns(void *platform, struct manager_unit *unit, pid_t pid)
{
    struct process *process = world_process(platform, pid);
    return process && process->alive && process->unit == unit;
}

static int op_read_pid_file(void *platform, struct manager_unit *unit, const char *path, pid_t *ret)
{
    struct world *world = platform;
    struct sim_unit *sim = sim_unit(unit);
    struct process *process = sim->pid_file > 0 ? world_process(world, sim->pid_file) : NULL;

    if (!process || !process->alive || sim->pid_file_at > world->now)
        return -ENOENT;
    *ret = sim->pid_file;
    return 0;
}

static int op_realize(void *platform, struct manager_unit *unit)
{
    struct world *world = platform;

    check_start(world, unit);
    return world->unreliable && random_chance(&world->random, 1) ? -ENOSPC : 0;
}

static void op_release(void *platform, struct manager_unit *unit)
{
    sim_unit(unit)->pid_file = 0;
}

static unsigned op_store_descriptors(void *platform, struct manager_unit *unit, const char *name,
                                     unsigned room, bool poll)
{
    struct world *world = platform;

    if (room == 0 || (world->unreliable && random_chance(&world->random, 10)))
        return 0;
    sim_unit(unit)->n_stored++;
    if (poll && random_chance(&world->random, 20)) {
        struct event event = {.type = EVENT_DESCRIPTOR_GONE, .unit = unit};
        world_schedule(world, random_time(&world->random, 60 * USEC_PER_SEC), HAPPEN_HANG_UP, &event, NULL);
    }
    return 1;
}

static unsigned op_drop_descriptors(void *platform, struct manager_unit *unit, const char *name)
{
    struct world *world = platform;
    struct sim_unit *sim = sim_unit(unit);
    unsigned n = name && sim->n_stored > 0 ? random_below(&world->random, sim->n_stored + 1) : sim->n_stored;

    sim->n_stored -= n;
    return n;
}

/* The only daemon that is left. */
static pid_t op_guess_main_pid(void *platform, struct manager_unit *unit)
{
    struct world *world = platform;
    pid_t found = 0;

    for (unsigned i = 0; i < world->n_processes; i++) {
        const struct process *process = &world->processes[i];
        if (process->unit != unit || !process->alive)
            continue;
        if (found != 0)
            return 0;
        found = process->pid;
    }
    return found;
}

static void op_jobs_done(void *platform)
{
    struct world *world = platform;
    if (world->manager->n_jobs != 0)
        world_violation(world, "it is told that there are no jobs, and there are");
}

/* daemon-reload forgets units that are gone: nothing may come to them any more. */
static void op_forget(void *platform, struct manager_unit *unit)
{
    struct world *world = platform;

    if (!unit->platform)
        return; /* it lives on in another manager, or nothing has ever come to it */
    for (struct happening **next = &world->pending; *next;) {
        struct happening *happening = *next;
        if (happening->event.unit != unit) {
            next = &happening->next;
            continue;
        }
        *next = happening->next;
        free(happening);
    }
    FOREACH_ARRAY (process, world->processes, world->n_processes)
        if (process->unit == unit)
            process->unit = NULL;
    free(unit->platform);
}

static void op_state_changed(void *platform, struct manager_unit *unit, enum service_state old)
{
    struct world *world = platform;

    world_trace(world, "%s: %s -> %s, result %s", unit->unit->name, service_state_to_string(old),
                service_state_to_string(unit->state), service_result_to_string(unit->result));
    check_state_change(world, unit, old);
}

static void op_job_finished(void *platform, const struct job_report *report)
{
    check_job_finished(platform, report);
    world_trace(platform, "job %u %s %s: %s", report->id, job_type_to_string(report->type), report->unit,
                job_result_to_string(report->result));
}

static void op_message(void *platform, const struct manager_unit *unit, bool warning, const char *text)
{
    world_trace(platform, "message: %s", text);
}

const struct platform_ops sim_platform_ops = {
    .load = op_load,
    .spawn = op_spawn,
    .kill = op_kill,
    .is_populated = op_is_populated,
    .check_condition = op_check_condition,
    .owns = op_owns,
    .read_pid_file = op_read_pid_file,
    .realize = op_realize,
    .release = op_release,
    .store_descriptors = op_store_descriptors,
    .drop_descriptors = op_drop_descriptors,
    .guess_main_pid = op_guess_main_pid,
    .jobs_done = op_jobs_done,
    .forget = op_forget,
    .state_changed = op_state_changed,
    .job_finished = op_job_finished,
    .message = op_message,
};
