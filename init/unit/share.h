/* Units that take little room. A draft has a place for each setting that there is; sealed, it is in one piece
 * with what is its own, and each of its parts is one piece that all units with the same settings share. */
#pragma once

#include "init/unit/unit.h"

/* Puts the sealed unit in the draft's place. Its load_error and aliases may be replaced as before. Without
 * memory the draft stays, which is as good. */
void unit_seal(struct unit **unit);
/* unit_free() of a sealed one, but for its load_error and aliases. Returns NULL. */
struct unit *unit_unseal_and_free(struct unit *unit);
