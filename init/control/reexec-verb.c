/* daemon-reexec: who asks for it keeps its connection, and the PID 1 that comes answers on it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "init/control/internal.h"
#include "init/manager/handover.h"

int control_verb_reexec(struct control_client *client)
{
    const struct control_server *server = client->server;
    const char *file = client->request.n_args > 0 ? client->request.args[0] : NULL;
    _cleanup_free_ char *message = NULL;
    int r = server->ops->reexec ? server->ops->reexec(server->userdata, file, &message) : -EOPNOTSUPP;

    if (r == 0)
        client->reexecs = true;
    else
        control_client_finish(client, "failed", 1, message ? message : strerror(-r));
    return 0;
}

void control_server_reexec_failed(struct control_server *server, const char *message)
{
    server->busy++;
    FOREACH_ARRAY (client, server->clients, server->n_clients) {
        if ((*client)->reexecs && !(*client)->dead)
            control_client_finish(*client, "failed", 1, message);
        (*client)->reexecs = false;
    }
    server->busy--;
    control_server_sweep(server);
}

void control_server_hand_over(const struct control_server *server, struct handover *handover)
{
    handover_section(handover, "control", NULL);
    FOREACH_ARRAY (listener, server->listeners, server->n_listeners)
        handover_add_fd(handover, "Listener", listener->source.fd, listener->trusted ? "1" : "0");
    FOREACH_ARRAY (client, server->clients, server->n_clients)
        if ((*client)->reexecs && !(*client)->dead)
            handover_add_fd(handover, "Client", (*client)->source.fd, NULL);
}

static void take_listener(struct control_server *server, struct handover_reader *reader, const char *value)
{
    const char *rest;
    uint64_t trusted;
    _cleanup_close_ int fd = handover_take_fd(reader, value, &rest);

    if (fd >= 0 && handover_number(&rest, &trusted) && control_server_listen(server, fd, trusted != 0) == 0)
        (void)TAKE_FD(fd);
}

static void answer(struct control_server *server, struct handover_reader *reader, const char *value)
{
    _cleanup_close_ int fd = handover_take_fd(reader, value, NULL);

    if (fd < 0 || server->n_clients == CONTROL_CLIENTS_MAX)
        return;
    struct control_client *client = control_client_new(server, fd, true);
    if (!client)
        return;
    (void)TAKE_FD(fd);
    server->clients[server->n_clients++] = client;
    client->asked = true;
    control_client_finish(client, "done", 0, NULL);
}

void control_server_take_over(struct control_server *server, struct handover_reader *reader)
{
    struct handover_section *section;
    struct handover_line line;
    size_t cursor = 0;

    while ((section = handover_find(reader, "control", &cursor)))
        while (handover_next(reader, section, &line)) {
            if (streq(line.key, "Listener"))
                take_listener(server, reader, line.value);
            else if (streq(line.key, "Client"))
                answer(server, reader, line.value);
            else
                reader->n_unknown++;
        }
}

bool control_server_has_own(const struct control_server *server)
{
    FOREACH_ARRAY (listener, server->listeners, server->n_listeners)
        if (!listener->trusted)
            return true;
    return false;
}
