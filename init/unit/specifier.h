/* "%i" and the like in values: systemd.unit(5), "Specifiers". Pure. */
#pragma once

#include "init/unit/load.h"

/* New text with the specifiers replaced by what they stand for in this unit. An unknown one stays as it is,
 * as systemd has it. -E2BIG when the result is longer than a unit file may be, -EINVAL when part of the name
 * that %I, %J, %P or %f asks for cannot be unescaped. */
int specifier_expand(const struct unit_loader *loader, const struct unit *unit, const char *text, char **ret);
