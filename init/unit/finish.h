/* What systemd concludes from all that a unit's files said. */
#pragma once

#include "init/unit/parser.h"

/* Defaults that depend on other settings, checks of the whole, implicit and default dependencies. 0 or
 * -ENOMEM; what is wrong with the unit goes into its load_state. */
int unit_finish(struct unit_parser *parser);
