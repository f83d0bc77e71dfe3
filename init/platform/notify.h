/* The socket that services call sd_notify(3) on. */
#pragma once

#include <sys/types.h>

#include "common/loop.h"

#define NOTIFY_MESSAGE_MAX 4096 /* bytes; longer ones are dropped, as systemd does */

struct notify_socket;

/* pid is the sender in PID 1's pid namespace, as the kernel vouches for it; text is NUL-terminated. The
 * descriptors of the message (FDSTORE=1, BARRIER=1) are closed when this returns, unless the one who takes
 * one leaves -EBADF in its place. */
typedef void (*notify_fn)(void *userdata, pid_t pid, const char *text, int *fds, size_t n_fds);

/* Binds CONTAINER_NOTIFY_SOCKET in the directory (replacing a former boot's), or an abstract address when
 * directory is NULL or will not have it. */
int notify_socket_new(struct loop *loop, const char *directory, notify_fn fn, void *userdata,
                      struct notify_socket **ret);
/* The socket of the PID 1 before, with what waits in it, at its address. Takes the descriptor over. */
int notify_socket_take_over(struct loop *loop, int *fd, const char *address, notify_fn fn, void *userdata,
                            struct notify_socket **ret);
int notify_socket_fd(const struct notify_socket *socket);
struct notify_socket *notify_socket_free(struct notify_socket *socket);
/* What $NOTIFY_SOCKET says: a path, or "@NAME". */
const char *notify_socket_address(const struct notify_socket *socket);
/* Takes what waits now. Called before children are reaped, so that a sender that has ended already can still
 * be looked up. */
void notify_socket_drain(struct notify_socket *socket);
