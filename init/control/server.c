/* The server: its listening sockets and its clients. Every place is taken by somebody sooner or later, so a
 * newcomer takes that of the least useful: who has not asked, who does not read, who only looks. */
#include "init/control/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "init/control/internal.h"
#include "init/control/peer.h"

static void keep_spare(struct control_server *server)
{
    if (server->spare < 0)
        server->spare = eventfd(0, EFD_CLOEXEC);
}

int control_server_new(struct loop *loop, struct manager *manager, struct logs *logs,
                       const struct control_server_ops *ops, void *userdata, struct control_server **ret)
{
    struct control_server *server = calloc(1, sizeof(*server));
    if (!server)
        return -ENOMEM;
    server->loop = loop;
    server->manager = manager;
    server->logs = logs;
    server->ops = ops;
    server->userdata = userdata;
    server->spare = -EBADF;
    keep_spare(server);
    *ret = server;
    return 0;
}

struct control_server *control_server_free(struct control_server *server)
{
    if (!server)
        return NULL;
    FOREACH_ARRAY (client, server->clients, server->n_clients)
        control_client_free(*client);
    FOREACH_ARRAY (listener, server->listeners, server->n_listeners) {
        loop_remove(server->loop, &listener->source);
        close_fd(listener->source.fd);
    }
    close_fd(server->spare);
    free(server->early);
    free(server);
    return NULL;
}

void control_server_sweep(struct control_server *server)
{
    size_t kept = 0;

    if (server->busy > 0)
        return;
    for (size_t i = 0; i < server->n_clients; i++) {
        struct control_client *client = server->clients[i];
        if (client->dead)
            control_client_free(client);
        else
            server->clients[kept++] = client;
    }
    server->n_clients = kept;
    keep_spare(server);
}

/* How much a client deserves its place. */
static unsigned client_rank(const struct control_client *client)
{
    bool healthy = client->asked && !client->head;
    return 2 * client->may_change + healthy;
}

/* The oldest of the lowest rank, NULL when there is nobody. */
static struct control_client *worst_client(const struct control_server *server)
{
    struct control_client *worst = NULL;

    FOREACH_ARRAY (client, server->clients, server->n_clients)
        if (!worst || client_rank(*client) < client_rank(worst))
            worst = *client;
    return worst;
}

static void drop_client(struct control_server *server, struct control_client *client)
{
    client->dead = true;
    control_server_sweep(server);
}

/* Frees a place for a newcomer. False when all deserve theirs more. */
static bool make_room(struct control_server *server, bool may_change)
{
    struct control_client *worst = worst_client(server);

    if (server->n_clients < CONTROL_CLIENTS_MAX)
        return true;
    if (client_rank(worst) > 2u * may_change + 1)
        return false;
    drop_client(server, worst);
    return true;
}

/* Without a free descriptor a newcomer would keep us awake for ever: it gets the spare one, or next time that
 * of another client. */
static int accept_client(struct control_server *server, int listener)
{
    keep_spare(server);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
        return fd;
    if (server->spare >= 0) {
        server->spare = close_fd(server->spare);
        return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    }
    if (server->n_clients > 0)
        drop_client(server, worst_client(server));
    return -1;
}

static void listener_ready(struct loop_source *source, uint32_t events)
{
    struct control_listener *listener = CONTAINER_OF(source, struct control_listener, source);
    struct control_server *server = listener->server;

    /* One a turn: the services come first. */
    _cleanup_close_ int fd = accept_client(server, source->fd);
    if (fd < 0)
        return;
    bool may_change = control_peer_judge(fd, listener->trusted);
    if (!make_room(server, may_change))
        return;
    struct control_client *client = control_client_new(server, fd, may_change);
    if (!client)
        return;
    TAKE_FD(fd);
    server->clients[server->n_clients++] = client;
}

int control_server_listen(struct control_server *server, int fd, bool trusted)
{
    if (server->n_listeners == CONTROL_LISTENERS_MAX)
        return -ENOSPC;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    struct control_listener *listener = &server->listeners[server->n_listeners];
    *listener = (struct control_listener){
        .source = {.fd = fd, .ready = listener_ready}, .server = server, .trusted = trusted};
    int r = loop_add(server->loop, &listener->source, EPOLLIN);
    if (r < 0)
        return r;
    server->n_listeners++;
    return 0;
}

void control_server_job_finished(struct control_server *server, const struct job_report *report)
{
    server->busy++;
    control_jobs_finished(server, report);
    server->busy--;
    control_server_sweep(server);
}

void control_server_unit_changed(struct control_server *server, const struct manager_unit *unit)
{
    server->busy++;
    control_jobs_unit_changed(server, unit);
    control_boot_changed(server); /* what changes may be that it stops */
    server->busy--;
    control_server_sweep(server);
}

void control_server_jobs_done(struct control_server *server)
{
    server->busy++;
    control_boot_changed(server);
    server->busy--;
    control_server_sweep(server);
}
