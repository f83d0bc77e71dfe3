/* What follows when a layer of the root is the host's own: with / as a layer, the other file systems of the
 * host are shown, too, read-only; and what berth keeps below a layer is hidden. */
#pragma once

#include "launcher/container.h"

/* While the host's root is still there: opens the file systems, finds what is to be hidden. */
int host_view_open(struct container *container, struct failure *failure);
/* Shows them, before anything of the container's own is mounted over them. */
int host_view_attach(struct container *container, struct failure *failure);
