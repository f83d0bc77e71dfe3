/* --bind, --tmpfs and --mount: three spellings of one thing, with one table of words. A colon (a comma in
 * --mount) that belongs to a path has a backslash before it. */
#pragma once

#include "launcher/config.h"
#include "launcher/options.h"

int option_bind(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_tmpfs(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_mount(const struct option_spec *spec, void *target, const char *value, struct failure *failure);

/* The parts of text between separators, empty ones too, with "\\" and a backslash before the separator taken
 * away; other backslashes stay. */
int split_escaped(const char *text, char separator, char ***ret);
/* Takes "//", "." and ".." out of an absolute path: no ".." leads above "/". */
void path_clean(char *path);
