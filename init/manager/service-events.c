/* What happens to a service, as a table of state x event: systemd.service(5). Events that a state has no
 * action for are ignored in it. */
#include "init/manager/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define RESTART_AGAIN USEC_PER_SEC

typedef void (*service_action)(struct node *node, enum service_result result);

/* --- starting --- */

static void start_failed(struct node *node, enum service_result result)
{
    service_enter_signal(node, SERVICE_STOP_SIGTERM, result);
}

/* Ends what takes too long, the way that its Timeout…FailureMode= says. */
static void end_late_service(struct node *node, enum timeout_failure_mode mode)
{
    bool kill = node->u.unit->kill->send_sigkill;

    if (mode == TIMEOUT_ABORT)
        service_enter_signal(node, SERVICE_STOP_WATCHDOG, RESULT_TIMEOUT);
    else if (mode == TIMEOUT_TERMINATE)
        service_enter_signal(node, SERVICE_STOP_SIGTERM, RESULT_TIMEOUT);
    else if (kill)
        service_enter_signal(node, SERVICE_STOP_SIGKILL, RESULT_TIMEOUT);
    else
        service_enter_stop_post(node, RESULT_TIMEOUT);
}

static void start_timed_out(struct node *node, enum service_result result)
{
    end_late_service(node, node->u.unit->service->timeout_start_failure_mode);
}

static void condition_exited(struct node *node, enum service_result result)
{
    if (result == RESULT_SUCCESS)
        service_enter_start_pre(node);
    else
        start_failed(node, result);
}

static void start_pre_exited(struct node *node, enum service_result result)
{
    if (result == RESULT_SUCCESS)
        service_enter_start(node);
    else
        start_failed(node, result);
}

static void start_main_exited(struct node *node, enum service_result result)
{
    const struct service *service = node->u.unit->service;

    if (service->type == SERVICE_ONESHOT && node->u.result == RESULT_SUCCESS) {
        service_enter_start_post(node);
    } else if (service->type == SERVICE_NOTIFY || service->type == SERVICE_NOTIFY_RELOAD) {
        /* It is up when it says so: without that, even a clean end is none. A child may still say it. */
        if (result != RESULT_SUCCESS)
            start_failed(node, result);
        else if (!service->remain_after_exit || service->notify_access == NOTIFY_MAIN)
            start_failed(node, RESULT_PROTOCOL);
    } else if (service->type == SERVICE_FORKING && node->u.control_pid > 0) {
        return; /* the parent decides */
    } else {
        service_enter_running(node, result);
    }
}

/* The parent of a forking service has ended: its child is the service. */
static void start_control_exited(struct node *node, enum service_result result)
{
    const struct service *service = node->u.unit->service;

    if (service->type != SERVICE_FORKING)
        return;
    if (result != RESULT_SUCCESS)
        start_failed(node, result);
    else if (service->pid_file && service_read_pid_file(node) < 0 &&
             !node->u.unit->commands->of[COMMAND_START_POST])
        service_await_pid_file(node);
    else {
        service_guess_main_pid(node);
        service_enter_start_post(node);
    }
}

static void start_emptied(struct node *node, enum service_result result)
{
    const struct service *service = node->u.unit->service;
    bool waits_for_words = service->type == SERVICE_NOTIFY || service->type == SERVICE_NOTIFY_RELOAD;
    bool waits_for_file = service->pid_file && node->pid_file.position != 0;

    if (node->u.main_pid == 0 && node->u.control_pid == 0 && (waits_for_words || waits_for_file))
        start_failed(node, RESULT_PROTOCOL);
}

static void start_executed(struct node *node, enum service_result result)
{
    if (node->u.unit->service->type == SERVICE_EXEC)
        service_enter_start_post(node);
}

static void start_ready(struct node *node, enum service_result result)
{
    enum service_type type = node->u.unit->service->type;

    if (type == SERVICE_NOTIFY || type == SERVICE_NOTIFY_RELOAD)
        service_enter_start_post(node);
}

static void start_pid_file_due(struct node *node, enum service_result result)
{
    if (service_read_pid_file(node) < 0)
        service_await_pid_file(node);
    else if (node->u.state == SERVICE_START)
        service_enter_start_post(node);
    else
        service_enter_running(node, RESULT_SUCCESS);
}

static void start_post_exited(struct node *node, enum service_result result)
{
    bool pid_unknown = node->u.unit->service->pid_file && !node->main_pid_known;

    if (result != RESULT_SUCCESS)
        start_failed(node, result);
    else if (pid_unknown && service_read_pid_file(node) < 0)
        service_await_pid_file(node);
    else
        service_enter_running(node, RESULT_SUCCESS);
}

static void start_stopped(struct node *node, enum service_result result)
{
    service_enter_signal(node, SERVICE_STOP_SIGTERM, RESULT_SUCCESS);
}

/* --- up --- */

static void running_main_exited(struct node *node, enum service_result result)
{
    service_enter_running(node, result);
}

static void running_emptied(struct node *node, enum service_result result)
{
    service_enter_running(node, RESULT_SUCCESS);
}

static void running_timed_out(struct node *node, enum service_result result)
{
    service_enter_stop(node, RESULT_TIMEOUT);
}

static void running_stopped(struct node *node, enum service_result result)
{
    service_enter_stop(node, RESULT_SUCCESS);
}

static void running_reloading(struct node *node, enum service_result result)
{
    node->reload_result = RESULT_SUCCESS;
    node->reload_begin = 0;
    service_set_state(node, SERVICE_RELOAD, service_start_timeout(node));
    node->effects |= EFFECT_RELOADING;
    queue_push(node, QUEUE_EFFECTS);
}

/* It ends by itself and says so: it gets the time to, without a signal. */
static void running_stopping(struct node *node, enum service_result result)
{
    service_set_state(node, SERVICE_STOP_SIGTERM, service_stop_timeout(node));
}

static enum oom_policy oom_policy(const struct node *node)
{
    const struct unit *unit = node->u.unit;

    if (unit->service->oom_policy != OOM_DEFAULT)
        return unit->service->oom_policy;
    return unit->cgroup->delegate ? OOM_CONTINUE : OOM_STOP;
}

void service_out_of_memory(struct node *node)
{
    if (unit_is_down(node))
        return;
    manager_log(node, true, "%s: a process was killed by the kernel for want of memory", node->u.unit->name);
    if (oom_policy(node) != OOM_CONTINUE)
        service_dispatch(node, SERVICE_OUT_OF_MEMORY, RESULT_OOM_KILL);
}

static void start_out_of_memory(struct node *node, enum service_result result)
{
    bool kill = oom_policy(node) == OOM_KILL;
    service_enter_signal(node, kill ? SERVICE_STOP_SIGKILL : SERVICE_STOP_SIGTERM, result);
}

static void running_out_of_memory(struct node *node, enum service_result result)
{
    if (oom_policy(node) == OOM_KILL)
        service_enter_signal(node, SERVICE_STOP_SIGKILL, result);
    else
        service_enter_stop(node, result);
}

/* It was about to end anyway: no more patience with the rest of it. */
static void stop_out_of_memory(struct node *node, enum service_result result)
{
    service_enter_signal(node, SERVICE_STOP_SIGKILL, result);
}

static void final_out_of_memory(struct node *node, enum service_result result)
{
    service_enter_signal(node, SERVICE_FINAL_SIGKILL, result);
}

static void killed_out_of_memory(struct node *node, enum service_result result)
{
    service_add_result(node, result);
}

static void watchdog_due(struct node *node, enum service_result result)
{
    service_enter_signal(node, SERVICE_STOP_WATCHDOG, RESULT_WATCHDOG);
}

/* --- reloading --- */

static void reload_control_exited(struct node *node, enum service_result result)
{
    node->reload_result = result;
    if (result == RESULT_SUCCESS && node->u.unit->service->type == SERVICE_NOTIFY_RELOAD &&
        node->notify_state != NOTIFY_READY)
        return;
    node->notify_state = NOTIFY_UNKNOWN;
    service_enter_running(node, RESULT_SUCCESS);
}

static void reload_main_exited(struct node *node, enum service_result result)
{
    if (node->u.control_pid == 0)
        service_enter_running(node, result);
}

static void reload_emptied(struct node *node, enum service_result result)
{
    if (node->u.control_pid == 0)
        service_enter_running(node, RESULT_SUCCESS);
}

static void reload_ready(struct node *node, enum service_result result)
{
    if (node->u.control_pid == 0)
        service_enter_running(node, RESULT_SUCCESS);
}

/* A reload that hangs is given up; the service goes on with what it has. */
static void reload_timed_out(struct node *node, enum service_result result)
{
    struct manager *manager = node->manager;

    if (node->u.control_pid > 0)
        (void)manager->ops->kill(manager->platform, &node->u, KILL_CONTROL, SIGKILL);
    service_set_control_pid(node, 0);
    node->control_command = NULL;
    node->u.control_command = SERVICE_COMMAND_MAX;
    node->reload_result = RESULT_TIMEOUT;
    node->notify_state = NOTIFY_UNKNOWN;
    service_enter_running(node, RESULT_SUCCESS);
}

/* --- stopping --- */

static void stop_control_exited(struct node *node, enum service_result result)
{
    service_enter_signal(node, SERVICE_STOP_SIGTERM, result);
}

static void stop_timed_out(struct node *node, enum service_result result)
{
    end_late_service(node, node->u.unit->service->timeout_stop_failure_mode);
}

static void signalled_exited(struct node *node, enum service_result result)
{
    if (node->u.main_pid == 0 && node->u.control_pid == 0)
        service_enter_stop_post(node, result);
}

static void signalled_timed_out(struct node *node, enum service_result result)
{
    bool kill = node->u.state != SERVICE_STOP_SIGKILL && node->u.unit->kill->send_sigkill;
    bool abort = node->u.state == SERVICE_STOP_SIGTERM &&
                 node->u.unit->service->timeout_stop_failure_mode == TIMEOUT_ABORT;

    if (abort) {
        manager_log(node, true, "%s: did not stop in time, aborted", node->u.unit->name);
        service_enter_signal(node, SERVICE_STOP_WATCHDOG, RESULT_TIMEOUT);
        return;
    }
    manager_log(node, true, "%s: did not stop in time%s", node->u.unit->name,
                kill                                    ? ", killed with SIGKILL"
                : node->u.state == SERVICE_STOP_SIGKILL ? " even after SIGKILL"
                                                        : "");
    if (kill)
        service_enter_signal(node, SERVICE_STOP_SIGKILL, RESULT_TIMEOUT);
    else
        service_enter_stop_post(node, RESULT_TIMEOUT);
}

static void stop_post_exited(struct node *node, enum service_result result)
{
    if (node->u.main_pid == 0 && node->u.control_pid == 0)
        service_enter_signal(node, SERVICE_FINAL_SIGTERM, result);
}

static void stop_post_timed_out(struct node *node, enum service_result result)
{
    enum timeout_failure_mode mode = node->u.unit->service->timeout_stop_failure_mode;

    if (mode == TIMEOUT_ABORT)
        service_enter_signal(node, SERVICE_FINAL_WATCHDOG, RESULT_TIMEOUT);
    else if (mode == TIMEOUT_TERMINATE)
        service_enter_signal(node, SERVICE_FINAL_SIGTERM, RESULT_TIMEOUT);
    else if (node->u.unit->kill->send_sigkill)
        service_enter_signal(node, SERVICE_FINAL_SIGKILL, RESULT_TIMEOUT);
    else
        service_enter_dead(node, RESULT_TIMEOUT, false);
}

static void final_exited(struct node *node, enum service_result result)
{
    service_add_result(node, result);
    if (!service_has_survivors(node))
        service_enter_dead(node, RESULT_SUCCESS, true);
}

static void final_timed_out(struct node *node, enum service_result result)
{
    const struct unit *unit = node->u.unit;

    if (node->u.state == SERVICE_FINAL_SIGTERM && unit->service->timeout_stop_failure_mode == TIMEOUT_ABORT) {
        service_enter_signal(node, SERVICE_FINAL_WATCHDOG, RESULT_TIMEOUT);
        return;
    }
    if (node->u.state != SERVICE_FINAL_SIGKILL && unit->kill->send_sigkill) {
        service_enter_signal(node, SERVICE_FINAL_SIGKILL, RESULT_TIMEOUT);
        return;
    }
    manager_log(node, true, "%s: processes are left that cannot be ended", node->u.unit->name);
    service_enter_dead(node, RESULT_TIMEOUT, node->u.state == SERVICE_FINAL_SIGKILL);
}

/* --- waiting for the next start --- */

static void auto_restart_due(struct node *node, enum service_result result)
{
    const struct job *job = &node->job;

    /* Its job may still be cancelled, or time out: look again. */
    service_arm_timer(node, MAX(service_restart_delay(node), RESTART_AGAIN));
    if (job->id != 0 && (job->type == JOB_STOP || job->type == JOB_RESTART || node->restart_due))
        return;
    /* A restart, not a start: what is bound to it goes along, unless it is not to notice. */
    bool direct = node->u.unit->service->restart_mode == RESTART_MODE_DIRECT;
    int r = transaction_run(node, direct ? JOB_START : JOB_RESTART, JOB_REPLACE, NULL);
    if (r < 0) {
        manager_log(node, true, "%s: cannot be restarted: %s", node->u.unit->name, strerror(-r));
        service_enter_dead(node, RESULT_RESOURCES, false);
        return;
    }
    node->u.n_restarts++;
    node->flush_restarts = false;
    node->restart_due = direct;
    if (direct)
        job_retry(node);
}

static void auto_restart_stopped(struct node *node, enum service_result result)
{
    service_set_state(node, SERVICE_DEAD, USEC_INFINITY);
    node->u.comes_back = false;
    node->manager->ops->release(node->manager->platform, &node->u);
}

#define STARTING                                                                                             \
    [SERVICE_TIMED_OUT] = start_timed_out, [SERVICE_STOP_REQUESTED] = start_stopped,                         \
    [SERVICE_OUT_OF_MEMORY] = start_out_of_memory

#define SIGNALLED                                                                                            \
    [SERVICE_MAIN_EXITED] = signalled_exited, [SERVICE_CONTROL_EXITED] = signalled_exited,                   \
    [SERVICE_EMPTIED] = signalled_exited, [SERVICE_TIMED_OUT] = signalled_timed_out

#define FINAL                                                                                                \
    [SERVICE_MAIN_EXITED] = final_exited, [SERVICE_CONTROL_EXITED] = final_exited,                           \
    [SERVICE_EMPTIED] = final_exited, [SERVICE_TIMED_OUT] = final_timed_out

static const service_action actions[SERVICE_STATE_MAX][SERVICE_EVENT_MAX] = {
    [SERVICE_CONDITION] = {STARTING, [SERVICE_CONTROL_EXITED] = condition_exited},
    [SERVICE_START_PRE] = {STARTING, [SERVICE_CONTROL_EXITED] = start_pre_exited},
    [SERVICE_START] =
        {STARTING, [SERVICE_MAIN_EXITED] = start_main_exited, [SERVICE_CONTROL_EXITED] = start_control_exited,
         [SERVICE_EMPTIED] = start_emptied, [SERVICE_EXECUTED] = start_executed,
         [SERVICE_NOTIFIED_READY] = start_ready, [SERVICE_PID_FILE_DUE] = start_pid_file_due},
    [SERVICE_START_POST] =
        {STARTING, [SERVICE_CONTROL_EXITED] = start_post_exited, [SERVICE_EMPTIED] = start_emptied,
         [SERVICE_PID_FILE_DUE] = start_pid_file_due, [SERVICE_WATCHDOG_DUE] = watchdog_due},
    [SERVICE_RUNNING] = {[SERVICE_MAIN_EXITED] = running_main_exited,
                         [SERVICE_EMPTIED] = running_emptied,
                         [SERVICE_TIMED_OUT] = running_timed_out,
                         [SERVICE_STOP_REQUESTED] = running_stopped,
                         [SERVICE_NOTIFIED_RELOADING] = running_reloading,
                         [SERVICE_NOTIFIED_STOPPING] = running_stopping,
                         [SERVICE_OUT_OF_MEMORY] = running_out_of_memory,
                         [SERVICE_WATCHDOG_DUE] = watchdog_due},
    [SERVICE_EXITED] = {[SERVICE_STOP_REQUESTED] = running_stopped},
    [SERVICE_RELOAD] = {[SERVICE_MAIN_EXITED] = reload_main_exited,
                        [SERVICE_CONTROL_EXITED] = reload_control_exited,
                        [SERVICE_EMPTIED] = reload_emptied,
                        [SERVICE_TIMED_OUT] = reload_timed_out,
                        [SERVICE_STOP_REQUESTED] = start_stopped,
                        [SERVICE_NOTIFIED_READY] = reload_ready,
                        [SERVICE_NOTIFIED_STOPPING] = running_stopping,
                        [SERVICE_OUT_OF_MEMORY] = running_out_of_memory,
                        [SERVICE_WATCHDOG_DUE] = watchdog_due},
    [SERVICE_STOP] = {[SERVICE_OUT_OF_MEMORY] = start_out_of_memory,
                      [SERVICE_CONTROL_EXITED] = stop_control_exited,
                      [SERVICE_TIMED_OUT] = stop_timed_out},
    [SERVICE_STOP_WATCHDOG] = {SIGNALLED, [SERVICE_OUT_OF_MEMORY] = stop_out_of_memory},
    [SERVICE_STOP_SIGTERM] = {SIGNALLED, [SERVICE_OUT_OF_MEMORY] = stop_out_of_memory},
    [SERVICE_STOP_SIGKILL] = {SIGNALLED, [SERVICE_OUT_OF_MEMORY] = killed_out_of_memory},
    [SERVICE_STOP_POST] = {[SERVICE_MAIN_EXITED] = stop_post_exited,
                           [SERVICE_CONTROL_EXITED] = stop_post_exited,
                           [SERVICE_TIMED_OUT] = stop_post_timed_out,
                           [SERVICE_OUT_OF_MEMORY] = final_out_of_memory},
    [SERVICE_FINAL_WATCHDOG] = {FINAL, [SERVICE_OUT_OF_MEMORY] = final_out_of_memory},
    [SERVICE_FINAL_SIGTERM] = {FINAL, [SERVICE_OUT_OF_MEMORY] = final_out_of_memory},
    [SERVICE_FINAL_SIGKILL] = {FINAL, [SERVICE_OUT_OF_MEMORY] = killed_out_of_memory},
    [SERVICE_AUTO_RESTART] =
        {[SERVICE_TIMED_OUT] = auto_restart_due, [SERVICE_STOP_REQUESTED] = auto_restart_stopped},
};

void service_dispatch(struct node *node, enum service_event event, enum service_result result)
{
    service_action action = actions[node->u.state][event];
    if (action)
        action(node, result);
}

/* --- processes --- */

static bool signal_is_clean(int signal)
{
    return signal == SIGHUP || signal == SIGINT || signal == SIGTERM || signal == SIGPIPE;
}

static enum service_result exit_result(const struct node *node, struct process_exit how, bool daemon)
{
    bool success = how.code == CLD_EXITED ? how.status == 0
                                          : daemon && how.code == CLD_KILLED && signal_is_clean(how.status);

    if (success || exit_status_set_has(&node->u.unit->service->success_status, how.code, how.status))
        return RESULT_SUCCESS;
    return how.code == CLD_EXITED   ? RESULT_EXIT_CODE
           : how.code == CLD_DUMPED ? RESULT_CORE_DUMP
                                    : RESULT_SIGNAL;
}

static bool ignores_failure(const struct exec_command *command)
{
    return command && (command->flags & EXEC_IGNORE_FAILURE);
}

static void main_exited(struct node *node, struct process_exit how)
{
    const struct service *service = node->u.unit->service;
    enum service_result result = exit_result(node, how, service->type != SERVICE_ONESHOT);
    pid_t old = node->u.main_pid;

    service_set_main_pid(node, 0);
    /* A forking service may hand over to another process, as long as its PID file says so. */
    if (service->pid_file && service_read_pid_file(node) == 0 && node->u.main_pid != old)
        return;
    service_set_main_pid(node, 0);
    node->u.main_exit = how;
    /* The flag of a forking service's one command counts for what it forked. */
    if (ignores_failure(node->main_command ? node->main_command : node->u.unit->commands->of[COMMAND_START]))
        result = RESULT_SUCCESS;
    service_add_result(node, result);
    bool more =
        service->type == SERVICE_ONESHOT && node->u.state == SERVICE_START && result == RESULT_SUCCESS;
    if (more && service_run_next_main(node))
        return;
    node->main_command = NULL;
    service_dispatch(node, SERVICE_MAIN_EXITED,
                     node->u.result != RESULT_SUCCESS && more ? node->u.result : result);
}

/* ExecCondition=: 1 to 254 means "not now", which is no failure. */
static bool is_unmet_condition(const struct node *node, struct process_exit how)
{
    return node->u.control_command == COMMAND_CONDITION && how.code == CLD_EXITED && how.status < 255;
}

/* Whether the rest of its list still counts: not when the service has been stopped meanwhile. */
static bool is_in_phase(const struct node *node)
{
    static const enum service_state states[SERVICE_COMMAND_MAX] = {
        [COMMAND_CONDITION] = SERVICE_CONDITION,   [COMMAND_START_PRE] = SERVICE_START_PRE,
        [COMMAND_START] = SERVICE_START,           [COMMAND_RELOAD] = SERVICE_RELOAD,
        [COMMAND_START_POST] = SERVICE_START_POST, [COMMAND_STOP] = SERVICE_STOP,
        [COMMAND_STOP_POST] = SERVICE_STOP_POST,
    };
    enum service_command kind = node->u.control_command;

    return kind < SERVICE_COMMAND_MAX && states[kind] == node->u.state;
}

static void control_exited(struct node *node, struct process_exit how)
{
    /* The parent of a forking service may end as a daemon does. */
    enum service_result result = exit_result(node, how, node->u.control_command == COMMAND_START);

    service_set_control_pid(node, 0);
    node->u.control_exit = how;
    if (result != RESULT_SUCCESS && is_unmet_condition(node, how))
        result = RESULT_EXEC_CONDITION;
    if (ignores_failure(node->control_command))
        result = RESULT_SUCCESS;
    if (result == RESULT_EXEC_CONDITION)
        node->u.conditions_held = false;
    if (node->u.state != SERVICE_RELOAD)
        service_add_result(node, result);
    if (result == RESULT_SUCCESS && is_in_phase(node) && service_run_next_control(node))
        return;
    node->control_command = NULL;
    node->u.control_command = SERVICE_COMMAND_MAX;
    service_dispatch(node, SERVICE_CONTROL_EXITED, result);
}

void service_process_exited(struct node *node, pid_t pid, struct process_exit how)
{
    if (pid == node->u.main_pid)
        main_exited(node, how);
    else if (pid == node->u.control_pid)
        control_exited(node, how);
}

void service_exec_failed(struct node *node, const struct event *event)
{
    struct unit_report *report = unit_report_get(&node->u);

    if (!report)
        return;
    report->exec_stage = (uint8_t)event->stage;
    report->exec_errno = event->error;
    free(report->exec_object);
    report->exec_object = event->object ? strdup(event->object) : NULL;
}
