/* What lies on the root: the kernel's file systems, a fresh /dev, /run and /tmp, the masks over what a
 * container should not see, and the binds that the user asked for. */
#pragma once

#include "launcher/container.h"

/* Opens the sources of the binds, while the host's root is still there. */
int filesystems_open_sources(struct container *container, struct failure *failure);
/* Mounts all of it below container->root_fd; sets container->dev_fd. */
int filesystems_mount(struct container *container, struct failure *failure);
