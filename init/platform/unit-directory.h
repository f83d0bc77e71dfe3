/* RuntimeDirectory=: systemd.exec(5). */
#pragma once

#include "init/platform/users.h"

/* Makes /run/NAME for each name, owned by the unit's user. *ret_object is the one that could not be made. */
int runtime_directory_make(const struct exec_context *context, const struct credentials *credentials,
                           const char **ret_object);
/* Removes them with all that is in them. */
void runtime_directory_remove(const struct exec_context *context);
