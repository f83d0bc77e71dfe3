/* What the spawner hands over at daemon-reexec. */
#include <stdio.h>
#include <sys/epoll.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/manager/handover.h"
#include "init/platform/spawn-internal.h"

bool spawner_has_news(const struct spawner *spawner)
{
    return spawner->borrowed.first != NULL;
}

void spawner_hand_over(const struct spawner *spawner, struct handover *handover)
{
    char rest[32];

    handover_section(handover, "spawner", NULL);
    for (const struct pending_exec *pending = spawner->forked.first; pending; pending = pending->next) {
        (void)snprintf(rest, sizeof(rest), "%d %d", (int)pending->pid, pending->reached_exec);
        handover_add_fd(handover, "Pending", pending->source.fd, rest);
    }
    handover_add_fd(handover, "IdleRead", spawner->idle[0], NULL);
    handover_add_fd(handover, "IdleWrite", spawner->idle[1], NULL);
    for (size_t i = 0; i < spawner->dynamic_users.n; i++) {
        const struct dynamic_user *user = &spawner->dynamic_users.users[i];
        handover_addf(handover, "DynamicUser", "%u %s", (unsigned)user->uid, user->name);
    }
}

/* "FD PID REACHED" */
static void take_pending(struct spawner *spawner, struct handover_reader *reader, const char *value)
{
    uint64_t pid, reached;
    const char *rest;
    _cleanup_close_ int fd = handover_take_fd(reader, value, &rest);

    if (fd < 0 || !handover_number(&rest, &pid) || pid <= 1 || pid > INT32_MAX ||
        !handover_number(&rest, &reached))
        return;
    struct pending_exec *pending = spawn_pending_new(spawner);
    if (!pending)
        return;
    pending->source.fd = fd;
    pending->reached_exec = reached != 0;
    if (loop_add(spawner->config.loop, &pending->source, EPOLLIN) < 0) {
        free(pending);
        return;
    }
    (void)TAKE_FD(fd);
    spawn_pending_link(pending, (pid_t)pid);
}

/* "UID NAME" */
static void take_dynamic_user(struct spawner *spawner, struct handover_reader *reader, const char *value)
{
    uint64_t uid;

    if (!handover_number(&value, &uid) || !*value || uid < DYNAMIC_UID_MIN || uid > DYNAMIC_UID_MAX ||
        dynamic_users_add(&spawner->dynamic_users, value, (uid_t)uid) < 0)
        reader->n_bad++;
}

static void take_idle(struct handover_reader *reader, const char *value, int *fd)
{
    if (*fd < 0)
        *fd = handover_take_fd(reader, value, NULL);
}

void spawner_take_over(struct spawner *spawner, struct handover_reader *reader)
{
    struct handover_section *section;
    struct handover_line line;
    size_t cursor = 0;

    while ((section = handover_find(reader, "spawner", &cursor)))
        while (handover_next(reader, section, &line)) {
            if (streq(line.key, "Pending"))
                take_pending(spawner, reader, line.value);
            else if (streq(line.key, "IdleRead"))
                take_idle(reader, line.value, &spawner->idle[0]);
            else if (streq(line.key, "IdleWrite"))
                take_idle(reader, line.value, &spawner->idle[1]);
            else if (streq(line.key, "DynamicUser"))
                take_dynamic_user(spawner, reader, line.value);
            else
                reader->n_unknown++;
        }
}
