/* `berth-init --boot -- COMMAND`: the command as a unit. */
#pragma once

#include "init/unit/unit.h"

/* A service that starts when the target is reached, with the container's own input and output, in the
 * directory that PID 1 was started in. -ENOMEM. */
int command_unit_new(const char *name, char *const *argv, const char *target, const char *directory,
                     struct unit **ret);
