/* What a person can do about a step that failed because the kernel, its configuration, its limits or a system
 * call filter around berth lack something. */
#pragma once

#include "launcher/config.h"
#include "launcher/failure.h"

#define HINT_EXEC_COMMAND "exec-command" /* what `berth exec` does, beside the steps of the start */

/* Adds the hint for a failure of that step (start.c) to its sentence; nothing when there is none to give. It
 * looks at the host only now that something has failed, in the process that failed. */
void hint_add(struct failure *failure, const char *step, const struct container_config *config);

/* The same for a type of file system that the kernel does not know. */
const char *hint_for_filesystem(const char *type);
