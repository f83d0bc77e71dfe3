/* User namespaces: which ids of the host the container's are. user_namespaces(7). */
#pragma once

#include "launcher/container.h"

/* The host's side: maps the ids of the new namespace of the leader and lets it go on. */
int userns_map(struct container *container, struct failure *failure);
/* Gives a cgroup below the payload to the container's root, when that is not the host's. */
int userns_delegate(const struct container *container, int cgroup_fd, struct failure *failure);
/* The container's side: waits for that. As root on the host the layers come along, id-mapped:
 * container->mapped. */
int userns_wait(struct container *container, struct failure *failure);
/* … and becomes root of the namespace. */
int userns_become_root(struct container *container, struct failure *failure);
