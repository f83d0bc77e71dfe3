/* How states, results and jobs are spelled: as systemctl spells them. */
#include "init/manager/manager.h"

#include <errno.h>
#include <string.h>

#include "common/macro.h"

static const char *const active_state_table[ACTIVE_STATE_MAX] = {
    [UNIT_INACTIVE] = "inactive",   [UNIT_ACTIVATING] = "activating",     [UNIT_ACTIVE] = "active",
    [UNIT_RELOADING] = "reloading", [UNIT_DEACTIVATING] = "deactivating", [UNIT_FAILED] = "failed",
};
STRING_TABLE(active_state, enum active_state, active_state_table)

static const char *const service_state_table[SERVICE_STATE_MAX] = {
    [SERVICE_DEAD] = "dead",
    [SERVICE_CONDITION] = "condition",
    [SERVICE_START_PRE] = "start-pre",
    [SERVICE_START] = "start",
    [SERVICE_START_POST] = "start-post",
    [SERVICE_RUNNING] = "running",
    [SERVICE_EXITED] = "exited",
    [SERVICE_RELOAD] = "reload",
    [SERVICE_STOP] = "stop",
    [SERVICE_STOP_WATCHDOG] = "stop-watchdog",
    [SERVICE_STOP_SIGTERM] = "stop-sigterm",
    [SERVICE_STOP_SIGKILL] = "stop-sigkill",
    [SERVICE_STOP_POST] = "stop-post",
    [SERVICE_FINAL_WATCHDOG] = "final-watchdog",
    [SERVICE_FINAL_SIGTERM] = "final-sigterm",
    [SERVICE_FINAL_SIGKILL] = "final-sigkill",
    [SERVICE_FAILED] = "failed",
    [SERVICE_AUTO_RESTART] = "auto-restart",
};
STRING_TABLE(service_state, enum service_state, service_state_table)

static const char *const service_result_table[SERVICE_RESULT_MAX] = {
    [RESULT_SUCCESS] = "success",
    [RESULT_RESOURCES] = "resources",
    [RESULT_PROTOCOL] = "protocol",
    [RESULT_TIMEOUT] = "timeout",
    [RESULT_EXIT_CODE] = "exit-code",
    [RESULT_SIGNAL] = "signal",
    [RESULT_CORE_DUMP] = "core-dump",
    [RESULT_WATCHDOG] = "watchdog",
    [RESULT_START_LIMIT_HIT] = "start-limit-hit",
    [RESULT_OOM_KILL] = "oom-kill",
    [RESULT_EXEC_CONDITION] = "exec-condition",
};
STRING_TABLE(service_result, enum service_result, service_result_table)

static const char *const job_type_table[JOB_TYPE_MAX] = {
    [JOB_START] = "start",
    [JOB_STOP] = "stop",
    [JOB_RESTART] = "restart",
    [JOB_RELOAD] = "reload",
    [JOB_TRY_RESTART] = "try-restart",
    [JOB_VERIFY_ACTIVE] = "verify-active",
};
STRING_TABLE(job_type, enum job_type, job_type_table)

static const char *const job_result_table[JOB_RESULT_MAX] = {
    [JOB_DONE] = "done",       [JOB_CANCELED] = "canceled",     [JOB_TIMEOUT] = "timeout",
    [JOB_FAILED] = "failed",   [JOB_DEPENDENCY] = "dependency", [JOB_SKIPPED] = "skipped",
    [JOB_INVALID] = "invalid", [JOB_ASSERT] = "assert",
};
STRING_TABLE(job_result, enum job_result, job_result_table)

const char *manager_unit_sub_state(const struct manager_unit *unit)
{
    if (unit->unit->type != UNIT_SERVICE && unit->state == SERVICE_RUNNING)
        return "active";
    return service_state_to_string(unit->state);
}
