/* The verbs of PID 1: the table, and the handlers of those that do not wait for a job. */
#include <errno.h>
#include <stdlib.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/control/internal.h"
#include "init/unit/name.h"

#define NO_LIMIT SIZE_MAX

/* What a walk is for: decides its exit status. */
enum walk_kind { WALK_STATUS, WALK_LIST, WALK_SHOW, WALK_CAT, WALK_GRAPH, WALK_IS_ACTIVE, WALK_IS_FAILED };

static void finish_walk(struct control_client *client)
{
    const struct control_walk *walk = &client->walk;
    const char *result = "done", *message = NULL;
    int exit_status = 0;

    switch ((enum walk_kind)client->verb->argument) {
    case WALK_STATUS:
        if (client->request.named)
            exit_status = walk->unknown ? 4 : walk->all_good ? 0 : 3;
        break;
    case WALK_LIST:
    case WALK_SHOW:
    case WALK_GRAPH:
        break;
    case WALK_CAT:
        exit_status = walk->unknown;
        break;
    case WALK_IS_ACTIVE:
        exit_status = walk->any ? 0 : walk->unknown ? 4 : 3;
        break;
    case WALK_IS_FAILED:
        exit_status = walk->any ? 0 : 1;
        break;
    }
    if (walk->unknown && client->verb->argument != WALK_IS_ACTIVE &&
        client->verb->argument != WALK_IS_FAILED && exit_status != 0) {
        result = "no-such-unit";
        message = "a unit could not be found";
    }
    control_client_finish(client, result, exit_status, message);
}

/* A unit that nobody knows, in the words of systemctl show. */
static void record_unknown(const char *name, struct record *record)
{
    record_begin(record, "unit");
    record_add(record, "Id", name);
    record_add(record, "Description", name);
    record_add(record, "LoadState", unit_load_state_to_string(UNIT_NOT_FOUND));
    record_add(record, "ActiveState", active_state_to_string(UNIT_INACTIVE));
    record_add(record, "SubState", service_state_to_string(SERVICE_DEAD));
}

static void judge_unit(struct control_client *client, const struct manager_unit *unit)
{
    bool active = unit->active == UNIT_ACTIVE || unit->active == UNIT_RELOADING;
    bool wanted = client->verb->argument == WALK_IS_FAILED ? unit->active == UNIT_FAILED : active;

    client->walk.any |= wanted;
    client->walk.all_good &= wanted;
}

static void send_unit(struct control_client *client, const struct manager_unit *unit)
{
    struct control_server *server = client->server;
    struct record record;

    judge_unit(client, unit);
    if (client->verb->argument == WALK_SHOW)
        control_record_details(server, unit, &record);
    else if (client->verb->argument == WALK_GRAPH)
        control_record_graph(unit, &record);
    else
        control_record_unit(server, unit, &record);
    control_client_send(client, &record);
    if (client->verb->argument == WALK_STATUS && client->request.lines != SIZE_MAX)
        (void)logs_tail(server->logs, unit->unit->name, client->request.lines, control_client_log_line,
                        client);
}

static int walk_all(struct control_client *client)
{
    const struct manager_unit *unit = manager_next_unit(client->server->manager, &client->walk.cursor);
    if (!unit) {
        finish_walk(client);
        return 0;
    }
    send_unit(client, unit);
    return 1;
}

/* A template is no unit: one that asks for its state made a mistake, also when the others it names are fine.
 */
static bool refuse_template(struct control_client *client, const char *name)
{
    _cleanup_free_ char *message = NULL;

    if (!name || !unit_name_is_template(name))
        return false;
    message = xasprintf("%s is a template, not a unit: name an instance of it, %.*s@NAME%s", name,
                        (int)(strchr(name, '@') - name), name, strchr(name, '@') + 1);
    control_client_finish(client, "invalid", 1, message);
    return true;
}

static int walk_units(struct control_client *client)
{
    const struct control_request *request = &client->request;
    _cleanup_free_ char *name = NULL;
    struct manager_unit *unit;

    if (!request->named)
        return walk_all(client);
    if (client->walk.cursor == request->n_args) {
        finish_walk(client);
        return 0;
    }
    const char *word = request->args[client->walk.cursor++];
    int r = control_find_unit(client, word, &name, &unit);
    if (r == -ENOMEM)
        return r;
    if (unit && r == 0) {
        send_unit(client, unit);
        return 1;
    }
    bool shows_files = client->verb->argument == WALK_CAT, is_pattern = client->verb->argument == WALK_LIST;
    if (!shows_files && !is_pattern && refuse_template(client, name))
        return 0;
    struct record record;
    /* The client finds the files of a template. */
    client->walk.unknown |= !shows_files || !name || !unit_name_is_template(name);
    record_unknown(name ? name : word, &record);
    control_client_send(client, &record);
    return 1;
}

static int verb_walk(struct control_client *client)
{
    if ((client->verb->argument == WALK_STATUS || client->verb->argument == WALK_GRAPH) &&
        !client->request.named) {
        struct record record;
        control_record_manager(client->server, &record);
        control_client_send(client, &record);
    }
    control_client_walk(client);
    return 0;
}

/* Without a unit: PID 1 itself. */
static int verb_show(struct control_client *client)
{
    struct record record;

    if (client->request.named)
        return verb_walk(client);
    control_record_manager(client->server, &record);
    control_client_send(client, &record);
    control_client_finish(client, "done", 0, NULL);
    return 0;
}

/* PID 1 and all units; those that are named are loaded first, as far as the client may. */
static int verb_graph(struct control_client *client)
{
    for (size_t i = 0; i < client->request.n_args; i++) {
        _cleanup_free_ char *name = NULL;
        struct manager_unit *unit;
        if (control_find_unit(client, client->request.args[i], &name, &unit) == -ENOMEM)
            return -ENOMEM;
        if (refuse_template(client, name))
            return 0;
    }
    client->request.named = false;
    return verb_walk(client);
}

static int verb_system_state(struct control_client *client)
{
    const char *state = manager_system_state(client->server->manager);
    struct record record;

    client->awaits_boot = client->request.wait && streq(state, "starting");
    if (client->awaits_boot)
        return 0;
    control_record_manager(client->server, &record);
    control_client_send(client, &record);
    control_client_finish(client, "done", !streq(state, "running"), NULL);
    return 0;
}

void control_boot_changed(struct control_server *server)
{
    FOREACH_ARRAY (client, server->clients, server->n_clients)
        if ((*client)->awaits_boot && !(*client)->dead)
            (void)verb_system_state(*client);
}

static int verb_kill(struct control_client *client)
{
    const struct control_server *server = client->server;
    const struct control_request *request = &client->request;
    _cleanup_free_ char *message = NULL;

    for (size_t i = 0; i < request->n_args && !message; i++) {
        _cleanup_free_ char *name = NULL;
        struct manager_unit *unit;
        int r = control_find_unit(client, request->args[i], &name, &unit);
        if (r < 0)
            message = xasprintf("%s: not found", request->args[i]);
        else if ((r = server->ops->kill(server->userdata, unit, request->whom, request->signal)) < 0 &&
                 (r != -ESRCH || request->whom != KILL_ALL)) /* there are none to reach */
            message = xasprintf("%s: %s", name, r == -ESRCH ? "no process to signal" : strerror(-r));
    }
    control_client_finish(client, message ? "failed" : "done", message != NULL, message);
    return 0;
}

static int verb_reset_failed(struct control_client *client)
{
    const struct control_request *request = &client->request;
    _cleanup_free_ char *message = NULL;
    int r = !request->named ? manager_reset_failed(client->server->manager, NULL) : 0;

    for (size_t i = 0; i < request->n_args && r >= 0; i++) {
        _cleanup_free_ char *name = NULL;
        struct manager_unit *unit;
        r = control_find_unit(client, request->args[i], &name, &unit);
        if (r == 0)
            r = manager_reset_failed(client->server->manager, unit->unit->name);
        if (r < 0)
            message = xasprintf("%s: %s", request->args[i],
                                r == -ENOENT || r == -EINVAL ? "not found" : strerror(-r));
    }
    control_client_finish(client, r < 0 ? "failed" : "done", r < 0, message);
    return 0;
}

static int verb_daemon_reload(struct control_client *client)
{
    int r = client->server->ops->reload(client->server->userdata);

    control_client_finish(client, r < 0 ? "failed" : "done", r < 0, r < 0 ? strerror(-r) : NULL);
    return 0;
}

static int verb_shutdown(struct control_client *client)
{
    const struct control_request *request = &client->request;
    enum shutdown_kind kind = (enum shutdown_kind)client->verb->argument;
    uint64_t status = 0;

    if (request->n_args > 0 && (parse_u64(request->args[0], &status) < 0 || status > 255)) {
        control_client_finish(client, "invalid", 1, "an exit code is a number from 0 to 255");
        return 0;
    }
    manager_shutdown(client->server->manager, now_monotonic(), kind, (int)status);
    control_client_finish(client, "done", 0, NULL);
    return 0;
}

/* clang-format off: a row a line */
static const struct control_verb verbs[] = {
    {"status", 0, NO_LIMIT, false, true, verb_walk, walk_units, WALK_STATUS},
    {"list-units", 0, NO_LIMIT, false, true, verb_walk, walk_units, WALK_LIST},
    {"list-jobs", 0, NO_LIMIT, false, true, control_verb_list_jobs, NULL, 0},
    {"show", 0, NO_LIMIT, false, true, verb_show, walk_units, WALK_SHOW},
    {"cat", 1, NO_LIMIT, false, true, verb_walk, walk_units, WALK_CAT},
    {"graph", 0, NO_LIMIT, false, true, verb_graph, walk_units, WALK_GRAPH},
    {"is-active", 1, NO_LIMIT, false, true, verb_walk, walk_units, WALK_IS_ACTIVE},
    {"is-failed", 0, NO_LIMIT, false, true, verb_walk, walk_units, WALK_IS_FAILED},
    {"is-system-running", 0, 0, false, false, verb_system_state, NULL, 0},
    {"logs", 0, LOGS_UNITS_MAX, false, true, control_verb_logs, control_walk_logs, 0},
    {"start", 1, NO_LIMIT, true, true, control_verb_job, NULL, JOB_START},
    {"stop", 1, NO_LIMIT, true, true, control_verb_job, NULL, JOB_STOP},
    {"restart", 1, NO_LIMIT, true, true, control_verb_job, NULL, JOB_RESTART},
    {"try-restart", 1, NO_LIMIT, true, true, control_verb_job, NULL, JOB_TRY_RESTART},
    {"reload", 1, NO_LIMIT, true, true, control_verb_job, NULL, JOB_RELOAD},
    {"reload-or-restart", 1, NO_LIMIT, true, true, control_verb_job, NULL, VERB_RELOAD_OR_RESTART},
    {"try-reload-or-restart", 1, NO_LIMIT, true, true, control_verb_job, NULL, VERB_TRY_RELOAD_OR_RESTART},
    {"isolate", 1, 1, true, true, control_verb_job, NULL, VERB_ISOLATE},
    {"cancel", 0, NO_LIMIT, true, false, control_verb_cancel, NULL, 0},
    {"kill", 1, NO_LIMIT, true, true, verb_kill, NULL, 0},
    {"reset-failed", 0, NO_LIMIT, true, true, verb_reset_failed, NULL, 0},
    {"show-environment", 0, 0, false, false, control_verb_show_environment, NULL, 0},
    {"set-environment", 1, NO_LIMIT, true, false, control_verb_change_environment, NULL, true},
    {"unset-environment", 1, NO_LIMIT, true, false, control_verb_change_environment, NULL, false},
    {"daemon-reload", 0, 0, true, false, verb_daemon_reload, NULL, 0},
    {"daemon-reexec", 0, 1, true, false, control_verb_reexec, NULL, 0},
    {"poweroff", 0, 0, true, false, verb_shutdown, NULL, SHUTDOWN_EXIT},
    {"reboot", 0, 0, true, false, verb_shutdown, NULL, SHUTDOWN_REBOOT},
    {"exit", 0, 1, true, false, verb_shutdown, NULL, SHUTDOWN_EXIT},
};
/* clang-format on */

const struct control_verb *control_verb_find(const char *name)
{
    FOREACH_ARRAY (verb, verbs, ELEMENTSOF(verbs))
        if (streq(verb->name, name))
            return verb;
    return NULL;
}
