/* What a service says about itself: sd_notify(3). Text from services is hostile until proven otherwise. */
#include "init/manager/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/unit/name.h"

#define STATUS_TEXT_MAX 1024
#define DESCRIPTOR_NAME "stored" /* without FDNAME= */

/* One message, cut at its newlines. */
struct notification {
    char **lines;
    unsigned n_descriptors;
};

static bool may_notify(const struct node *node, pid_t pid)
{
    switch (node->u.unit->service->notify_access) {
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

/* What the message says under that name ("FDNAME="), NULL: nothing. */
static const char *notification_get(const struct notification *message, const char *name)
{
    for (char **line = message->lines; line && *line; line++) {
        const char *value = startswith(*line, name);
        if (value)
            return value;
    }
    return NULL;
}

static void notify_ready(struct node *node, const struct notification *message, const char *value)
{
    /* A reload is over only when it was said to have begun. */
    bool counts = node->u.state != SERVICE_RELOAD || node->notify_state == NOTIFY_RELOADING;
    if (!streq(value, "1") || !counts)
        return;
    node->notify_state = NOTIFY_READY;
    service_dispatch(node, SERVICE_NOTIFIED_READY, RESULT_SUCCESS);
}

static bool awaits_reload(const struct node *node)
{
    return node->u.state == SERVICE_RELOAD && node->reload_begin != 0;
}

/* Whether it speaks of the reload that it was asked for, and not of one before. */
static bool answers_reload(const struct node *node, const struct notification *message)
{
    const char *text = notification_get(message, "MONOTONIC_USEC=");
    uint64_t begin;

    return text && parse_u64(text, &begin) == 0 && begin >= node->reload_begin;
}

static void notify_reloading(struct node *node, const struct notification *message, const char *value)
{
    if (!streq(value, "1") || (awaits_reload(node) && !answers_reload(node, message)))
        return;
    node->notify_state = NOTIFY_RELOADING;
    service_dispatch(node, SERVICE_NOTIFIED_RELOADING, RESULT_SUCCESS);
}

static void notify_stopping(struct node *node, const struct notification *message, const char *value)
{
    if (!streq(value, "1"))
        return;
    node->notify_state = NOTIFY_STOPPING;
    service_dispatch(node, SERVICE_NOTIFIED_STOPPING, RESULT_SUCCESS);
}

static void notify_status(struct node *node, const struct notification *message, const char *value)
{
    struct unit_report *report = unit_report_get(&node->u);

    if (!report)
        return;
    free(report->status_text);
    report->status_text = *value ? strndup(value, STATUS_TEXT_MAX) : NULL;
}

static void notify_errno(struct node *node, const struct notification *message, const char *value)
{
    struct unit_report *report = unit_report_get(&node->u);
    int number;

    if (report && parse_int(value, &number) == 0 && number >= 0)
        report->status_errno = number;
}

static void notify_bus_error(struct node *node, const struct notification *message, const char *value)
{
    struct unit_report *report = unit_report_get(&node->u);

    if (!report)
        return;
    free(report->bus_error);
    report->bus_error = *value ? strndup(value, STATUS_TEXT_MAX) : NULL;
}

/* It only tells: the exit status that counts is that of the process. */
static void notify_exit_status(struct node *node, const struct notification *message, const char *value)
{
    struct unit_report *report = unit_report_get(&node->u);
    int status;

    if (report && parse_int(value, &status) == 0 && status >= 0 && status <= 255)
        report->notified_exit = status;
}

static void notify_main_pid(struct node *node, const struct notification *message, const char *value)
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

static void notify_watchdog(struct node *node, const struct notification *message, const char *value)
{
    if (streq(value, "trigger"))
        service_dispatch(node, SERVICE_WATCHDOG_DUE, RESULT_SUCCESS);
    else if (streq(value, "1") && node->watchdog.position != 0)
        service_restart_watchdog(node);
}

static void notify_watchdog_usec(struct node *node, const struct notification *message, const char *value)
{
    uint64_t usec;

    if (parse_u64(value, &usec) < 0 || usec == 0 || usec == USEC_INFINITY)
        return;
    node->watchdog_usec = usec;
    if (node->u.state == SERVICE_START_POST || unit_is_up(node))
        service_restart_watchdog(node);
}

static void extend(struct node *node, struct deadline *deadline, usec_t when)
{
    if (deadline->position != 0 && when > deadline->when)
        deadline_arm(&node->manager->deadlines, deadline, when);
}

/* It needs more time for what it does now; time is only ever given, never taken. */
static void notify_extend_timeout(struct node *node, const struct notification *message, const char *value)
{
    uint64_t usec;

    if (parse_u64(value, &usec) < 0)
        return;
    usec_t when = usec_add(node->manager->now, usec);
    extend(node, &node->timer, when);
    extend(node, &node->watchdog, when);
}

/* --- the store of descriptors: the platform has them, here they are counted --- */

static void notify_store(struct node *node, const struct notification *message, const char *value)
{
    struct manager *manager = node->manager;
    const char *name = notification_get(message, "FDNAME="), *poll = notification_get(message, "FDPOLL=");
    unsigned max = node->u.unit->service->fd_store_max;
    unsigned room = max > node->u.n_stored ? max - node->u.n_stored : 0;

    if (!streq(value, "1") || message->n_descriptors == 0)
        return;
    if (message->n_descriptors > room)
        manager_log(node, true, "%s: %s", node->u.unit->name,
                    max == 0 ? "its descriptors are not kept: FileDescriptorStoreMax= is 0"
                             : "its store of descriptors is full (FileDescriptorStoreMax=)");
    if (room == 0)
        return;
    if (!name || !fd_name_is_valid(name))
        name = DESCRIPTOR_NAME;
    node->u.n_stored +=
        manager->ops->store_descriptors(manager->platform, &node->u, name, room, !poll || !streq(poll, "0"));
}

static void drop_descriptors(struct node *node, const char *name)
{
    struct manager *manager = node->manager;

    if (node->u.n_stored > 0)
        node->u.n_stored -=
            MIN(manager->ops->drop_descriptors(manager->platform, &node->u, name), node->u.n_stored);
}

static void notify_store_remove(struct node *node, const struct notification *message, const char *value)
{
    const char *name = notification_get(message, "FDNAME=");

    if (streq(value, "1") && name && *name)
        drop_descriptors(node, name);
}

void service_release_store(struct node *node, enum preserve_mode mode)
{
    if (node->u.unit->service->fd_store_preserve == mode)
        drop_descriptors(node, NULL);
}

/* In the order in which they are heard, whatever the order in the message: a new main process first. */
static const struct {
    const char *name;
    void (*take)(struct node *node, const struct notification *message, const char *value);
} variables[] = {
    {"MAINPID=", notify_main_pid},
    {"WATCHDOG_USEC=", notify_watchdog_usec},
    {"STATUS=", notify_status},
    {"ERRNO=", notify_errno},
    {"BUSERROR=", notify_bus_error},
    {"EXIT_STATUS=", notify_exit_status},
    {"FDSTORE=", notify_store},
    {"FDSTOREREMOVE=", notify_store_remove},
    {"EXTEND_TIMEOUT_USEC=", notify_extend_timeout},
    {"RELOADING=", notify_reloading},
    {"READY=", notify_ready},
    {"STOPPING=", notify_stopping},
    {"WATCHDOG=", notify_watchdog},
};

static void take_lines(struct node *node, const struct notification *message, const char *name,
                       void (*take)(struct node *, const struct notification *, const char *))
{
    for (char **line = message->lines; line && *line; line++) {
        const char *value = startswith(*line, name);
        if (value)
            take(node, message, value);
    }
}

void service_notify(struct node *node, const struct event *event)
{
    _cleanup_strv_ char **lines = NULL;

    if (node->u.unit->type != UNIT_SERVICE || unit_is_down(node) || !may_notify(node, event->pid))
        return;
    if (strv_split(event->text, "\n", &lines) < 0) {
        manager_log(node, true, "%s: a notification is lost: no memory", node->u.unit->name);
        return;
    }
    struct notification message = {.lines = lines, .n_descriptors = event->n_descriptors};
    FOREACH_ARRAY (variable, variables, ELEMENTSOF(variables))
        take_lines(node, &message, variable->name, variable->take);
}
