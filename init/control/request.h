/* A request of the control protocol, from packet to words (include/berth/control.h). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "init/manager/manager.h"

struct control_request {
    const char *verb;
    char **args; /* behind the verb, NULL-terminated; the vector is owned, the words are the packet's */
    size_t n_args;
    bool no_block;
    bool follow;
    bool wait;    /* start: until the unit is down again; is-system-running: until the boot is over */
    bool named;   /* the client gave words, though none may be left of its patterns */
    size_t lines; /* SIZE_MAX: not said */
    int signal;
    enum kill_who whom;
    enum job_mode mode;
    char **expanded; /* owned: the names that patterns stand for, then in args */
};

/* Reads the packet, which must stay as it is while the request lives. 0, -ENOMEM, or -EBADMSG with one line
 * for a person in *ret_error (static text). */
int control_request_parse(char *packet, size_t size, struct control_request *ret, const char **ret_error);
/* At most so many patterns a request, so that nobody who may only look keeps PID 1 busy with them. */
#define CONTROL_PATTERNS_MAX 16

/* Replaces words with "*", "?" or "[" in them by the names that match, each once, behind the other words.
 * next gives all names one by one, NULL at the end. 0, -ENOMEM, or -E2BIG for too many patterns. */
int control_request_expand(struct control_request *request,
                           const char *(*next)(void *userdata, size_t *cursor), void *userdata);
void control_request_done(struct control_request *request);
