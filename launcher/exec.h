/* One more command in a running container, started by the monitor: it sits in the scope, so it may put
 * processes there, whichever session asks. */
#pragma once

#include "launcher/container.h"

/* argv: "exec", options ("--user=UID[:GID]", "--workdir=DIR", "--env=K=V"), the command. fds: its three
 * streams. Returns a pidfd of the process, which is a child of the caller, or -errno; a command that cannot
 * be executed is a failure with exit_status 126 or 127. */
int exec_start(struct container *container, char **argv, const int fds[static 3], struct failure *failure);
