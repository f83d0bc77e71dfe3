/* The verbs that talk to a running container: to PID 1 through its control socket, to the monitor through its
 * own. */
#pragma once

#include "common/control-client.h"
#include "launcher/state.h"

/* Opens a container that must be running. A failure says what there is instead. */
int client_open(const char *name, struct state *ret, struct failure *failure);
/* One request to "control" or "monitor" of it, and its whole answer. */
int client_call(const struct state *state, const char *socket_name, char *const *words,
                control_record_fn on_record, void *userdata, struct control_result *ret,
                struct failure *failure);
/* The usual end of a verb: prints what went wrong, returns what to exit with. */
int client_finish(const char *container, struct control_result *result);
