/* The container's own /dev: a few nodes on a fresh tmpfs, and what may be done with devices at all. The
 * host's nodes are never handed in where own ones can be made: whoever changes the mode of a node that is
 * shared changes the host's. */
#pragma once

#include "launcher/container.h"

/* Fills the fresh tmpfs behind dev_fd and keeps it in container->dev_fd. */
int devices_fill(struct container *container, int dev_fd, struct failure *failure);
/* Bound with the slave of the container's own terminal, when it has one: /dev/console. */
int devices_bind_console(struct container *container, const char *pty, struct failure *failure);
/* Lets the cgroup (a descriptor) open those nodes and what --device names only, by an eBPF device program
 * (cgroups(7), admin-guide/cgroup-v2 "Device controller"). mknod(2) stays allowed: a node alone opens
 * nothing. */
int device_policy_attach(int cgroup_fd, const struct container_config *config, struct failure *failure);
/* --privileged: what the host's /dev has beside that. */
int devices_copy_host(int dev_fd, struct failure *failure);
