/* The container's root file system: overlay of the lower directories, or one directory itself; and the pivot
 * into it. Runs in the container's own mount namespace: neither the host nor the monitor ever sees these
 * mounts. */
#pragma once

#include "launcher/container.h"

/* Mounts it on the container's state directory and sets container->root_fd. */
int root_mount(struct container *container, struct failure *failure);
/* Makes it this process's root and lets go of everything of the host's. */
int root_pivot(struct container *container, struct failure *failure);
