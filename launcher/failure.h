/* How a step of the launcher fails: an errno for the code and one sentence for the person, made at the place
 * that knows the object, printed once by the verb. Of fixed size and without pointers, so that the
 * container's side can send it. */
#pragma once

#include "common/macro.h"

struct failure {
    int error;       /* -errno */
    int exit_status; /* what `berth` should exit with; 0: EXIT_BERTH_FAILED */
    char text[768];  /* "overlay on /srv/x: …: what to do", without a newline */
};

/* Fills it and returns error (negative). The format has the whole sentence; add strerror by hand with "%m" or
 * %s. A failure that is set already stays: the first cause counts. failure may be NULL. */
int fail(struct failure *failure, int error, const char *format, ...) _printf_(3, 4);
