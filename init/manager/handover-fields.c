/* The table of fields. A field that is added to struct node or struct manager and has to outlive
 * daemon-reexec gets its row here; the simulation tells of one that is missing (sim --handovers). */
#include "init/manager/handover-fields.h"

#include <errno.h>
#include <inttypes.h>

#include "common/text.h"

#define NAMES(type)                                                                                          \
    static const char *type##_name(int value)                                                                \
    {                                                                                                        \
        return type##_to_string((enum type)value);                                                           \
    }
NAMES(service_state)
NAMES(service_result)
NAMES(service_command)
NAMES(job_type)

static const char *const notify_states[] = {
    [NOTIFY_UNKNOWN] = "unknown",
    [NOTIFY_READY] = "ready",
    [NOTIFY_RELOADING] = "reloading",
    [NOTIFY_STOPPING] = "stopping",
};

static const char *notify_state_name(int value)
{
    return value >= 0 && (size_t)value < ELEMENTSOF(notify_states) ? notify_states[value] : NULL;
}

static int notify_state_from_string(const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(notify_states); i++)
        if (streq(notify_states[i], name))
            return (int)i;
    return -EINVAL;
}

static int exec_stage_from_name(const char *name)
{
    for (int stage = EXEC_STAGE_CHDIR; stage <= EXEC_STAGE_CONFIGURATION_DIRECTORY; stage++) {
        const char *known = exec_stage_to_string(stage);
        if (known && streq(known, name))
            return stage;
    }
    return -EINVAL;
}

#define NODE(name, kind, member)                                                                             \
    {                                                                                                        \
        name, kind, offsetof(struct node, member)                                                            \
    }
#define NODE_NAME(name, type, member)                                                                        \
    {                                                                                                        \
        name, FIELD_NAME, offsetof(struct node, member), type##_name, type##_from_string                     \
    }

const struct field node_fields[] = {
    NODE_NAME("SubState", service_state, u.state),
    NODE_NAME("Result", service_result, u.result),
    NODE("MainPID", FIELD_INT, u.main_pid),
    NODE("MainPIDKnown", FIELD_BOOL, main_pid_known),
    NODE("ControlPID", FIELD_INT, u.control_pid),
    {"ControlKind", FIELD_NAME, offsetof(struct node, u.control_command), service_command_name,
     service_command_from_string, .standard = SERVICE_COMMAND_MAX},
    NODE("MainExitCode", FIELD_INT, u.main_exit.code),
    NODE("MainExitStatus", FIELD_INT, u.main_exit.status),
    NODE("ControlExitCode", FIELD_INT, u.control_exit.code),
    NODE("ControlExitStatus", FIELD_INT, u.control_exit.status),
    NODE("NFileDescriptorStore", FIELD_UNSIGNED, u.n_stored),
    NODE("NRestarts", FIELD_UNSIGNED, u.n_restarts),
    NODE("Invocation", FIELD_U64, u.invocation),
    NODE("StateSince", FIELD_U64, u.state_since),
    NODE("ActiveEnter", FIELD_U64, u.active_enter),
    NODE("ActiveExit", FIELD_U64, u.active_exit),
    NODE("InactiveEnter", FIELD_U64, u.inactive_enter),
    NODE("InactiveExit", FIELD_U64, u.inactive_exit),
    NODE("ComesBack", FIELD_BOOL, u.comes_back),
    NODE("ConditionsHeld", FIELD_BOOL, u.conditions_held),
    NODE("AssertsHeld", FIELD_BOOL, u.asserts_held),
    NODE("Job", FIELD_UNSIGNED, job.id),
    NODE_NAME("JobType", job_type, job.type),
    NODE("JobRunning", FIELD_BOOL, job.running),
    NODE("JobBlocked", FIELD_BOOL, job.blocked),
    NODE("JobIrreversible", FIELD_BOOL, job.irreversible),
    NODE("JobIgnoresOrder", FIELD_BOOL, job.ignore_order),
    NODE("JobIgnoresRequirements", FIELD_BOOL, job.ignore_requirements),
    NODE("StartLimitBegin", FIELD_U64, start_limit.begin),
    NODE("StartLimitN", FIELD_UNSIGNED, start_limit.n),
    NODE("TriggerLimitBegin", FIELD_U64, trigger_limit.begin),
    NODE("TriggerLimitN", FIELD_UNSIGNED, trigger_limit.n),
    NODE("PIDFileInterval", FIELD_U64, pid_file_interval),
    NODE("Watchdog", FIELD_U64, watchdog_usec),
    NODE_NAME("ReloadResult", service_result, reload_result),
    NODE("ReloadBegin", FIELD_U64, reload_begin),
    NODE_NAME("NotifyState", notify_state, notify_state),
    NODE("ForbidRestart", FIELD_BOOL, forbid_restart),
    NODE("FlushRestarts", FIELD_BOOL, flush_restarts),
    NODE("RestartDue", FIELD_BOOL, restart_due),
    NODE("RuntimeExtra", FIELD_U64, runtime_extra),
    NODE("Attempted", FIELD_BOOL, attempted),
};
const size_t n_node_fields = ELEMENTSOF(node_fields);

#define REPORT(name, kind, member)                                                                           \
    {                                                                                                        \
        name, kind, offsetof(struct unit_report, member)                                                     \
    }

const struct field report_fields[] = {
    {"ExecStage", FIELD_NAME, offsetof(struct unit_report, exec_stage), exec_stage_to_string,
     exec_stage_from_name},
    REPORT("ExecErrno", FIELD_INT, exec_errno),
    REPORT("ExecObject", FIELD_TEXT, exec_object),
    REPORT("StatusText", FIELD_TEXT, status_text),
    REPORT("StatusBusError", FIELD_TEXT, bus_error),
    REPORT("StatusErrno", FIELD_INT, status_errno),
    REPORT("StatusExitStatus", FIELD_INT, notified_exit),
};
const size_t n_report_fields = ELEMENTSOF(report_fields);

#define MANAGER(name, kind, member)                                                                          \
    {                                                                                                        \
        name, kind, offsetof(struct manager, member)                                                         \
    }

const struct field manager_fields[] = {
    MANAGER("Now", FIELD_U64, now),
    MANAGER("LastJob", FIELD_UNSIGNED, last_job_id),
    MANAGER("LastInvocation", FIELD_U64, last_invocation),
    MANAGER("RandomSeed", FIELD_U64, config.random_seed),
    MANAGER("Started", FIELD_BOOL, started),
    MANAGER("SettledOnce", FIELD_BOOL, settled_once),
    MANAGER("ServiceRan", FIELD_BOOL, service_ran),
    MANAGER("CheckRefused", FIELD_BOOL, check_refused),
};
const size_t n_manager_fields = ELEMENTSOF(manager_fields);

/* --- commands --- */

static uint64_t hash_word(uint64_t hash, const char *word)
{
    do
        hash = (hash ^ (unsigned char)*word) * 1099511628211u; /* FNV-1a */
    while (*word++);
    return hash;
}

static uint64_t command_hash(const struct exec_command *command)
{
    uint64_t hash = hash_word(14695981039346656037u, command->path);

    for (char **word = command->argv; *word; word++)
        hash = hash_word(hash, *word);
    return hash;
}

void command_write(struct handover *handover, const char *key, const struct exec_command *list,
                   const struct exec_command *command)
{
    unsigned i = 0;

    if (!command)
        return;
    for (; list && list != command; list = list->next)
        i++;
    handover_addf(handover, key, "%u %" PRIu64, i, command_hash(command));
}

const struct exec_command *command_read(const struct exec_command *list, const char *value)
{
    const struct exec_command *found = NULL;
    uint64_t index, hash, i = 0;

    if (!handover_number(&value, &index) || !handover_number(&value, &hash))
        return NULL;
    for (; list; list = list->next, i++) {
        if (command_hash(list) != hash)
            continue;
        if (i == index)
            return list;
        found = found ? found : list;
    }
    return found;
}
