/* Variables of the environment: what a name is, and a value. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* size bytes of letters, digits and "_", not beginning with a digit. */
bool environment_name_is_valid(const char *name, size_t size);
/* "NAME=VALUE" with such a name, and a value in UTF-8 without control characters but tab and newline. */
bool environment_assignment_is_valid(const char *assignment);
