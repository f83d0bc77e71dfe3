/* The topmost layer of a root is berth's: the files of /etc that tell a container who and where it is, and
 * mount points that the image lacks. So nothing of the image is written, no symlink of it is met, and what
 * the container writes lies above. */
#pragma once

#include <stddef.h>

#include "launcher/container.h"

/* Makes it in the directory "own" of the stage. lower_fds: the image's layers, topmost first. */
int own_layer_make(const struct container *container, int stage_fd, const int *lower_fds, size_t n_lower,
                   int *ret_fd, struct failure *failure);
