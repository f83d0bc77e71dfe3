/* "nofile" of RLIMIT_NOFILE: for process.c and process-options.c. */
#pragma once

#include <sys/resource.h>

extern const char *const rlimit_names[RLIM_NLIMITS];
