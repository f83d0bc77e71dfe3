/* struct unit itself: its defaults, its end, and the spelling of its enums. */
#include "init/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <syslog.h>

#include "common/capabilities.h"
#include "common/cleanup.h"
#include "common/macro.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/unit/name.h"
#include "init/unit/share.h"

static const char *const unit_type_table[UNIT_TYPE_MAX] = {
    [UNIT_SERVICE] = "service",
    [UNIT_TARGET] = "target",
    [UNIT_SLICE] = "slice",
};
STRING_TABLE(unit_type, enum unit_type, unit_type_table)

static const char *const unit_load_state_table[UNIT_LOAD_STATE_MAX] = {
    [UNIT_LOADED] = "loaded", [UNIT_NOT_FOUND] = "not-found", [UNIT_BAD_SETTING] = "bad-setting",
    [UNIT_ERROR] = "error",   [UNIT_MASKED] = "masked",
};
STRING_TABLE(unit_load_state, enum unit_load_state, unit_load_state_table)

static const char *const unit_dependency_table[UNIT_DEPENDENCY_MAX] = {
    [UNIT_REQUIRES] = "Requires",
    [UNIT_REQUISITE] = "Requisite",
    [UNIT_WANTS] = "Wants",
    [UNIT_BINDS_TO] = "BindsTo",
    [UNIT_PART_OF] = "PartOf",
    [UNIT_UPHOLDS] = "Upholds",
    [UNIT_REQUIRED_BY] = "RequiredBy",
    [UNIT_REQUISITE_OF] = "RequisiteOf",
    [UNIT_WANTED_BY] = "WantedBy",
    [UNIT_BOUND_BY] = "BoundBy",
    [UNIT_CONSISTS_OF] = "ConsistsOf",
    [UNIT_UPHELD_BY] = "UpheldBy",
    [UNIT_CONFLICTS] = "Conflicts",
    [UNIT_CONFLICTED_BY] = "ConflictedBy",
    [UNIT_BEFORE] = "Before",
    [UNIT_AFTER] = "After",
    [UNIT_ON_SUCCESS] = "OnSuccess",
    [UNIT_ON_SUCCESS_OF] = "OnSuccessOf",
    [UNIT_ON_FAILURE] = "OnFailure",
    [UNIT_ON_FAILURE_OF] = "OnFailureOf",
    [UNIT_PROPAGATES_RELOAD_TO] = "PropagatesReloadTo",
    [UNIT_RELOAD_PROPAGATED_FROM] = "ReloadPropagatedFrom",
    [UNIT_PROPAGATES_STOP_TO] = "PropagatesStopTo",
    [UNIT_STOP_PROPAGATED_FROM] = "StopPropagatedFrom",
};
STRING_TABLE(unit_dependency, enum unit_dependency, unit_dependency_table)

static const enum unit_dependency unit_dependency_inverse_table[UNIT_DEPENDENCY_MAX] = {
    [UNIT_REQUIRES] = UNIT_REQUIRED_BY,
    [UNIT_REQUISITE] = UNIT_REQUISITE_OF,
    [UNIT_WANTS] = UNIT_WANTED_BY,
    [UNIT_BINDS_TO] = UNIT_BOUND_BY,
    [UNIT_PART_OF] = UNIT_CONSISTS_OF,
    [UNIT_UPHOLDS] = UNIT_UPHELD_BY,
    [UNIT_REQUIRED_BY] = UNIT_REQUIRES,
    [UNIT_REQUISITE_OF] = UNIT_REQUISITE,
    [UNIT_WANTED_BY] = UNIT_WANTS,
    [UNIT_BOUND_BY] = UNIT_BINDS_TO,
    [UNIT_CONSISTS_OF] = UNIT_PART_OF,
    [UNIT_UPHELD_BY] = UNIT_UPHOLDS,
    [UNIT_CONFLICTS] = UNIT_CONFLICTED_BY,
    [UNIT_CONFLICTED_BY] = UNIT_CONFLICTS,
    [UNIT_BEFORE] = UNIT_AFTER,
    [UNIT_AFTER] = UNIT_BEFORE,
    [UNIT_ON_SUCCESS] = UNIT_ON_SUCCESS_OF,
    [UNIT_ON_SUCCESS_OF] = UNIT_ON_SUCCESS,
    [UNIT_ON_FAILURE] = UNIT_ON_FAILURE_OF,
    [UNIT_ON_FAILURE_OF] = UNIT_ON_FAILURE,
    [UNIT_PROPAGATES_RELOAD_TO] = UNIT_RELOAD_PROPAGATED_FROM,
    [UNIT_RELOAD_PROPAGATED_FROM] = UNIT_PROPAGATES_RELOAD_TO,
    [UNIT_PROPAGATES_STOP_TO] = UNIT_STOP_PROPAGATED_FROM,
    [UNIT_STOP_PROPAGATED_FROM] = UNIT_PROPAGATES_STOP_TO,
};

enum unit_dependency unit_dependency_inverse(enum unit_dependency dependency)
{
    return unit_dependency_inverse_table[dependency];
}

static const char *const service_type_table[SERVICE_TYPE_MAX] = {
    [SERVICE_SIMPLE] = "simple",   [SERVICE_EXEC] = "exec",
    [SERVICE_FORKING] = "forking", [SERVICE_ONESHOT] = "oneshot",
    [SERVICE_DBUS] = "dbus",       [SERVICE_NOTIFY] = "notify",
    [SERVICE_IDLE] = "idle",       [SERVICE_NOTIFY_RELOAD] = "notify-reload",
};
STRING_TABLE(service_type, enum service_type, service_type_table)

static const char *const service_restart_table[SERVICE_RESTART_MAX] = {
    [RESTART_NO] = "no",
    [RESTART_ON_SUCCESS] = "on-success",
    [RESTART_ON_FAILURE] = "on-failure",
    [RESTART_ON_ABNORMAL] = "on-abnormal",
    [RESTART_ON_WATCHDOG] = "on-watchdog",
    [RESTART_ON_ABORT] = "on-abort",
    [RESTART_ALWAYS] = "always",
};
STRING_TABLE(service_restart, enum service_restart, service_restart_table)

static const char *const service_restart_mode_table[RESTART_MODE_MAX] = {
    [RESTART_MODE_NORMAL] = "normal",
    [RESTART_MODE_DIRECT] = "direct",
};
STRING_TABLE(service_restart_mode, enum service_restart_mode, service_restart_mode_table)

static const char *const service_exit_type_table[EXIT_TYPE_MAX] = {
    [EXIT_TYPE_MAIN] = "main",
    [EXIT_TYPE_CGROUP] = "cgroup",
};
STRING_TABLE(service_exit_type, enum service_exit_type, service_exit_type_table)

static const char *const timeout_failure_mode_table[TIMEOUT_FAILURE_MODE_MAX] = {
    [TIMEOUT_TERMINATE] = "terminate",
    [TIMEOUT_ABORT] = "abort",
    [TIMEOUT_KILL] = "kill",
};
STRING_TABLE(timeout_failure_mode, enum timeout_failure_mode, timeout_failure_mode_table)

static const char *const oom_policy_table[OOM_POLICY_MAX] = {
    [OOM_CONTINUE] = "continue",
    [OOM_STOP] = "stop",
    [OOM_KILL] = "kill",
};
STRING_TABLE(oom_policy, enum oom_policy, oom_policy_table)

static const char *const notify_access_table[NOTIFY_ACCESS_MAX] = {
    [NOTIFY_NONE] = "none",
    [NOTIFY_MAIN] = "main",
    [NOTIFY_EXEC] = "exec",
    [NOTIFY_ALL] = "all",
};
STRING_TABLE(notify_access, enum notify_access, notify_access_table)

static const char *const kill_mode_table[KILL_MODE_MAX] = {
    [KILL_CONTROL_GROUP] = "control-group",
    [KILL_MIXED] = "mixed",
    [KILL_PROCESS] = "process",
    [KILL_NONE] = "none",
};
STRING_TABLE(kill_mode, enum kill_mode, kill_mode_table)

static const char *const service_command_table[SERVICE_COMMAND_MAX] = {
    [COMMAND_CONDITION] = "ExecCondition", [COMMAND_START_PRE] = "ExecStartPre",
    [COMMAND_START] = "ExecStart",         [COMMAND_START_POST] = "ExecStartPost",
    [COMMAND_RELOAD] = "ExecReload",       [COMMAND_STOP] = "ExecStop",
    [COMMAND_STOP_POST] = "ExecStopPost",
};
STRING_TABLE(service_command, enum service_command, service_command_table)

static const char *const job_mode_table[JOB_MODE_MAX] = {
    [JOB_REPLACE] = "replace",
    [JOB_FAIL] = "fail",
    [JOB_ISOLATE] = "isolate",
    [JOB_IGNORE_DEPENDENCIES] = "ignore-dependencies",
    [JOB_REPLACE_IRREVERSIBLY] = "replace-irreversibly",
    [JOB_IGNORE_REQUIREMENTS] = "ignore-requirements",
    [JOB_FLUSH] = "flush",
    [JOB_TRIGGERING] = "triggering",
};
STRING_TABLE(job_mode, enum job_mode, job_mode_table)

static const char *const collect_mode_table[COLLECT_MODE_MAX] = {
    [COLLECT_INACTIVE] = "inactive",
    [COLLECT_INACTIVE_OR_FAILED] = "inactive-or-failed",
};
STRING_TABLE(collect_mode, enum collect_mode, collect_mode_table)

static const char *const emergency_action_table[EMERGENCY_ACTION_MAX] = {
    [ACTION_NONE] = "none",
    [ACTION_EXIT] = "exit",
    [ACTION_EXIT_FORCE] = "exit-force",
    [ACTION_REBOOT] = "reboot",
    [ACTION_REBOOT_FORCE] = "reboot-force",
    [ACTION_REBOOT_IMMEDIATE] = "reboot-immediate",
    [ACTION_POWEROFF] = "poweroff",
    [ACTION_POWEROFF_FORCE] = "poweroff-force",
    [ACTION_POWEROFF_IMMEDIATE] = "poweroff-immediate",
    [ACTION_HALT] = "halt",
    [ACTION_HALT_FORCE] = "halt-force",
    [ACTION_HALT_IMMEDIATE] = "halt-immediate",
    [ACTION_KEXEC] = "kexec",
    [ACTION_KEXEC_FORCE] = "kexec-force",
    [ACTION_SOFT_REBOOT] = "soft-reboot",
    [ACTION_SOFT_REBOOT_FORCE] = "soft-reboot-force",
};
STRING_TABLE(emergency_action, enum emergency_action, emergency_action_table)

int preserve_mode_from_string(const char *text)
{
    bool yes;

    if (parse_bool(text, &yes) == 0)
        return yes ? PRESERVE_YES : PRESERVE_NO;
    return streq(text, "restart") ? PRESERVE_RESTART : -EINVAL;
}

static const struct unit_policy policy_defaults = {
    .start_limit_interval = USEC_UNSET,
    .start_limit_burst = BURST_UNSET,
    .job_timeout = USEC_INFINITY,
    .job_running_timeout = USEC_INFINITY,
    .on_failure_job_mode = JOB_REPLACE,
    .on_success_job_mode = JOB_FAIL,
    .success_action_exit_status = -1,
    .failure_action_exit_status = -1,
};

static const struct exec_context exec_defaults = {
    .umask = 0022,
    .nice = INT_MIN,
    .ignore_sigpipe = true,
    .io_priority = IO_PRIORITY_UNSET,
    .cpu_policy = CPU_POLICY_UNSET,
    .timer_slack_nsec = TIMER_SLACK_UNSET,
    .bounding_set = CAPABILITIES_ALL,
    .login_environment = -1,
    .syslog_level = LOG_INFO,
    .log_level_max = LOG_DEBUG,
    .syslog_level_prefix = true,
    .std_output = OUTPUT_LOG,
    .std_error = OUTPUT_INHERIT,
    .directories =
        {
            [DIRECTORY_RUNTIME].mode = 0755,
            [DIRECTORY_STATE].mode = 0755,
            [DIRECTORY_CACHE].mode = 0755,
            [DIRECTORY_LOGS].mode = 0755,
            [DIRECTORY_CONFIGURATION].mode = 0755,
        },
};

static const struct kill_context kill_defaults = {
    .signal = SIGTERM,
    .final_signal = SIGKILL,
    .send_sigkill = true,
    .watchdog_signal = SIGABRT,
};

static const struct service service_defaults = {
    .guess_main_pid = true,
    .restart_usec = USEC_UNSET,
    .timeout_start = USEC_UNSET,
    .timeout_stop = USEC_UNSET,
    .timeout_abort = USEC_UNSET,
    .restart_max_delay = USEC_INFINITY,
    .runtime_max = USEC_INFINITY,
    .reload_signal = SIGHUP,
    .fd_store_preserve = PRESERVE_RESTART,
};

struct unit *unit_new(const char *name)
{
    struct unit_draft *draft = calloc(1, sizeof(*draft));
    if (!draft)
        return NULL;
    _cleanup_unit_ struct unit *unit = &draft->unit;
    int type = unit_name_type(name);

    unit->type = type < 0 ? UNIT_TARGET : (enum unit_type)type;
    unit->default_dependencies = true;
    draft->policy = policy_defaults;
    draft->exec = exec_defaults;
    draft->kill = kill_defaults;
    draft->service = service_defaults;
    unit->policy = &draft->policy;
    unit->exec = &draft->exec;
    unit->kill = &draft->kill;
    unit->cgroup = &draft->cgroup;
    unit->service = &draft->service;
    unit->commands = &draft->commands;
    unit->dependencies = &draft->dependencies;
    unit->name = strdup(name);
    unit->description = strdup(name);
    return unit->name && unit->description ? TAKE_PTR(unit) : NULL;
}

struct exec_command *exec_command_free_list(struct exec_command *command)
{
    while (command) {
        struct exec_command *next = command->next;
        free(command->path);
        strv_free(command->argv);
        free(command);
        command = next;
    }
    return NULL;
}

void exec_context_forget_environment_files(struct exec_context *exec)
{
    for (size_t i = 0; i < exec->n_environment_files; i++)
        free(exec->environment_files[i].path);
    free(exec->environment_files);
    exec->environment_files = NULL;
    exec->n_environment_files = 0;
}

static void exec_context_done(struct exec_context *exec)
{
    strv_free(exec->environment);
    strv_free(exec->pass_environment);
    strv_free(exec->unset_environment);
    exec_context_forget_environment_files(exec);
    free(exec->working_directory);
    free(exec->user);
    free(exec->group);
    strv_free(exec->supplementary_groups);
    free(exec->limits);
    free(exec->cpus);
    free(exec->root_directory);
    strv_free(exec->search_path);
    free(exec->input_path);
    free(exec->input_data);
    free(exec->tty_path);
    free(exec->output_path);
    free(exec->error_path);
    free(exec->syslog_identifier);
    FOREACH_ARRAY (directory, exec->directories, EXEC_DIRECTORY_MAX) {
        strv_free(directory->names);
        strv_free(directory->links);
    }
}

static void service_done(struct service *service)
{
    free(service->pid_file);
    free(service->bus_name);
}

static void parts_done(struct unit_draft *draft)
{
    exec_context_done(&draft->exec);
    cgroup_context_done(&draft->cgroup);
    service_done(&draft->service);
    FOREACH_ARRAY (command, draft->commands.of, SERVICE_COMMAND_MAX)
        exec_command_free_list(*command);
    FOREACH_ARRAY (names, draft->dependencies.of, UNIT_DEPENDENCY_MAX)
        strv_free(*names);
}

struct unit *unit_free(struct unit *unit)
{
    if (!unit)
        return NULL;
    free(unit->load_error);
    strv_free(unit->aliases);
    if (unit->sealed)
        return unit_unseal_and_free(unit);
    free(unit->name);
    free(unit->description);
    free(unit->fragment_path);
    strv_free(unit->drop_in_paths);
    strv_free(unit->documentation);
    for (size_t i = 0; i < unit->n_conditions; i++)
        free(unit->conditions[i].parameter);
    free(unit->conditions);
    parts_done(CONTAINER_OF(unit, struct unit_draft, unit));
    free(unit);
    return NULL;
}

int unit_add_dependency(struct unit *unit, enum unit_dependency dependency, const char *name)
{
    if (streq(name, unit->name) || strv_contains(unit->dependencies->of[dependency], name))
        return 0;
    return strv_append(&unit->dependencies->of[dependency], name);
}

bool exit_status_set_has(const struct exit_status_set *set, int code, int status)
{
    if (code == CLD_EXITED)
        return status >= 0 && status <= 255 && (set->status[status / 64] >> (status % 64) & 1);
    if (code == CLD_KILLED || code == CLD_DUMPED)
        return status > 0 && status < 64 && (set->signals >> status & 1);
    return false;
}
