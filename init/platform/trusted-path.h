/* Paths that lead through directories of services: whoever may write there must not be able to lead PID 1
 * elsewhere. */
#pragma once

#include <stdbool.h>

/* Opens (O_PATH) the directory at path below root, which no symlink leads out of. A symlink is followed only
 * when nobody but root or PID 1's own user could have put it there, -EPERM else. make: what is missing is
 * made, mode 0755, and *ret_made says whether the last directory was. */
int trusted_directory_open(int root, const char *path, bool make, bool *ret_made);
/* The directory that holds the last component, and where that begins in path. */
int trusted_parent_open(int root, const char *path, bool make, const char **ret_name);
