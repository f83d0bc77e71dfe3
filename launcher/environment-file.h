/* --env-file=: lines of NAME=VALUE, as docker reads them. */
#pragma once

#include "launcher/failure.h"

/* Sets what the file says in the block. A name alone takes the caller's own value, if there is one. */
int environment_file_read(const char *path, char ***env, struct failure *failure);
