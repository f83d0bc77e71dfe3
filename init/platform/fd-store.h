/* Descriptors that a service leaves with PID 1 for its next start: FileDescriptorStoreMax=,
 * sd_pid_notify_with_fds(3). How many there may be is the manager's to judge. */
#pragma once

#include <stddef.h>

#include "common/loop.h"

struct handover;
struct stored_fd;

/* Who is told when the other end of a descriptor is closed, and it is dropped therefore. loop NULL: nobody.
 */
struct fd_store_watch {
    struct loop *loop;
    void (*gone)(void *userdata, void *owner);
    void *userdata, *owner;
};

/* Takes the descriptor over (*fd becomes -EBADF): 1; 0 when the store has it already; -errno. */
int fd_store_add(struct stored_fd **store, const char *name, int *fd, const struct fd_store_watch *watch);
/* Closes those of that name, or all (NULL); returns how many. */
unsigned fd_store_remove(struct stored_fd **store, const char *name);
/* The descriptors, oldest first, and their names with ':' between. *ret_fds is the caller's to free, the
 * descriptors are not. 0 or -ENOMEM. */
int fd_store_list(const struct stored_fd *store, int **ret_fds, size_t *ret_n, char **ret_names);
unsigned fd_store_count(const struct stored_fd *store);
/* daemon-reexec: a line "StoredFD" for each. */
void fd_store_hand_over(const struct stored_fd *store, struct handover *handover);
