/* The client's half of the control protocol, for berthctl and berth. */
#pragma once

#include <stddef.h>

#include "berth/control.h"
#include "common/time.h"

/* Called for each record before the last; packet is NUL-terminated and may be changed. Negative stops the
 * exchange. */
typedef int (*control_record_fn)(char *packet, size_t size, void *userdata);

struct control_result {
    char *result;    /* "done", "failed", ...: never NULL after success */
    char *message;   /* for a person, or NULL */
    int exit_status; /* what the client should exit with */
};
void control_result_done(struct control_result *result);

/* Sends the vector (with fds, when n_fds > 0) and reads records until the result, or to the deadline
 * (CLOCK_MONOTONIC µs; USEC_INFINITY waits as long as the other side works). -EPROTO for an answer that is
 * none, -ECONNRESET when it broke off. The socket stays the caller's. */
int control_call(int socket, char *const *argv, const int *fds, size_t n_fds, usec_t deadline,
                 control_record_fn on_record, void *userdata, struct control_result *ret);
