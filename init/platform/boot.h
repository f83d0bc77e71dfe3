/* The parts of boot mode's start, in the order of the work; boot.c calls them. */
#pragma once

#include "init/platform/platform.h"
#include "init/platform/takeover.h"

#define SERVICE_UMASK 0022

/* boot-process.c: of the process itself, and what it was given: the launcher's control socket, if there is
 * one, and what the PID 1 before has handed over. */
int boot_prepare_process(struct platform *platform, struct takeover *takeover, int *ret_control);

/* boot-open.c: everything that platform.h names. What PID 1 can do without is said and left out. */
int boot_open(struct platform *platform, struct takeover *takeover, int control_fd);

/* boot-begin.c: orders what is to be up, or goes on with what is. */
void boot_begin(struct platform *platform, struct takeover *takeover);
