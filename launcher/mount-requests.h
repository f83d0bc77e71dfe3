/* What the user asked to be mounted: --bind, --tmpfs and --mount. */
#pragma once

#include "launcher/container.h"

/* Puts parents before what lies in them, and says what does not go together. */
int mount_requests_complete(struct container_config *config, struct failure *failure);

/* Copies of the sources, while the host's root is still there. In a user namespace of root's they are made
 * outside of it: inside, root's own directories cannot be entered, and owners cannot be mapped. */
int mount_requests_open(struct container *container, struct failure *failure);
/* The same on the host's side: one descriptor for each request that has a source, max at most; *n counts
 * them, also after a failure. */
int mount_requests_clone(const struct container_config *config, int userns_fd, int *fds, size_t max,
                         size_t *n, struct failure *failure);
size_t mount_requests_count_sources(const struct container_config *config);
/* Keeps what the host's side has sent. */
int mount_requests_take(struct container *container, const int *fds);

/* A tmpfs asked for at exactly this place; NULL: none. */
const struct mount_request *mount_requests_find_tmpfs(const struct container_config *config,
                                                      const char *target);
/* A new file system as asked for, detached. */
int mount_request_create(const struct container *container, const struct mount_request *request, int *ret_fd,
                         struct failure *failure);
/* Mounts all but what replaced the container's own (is_own). */
int mount_requests_attach(struct container *container, bool (*is_own)(const struct mount_request *request),
                          struct failure *failure);
