/* Who is at the other end of a connection, and what that one may do. unix(7), SO_PEERCRED. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Whether the peer may change things. self: PID 1's own uid. trusted: it came over the launcher's socket,
 * where a peer that our pid namespace does not show (pid 0) is who started us. Pure. */
bool control_peer_may_change(const struct ucred *peer, uid_t self, bool trusted);
/* The same for a connected socket; a peer that cannot be told may only look. */
bool control_peer_judge(int fd, bool trusted);
