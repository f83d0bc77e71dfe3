/* Descriptors: whole reads and writes, small files, descriptors over sockets. All return 0 (or a count) or
 * -errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"
#include "common/time.h"

/* Closes first to last; with CLOSE_RANGE_CLOEXEC the next execve(2) does. Nothing is fine when first > last.
 */
void close_descriptors(unsigned first, unsigned last, unsigned flags);

/* Writes all of it, over EINTR and short writes. */
int write_all(int fd, const void *data, size_t size);
/* Waits for events (poll(2)'s) on one descriptor; 0 when one came, -ETIMEDOUT at the deadline
 * (CLOCK_MONOTONIC µs). */
int wait_for_fd(int fd, short events, usec_t deadline);

/* A whole small file, NUL-terminated, freed by the caller. -EFBIG past max bytes. dirfd as in openat(2).
 * Never blocks (a FIFO reads as empty). ret_size may be NULL. */
int read_file_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_size);
/* Overwrites an existing file in one write(2), as kernel files want it. */
int write_file_at(int dirfd, const char *path, const char *text);
/* Writes a new file beside it and renames it over: readers see the old or the new one, never half. */
int replace_file_at(int dirfd, const char *path, const char *text, mode_t mode);
/* mkdir -p below dirfd; what exists stays as it is. -ENOTDIR when something else has the name. */
int make_dirs_at(int dirfd, const char *path, mode_t mode);
/* Deletes a tree without following symlinks or entering mounts. A missing one is fine; what cannot be deleted
 * (-EXDEV: a mount) does not keep the rest, and the first error is returned. */
int remove_tree_at(int dirfd, const char *path);

/* Two ends of a packet pipe, close-on-exec. */
int packet_pair(int pair[static 2]);
/* One packet with up to n descriptors behind it. */
int send_with_fds(int socket, const void *data, size_t size, const int *fds, size_t n);
/* Receives one packet: bytes received (0 at the end). Descriptors arrive close-on-exec, at most *n of them;
 * *n is then how many came. A packet with more of them or longer than size is -EMSGSIZE, all of it is
 * dropped. */
ssize_t receive_with_fds(int socket, void *data, size_t size, int *fds, size_t *n);
/* Binds and listens SOCK_SEQPACKET at a path that may be longer than sun_path (its last part may not), with
 * that mode whatever the umask; replaces a dead socket, -EADDRINUSE for one that is served or is no socket.
 * Returns the descriptor, which is non-blocking for accept4(2). */
int listen_at(int dirfd, const char *name, mode_t mode);
/* Connects to it and returns the descriptor, a blocking one; -ENOENT and -ECONNREFUSED both mean that nobody
 * serves it. */
int connect_at(int dirfd, const char *name);
struct sockaddr_un;
/* The address that a $NOTIFY_SOCKET names, sd_notify(3): an absolute path, or "@NAME" for an abstract one.
 * Returns its size for connect(2) and sendto(2), or -EINVAL (no such name, or one that is too long). */
int notify_address(const char *name, struct sockaddr_un *ret);
