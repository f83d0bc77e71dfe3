/* Signals by name: "SIGTERM", "TERM", "15", "SIGRTMIN+3", "RTMIN+3", "SIGRTMAX-1". SIGRTMIN is
 * 34 here, as systemd and all programs on glibc count, also where the libc (musl: 35) says otherwise. */
#pragma once

#include <stddef.h>

/* The number, or -EINVAL. Any case. */
int signal_from_string(const char *text);
/* "SIGTERM", "SIGRTMIN+3", "33" for those that have no name; NULL for numbers that are no signal. Points to
 * static memory, valid until the next call. */
const char *signal_to_string(int signal);
