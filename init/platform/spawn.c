/* How a process of a unit comes to be: systemd.exec(5). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/fd.h"
#include "init/platform/spawn-internal.h"

static int open_idle(struct spawner *spawner, struct exec_plan *plan)
{
    if (spawner->idle[0] < 0 && pipe2(spawner->idle, O_CLOEXEC) < 0)
        return -errno;
    memcpy(plan->idle, spawner->idle, sizeof(plan->idle));
    return 0;
}

void spawner_release_idle(struct spawner *spawner)
{
    spawner->idle[0] = close_fd(spawner->idle[0]);
    spawner->idle[1] = close_fd(spawner->idle[1]);
}

int spawner_spawn(struct spawner *spawner, const struct spawn_request *request,
                  const struct spawn_place *place, pid_t *ret_pid, const char **ret_object)
{
    _cleanup_preparation_ struct preparation preparation = {.log = -EBADF, .error_log = -EBADF};
    struct exec_plan plan;
    struct pending_exec *pending;

    int r = spawn_prepare(spawner, request, place, &preparation, &plan, ret_object);
    if (r < 0)
        return r;
    if (request->idle)
        r = open_idle(spawner, &plan);
    if (r < 0)
        return r;
    pending = spawn_pending_new(spawner);
    if (!pending)
        return -ENOMEM;
    pid_t pid = spawn_child(spawner, place, &plan, pending);
    if (pid < 0) {
        free(pending);
        return pid;
    }
    spawn_pending_link(pending, pid);
    *ret_pid = pid;
    logs_set_writer(spawner->config.logs, request->unit->unit->name, pid);
    return 0;
}

int spawner_new(const struct spawn_config *config, struct spawner **ret)
{
    struct spawner *spawner = calloc(1, sizeof(*spawner));

    if (!spawner)
        return -ENOMEM;
    spawner->config = *config;
    spawner->idle[0] = spawner->idle[1] = -EBADF;
    spawner->slot = -EBADF;
    int r = spawn_pending_open(spawner);
    if (r < 0) {
        free(spawner);
        return r;
    }
    spawn_find_ways(spawner);
    *ret = spawner;
    return 0;
}

struct spawner *spawner_free(struct spawner *spawner)
{
    if (!spawner)
        return NULL;
    spawn_pending_close(spawner);
    close_fd(spawner->slot);
    dynamic_users_done(&spawner->dynamic_users);
    spawner_release_idle(spawner);
    free(spawner);
    return NULL;
}

void spawner_set_environment(struct spawner *spawner, char *const *environment)
{
    spawner->config.environment = environment;
}

struct dynamic_users *spawner_dynamic_users(struct spawner *spawner)
{
    return &spawner->dynamic_users;
}
