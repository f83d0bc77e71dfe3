/* Units that are there without a file: the targets of systemd.special(7), and the table of units that make no
 * sense in a container and count as started. */
#pragma once

#include <stddef.h>

/* Text of the built-in unit of that name, or NULL. */
const char *builtin_unit_text(const char *name);
/* The other name of a built-in unit ("default.target" is "multi-user.target"), or NULL. */
const char *builtin_alias(const char *name);
/* The names that lead to that unit, one a call, NULL behind the last. Begin with *cursor = 0. */
const char *builtin_next_alias(const char *name, size_t *cursor);
/* Why a unit counts as started in a container, or NULL when it does not. */
const char *builtin_satisfied_reason(const char *name);
