/* What PID 1 holds open: nothing of the job's once that runs, so that a peer sees the end when the job closes
 * its side, and no mount is pinned. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Fills closed standard descriptors for PID 1 alone, so that nothing else gets their numbers. */
void descriptors_fill_stdio(void);
/* The descriptor that an environment variable names, close-on-exec; the variable is unset. -ENOENT without
 * one, -EINVAL or -EBADF for what is no open socket. */
int descriptors_take_socket(const char *variable);
/* Closes all from 3 on but those in keep; negative ones are skipped. */
void descriptors_close_others(const int *keep, size_t n);
/* The standard descriptors lead to /dev/null from here on, but for those in the bit mask keep. */
void descriptors_release_stdio(unsigned keep);
