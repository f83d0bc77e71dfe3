/* The children of whose programs nobody has been told yet, and how they are told. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "common/fd.h"
#include "init/platform/spawn-internal.h"

static struct pending_list *list_of(struct pending_exec *pending)
{
    return pending->source.fd >= 0 ? &pending->spawner->forked : &pending->spawner->borrowed;
}

static void pending_free(struct pending_exec *pending)
{
    struct pending_list *list = list_of(pending);

    *pending->link = pending->next;
    if (pending->next)
        pending->next->link = pending->link;
    else
        list->last = pending->link;
    if (pending->source.fd >= 0)
        loop_remove(pending->spawner->config.loop, &pending->source);
    close_fd(pending->source.fd);
    free(pending->messages);
    free(pending);
}

/* Whether it was the last one: a failure. */
static bool pending_hear(struct pending_exec *pending, struct exec_failure *message)
{
    const struct spawn_config *config = &pending->spawner->config;

    message->object[sizeof(message->object) - 1] = 0;
    if (message->stage != EXEC_STAGE_NONE)
        return true;
    if (*message->object)
        config->note(config->userdata, pending->pid, message->object);
    else
        pending->reached_exec = true;
    return false;
}

/* Killed before its program: its end says all there is to say. */
static void pending_done(struct pending_exec *pending, const struct exec_failure *failure)
{
    const struct spawn_config *config = &pending->spawner->config;
    bool executed = pending->reached_exec;
    pid_t pid = pending->pid;

    pending_free(pending);
    if (failure || executed)
        config->done(config->userdata, pid, failure);
}

/* Of a forked child: notes first, then one failure, or the end of the pipe: the program runs. */
static void pending_ready(struct loop_source *source, uint32_t events)
{
    struct pending_exec *pending = CONTAINER_OF(source, struct pending_exec, source);
    struct exec_failure message;
    ssize_t n;

    while ((n = read(source->fd, &message, sizeof(message))) == sizeof(message))
        if (pending_hear(pending, &message))
            break;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    pending_done(pending, n == sizeof(message) ? &message : NULL);
}

static void pending_tell(struct pending_exec *pending)
{
    struct exec_messages *messages = pending->messages;
    struct exec_failure failure;
    bool failed = false;

    for (size_t i = 0; messages && !failed && i < messages->n; i++) {
        failure = messages->of[i];
        failed = pending_hear(pending, &failure);
    }
    pending_done(pending, failed ? &failure : NULL);
}

/* What is told may lead to new ones; those come with a wake-up of their own. */
static void told_ready(struct loop_source *source, uint32_t events)
{
    struct spawner *spawner = CONTAINER_OF(source, struct spawner, told);
    uint64_t n = 0;

    (void)!read(source->fd, &n, sizeof(n));
    while (n-- > 0 && spawner->borrowed.first)
        pending_tell(spawner->borrowed.first);
}

struct pending_exec *spawn_pending_new(struct spawner *spawner)
{
    struct pending_exec *pending = calloc(1, sizeof(*pending));

    if (pending)
        *pending = (struct pending_exec){
            .source = {.fd = -EBADF, .ready = pending_ready},
            .spawner = spawner,
        };
    return pending;
}

void spawn_pending_link(struct pending_exec *pending, pid_t pid)
{
    struct pending_list *list = list_of(pending);

    pending->pid = pid;
    pending->link = list->last;
    *list->last = pending;
    list->last = &pending->next;
}

void spawner_settle(struct spawner *spawner, pid_t pid)
{
    for (struct pending_exec *pending = spawner->borrowed.first; pending; pending = pending->next)
        if (pending->pid == pid) {
            pending_tell(pending);
            return;
        }
    for (struct pending_exec *pending = spawner->forked.first; pending; pending = pending->next)
        if (pending->pid == pid) {
            pending_ready(&pending->source, EPOLLIN);
            return;
        }
}

int spawn_pending_open(struct spawner *spawner)
{
    spawner->forked.last = &spawner->forked.first;
    spawner->borrowed.last = &spawner->borrowed.first;
    spawner->told = (struct loop_source){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = told_ready};
    if (spawner->told.fd < 0)
        return -errno;
    int r = loop_add(spawner->config.loop, &spawner->told, EPOLLIN);
    if (r < 0)
        close_fd(spawner->told.fd);
    return r;
}

void spawn_pending_close(struct spawner *spawner)
{
    while (spawner->forked.first)
        pending_free(spawner->forked.first);
    while (spawner->borrowed.first)
        pending_free(spawner->borrowed.first);
    loop_remove(spawner->config.loop, &spawner->told);
    close_fd(spawner->told.fd);
}
