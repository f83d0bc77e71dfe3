/* The unit as a whole: its defaults, whether its settings fit together, and the dependencies that nobody
 * wrote. systemd.unit(5), systemd.service(5), systemd.slice(5): "Automatic Dependencies". */
#include "init/unit/finish.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/name.h"
#include "init/unit/word.h"

#define USER_NAME_MAX 31

static bool set_is_empty(const struct exit_status_set *set)
{
    return !(set->status[0] | set->status[1] | set->status[2] | set->status[3] | set->signals);
}

static void default_type(struct unit_parser *parser)
{
    struct service *service = parser->unit->service;

    if (!parser->type_set)
        service->type = service->bus_name                           ? SERVICE_DBUS
                        : parser->unit->commands->of[COMMAND_START] ? SERVICE_SIMPLE
                                                                    : SERVICE_ONESHOT;
    if (!parser->type_set && service->type == SERVICE_DBUS)
        parser_report(parser, REPORT_INFO,
                      "BusName= means Type=dbus, but the bus is not watched: started like Type=simple");
    if (service->type == SERVICE_ONESHOT && service->timeout_start == USEC_UNSET)
        service->timeout_start = USEC_INFINITY;
    bool notifies = service->type == SERVICE_NOTIFY || service->type == SERVICE_NOTIFY_RELOAD ||
                    service->watchdog > 0 || service->fd_store_max > 0;
    if (notifies && service->notify_access == NOTIFY_NONE)
        service->notify_access = NOTIFY_MAIN;
}

/* A delay that grows needs both ends, and room between them. */
static void check_restart_steps(struct unit_parser *parser)
{
    struct service *service = parser->unit->service;
    bool steps = service->restart_steps > 0, max = service->restart_max_delay != USEC_INFINITY;

    if (steps != max)
        parser_warn(parser, "RestartSteps= and RestartMaxDelaySec= have no effect without each other");
    else if (max && service->restart_usec != USEC_UNSET &&
             service->restart_max_delay <= service->restart_usec)
        parser_warn(parser, "RestartMaxDelaySec= is not above RestartSec=, the delay does not grow");
    else
        return;
    service->restart_steps = 0;
}

/* PermissionsStartOnly=yes is the old way to write "+" in front of all commands but ExecStart=. */
static void lift_permissions(struct service_commands *commands)
{
    for (int kind = 0; kind < SERVICE_COMMAND_MAX; kind++)
        for (struct exec_command *command = commands->of[kind]; command; command = command->next)
            if (kind != COMMAND_START)
                command->flags |= EXEC_FULL_PRIVILEGES;
}

/* Why these settings make no service, or NULL. */
static const char *service_problem(const struct unit *unit)
{
    const struct service *service = unit->service;
    const struct exec_command *start = unit->commands->of[COMMAND_START];
    bool oneshot = service->type == SERVICE_ONESHOT, acts = unit->policy->success_action != ACTION_NONE;

    if (!start && !unit->commands->of[COMMAND_STOP] && !acts)
        return "the service has neither ExecStart= nor ExecStop= nor SuccessAction=";
    if (!start && !oneshot)
        return "the service has no ExecStart=, which only Type=oneshot may do without";
    if (!start && !service->remain_after_exit && !acts)
        return "the service has no ExecStart=, and neither RemainAfterExit=yes nor SuccessAction=";
    if (start && start->next && !oneshot)
        return "more than one ExecStart=, which only Type=oneshot may have";
    if (oneshot && (service->restart == RESTART_ALWAYS || service->restart == RESTART_ON_SUCCESS))
        return "Restart=always and Restart=on-success are not for Type=oneshot";
    if (oneshot && !set_is_empty(&service->restart_force_status))
        return "RestartForceExitStatus= is not for Type=oneshot";
    if (oneshot && service->exit_type == EXIT_TYPE_CGROUP)
        return "ExitType=cgroup is not for Type=oneshot";
    if (service->type == SERVICE_DBUS && !service->bus_name)
        return "Type=dbus needs BusName=";
    return NULL;
}

/* "system-NAME.slice" for instances of a template, as systemd groups them. */
static int default_slice(struct unit *unit)
{
    _cleanup_free_ char *prefix = NULL, *escaped = NULL, *own = NULL;

    if (unit->cgroup->slice)
        return 0;
    if (unit_name_is_instance(unit->name)) {
        int r = unit_name_prefix(unit->name, &prefix);
        if (r >= 0)
            r = unit_name_escape(prefix, &escaped);
        if (r < 0)
            return r;
        own = xasprintf("system-%s.slice", escaped);
        if (!own)
            return -ENOMEM;
    }
    /* A name that is too long for a slice of its own shares the common one. */
    unit->cgroup->slice = own && unit_name_is_valid(own) ? TAKE_PTR(own) : strdup("system.slice");
    return unit->cgroup->slice ? 0 : -ENOMEM;
}

struct implied {
    enum unit_dependency dependency;
    const char *name;
};

static const struct implied of_service[] = {
    {UNIT_REQUIRES, "sysinit.target"},
    {UNIT_AFTER, "sysinit.target"},
    {UNIT_AFTER, "basic.target"},
};

static const struct implied of_all[] = {
    {UNIT_CONFLICTS, "shutdown.target"},
    {UNIT_BEFORE, "shutdown.target"},
};

static int add_implied(struct unit *unit, const struct implied *implied, size_t n)
{
    FOREACH_ARRAY (row, implied, n) {
        int r = unit_add_dependency(unit, row->dependency, row->name);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_default_dependencies(struct unit *unit)
{
    int r = 0;
    if (!unit->default_dependencies)
        return 0;
    if (unit->type == UNIT_SERVICE)
        r = add_implied(unit, of_service, ELEMENTSOF(of_service));
    return r < 0 ? r : add_implied(unit, of_all, ELEMENTSOF(of_all));
}

static int need_slice(struct unit *unit, const char *slice)
{
    int r = unit_add_dependency(unit, UNIT_REQUIRES, slice);
    return r < 0 ? r : unit_add_dependency(unit, UNIT_AFTER, slice);
}

/* "a-b.slice" lies in "a.slice", that in "-.slice". */
static int need_parent_slice(struct unit *unit)
{
    if (streq(unit->name, "-.slice"))
        return 0;
    const char *dash = strrchr(unit->name, '-');
    _cleanup_free_ char *parent =
        dash ? xasprintf("%.*s.slice", (int)(dash - unit->name), unit->name) : strdup("-.slice");
    if (!parent)
        return -ENOMEM;
    return unit_name_is_valid(parent) ? need_slice(unit, parent) : 0;
}

/* What qualifies as a user's name on any system; systemd.exec(5), "User=". */
static bool is_portable_user_name(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > USER_NAME_MAX || (*name != '_' && !isalpha((unsigned char)*name)))
        return false;
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
            return false;
    return true;
}

/* The unit's name without "@…" and its suffix, or one with a hash of that. */
static int dynamic_user_name(const struct unit *unit, char **ret)
{
    _cleanup_free_ char *prefix = NULL;
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    int r = unit_name_prefix(unit->name, &prefix);

    if (r < 0)
        return r;
    if (is_portable_user_name(prefix)) {
        *ret = TAKE_PTR(prefix);
        return 0;
    }
    for (const char *c = prefix; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    *ret = xasprintf("_du%016" PRIx64, hash);
    return *ret ? 0 : -ENOMEM;
}

/* A user that comes and goes must not leave programs behind that would run as it. */
static int finish_dynamic_user(struct unit *unit)
{
    struct exec_context *exec = unit->exec;

    if (!exec->dynamic_user)
        return 0;
    exec->no_new_privileges = true;
    if (!exec->user) {
        int r = dynamic_user_name(unit, &exec->user);
        if (r < 0)
            return r;
    }
    if (!exec->group && exec->user)
        exec->group = strdup(exec->user);
    return exec->group ? 0 : -ENOMEM;
}

/* "inherit" is a terminal, or what is passed; where there is neither, the log; systemd.exec(5),
 * "StandardOutput=". */
static void default_streams(const struct unit_parser *parser)
{
    struct exec_context *exec = parser->unit->exec;

    if (exec->std_input == INPUT_NULL && exec->input_size > 0)
        exec->std_input = INPUT_DATA;
    if (!exec_input_is_terminal(exec->std_input) && exec->std_input != INPUT_PASSED) {
        if (exec->std_output == OUTPUT_INHERIT)
            exec->std_output = OUTPUT_LOG;
    } else if (!parser->output_set) {
        exec->std_output = OUTPUT_INHERIT;
    }
}

static int finish_service(struct unit_parser *parser)
{
    struct unit *unit = parser->unit;

    default_type(parser);
    default_streams(parser);
    check_restart_steps(parser);
    if (parser->permissions_start_only)
        lift_permissions(unit->commands);
    const char *problem = service_problem(unit);
    if (problem)
        parser_refuse(parser, "%s", problem);
    int r = finish_dynamic_user(unit);
    if (r == 0)
        r = default_slice(unit);
    return r < 0 ? r : need_slice(unit, unit->cgroup->slice);
}

static int unite_dependencies(struct unit_dependencies *dependencies)
{
    int r = 0;

    for (enum unit_dependency d = 0; r == 0 && d < UNIT_DEPENDENCY_MAX; d++)
        r = words_unite(dependencies->of[d]);
    return r;
}

int unit_finish(struct unit_parser *parser)
{
    struct unit *unit = parser->unit;
    int r = unite_dependencies(unit->dependencies);

    if (r < 0)
        return r;
    if (unit->type == UNIT_SERVICE)
        r = finish_service(parser);
    else if (unit->type == UNIT_SLICE)
        r = need_parent_slice(unit);
    return r < 0 ? r : add_default_dependencies(unit);
}
