/* What the [Install] section of a unit's files says: systemd.unit(5). PID 1 keeps none of it: whoever makes
 * the links (init/install) reads it anew. */
#pragma once

#include "init/unit/load.h"

struct install_section {
    char **alias; /* names, specifiers expanded */
    char **wanted_by;
    char **required_by;
    char **upheld_by;
    char **also;
    char *default_instance; /* or NULL */
};

/* Reads the section in these files (strv: the fragment, then its drop-ins) for the unit of that name, of any
 * type. 0, -ENOMEM, or why a file could not be read. */
int install_section_read(const struct unit_loader *loader, const char *name, char *const *paths,
                         struct install_section *ret);
void install_section_done(struct install_section *section);
