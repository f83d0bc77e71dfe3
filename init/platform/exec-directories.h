/* RuntimeDirectory=, StateDirectory= and their like: systemd.exec(5). They are made by the child, which may
 * take its time to hand a tree over to another user. */
#pragma once

#include "init/unit/unit.h"

const char *exec_directory_place(enum exec_directory_type type);    /* "/var/lib" */
const char *exec_directory_variable(enum exec_directory_type type); /* "STATE_DIRECTORY" */
/* The unit is down: its runtime directories go with all that is in them, unless they are to stay. */
void runtime_directories_remove(const struct exec_context *context, bool comes_back);
