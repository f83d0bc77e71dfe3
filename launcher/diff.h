/* What an overlay's upper layer changes of the layers below it. The upper is hostile: it is walked by
 * descriptors only, no symlink is followed, nothing but directories is opened, no mount is entered, and
 * depth and memory are bounded. */
#pragma once

#include <stdbool.h>

#include "launcher/failure.h"

struct diff {
    const char *attribute_prefix; /* "trusted.overlay." or "user.overlay." */
    /* change: 'A' added, 'C' changed, 'D' deleted; path begins with '/', its bytes are anybody's. */
    void (*on_change)(struct diff *diff, char change, const char *path);
    void *userdata;

    bool incomplete; /* something could not be looked at: the first such thing is in failure */
    struct failure failure;
};

/* Walks the whole upper, each directory's names in order. lower_fds: the layers, topmost first. 0 also when
 * it was incomplete; -errno when nothing could be done. */
int diff_walk(struct diff *diff, int upper_fd, const int *lower_fds, unsigned n_lower);
