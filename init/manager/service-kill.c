/* Processes of a service: starting one with what the manager knows, and signalling them: systemd.kill(5). */
#include "init/manager/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/signals.h"
#include "common/text.h"

#define VARIABLE_MAX  320 /* "MONITOR_UNIT=" and the longest name */
#define VARIABLES_MAX 10

/* The environment of one process, on the stack. */
struct variables {
    char text[VARIABLES_MAX][VARIABLE_MAX];
    char *list[VARIABLES_MAX + 1];
    size_t n;
};

static void _printf_(2, 3) add_variable(struct variables *variables, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(variables->text[variables->n], VARIABLE_MAX, format, ap);
    va_end(ap);
    variables->list[variables->n] = variables->text[variables->n];
    variables->n++;
}

static const char *const exit_code_names[] = {
    [CLD_EXITED] = "exited",
    [CLD_KILLED] = "killed",
    [CLD_DUMPED] = "dumped",
};

/* systemd.exec(5): $SERVICE_RESULT, $EXIT_CODE, $EXIT_STATUS; with "MONITOR_" in front, those of another
 * unit. */
static void add_result_variables(struct variables *variables, const char *prefix,
                                 const struct manager_unit *unit)
{
    const struct process_exit *how = &unit->main_exit;

    add_variable(variables, "%sSERVICE_RESULT=%s", prefix, service_result_to_string(unit->result));
    if (how->code <= 0 || (size_t)how->code >= ELEMENTSOF(exit_code_names) || !exit_code_names[how->code])
        return;
    add_variable(variables, "%sEXIT_CODE=%s", prefix, exit_code_names[how->code]);
    const char *name = how->code == CLD_EXITED ? NULL : signal_to_string(how->status);
    if (name)
        add_variable(variables, "%sEXIT_STATUS=%s", prefix, startswith(name, "SIG") ? name + 3 : name);
    else
        add_variable(variables, "%sEXIT_STATUS=%i", prefix, how->status);
}

/* The unit that starts this one with OnFailure= or OnSuccess=; with several nobody knows which it was. */
static const struct manager_unit *monitored_unit(const struct node *node)
{
    const struct manager_unit *found = NULL;

    FOREACH_NEIGHBOUR(edge, node, KIND(UNIT_ON_FAILURE_OF) | KIND(UNIT_ON_SUCCESS_OF))
    {
        if (found || edge->to->u.unit->type != UNIT_SERVICE)
            return NULL;
        found = &edge->to->u;
    }
    return found && found->invocation != 0 ? found : NULL;
}

static void add_monitor_variables(struct variables *variables, const struct manager_unit *monitored)
{
    add_result_variables(variables, "MONITOR_", monitored);
    add_variable(variables, "MONITOR_UNIT=%s", monitored->unit->name);
}

/* The platform puts the process's own pid in place of that one: sd_watchdog_enabled(3). */
static void add_watchdog_variables(struct variables *variables, usec_t watchdog)
{
    add_variable(variables, "WATCHDOG_USEC=%llu", (unsigned long long)watchdog);
    add_variable(variables, "WATCHDOG_PID=" SPAWN_OWN_PID);
}

int service_spawn(struct node *node, const struct exec_command *command, enum service_command kind,
                  bool control, pid_t *ret)
{
    struct manager *manager = node->manager;
    struct variables variables = {0};

    if (control && node->u.main_pid > 0)
        add_variable(&variables, "MAINPID=%i", (int)node->u.main_pid);
    if (kind == COMMAND_STOP || kind == COMMAND_STOP_POST)
        add_result_variables(&variables, "", &node->u);
    if (!control && node->watchdog_usec != 0)
        add_watchdog_variables(&variables, node->watchdog_usec);
    if (kind == COMMAND_START && node->u.unit->service->fd_store_max > 0)
        add_variable(&variables, "FDSTORE=%u", node->u.unit->service->fd_store_max);
    const struct manager_unit *monitored =
        kind == COMMAND_START_PRE || kind == COMMAND_START ? monitored_unit(node) : NULL;
    if (monitored)
        add_monitor_variables(&variables, monitored);
    struct spawn_request request = {
        .monitored = monitored,
        .idle = !control && node->u.unit->service->type == SERVICE_IDLE && manager->n_jobs > 0,
        .unit = &node->u,
        .command = command,
        .kind = kind,
        .control = control,
        .environment = variables.list,
    };
    int r = manager->ops->spawn(manager->platform, &request, ret);
    if (r < 0)
        manager_log(node, true, "%s: no process can be made for %s=%s: %s", node->u.unit->name,
                    service_command_to_string(kind), command->path, strerror(-r));
    return r;
}

static int signal_of_state(const struct node *node, enum service_state state)
{
    const struct kill_context *kill = node->u.unit->kill;
    bool restarting = node->job.id != 0 && node->job.type == JOB_RESTART;

    switch (state) {
    case SERVICE_STOP_WATCHDOG:
    case SERVICE_FINAL_WATCHDOG:
        return kill->watchdog_signal;
    case SERVICE_STOP_SIGKILL:
    case SERVICE_FINAL_SIGKILL:
        return kill->final_signal != 0 ? kill->final_signal : SIGKILL;
    default:
        return restarting && kill->restart_signal != 0 ? kill->restart_signal : kill->signal;
    }
}

static bool signal_is_last(enum service_state state)
{
    return state == SERVICE_STOP_SIGKILL || state == SERVICE_FINAL_SIGKILL;
}

/* -ESRCH is nobody; any other error is told, and waited on as if there were somebody. */
static bool send_signal(struct node *node, enum kill_who who, int signal)
{
    struct manager *manager = node->manager;
    int r = manager->ops->kill(manager->platform, &node->u, who, signal);

    if (r == -ESRCH)
        return false;
    if (r < 0)
        manager_log(node, true, "%s: its processes cannot be signalled: %s", node->u.unit->name,
                    strerror(-r));
    return true;
}

static bool send_signals(struct node *node, enum kill_who who, int signal, bool last)
{
    if (!send_signal(node, who, signal))
        return false;
    if (last || signal == SIGKILL)
        return true;
    /* A stopped process could not act on it. */
    if (signal != SIGCONT)
        (void)send_signal(node, who, SIGCONT);
    if (node->u.unit->kill->send_sighup)
        (void)send_signal(node, who, SIGHUP);
    return true;
}

bool service_signal(struct node *node, enum service_state state)
{
    enum kill_mode mode = node->u.unit->kill->mode;
    int signal = signal_of_state(node, state);
    bool last = signal_is_last(state), somebody = false;

    if (mode == KILL_NONE)
        return false;
    if (mode == KILL_CONTROL_GROUP || (mode == KILL_MIXED && last))
        return send_signals(node, KILL_ALL, signal, last);
    if (node->u.main_pid > 0)
        somebody = send_signals(node, KILL_MAIN, signal, last);
    if (node->u.control_pid > 0)
        somebody = send_signals(node, KILL_CONTROL, signal, last) || somebody;
    return somebody;
}

bool service_has_survivors(struct node *node)
{
    enum kill_mode mode = node->u.unit->kill->mode;

    if (node->u.main_pid > 0 || node->u.control_pid > 0)
        return true;
    return (mode == KILL_CONTROL_GROUP || mode == KILL_MIXED) &&
           node->manager->ops->is_populated(node->manager->platform, &node->u);
}

void service_kill_now(struct node *node)
{
    node->forbid_restart = true;
    if (node->u.state == SERVICE_AUTO_RESTART || node->u.state == SERVICE_EXITED ||
        !send_signal(node, KILL_ALL, SIGKILL))
        service_enter_dead(node, RESULT_SUCCESS, false);
    else
        service_set_state(node, SERVICE_FINAL_SIGKILL, service_stop_timeout(node));
}
