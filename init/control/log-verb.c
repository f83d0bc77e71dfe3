/* The verb "logs": what is kept of the lines of some units, or of all, as fast as the client reads; then,
 * when it follows, what comes. */
#include <errno.h>

#include "common/text.h"
#include "init/control/internal.h"

#define LOGS_FOLLOW_TAIL 10 /* lines shown before following, as tail -f does */
#define LOGS_PORTION     16 /* lines sent at once: they fit into what may wait for a client */

static int follow_line(void *userdata, const struct log_line *line)
{
    struct control_client *client = userdata;

    if (client->log_units && !strv_contains(client->log_units, line->unit))
        return 0;
    return control_client_log_line(client, line);
}

int control_walk_logs(struct control_client *client)
{
    struct logs *logs = client->server->logs;
    int r = logs_read(logs, client->log_units, &client->log_sequence, LOGS_PORTION, control_client_log_line,
                      client);

    if (r != 0)
        return MIN(r, 1);
    if (client->request.follow) {
        client->follower = (struct log_follower){.fn = follow_line, .userdata = client};
        logs_follow(logs, &client->follower);
    } else {
        control_client_finish(client, "done", 0, NULL);
    }
    return 0;
}

/* The units' own names: daemon-reload may free the manager's. */
static int name_units(struct control_client *client)
{
    const struct control_request *request = &client->request;
    int r = 0;

    for (size_t i = 0; i < request->n_args && r == 0; i++) {
        _cleanup_free_ char *name = NULL;
        struct manager_unit *unit;
        r = control_find_unit(client, request->args[i], &name, &unit);
        if (r == 0)
            r = strv_append(&client->log_units, unit->unit->name);
        else if (r != -ENOMEM) {
            _cleanup_free_ char *message = xasprintf("%s: not found", name ? name : request->args[i]);
            control_client_finish(client, "no-such-unit", 4, message);
        }
    }
    return r;
}

int control_verb_logs(struct control_client *client)
{
    const struct control_request *request = &client->request;
    size_t lines = request->lines;

    if (request->n_args > LOGS_UNITS_MAX) {
        control_client_finish(client, "invalid", 1, "the patterns match more than 16 units");
        return 0;
    }
    if (request->named && request->n_args == 0) { /* nothing matches: not all */
        control_client_finish(client, "done", 0, NULL);
        return 0;
    }
    int r = name_units(client);
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    if (lines == SIZE_MAX && request->follow)
        lines = LOGS_FOLLOW_TAIL;
    r = logs_find_tail(client->server->logs, client->log_units, lines, &client->log_sequence);
    if (r == 0)
        control_client_walk(client);
    return r;
}
