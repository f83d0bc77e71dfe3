/* --device: which device of the host, where in the container, and what may be done with it. */
#pragma once

#include "launcher/config.h"
#include "launcher/options.h"

int option_device(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
