/* Asking a running container. */
#include "launcher/client.h"

#include <errno.h>
#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "launcher/run-options.h"

int client_open(const char *name, struct state *ret, struct failure *failure)
{
    int r = container_name_check(name, failure);
    if (r < 0)
        return r;
    r = state_open(name, ret);
    if (r == -ENOENT)
        return fail(failure, r, "no container %s is running: see `berth list`", name);
    if (r < 0)
        return fail(failure, r, "state of container %s: %s", name, strerror(-r));
    if (ret->running)
        return 0;
    state_done(ret);
    return fail(failure, -ESRCH,
                "container %s is not running: its monitor has died; `berth run` may use the name", name);
}

int client_call(const struct state *state, const char *socket_name, char *const *words,
                control_record_fn on_record, void *userdata, struct control_result *ret,
                struct failure *failure)
{
    _cleanup_close_ int fd = connect_at(state->dir_fd, socket_name);
    if (fd < 0)
        return fail(failure, fd, "container %s: %s socket: %s", state->name, socket_name, strerror(-fd));
    int r = control_call(fd, words, NULL, 0, USEC_INFINITY, on_record, userdata, ret);
    return r < 0 ? fail(failure, r, "container %s: %s", state->name, strerror(-r)) : 0;
}

int client_finish(const char *container, struct control_result *result)
{
    if (!streq(result->result, "done"))
        log_error("%s: %s", container, result->message ? result->message : result->result);
    int exit_status = result->exit_status;
    if (exit_status == 0 && !streq(result->result, "done"))
        exit_status = 1;
    control_result_done(result);
    return exit_status;
}
