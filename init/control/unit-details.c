/* What `show` tells beyond `status`: what the unit's files say, and the dependencies in both directions. */
#include <stdio.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/signals.h"
#include "common/text.h"
#include "init/control/internal.h"

static void add_list(struct record *record, const char *key, char *const *list)
{
    _cleanup_free_ char *text = list ? strv_join(list, " ") : strdup("");
    record_add(record, key, text);
}

/* With quotes where a word has blanks: it can be taken apart again. */
static void add_words(struct record *record, const char *key, char *const *words)
{
    _cleanup_strv_ char **quoted = NULL;

    for (; words && *words; words++) {
        bool plain = !(*words)[strcspn(*words, " \t\n\"'\\")];
        if (strv_consume(&quoted, plain ? strdup(*words) : xasprintf("\"%s\"", *words)) < 0)
            return;
    }
    add_list(record, key, quoted);
}

/* As systemctl show writes a time span's "…USec" for a person. */
static void add_span(struct record *record, const char *key, usec_t span)
{
    char text[FORMAT_TIMESPAN_MAX];

    if (span != USEC_UNSET && span != TIMEOUT_ABORT_AS_STOP)
        record_add(record, key, format_timespan(text, span));
}

static void add_commands(struct record *record, const char *key, const struct exec_command *command)
{
    for (; command; command = command->next) {
        _cleanup_free_ char *words = strv_join(command->argv, " ");
        record_addf(record, key, "{ path=%s ; argv[]=%s ; ignore_errors=%s }", command->path,
                    words ? words : "", command->flags & EXEC_IGNORE_FAILURE ? "yes" : "no");
    }
}

/* One line a kind: the names of all units that the unit has such a dependency with. */
static void add_dependency(const struct manager_unit *unit, enum unit_dependency kind, struct record *record)
{
    _cleanup_strv_ char **names = NULL;
    const struct manager_unit *other;
    uint32_t kinds;

    for (size_t cursor = 0; (other = manager_next_neighbour(unit, &cursor, &kinds));)
        if (kinds & (UINT32_C(1) << kind) && strv_append(&names, other->unit->name) < 0)
            return;
    if (names)
        add_list(record, unit_dependency_to_string(kind), names);
}

static void add_dependencies(const struct manager_unit *unit, struct record *record)
{
    for (enum unit_dependency kind = 0; kind < UNIT_DEPENDENCY_MAX; kind++)
        add_dependency(unit, kind, record);
}

static void add_names(const struct unit *unit, struct record *record)
{
    _cleanup_strv_ char **names = strv_copy(unit->aliases);

    if (names && strv_append(&names, unit->name) >= 0)
        add_list(record, "Names", names);
}

static void add_abilities(const struct manager_unit *unit, struct record *record)
{
    const struct unit *u = unit->unit;
    bool loaded = u->load_state == UNIT_LOADED;
    struct job_status job;

    record_add_bool(record, "CanStart", loaded && !u->refuse_manual_start);
    record_add_bool(record, "CanStop", loaded && !u->refuse_manual_stop);
    record_add_bool(record, "CanReload", loaded && manager_can_reload(unit));
    record_add_bool(record, "CanIsolate", loaded && u->allow_isolate);
    record_add_bool(record, "StopWhenUnneeded", u->stop_when_unneeded);
    record_add_bool(record, "DefaultDependencies", u->default_dependencies);
    add_list(record, "Documentation", u->documentation);
    if (manager_job_of(unit, &job))
        record_add_u64(record, "Job", job.id);
}

static void add_service(const struct manager_unit *runtime, struct record *record)
{
    const struct unit *unit = runtime->unit;
    const struct service *service = unit->service;
    struct service_times times;

    manager_times_of(runtime, &times);

    record_add(record, "NotifyAccess", notify_access_to_string(service->notify_access));
    record_add_bool(record, "RemainAfterExit", service->remain_after_exit);
    record_add(record, "PIDFile", service->pid_file ? service->pid_file : "");
    add_span(record, "RestartUSec", times.restart);
    add_span(record, "TimeoutStartUSec", times.start);
    add_span(record, "TimeoutStopUSec", times.stop);
    add_span(record, "RuntimeMaxUSec", service->runtime_max);
    record_add(record, "KillMode", kill_mode_to_string(unit->kill->mode));
    record_add_u64(record, "KillSignal", (uint64_t)unit->kill->signal);
    for (int kind = 0; kind < SERVICE_COMMAND_MAX; kind++)
        add_commands(record, service_command_to_string(kind), unit->commands->of[kind]);
}

static const char *const directories[EXEC_DIRECTORY_MAX] = {
    [DIRECTORY_RUNTIME] = "RuntimeDirectory",
    [DIRECTORY_STATE] = "StateDirectory",
    [DIRECTORY_CACHE] = "CacheDirectory",
    [DIRECTORY_LOGS] = "LogsDirectory",
    [DIRECTORY_CONFIGURATION] = "ConfigurationDirectory",
};

/* As it was declared; a share of the machine is none of the numbers here, it stands in the group's file. */
static void add_limit(const struct unit *unit, struct record *record, const char *key,
                      enum cgroup_limit limit)
{
    const struct cgroup_setting *setting = cgroup_context_get(unit->cgroup, limit, false);

    if (!setting || !setting->is_share)
        record_add_u64(record, key, setting ? setting->value : UINT64_MAX);
}

static void add_context(const struct unit *unit, struct record *record)
{
    const struct exec_context *exec = unit->exec;

    add_words(record, "Environment", exec->environment);
    record_addf(record, "UMask", "%04o", (unsigned)exec->umask);
    record_add(record, "WorkingDirectory", exec->working_directory ? exec->working_directory : "");
    record_add(record, "User", exec->user ? exec->user : "");
    record_add(record, "Group", exec->group ? exec->group : "");
    for (enum exec_directory_type type = 0; type < EXEC_DIRECTORY_MAX; type++)
        add_list(record, directories[type], exec->directories[type].names);
    add_limit(unit, record, "MemoryMax", LIMIT_MEMORY_MAX);
    add_limit(unit, record, "MemoryHigh", LIMIT_MEMORY_HIGH);
    add_limit(unit, record, "TasksMax", LIMIT_TASKS_MAX);
}

void control_record_details(const struct control_server *server, const struct manager_unit *unit,
                            struct record *record)
{
    control_record_unit(server, unit, record);
    add_names(unit->unit, record);
    add_abilities(unit, record);
    if (unit->unit->type == UNIT_SERVICE) {
        record_add_u64(record, "ExecMainPID", (uint64_t)unit->main_pid);
        add_service(unit, record);
        add_context(unit->unit, record);
    }
    add_dependencies(unit, record);
}

void control_record_graph(const struct manager_unit *unit, struct record *record)
{
    record_begin(record, "unit");
    record_add(record, "Id", unit->unit->name);
    add_names(unit->unit, record);
    record_add(record, "Description", unit->unit->description);
    record_add(record, "LoadState", unit_load_state_to_string(unit->unit->load_state));
    record_add(record, "ActiveState", active_state_to_string(unit->active));
    record_add(record, "SubState", manager_unit_sub_state(unit));
    record_add_u64(record, "InactiveExitTimestampMonotonic", unit->inactive_exit);
    record_add_u64(record, "ActiveEnterTimestampMonotonic", unit->active_enter);
    record_add_u64(record, "InactiveEnterTimestampMonotonic", unit->inactive_enter);
    add_dependencies(unit, record);
}
