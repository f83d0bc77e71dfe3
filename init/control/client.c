/* One connection: reads the request, sends what is asked as fast as the client takes it, keeps little for one
 * that does not, and ends. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/text.h"
#include "init/control/internal.h"

static void client_ready(struct loop_source *source, uint32_t events);

struct control_client *control_client_new(struct control_server *server, int fd, bool may_change)
{
    struct control_client *client = calloc(1, sizeof(*client));
    if (!client)
        return NULL;
    client->source = (struct loop_source){.fd = fd, .ready = client_ready};
    client->server = server;
    client->may_change = may_change;
    client->tail = &client->head;
    if (loop_add(server->loop, &client->source, EPOLLIN) < 0) {
        free(client);
        return NULL;
    }
    return client;
}

struct control_client *control_client_free(struct control_client *client)
{
    loop_remove(client->server->loop, &client->source);
    close_fd(client->source.fd);
    logs_unfollow(client->server->logs, &client->follower);
    strv_free(client->log_units);
    control_jobs_done(client);
    control_request_done(&client->request);
    free(client->packet);
    while (client->head) {
        struct control_packet *next = client->head->next;
        free(client->head);
        client->head = next;
    }
    free(client);
    return NULL;
}

/* What we wait for: room to send while something is to be sent. The end of the connection comes unasked. */
static void client_watch(struct control_client *client)
{
    bool sending = client->head || client->walk.active || client->finishing;
    if (loop_change(client->server->loop, &client->source, sending ? EPOLLOUT : 0) < 0)
        client->dead = true;
}

/* True when the socket took it. */
static bool send_packet(struct control_client *client, const void *data, size_t size)
{
    if (send(client->source.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return true;
    if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
        client->dead = true;
    return false;
}

static bool queue_packet(struct control_client *client, const void *data, size_t size)
{
    if (client->queued + size > CONTROL_OUTPUT_MAX)
        return false;
    struct control_packet *packet = malloc(sizeof(*packet) + size);
    if (!packet)
        return false;
    packet->next = NULL;
    packet->size = size;
    memcpy(packet->data, data, size);
    *client->tail = packet;
    client->tail = &packet->next;
    client->queued += size;
    return true;
}

/* False when there was no place for it. */
static bool client_push(struct control_client *client, const struct record *record)
{
    if (client->dead)
        return true;
    if (!client->head && send_packet(client, record->data, record->size))
        return true;
    bool queued = client->dead || queue_packet(client, record->data, record->size);
    client_watch(client);
    return queued;
}

void control_client_send(struct control_client *client, const struct record *record)
{
    if (!client_push(client, record))
        client->dead = true;
}

void control_client_finish(struct control_client *client, const char *result, int exit_status,
                           const char *message)
{
    struct record record;

    record_begin(&record, NULL);
    record_add(&record, CONTROL_KEY_RESULT, result);
    record_add(&record, CONTROL_KEY_MESSAGE, message);
    record_add_u64(&record, CONTROL_KEY_EXIT_STATUS, (uint64_t)exit_status);
    control_client_send(client, &record);
    client->finishing = true;
    client_watch(client);
}

void control_client_walk(struct control_client *client)
{
    client->walk = (struct control_walk){.active = true, .all_good = true};
    client_watch(client);
}

/* Says how many lines are missing, as soon as there is room to say it. */
static void report_skipped(struct control_client *client)
{
    struct record record;

    if (client->skipped == 0 || client->head)
        return;
    record_begin(&record, "log");
    record_add_u64(&record, "Skipped", client->skipped);
    record_addf(&record, "Line", "(%llu lines left out: they came faster than they were read)",
                (unsigned long long)client->skipped);
    client->skipped = 0;
    control_client_send(client, &record);
}

int control_client_log_line(void *userdata, const struct log_line *line)
{
    struct control_client *client = userdata;
    struct record record;
    char text[LOG_LINE_MAX + 1];
    size_t size = MIN(line->size, (size_t)LOG_LINE_MAX);

    report_skipped(client);
    for (size_t i = 0; i < size; i++)
        text[i] = line->text[i] ? line->text[i] : '?'; /* a record has no place for a NUL */
    text[size] = 0;
    record_begin(&record, "log");
    record_add(&record, "Unit", line->unit);
    record_add_u64(&record, "Timestamp", line->realtime);
    record_add(&record, "Level", log_level_to_string(line->level));
    record_add(&record, "Stream", log_origin_to_string(line->origin));
    record_add(&record, "Line", text);
    if (client->skipped > 0 || !client_push(client, &record))
        client->skipped++;
    return 0;
}

static void flush_queue(struct control_client *client)
{
    while (client->head && send_packet(client, client->head->data, client->head->size)) {
        struct control_packet *sent = client->head;
        client->head = sent->next;
        if (!client->head)
            client->tail = &client->head;
        client->queued -= sent->size;
        free(sent);
    }
}

static void continue_walk(struct control_client *client)
{
    while (client->walk.active && !client->head && !client->dead) {
        int r = client->verb->walk(client);
        if (r <= 0)
            client->walk.active = false;
        if (r < 0)
            client->dead = true;
    }
}

static void client_write(struct control_client *client)
{
    flush_queue(client);
    continue_walk(client);
    if (!client->dead)
        report_skipped(client);
    if (client->finishing && !client->head && client->skipped == 0)
        client->dead = true;
    client_watch(client);
}

/* What patterns are matched with: the loaded units. */
static const char *next_unit_name(void *userdata, size_t *cursor)
{
    const struct manager_unit *unit = manager_next_unit(userdata, cursor);
    return unit ? unit->unit->name : NULL;
}

static int handle(struct control_client *client)
{
    int r = client->verb->takes_units
                ? control_request_expand(&client->request, next_unit_name, client->server->manager)
                : 0;
    if (r == -E2BIG) {
        control_client_finish(client, "invalid", 1, "more than 16 patterns");
        return 0;
    }
    return r < 0 ? r : client->verb->handle(client);
}

static int dispatch(struct control_client *client)
{
    const struct control_request *request = &client->request;
    const struct control_verb *verb = client->verb = control_verb_find(request->verb);

    if (!verb)
        control_client_finish(client, "unknown-verb", 1, "PID 1 knows no such verb");
    else if (verb->needs_privilege && !client->may_change)
        control_client_finish(client, "denied", 4, "only root of the container may do this");
    else if (request->n_args < verb->min_args)
        control_client_finish(client, "invalid", 1, "too few arguments");
    else if (request->n_args > verb->max_args)
        control_client_finish(client, "invalid", 1, "too many arguments");
    else
        return handle(client);
    return 0;
}

static int take_request(struct control_client *client, const char *data, size_t size)
{
    const char *error;

    client->packet = malloc(size + 1);
    if (!client->packet)
        return -ENOMEM;
    memcpy(client->packet, data, size);
    int r = control_request_parse(client->packet, size, &client->request, &error);
    if (r == -EBADMSG) {
        control_client_finish(client, "invalid", 1, error);
        return 0;
    }
    return r < 0 ? r : dispatch(client);
}

static void client_read(struct control_client *client)
{
    char packet[CONTROL_PACKET_MAX + 1];

    /* recv(2) has no place for descriptors: the kernel closes those that came along. */
    ssize_t n = recv(client->source.fd, packet, sizeof(packet), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        client->dead = true;
        return;
    }
    /* Nothing is read after the request, so that nothing a client sends then can keep us awake. */
    client->asked = true;
    client_watch(client);
    if (take_request(client, packet, (size_t)n) < 0)
        client->dead = true;
}

static void client_ready(struct loop_source *source, uint32_t events)
{
    struct control_client *client = CONTAINER_OF(source, struct control_client, source);
    struct control_server *server = client->server;

    server->busy++;
    if (!client->asked && events & EPOLLIN)
        client_read(client);
    else if (events & (EPOLLHUP | EPOLLERR))
        client->dead = true;
    else if (events & EPOLLOUT)
        client_write(client);
    server->busy--;
    control_server_sweep(server);
}
