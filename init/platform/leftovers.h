/* The end of the container: processes that belong to no unit. */
#pragma once

#include "init/platform/platform.h"

/* SIGTERM, a moment, SIGKILL: to all of the pid namespace when it is ours, else to our own descendants. */
void leftovers_end(struct platform *platform);
