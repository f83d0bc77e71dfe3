/* Lines about units, and sd_notify(3) to whoever started PID 1. */
#include "init/platform/progress.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/signals.h"
#include "common/text.h"
#include "init/job/job-notify.h"

#define PROGRESS_LINE_MAX 512

/* errno's words are about processes, these are about users. */
static const char *describe_errno(enum exec_stage stage, int error)
{
    if (error == ESRCH && stage == EXEC_STAGE_USER)
        return "no such user";
    if (error == ESRCH && stage == EXEC_STAGE_GROUP)
        return "no such group";
    if (error == EPERM && (stage == EXEC_STAGE_USER || stage == EXEC_STAGE_GROUP))
        return "PID 1 is not allowed to change users";
    return strerror(error);
}

/* "exit status 1", "killed by SIGSEGV", "EXEC: /usr/bin/x: No such file or directory" */
static void describe_end(const struct manager_unit *unit, char *text, size_t size)
{
    const struct process_exit *exit = unit->main_exit.code ? &unit->main_exit : &unit->control_exit;
    const struct unit_report *report = manager_report_of(unit);

    if (report->exec_stage != EXEC_STAGE_NONE)
        (void)snprintf(text, size, "%s: %s%s%s", exec_stage_to_string(report->exec_stage),
                       report->exec_object ? report->exec_object : "", report->exec_object ? ": " : "",
                       describe_errno(report->exec_stage, report->exec_errno));
    else if (unit->result == RESULT_EXIT_CODE && exit->code == CLD_EXITED)
        (void)snprintf(text, size, "exit status %d", exit->status);
    else if ((unit->result == RESULT_SIGNAL || unit->result == RESULT_CORE_DUMP) && exit->code)
        (void)snprintf(text, size, "killed by %s%s", signal_to_string(exit->status),
                       exit->code == CLD_DUMPED ? " (core dumped)" : "");
    else if (unit->result == RESULT_OOM_KILL)
        (void)snprintf(text, size, "out of memory");
    else
        (void)snprintf(text, size, "%s", service_result_to_string(unit->result));
}

static bool was_up(enum service_state state)
{
    return state == SERVICE_RUNNING || state == SERVICE_EXITED || state == SERVICE_RELOAD;
}

static bool is_stopping(enum service_state state)
{
    return state >= SERVICE_STOP && state <= SERVICE_FINAL_SIGKILL;
}

void progress_state_changed(struct platform *platform, const struct manager_unit *unit,
                            enum service_state old)
{
    const char *description = unit->unit->description;
    char line[PROGRESS_LINE_MAX] = "", end[PROGRESS_LINE_MAX / 2];

    platform->progress_changed = true;
    if (unit->unit->type != UNIT_SERVICE)
        return;
    if ((unit->state == SERVICE_RUNNING || unit->state == SERVICE_EXITED) && !was_up(old)) {
        (void)snprintf(line, sizeof(line), "Started %s", description);
    } else if (unit->state == SERVICE_FAILED) {
        describe_end(unit, end, sizeof(end));
        (void)snprintf(line, sizeof(line), "Failed: %s", end);
    } else if (unit->state == SERVICE_AUTO_RESTART) {
        (void)snprintf(line, sizeof(line), "Will be restarted");
    } else if (unit->state == SERVICE_DEAD && is_stopping(old)) {
        (void)snprintf(line, sizeof(line), "Stopped %s", description);
    } else if (unit->state == SERVICE_DEAD && old == SERVICE_START) {
        (void)snprintf(line, sizeof(line), "Finished %s", description);
    }
    if (line[0])
        logs_write(platform->logs, unit->unit->name, line);
}

void progress_spawn_failed(struct platform *platform, const struct spawn_request *request, const char *object,
                           int error)
{
    char line[PROGRESS_LINE_MAX];

    (void)snprintf(line, sizeof(line), "%s= cannot be run: %s%s%s", service_command_to_string(request->kind),
                   object ? object : "", object ? ": " : "", strerror(-error));
    logs_write(platform->logs, request->unit->unit->name, line);
}

void progress_job_finished(struct platform *platform, const struct job_report *report)
{
    if (platform->boot_job == 0 || report->id != platform->boot_job)
        return;
    platform->boot_job = 0;
    platform->booted = platform->progress_changed = true;
}

/* Services that somebody wants: those that rest are not counted. */
static void count_services(const struct manager *manager, unsigned *ret_up, unsigned *ret_all)
{
    *ret_up = manager_count_services(manager, UNIT_ACTIVE) + manager_count_services(manager, UNIT_RELOADING);
    *ret_all = 0;
    for (int state = 0; state < ACTIVE_STATE_MAX; state++)
        if (state != UNIT_INACTIVE)
            *ret_all += manager_count_services(manager, state);
}

void progress_update(struct platform *platform)
{
    char text[sizeof(platform->progress)], message[2 * sizeof(platform->progress)];
    unsigned up, all;

    if (!platform->progress_changed || !platform->booted || platform->stop_ordered != 0)
        return;
    platform->progress_changed = false;
    count_services(platform->manager, &up, &all);
    (void)snprintf(text, sizeof(text), "STATUS=%u of %u services up", up, all);
    if (streq(text, platform->progress))
        return;
    (void)snprintf(message, sizeof(message), "%s%s", platform->progress[0] ? "" : "READY=1\n", text);
    memcpy(platform->progress, text, sizeof(text));
    (void)job_notify(platform->upward, message); /* whoever does not listen misses nothing else */
}

void progress_dump(struct platform *platform)
{
    const struct manager_unit *unit;
    size_t cursor = 0;

    platform_say(platform, "system is %s", manager_system_state(platform->manager));
    while ((unit = manager_next_unit(platform->manager, &cursor)))
        platform_say(platform, "%s: %s (%s), main PID %d, result %s, %u restarts", unit->unit->name,
                     active_state_to_string(unit->active), manager_unit_sub_state(unit), (int)unit->main_pid,
                     service_result_to_string(unit->result), unit->n_restarts);
}
