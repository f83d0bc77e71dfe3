/* What a PID 1 hands over may be of another version, or garbage: whatever is read, the manager that comes of
 * it lives on, its deadlines fall due, and it can be stopped and handed over again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "init/manager/handover.h"
#include "init/manager/manager.h"
#include "init/unit/load.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 400
#define NOW       (1000 * USEC_PER_SEC)

static const char service[] = "[Unit]\nWants=other.service\nAfter=other.service\nDefaultDependencies=no\n"
                              "[Service]\nType=forking\nPIDFile=/run/x\nRestart=always\nWatchdogSec=5\n"
                              "ExecCondition=/bin/a\nExecStartPre=/bin/b\nExecStartPre=/bin/c\n"
                              "ExecStart=/bin/d\nExecStartPost=/bin/e\nExecReload=/bin/f\n"
                              "ExecStop=/bin/g\nExecStopPost=/bin/h\n";

struct world {
    pid_t last_pid;
};

static const struct unit_loader loader = {.host = {.hostname = "host.example"}};

static int op_load(void *platform, const char *name, struct unit **ret)
{
    bool is_service = endswith(name, ".service");

    if (is_service && name[0] != 'n')
        return unit_load_text(&loader, name, "/etc/systemd/system/x", service, sizeof(service) - 1, ret);
    *ret = unit_new(name);
    if (*ret && name[0] == 'n')
        (*ret)->load_state = UNIT_NOT_FOUND;
    return *ret ? 0 : -1;
}

static int op_spawn(void *platform, const struct spawn_request *request, pid_t *ret_pid)
{
    struct world *world = platform;

    if (!request->command || !request->command->path)
        abort();
    *ret_pid = ++world->last_pid;
    return 0;
}

static int op_kill(void *platform, struct manager_unit *unit, enum kill_who who, int signal)
{
    return unit->main_pid || unit->control_pid ? 0 : -3;
}

static bool op_is_populated(void *platform, struct manager_unit *unit)
{
    return unit->main_pid || unit->control_pid;
}

static int op_check_condition(void *platform, const struct manager_unit *unit,
                              const struct condition *condition)
{
    return 1;
}

static bool op_owns(void *platform, struct manager_unit *unit, pid_t pid)
{
    return true;
}

static int op_read_pid_file(void *platform, struct manager_unit *unit, const char *path, pid_t *ret)
{
    return -2;
}

static pid_t op_guess_main_pid(void *platform, struct manager_unit *unit)
{
    return 0;
}

static int op_realize(void *platform, struct manager_unit *unit)
{
    return 0;
}

static void op_unit(void *platform, struct manager_unit *unit)
{
}

static unsigned op_store(void *platform, struct manager_unit *unit, const char *name, unsigned room,
                         bool poll)
{
    return 0;
}

static unsigned op_drop(void *platform, struct manager_unit *unit, const char *name)
{
    return unit->n_stored;
}

static void op_jobs_done(void *platform)
{
}

static void op_state_changed(void *platform, struct manager_unit *unit, enum service_state old)
{
    if (!manager_unit_sub_state(unit))
        abort();
}

static void op_job_finished(void *platform, const struct job_report *report)
{
    if (!job_result_to_string(report->result))
        abort();
}

static void op_message(void *platform, const struct manager_unit *unit, bool warning, const char *text)
{
}

static const struct platform_ops ops = {
    .load = op_load,
    .spawn = op_spawn,
    .kill = op_kill,
    .is_populated = op_is_populated,
    .check_condition = op_check_condition,
    .owns = op_owns,
    .read_pid_file = op_read_pid_file,
    .guess_main_pid = op_guess_main_pid,
    .realize = op_realize,
    .release = op_unit,
    .store_descriptors = op_store,
    .drop_descriptors = op_drop,
    .forget = op_unit,
    .jobs_done = op_jobs_done,
    .state_changed = op_state_changed,
    .job_finished = op_job_finished,
    .message = op_message,
};

/* Every process ends as soon as it is known, every deadline comes. */
static bool step(struct manager *manager, usec_t *now)
{
    struct event event = {.type = EVENT_TIME};
    usec_t next = manager_next_deadline(manager);
    struct manager_unit *unit;

    for (size_t cursor = 0; (unit = manager_next_unit(manager, &cursor));) {
        pid_t pid = unit->control_pid ? unit->control_pid : unit->main_pid;
        if (pid == 0 || pid % 3 == 0)
            continue;
        event = (struct event){.type = EVENT_EXITED, .pid = pid, .exit = {.code = 1, .status = pid % 2}};
        next = *now;
        break;
    }
    if (next == USEC_INFINITY)
        return false;
    event.now = *now = MAX(*now, next);
    manager_event(manager, &event);
    return true;
}

static void live_on(struct manager *manager)
{
    struct handover again;
    usec_t now = NOW;

    manager_event(manager, &(struct event){.type = EVENT_TIME, .now = now});
    for (unsigned i = 0; i < STEPS_MAX / 4 && step(manager, &now); i++)
        ;
    handover_begin(&again);
    if (!manager_is_shutting_down(manager) &&
        (manager_serialize(manager, &again) < 0 || handover_end(&again) < 0))
        abort();
    handover_done(&again);
    manager_shutdown(manager, now, SHUTDOWN_EXIT, 0);
    manager_shutdown_now(manager, now, SHUTDOWN_EXIT, 0);
    for (unsigned i = 0; i < STEPS_MAX && !manager_finished(manager, NULL); i++)
        if (!step(manager, &now))
            abort(); /* it would never end */
    if (!manager_finished(manager, NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = {.last_pid = 1000000};
    const struct manager_config config = {
        .default_timeout_start = USEC_PER_SEC,
        .default_timeout_stop = USEC_PER_SEC,
        .default_timeout_abort = TIMEOUT_ABORT_AS_STOP,
        .default_restart = USEC_PER_SEC,
        .stop_timeout = USEC_PER_SEC,
    };
    _cleanup_free_ char *text = malloc(size + 1);
    struct handover_reader reader;
    struct manager_unit *unit;
    struct manager *manager;

    if (!text || manager_new(&ops, &world, &config, &manager) < 0)
        abort();
    memcpy(text, data, size);
    (void)handover_read(&reader, text, size);
    if (manager_deserialize(manager, NOW, &reader) < 0 ||
        manager_load_unit(manager, "basic.target", &unit) < 0)
        abort();
    live_on(manager);
    handover_reader_done(&reader);
    manager_free(manager);
    return 0;
}
