/* What the container's processes may do: capabilities(7), no_new_privs, the system call filter. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "launcher/container.h"

/* Sets container->capabilities, once it is known who makes the cgroup. */
int privileges_plan(struct container *container, struct failure *failure);

/* Drops everything that the container does not keep, in the order that works: bounding set, filter (which
 * needs a privilege that goes next), then the other four sets. The same for the start and for exec. */
int privileges_drop(const struct container *container, struct failure *failure);

/* Whether this process has a capability now (effective). */
bool privileges_has(int capability);
