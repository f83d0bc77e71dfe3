/* Which capabilities --cap-add=, --cap-drop= and --privileged leave. */
#pragma once

#include "launcher/config.h"
#include "launcher/failure.h"
#include "launcher/options.h"

/* --cap-add= and --cap-drop=: names with or without CAP_, joined by commas, or "all". The field is a struct
 * capability_words. */
int option_capability_words(const struct option_spec *spec, void *target, const char *value,
                            struct failure *failure);
/* A plain set of names: the field is a mask. */
int option_capability_set(const struct option_spec *spec, void *target, const char *value,
                          struct failure *failure);
/* What follows from all of them together, whatever their order: config->capabilities. */
int capabilities_complete(struct container_config *config, struct failure *failure);
