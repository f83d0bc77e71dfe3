/* Terminals of services: systemd.exec(5), StandardInput=tty and the TTY directives. */
#pragma once

#include "init/unit/unit.h"

/* The unit's terminal. */
const char *exec_terminal_path(const struct exec_context *context);
/* TTYReset=, TTYVHangup=: before a program has the terminal, and after. What fails is left. */
void exec_terminal_reset(const struct exec_context *context);
/* In the child, a session leader: opens the unit's terminal and makes it the session's, waiting for others as
 * the kind of input says. Returns the descriptor. */
int exec_terminal_acquire(const struct exec_context *context);
/* The unit is down: resets the terminal, which is root's again. */
void exec_terminal_release(const struct exec_context *context);
