/* The life of a service, step by step: each function enters a state, or the next one when there is nothing to
 * do in it. What happens in a state is in service-events.c. Specification: systemd.service(5). */
#include "init/manager/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define PID_FILE_INTERVAL_MIN (5 * USEC_PER_MSEC)
#define PID_FILE_INTERVAL_MAX (500 * USEC_PER_MSEC)

void service_set_main_pid(struct node *node, pid_t pid)
{
    pid_table_remove(&node->manager->pids, &node->main_link);
    node->u.main_pid = pid;
    if (pid > 0)
        pid_table_add(&node->manager->pids, &node->main_link, pid);
}

void service_set_control_pid(struct node *node, pid_t pid)
{
    pid_table_remove(&node->manager->pids, &node->control_link);
    node->u.control_pid = pid;
    if (pid > 0)
        pid_table_add(&node->manager->pids, &node->control_link, pid);
}

/* The first thing that went wrong is the result. */
void service_add_result(struct node *node, enum service_result result)
{
    if (node->u.result == RESULT_SUCCESS)
        node->u.result = result;
}

/* --- states --- */

static bool state_is_watched(enum service_state state)
{
    return state == SERVICE_START_POST || state == SERVICE_RUNNING || state == SERVICE_RELOAD;
}

/* A deadline never lies in the past, nor in the instant that made it: one event ends after finite work. */
static void arm(struct node *node, struct deadline *deadline, usec_t timeout)
{
    deadline_arm(&node->manager->deadlines, deadline, usec_add(node->manager->now, MAX(timeout, (usec_t)1)));
}

void service_arm_timer(struct node *node, usec_t timeout)
{
    arm(node, &node->timer, timeout);
}

void service_set_state(struct node *node, enum service_state state, usec_t timeout)
{
    struct deadline_heap *deadlines = &node->manager->deadlines;

    if (state != SERVICE_START && state != SERVICE_START_POST)
        deadline_disarm(deadlines, &node->pid_file);
    if (!state_is_watched(state))
        deadline_disarm(deadlines, &node->watchdog);
    service_arm_timer(node, timeout);
    unit_set_state(node, state);
}

void service_restart_watchdog(struct node *node)
{
    arm(node, &node->watchdog, node->watchdog_usec == 0 ? USEC_INFINITY : node->watchdog_usec);
}

static int run_control(struct node *node, const struct exec_command *command, enum service_command kind)
{
    pid_t pid;

    node->control_command = command;
    node->u.control_command = kind;
    int r = service_spawn(node, command, kind, true, &pid);
    if (r < 0)
        return r;
    service_set_control_pid(node, pid);
    return 0;
}

static int run_main(struct node *node, const struct exec_command *command)
{
    pid_t pid;

    node->main_command = command;
    int r = service_spawn(node, command, COMMAND_START, false, &pid);
    if (r < 0)
        return r;
    node->u.main_exit = (struct process_exit){0};
    service_set_main_pid(node, pid);
    return 0;
}

/* Enters a state whose work is a list of commands: 1 when its first one runs, 0 when there is none. */
static int enter_phase(struct node *node, enum service_state state, enum service_command kind, usec_t timeout)
{
    const struct exec_command *command = node->u.unit->commands->of[kind];
    if (!command)
        return 0;
    int r = run_control(node, command, kind);
    if (r < 0)
        return r;
    service_set_state(node, state, timeout);
    return 1;
}

bool service_run_next_control(struct node *node)
{
    const struct exec_command *next = node->control_command ? node->control_command->next : NULL;

    if (next && run_control(node, next, node->u.control_command) >= 0) {
        /* Each command has the whole time-out, as in systemd. */
        bool starting = node->u.active == UNIT_ACTIVATING || node->u.state == SERVICE_RELOAD;
        arm(node, &node->timer, starting ? service_start_timeout(node) : service_stop_timeout(node));
        return true;
    }
    if (next)
        service_add_result(node, RESULT_RESOURCES);
    node->control_command = NULL;
    node->u.control_command = SERVICE_COMMAND_MAX;
    return false;
}

bool service_run_next_main(struct node *node)
{
    const struct exec_command *next = node->main_command ? node->main_command->next : NULL;

    if (next && run_main(node, next) >= 0) {
        arm(node, &node->timer, service_start_timeout(node));
        return true;
    }
    if (next)
        service_add_result(node, RESULT_RESOURCES);
    node->main_command = NULL;
    return false;
}

/* --- starting --- */

static void enter_condition(struct node *node)
{
    int r = enter_phase(node, SERVICE_CONDITION, COMMAND_CONDITION, service_start_timeout(node));
    if (r < 0)
        service_enter_dead(node, RESULT_RESOURCES, true);
    else if (r == 0)
        service_enter_start_pre(node);
}

void service_enter_start_pre(struct node *node)
{
    int r = enter_phase(node, SERVICE_START_PRE, COMMAND_START_PRE, service_start_timeout(node));
    if (r < 0)
        service_enter_dead(node, RESULT_RESOURCES, true);
    else if (r == 0)
        service_enter_start(node);
}

static void enter_start_forking(struct node *node, const struct exec_command *command)
{
    if (run_control(node, command, COMMAND_START) < 0)
        service_enter_signal(node, SERVICE_STOP_SIGTERM, RESULT_RESOURCES);
    else
        service_set_state(node, SERVICE_START, service_start_timeout(node));
}

void service_enter_start(struct node *node)
{
    const struct service *service = node->u.unit->service;
    const struct exec_command *command = node->u.unit->commands->of[COMMAND_START];
    bool at_once =
        service->type == SERVICE_SIMPLE || service->type == SERVICE_IDLE || service->type == SERVICE_DBUS;

    if (command && service->type == SERVICE_FORKING) {
        enter_start_forking(node, command);
        return;
    }
    node->main_pid_known = true;
    if (!command) {
        /* Else it would never have been anything but dead, and its end would have no effect. */
        service_set_state(node, SERVICE_START, service_start_timeout(node));
        service_enter_start_post(node);
        return;
    }
    if (run_main(node, command) < 0) {
        service_enter_signal(node, SERVICE_STOP_SIGTERM, RESULT_RESOURCES);
        return;
    }
    if (at_once)
        service_enter_start_post(node);
    else
        service_set_state(node, SERVICE_START, service_start_timeout(node));
}

void service_enter_start_post(struct node *node)
{
    int r = enter_phase(node, SERVICE_START_POST, COMMAND_START_POST, service_start_timeout(node));
    if (r < 0)
        service_enter_signal(node, SERVICE_STOP_SIGTERM, RESULT_RESOURCES);
    else if (r == 0)
        service_enter_running(node, RESULT_SUCCESS);
    if (state_is_watched(node->u.state))
        service_restart_watchdog(node);
}

/* Whether there is something that runs: the main process, or anything when nobody knows the main process, or
 * its end is not the service's. */
static bool is_alive(struct node *node)
{
    if (node->u.main_pid > 0)
        return true;
    return (!node->main_pid_known || node->u.unit->service->exit_type == EXIT_TYPE_CGROUP) &&
           node->manager->ops->is_populated(node->manager->platform, &node->u);
}

static void set_running(struct node *node)
{
    /* The time counts from when it came up, which the change of state notes. */
    if (!unit_is_up(node)) {
        node->u.active_enter = 0;
        service_choose_runtime_extra(node);
    }
    service_set_state(node, SERVICE_RUNNING, service_runtime_left(node));
    if (node->notify_state == NOTIFY_STOPPING)
        service_dispatch(node, SERVICE_NOTIFIED_STOPPING, RESULT_SUCCESS);
    else if (node->notify_state == NOTIFY_RELOADING)
        service_dispatch(node, SERVICE_NOTIFIED_RELOADING, RESULT_SUCCESS);
}

void service_enter_running(struct node *node, enum service_result result)
{
    service_add_result(node, result);
    if (is_alive(node))
        set_running(node);
    else if (node->u.result != RESULT_SUCCESS)
        service_enter_signal(node, SERVICE_STOP_SIGTERM, node->u.result);
    else if (node->u.unit->service->remain_after_exit)
        service_set_state(node, SERVICE_EXITED, USEC_INFINITY);
    else
        service_enter_stop(node, RESULT_SUCCESS);
}

/* --- stopping --- */

void service_enter_stop(struct node *node, enum service_result result)
{
    service_add_result(node, result);
    int r = enter_phase(node, SERVICE_STOP, COMMAND_STOP, service_stop_timeout(node));
    if (r <= 0)
        service_enter_signal(node, SERVICE_STOP_SIGTERM, r < 0 ? RESULT_RESOURCES : RESULT_SUCCESS);
}

void service_enter_stop_post(struct node *node, enum service_result result)
{
    service_add_result(node, result);
    int r = enter_phase(node, SERVICE_STOP_POST, COMMAND_STOP_POST, service_stop_timeout(node));
    if (r <= 0)
        service_enter_signal(node, SERVICE_FINAL_SIGTERM, r < 0 ? RESULT_RESOURCES : RESULT_SUCCESS);
}

static usec_t signal_timeout(const struct node *node, enum service_state state)
{
    bool abort = state == SERVICE_STOP_WATCHDOG || state == SERVICE_FINAL_WATCHDOG;
    return abort ? service_abort_timeout(node) : service_stop_timeout(node);
}

/* Where a state of signalling leads when there is nobody to signal. */
static void skip_signal(struct node *node, enum service_state state)
{
    bool kill = node->u.unit->kill->send_sigkill;

    bool final = state == SERVICE_FINAL_SIGTERM || state == SERVICE_FINAL_WATCHDOG;

    if (state == SERVICE_FINAL_SIGKILL || (final && !kill))
        service_enter_dead(node, RESULT_SUCCESS, true);
    else if (final)
        service_enter_signal(node, SERVICE_FINAL_SIGKILL, RESULT_SUCCESS);
    else if (state == SERVICE_STOP_SIGKILL || !kill)
        service_enter_stop_post(node, RESULT_SUCCESS);
    else
        service_enter_signal(node, SERVICE_STOP_SIGKILL, RESULT_SUCCESS);
}

void service_enter_signal(struct node *node, enum service_state state, enum service_result result)
{
    service_add_result(node, result);
    if (service_signal(node, state))
        service_set_state(node, state, signal_timeout(node, state));
    else
        skip_signal(node, state);
}

static bool restart_wanted(const struct node *node)
{
    const struct service *service = node->u.unit->service;
    const struct process_exit *how = &node->u.main_exit;
    enum service_result result = node->u.result;
    bool failed = result != RESULT_SUCCESS && result != RESULT_EXEC_CONDITION;

    if (how->code != 0 && exit_status_set_has(&service->restart_prevent_status, how->code, how->status))
        return false;
    if (how->code != 0 && exit_status_set_has(&service->restart_force_status, how->code, how->status))
        return true;
    switch (service->restart) {
    case RESTART_ALWAYS:
        return result != RESULT_EXEC_CONDITION;
    case RESTART_ON_SUCCESS:
        return result == RESULT_SUCCESS;
    case RESTART_ON_FAILURE:
        return failed;
    case RESTART_ON_ABNORMAL:
        return failed && result != RESULT_EXIT_CODE;
    case RESTART_ON_WATCHDOG:
        return result == RESULT_WATCHDOG;
    case RESTART_ON_ABORT:
        return result == RESULT_SIGNAL || result == RESULT_CORE_DUMP;
    default:
        return false;
    }
}

bool service_is_restarted(const struct node *node)
{
    bool stop_pending = node->job.id != 0 && node->job.type == JOB_STOP;

    return !node->forbid_restart && !stop_pending && !node->manager->shutting_down && restart_wanted(node);
}

static void forget_processes(struct node *node)
{
    service_set_main_pid(node, 0);
    service_set_control_pid(node, 0);
    node->main_command = node->control_command = NULL;
    node->u.control_command = SERVICE_COMMAND_MAX;
    node->notify_state = NOTIFY_UNKNOWN;
}

void service_enter_dead(struct node *node, enum service_result result, bool allow_restart)
{
    service_add_result(node, result);
    bool good = node->u.result == RESULT_SUCCESS || node->u.result == RESULT_EXEC_CONDITION;
    /* A restart by hand starts it again by itself. */
    bool restarting = node->job.id != 0 && node->job.type == JOB_RESTART;

    forget_processes(node);
    node->will_restart = allow_restart && !restarting && service_is_restarted(node);
    node->u.comes_back = node->will_restart || restarting;
    /* Nobody hears of an end that a direct restart makes good. */
    if (!node->will_restart || node->u.unit->service->restart_mode == RESTART_MODE_NORMAL)
        service_set_state(node, good ? SERVICE_DEAD : SERVICE_FAILED, USEC_INFINITY);
    service_release_store(node, PRESERVE_NO);
    node->manager->ops->release(node->manager->platform, &node->u);
    if (node->will_restart) {
        node->will_restart = node->restart_due = false;
        service_set_state(node, SERVICE_AUTO_RESTART, service_restart_delay(node));
    } else {
        /* The counter can still be looked at until the next start. */
        node->flush_restarts = true;
    }
    node->forbid_restart = false;
}

/* --- what only few have to tell --- */

struct unit_report *unit_report_get(struct manager_unit *unit)
{
    if (unit->report)
        return unit->report;
    unit->report = malloc(sizeof(*unit->report));
    if (unit->report)
        *unit->report = (struct unit_report){.exec_stage = EXEC_STAGE_NONE, .notified_exit = -1};
    return unit->report;
}

void unit_report_forget(struct manager_unit *unit)
{
    struct unit_report *report = TAKE_PTR(unit->report);

    if (!report)
        return;
    free(report->exec_object);
    free(report->status_text);
    free(report->bus_error);
    free(report);
}

/* --- requests --- */

static void reset_for_start(struct node *node)
{
    struct manager_unit *unit = &node->u;

    unit->result = RESULT_SUCCESS;
    unit->main_exit = unit->control_exit = (struct process_exit){0};
    unit_report_forget(unit);
    unit->invocation = ++node->manager->last_invocation;
    if (node->flush_restarts)
        unit->n_restarts = 0;
    node->flush_restarts = false;
    node->forbid_restart = false;
    node->main_pid_known = false;
    node->notify_state = NOTIFY_UNKNOWN;
    node->reload_result = RESULT_SUCCESS;
    node->pid_file_interval = 0;
    node->watchdog_usec = unit->unit->service->watchdog == USEC_INFINITY ? 0 : unit->unit->service->watchdog;
}

/* StartLimitBurst=; what would be one start too many is a failure. */
static bool may_start(struct node *node)
{
    unsigned burst = service_start_limit_burst(node);

    if (ratelimit_allows(&node->start_limit, node->manager->now, service_start_limit_interval(node), burst))
        return true;
    manager_log(node, true, "%s: started too often (StartLimitBurst=%u), not started any more",
                node->u.unit->name, burst);
    node->effects |= EFFECT_START_LIMIT;
    queue_push(node, QUEUE_EFFECTS);
    /* What it failed of before, and how it ended, still tells more. */
    service_enter_dead(node, RESULT_START_LIMIT_HIT, false);
    return false;
}

int service_start(struct node *node)
{
    const struct unit *unit = node->u.unit;
    struct manager *manager = node->manager;

    bool direct = node->u.state == SERVICE_AUTO_RESTART && node->restart_due;

    if ((node->u.state == SERVICE_AUTO_RESTART && !direct) || node->u.active == UNIT_DEACTIVATING)
        return -EAGAIN;
    if (node->u.active == UNIT_ACTIVATING && !direct)
        return 0;
    node->restart_due = false;
    if (!may_start(node))
        return -ECANCELED;
    reset_for_start(node);
    int r = manager->ops->realize(manager->platform, &node->u);
    if (r < 0) {
        manager_log(node, true, "%s: its cgroup or its directories cannot be made: %s", unit->name,
                    strerror(-r));
        service_enter_dead(node, RESULT_RESOURCES, true);
        return r;
    }
    enter_condition(node);
    return 0;
}

int service_stop(struct node *node)
{
    node->forbid_restart = true;
    service_dispatch(node, SERVICE_STOP_REQUESTED, RESULT_SUCCESS);
    return 0;
}

static int signal_reload(struct node *node)
{
    struct manager *manager = node->manager;

    node->reload_begin = 0;
    if (node->u.unit->service->type != SERVICE_NOTIFY_RELOAD)
        return 0;
    int r = manager->ops->kill(manager->platform, &node->u, KILL_MAIN, node->u.unit->service->reload_signal);
    if (r < 0)
        return r;
    /* A stopped process could not act on it. */
    (void)manager->ops->kill(manager->platform, &node->u, KILL_MAIN, SIGCONT);
    node->reload_begin = manager->now;
    return 0;
}

int service_reload(struct node *node)
{
    const struct exec_command *command = node->u.unit->commands->of[COMMAND_RELOAD];

    node->reload_result = RESULT_SUCCESS;
    node->notify_state = NOTIFY_UNKNOWN;
    int r = signal_reload(node);
    if (r >= 0 && command)
        r = run_control(node, command, COMMAND_RELOAD);
    if (r < 0) {
        node->control_command = NULL;
        node->u.control_command = SERVICE_COMMAND_MAX;
        return r;
    }
    service_set_state(node, SERVICE_RELOAD, service_start_timeout(node));
    return 0;
}

/* --- the PID file of a forking service --- */

int service_read_pid_file(struct node *node)
{
    struct manager *manager = node->manager;
    pid_t pid;

    if (!node->u.unit->service->pid_file)
        return -ENOENT;
    int r = manager->ops->read_pid_file(manager->platform, &node->u, node->u.unit->service->pid_file, &pid);
    if (r < 0)
        return r;
    /* What it says is not believed about other units' processes, nor about PID 1. */
    struct pid_link *link = pid_table_find(&manager->pids, pid);
    if (pid <= 1 || (link && link != &node->main_link))
        return -EPERM;
    service_set_main_pid(node, pid);
    node->main_pid_known = true;
    return 0;
}

void service_guess_main_pid(struct node *node)
{
    struct manager *manager = node->manager;
    const struct service *service = node->u.unit->service;

    if (node->main_pid_known || service->pid_file || !service->guess_main_pid)
        return;
    pid_t pid = manager->ops->guess_main_pid(manager->platform, &node->u);
    if (pid <= 1 || pid_table_find(&manager->pids, pid))
        return;
    service_set_main_pid(node, pid);
    node->main_pid_known = true;
}

/* The file may come late: it is looked for again at growing intervals, within the time-out of the start. */
void service_await_pid_file(struct node *node)
{
    usec_t interval = MAX(node->pid_file_interval * 2, PID_FILE_INTERVAL_MIN);

    node->pid_file_interval = MIN(interval, PID_FILE_INTERVAL_MAX);
    arm(node, &node->pid_file, node->pid_file_interval);
}

static const struct exec_command *find_same_command(const struct exec_command *old,
                                                    const struct exec_command *list)
{
    for (; old && list; list = list->next) {
        size_t n = strv_length(old->argv);
        if (!streq(old->path, list->path) || n != strv_length(list->argv))
            continue;
        size_t i = 0;
        while (i < n && streq(old->argv[i], list->argv[i]))
            i++;
        if (i == n)
            return list;
    }
    return NULL;
}

void service_remap_commands(struct node *node, const struct unit *old, const struct unit *new)
{
    enum service_command kind = node->u.control_command;

    node->main_command = find_same_command(node->main_command, new->commands->of[COMMAND_START]);
    node->control_command = kind == SERVICE_COMMAND_MAX
                                ? NULL
                                : find_same_command(node->control_command, new->commands->of[kind]);
}
