/* The control sockets of boot mode. */
#pragma once

#include "init/manager/handover.h"
#include "init/platform/platform.h"

/* Makes the control server and its sockets: the launcher's (fd, or negative), and one for berthctl in the
 * runtime directory or with an abstract name. What cannot be bound is said and left out.
 * After daemon-reexec (reader not NULL) they are those of the PID 1 before. */
int boot_sockets_open(struct platform *platform, int fd, struct handover_reader *reader);
/* The one for berthctl, unless there is one. */
void boot_sockets_listen(struct platform *platform);
