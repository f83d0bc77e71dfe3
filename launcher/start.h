/* From a configuration to a running container: a table of named steps, each with its undo. */
#pragma once

#include "launcher/container.h"

/* Runs all steps. On failure what was done is undone, and the failure says on what; --explain names the step.
 */
int start_container(struct container *container, struct failure *failure);
/* Undoes what start_container did, in reverse: the end of a container that ran. */
void start_undo(struct container *container);

/* What the two sides say to each other, one packet each, over a socket pair: the host only START_GO, with the
 * id-mapped layers, the container the rest. EOF means that the init was executed. */
enum start_message_type { START_FAILED, START_STEP, START_TERMINAL, START_UPPER, START_GO };
struct start_message {
    enum start_message_type type;
    unsigned step;          /* index into the table */
    usec_t took;            /* START_STEP: µs */
    struct failure failure; /* START_FAILED */
};

/* The container's side: the steps between clone and exec (child.c). Each gets the failure to fill. */
int child_enter(struct container *container, struct failure *failure);
int child_terminal(struct container *container, struct failure *failure);
int child_network(struct container *container, struct failure *failure);
int child_identity(struct container *container, struct failure *failure);
int child_streams(struct container *container, struct failure *failure);
int child_privileges(struct container *container, struct failure *failure);
int child_exec(struct container *container, struct failure *failure);
