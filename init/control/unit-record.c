/* Units and the manager as records, with the keys of systemctl show. */
#include <signal.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/signals.h"
#include "common/text.h"
#include "init/control/internal.h"
#include "init/unit/builtin.h"

static unsigned count_jobs(const struct manager *manager)
{
    const struct manager_unit *unit;
    unsigned n = 0;

    for (size_t cursor = 0; (unit = manager_next_unit(manager, &cursor));)
        n += unit->job_id != 0;
    return n;
}

void control_record_manager(const struct control_server *server, struct record *record)
{
    const struct manager *manager = server->manager;
    size_t cursor = 0;
    unsigned n = 0;

    while (manager_next_unit(manager, &cursor))
        n++;
    record_begin(record, "manager");
    record_add(record, "Version", BERTH_VERSION);
    record_add(record, "SystemState", manager_system_state(manager));
    record_add(record, "Tracking", server->ops->tracking(server->userdata));
    record_add(record, "BootTarget", server->ops->target(server->userdata));
    record_add_u64(record, "NNames", n);
    record_add_u64(record, "NActiveUnits", manager_count_units(manager, UNIT_ACTIVE));
    record_add_u64(record, "NFailedUnits", manager_count_units(manager, UNIT_FAILED));
    record_add_u64(record, "NJobs", count_jobs(manager));
    record_add_u64(record, "NowMonotonic", now_monotonic());
}

/* "EXEC: /usr/bin/x: No such file or directory" */
static char *describe_exec_error(const struct manager_unit *unit)
{
    const struct unit_report *report = manager_report_of(unit);
    const char *stage = exec_stage_to_string(report->exec_stage);
    if (report->exec_stage == EXEC_STAGE_NONE || !stage)
        return NULL;
    return xasprintf("%s: %s%s%s", stage, report->exec_object ? report->exec_object : "",
                     report->exec_object ? ": " : "", strerror(report->exec_errno));
}

static char *describe_exit(const char *what, const struct process_exit *exit)
{
    const char *signal = exit->code == CLD_EXITED ? NULL : signal_to_string(exit->status);

    if (exit->code == CLD_EXITED)
        return xasprintf("%sexit code %d", what, exit->status);
    return xasprintf("%skilled by %s%s", what, signal ? signal : "a signal",
                     exit->code == CLD_DUMPED ? ", core dumped" : "");
}

char *control_describe_failure(const struct manager_unit *unit)
{
    const struct process_exit *exit = unit->control_exit.code ? &unit->control_exit : &unit->main_exit;
    char *exec_error = describe_exec_error(unit);

    if (exec_error)
        return exec_error;
    if (unit->result == RESULT_SUCCESS && unit->control_exit.code)
        return describe_exit("the command that reloads it: ", &unit->control_exit);
    if (unit->main_exit.code && (unit->main_exit.code != CLD_EXITED || unit->main_exit.status))
        exit = &unit->main_exit;
    if (unit->result == RESULT_EXIT_CODE || unit->result == RESULT_SIGNAL || unit->result == RESULT_CORE_DUMP)
        return describe_exit("", exit);
    return xasprintf("%s", service_result_to_string(unit->result));
}

static void add_identity(const struct control_server *server, const struct manager_unit *unit,
                         struct record *record)
{
    const struct unit *u = unit->unit;

    record_add(record, "Id", u->name);
    record_add(record, "Description", u->description);
    record_add(record, "LoadState", unit_load_state_to_string(u->load_state));
    record_add(record, "LoadError", u->load_error);
    record_add(record, "FragmentPath", u->fragment_path);
    for (char **path = u->drop_in_paths; path && *path; path++)
        record_add(record, "DropInPaths", *path);
    record_add(record, "Slice", u->cgroup->slice ? u->cgroup->slice : "system.slice");
    record_add(record, "ControlGroup", server->ops->cgroup_path(server->userdata, unit));
    if (u->type == UNIT_TARGET)
        record_add(record, "CountsAsStarted", builtin_satisfied_reason(u->name));
    if (u->type == UNIT_SERVICE) {
        record_add(record, "Type", service_type_to_string(u->service->type));
        record_add(record, "Restart", service_restart_to_string(u->service->restart));
    }
}

static void add_times(const struct manager_unit *unit, struct record *record)
{
    record_add_u64(record, "StateChangeTimestampMonotonic", unit->state_since);
    record_add_u64(record, "InactiveExitTimestampMonotonic", unit->inactive_exit);
    record_add_u64(record, "ActiveEnterTimestampMonotonic", unit->active_enter);
    record_add_u64(record, "ActiveExitTimestampMonotonic", unit->active_exit);
    record_add_u64(record, "InactiveEnterTimestampMonotonic", unit->inactive_enter);
    record_add_u64(record, "NowMonotonic", now_monotonic());
}

/* What only a service has. */
static void add_service_state(const struct manager_unit *unit, struct record *record)
{
    _cleanup_free_ char *exec_error = describe_exec_error(unit);
    const struct unit_report *report = manager_report_of(unit);

    record_add(record, "Result", service_result_to_string(unit->result));
    record_add_u64(record, "MainPID", (uint64_t)unit->main_pid);
    record_add_u64(record, "ControlPID", (uint64_t)unit->control_pid);
    record_add_u64(record, "NRestarts", unit->n_restarts);
    record_add(record, "StatusText", report->status_text);
    if (report->status_errno > 0)
        record_add_u64(record, "StatusErrno", (uint64_t)report->status_errno);
    record_add(record, "StatusBusError", report->bus_error);
    if (report->notified_exit >= 0)
        record_add_u64(record, "StatusExitStatus", (uint64_t)report->notified_exit);
    record_add_u64(record, "NFileDescriptorStore", unit->n_stored);
    record_add_u64(record, "ExecMainCode", (uint64_t)unit->main_exit.code);
    record_add_u64(record, "ExecMainStatus", (uint64_t)unit->main_exit.status);
    record_add(record, "ExecError", exec_error);
}

static void add_state(const struct manager_unit *unit, struct record *record)
{
    record_add(record, "ActiveState", active_state_to_string(unit->active));
    record_add(record, "SubState", manager_unit_sub_state(unit));
    if (unit->unit->type == UNIT_SERVICE)
        add_service_state(unit, record);
    record_add_bool(record, "ConditionResult", unit->conditions_held);
    record_add_bool(record, "AssertResult", unit->asserts_held);
    add_times(unit, record);
}

/* What cannot be told is left out, as no number is better than a wrong one. */
static void add_number(struct record *record, const char *key, uint64_t value)
{
    if (value != UINT64_MAX)
        record_add_u64(record, key, value);
}

static void add_usage(const struct control_server *server, const struct manager_unit *unit,
                      struct record *record)
{
    struct unit_usage usage = UNIT_USAGE_UNKNOWN;

    server->ops->usage(server->userdata, unit, &usage);
    add_number(record, "MemoryCurrent", usage.memory_current);
    add_number(record, "MemoryPeak", usage.memory_peak);
    if (usage.cpu_usec < USEC_INFINITY / NSEC_PER_USEC)
        record_add_u64(record, "CPUUsageNSec", usage.cpu_usec * NSEC_PER_USEC);
    add_number(record, "TasksCurrent", usage.tasks);
    add_number(record, "IOReadBytes", usage.io_read);
    add_number(record, "IOWriteBytes", usage.io_write);
}

void control_record_unit(const struct control_server *server, const struct manager_unit *unit,
                         struct record *record)
{
    record_begin(record, "unit");
    add_identity(server, unit, record);
    add_state(unit, record);
    add_usage(server, unit, record);
    record_add_u64(record, "LogsDropped", logs_dropped(server->logs, unit->unit->name));
}
