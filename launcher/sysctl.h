/* --sysctl=KEY=VALUE: settings of the kernel that belong to the container's own namespaces. */
#pragma once

#include "launcher/container.h"

/* "net.ipv4.ip_forward=1", also with slashes: whether this container may set it. */
int sysctl_check(const struct container_config *config, const char *assignment, struct failure *failure);
/* The container's side, before the pivot: through a procfs of our own, that no image can have replaced. */
int sysctl_write(struct container *container, struct failure *failure);
