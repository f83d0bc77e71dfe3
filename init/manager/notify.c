/* What a service says about itself: sd_notify(3). Text from services is hostile until proven otherwise. */
#include "init/manager/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/parse.h"
#include "common/text.h"

#define STATUS_TEXT_MAX 1024

static bool may_notify(const struct node *node, pid_t pid)
{
    switch (node->u.unit->service.notify_access) {
    case NOTIFY_MAIN:
        return pid > 0 && pid == node->u.main_pid;
    case NOTIFY_EXEC:
        return pid > 0 && (pid == node->u.main_pid || pid == node->u.control_pid);
    case NOTIFY_ALL:
        return true;
    default:
        return false;
    }
}

static void notify_ready(struct node *node, const char *value)
{
    /* A reload is over only when it was said to have begun. */
    bool counts = node->u.state != SERVICE_RELOAD || node->notify_state == NOTIFY_RELOADING;
    if (!streq(value, "1") || !counts)
        return;
    node->notify_state = NOTIFY_READY;
    service_dispatch(node, SERVICE_NOTIFIED_READY, RESULT_SUCCESS);
}

static void notify_reloading(struct node *node, const char *value)
{
    if (!streq(value, "1"))
        return;
    node->notify_state = NOTIFY_RELOADING;
    service_dispatch(node, SERVICE_NOTIFIED_RELOADING, RESULT_SUCCESS);
}

static void notify_stopping(struct node *node, const char *value)
{
    if (!streq(value, "1"))
        return;
    node->notify_state = NOTIFY_STOPPING;
    service_dispatch(node, SERVICE_NOTIFIED_STOPPING, RESULT_SUCCESS);
}

static void notify_status(struct node *node, const char *value)
{
    free(node->u.status_text);
    node->u.status_text = *value ? strndup(value, STATUS_TEXT_MAX) : NULL;
}

static void notify_main_pid(struct node *node, const char *value)
{
    uint64_t pid;
    bool takes_pids =
        node->u.state == SERVICE_START || node->u.state == SERVICE_START_POST || unit_is_up(node);

    if (!takes_pids || parse_u64(value, &pid) < 0 || pid <= 1 || pid > INT32_MAX)
        return;
    /* Nobody may claim the control process, nor a stranger: PID 1 would signal it on behalf of the service.
     */
    struct manager *manager = node->manager;
    struct pid_link *link = pid_table_find(&manager->pids, (pid_t)pid);
    if (link ? link != &node->main_link : !manager->ops->owns(manager->platform, &node->u, (pid_t)pid))
        return;
    service_set_main_pid(node, (pid_t)pid);
    node->main_pid_known = true;
}

static void notify_watchdog(struct node *node, const char *value)
{
    if (streq(value, "trigger"))
        service_dispatch(node, SERVICE_WATCHDOG_DUE, RESULT_SUCCESS);
    else if (streq(value, "1") && node->watchdog.position != 0)
        service_restart_watchdog(node);
}

static void notify_watchdog_usec(struct node *node, const char *value)
{
    uint64_t usec;

    if (parse_u64(value, &usec) < 0 || usec == 0 || usec == USEC_INFINITY)
        return;
    node->watchdog_usec = usec;
    if (node->u.state == SERVICE_START_POST || unit_is_up(node))
        service_restart_watchdog(node);
}

/* It needs more time for what it does now; time is only ever given, never taken. */
static void notify_extend_timeout(struct node *node, const char *value)
{
    uint64_t usec;

    if (node->timer.position == 0 || parse_u64(value, &usec) < 0)
        return;
    usec_t when = usec_add(node->manager->now, usec);
    if (when > node->timer.when)
        deadline_arm(&node->manager->deadlines, &node->timer, when);
}

/* In the order in which they are heard, whatever the order in the message: a new main process first. */
static const struct {
    const char *name;
    void (*take)(struct node *node, const char *value);
} variables[] = {
    {"MAINPID=", notify_main_pid},    {"WATCHDOG_USEC=", notify_watchdog_usec},
    {"STATUS=", notify_status},       {"EXTEND_TIMEOUT_USEC=", notify_extend_timeout},
    {"RELOADING=", notify_reloading}, {"READY=", notify_ready},
    {"STOPPING=", notify_stopping},   {"WATCHDOG=", notify_watchdog},
};

/* Calls take for each line of text that begins with name; lines is a copy, cut at its newlines. */
static void take_variable(struct node *node, char *const *lines, const char *name,
                          void (*take)(struct node *, const char *))
{
    for (; lines && *lines; lines++) {
        const char *value = startswith(*lines, name);
        if (value)
            take(node, value);
    }
}

void service_notify(struct node *node, pid_t pid, const char *text)
{
    _cleanup_strv_ char **lines = NULL;

    if (node->u.unit->type != UNIT_SERVICE || unit_is_down(node) || !may_notify(node, pid))
        return;
    if (strv_split(text, "\n", &lines) < 0) {
        manager_log(node, true, "%s: a notification is lost: no memory", node->u.unit->name);
        return;
    }
    FOREACH_ARRAY (variable, variables, ELEMENTSOF(variables))
        take_variable(node, lines, variable->name, variable->take);
}
