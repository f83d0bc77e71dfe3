/* How the unit loader sees a root directory: every path is resolved inside it (openat2(2), RESOLVE_IN_ROOT),
 * whatever symlinks say. */
#pragma once

#include "init/unit/load.h"

struct root_files {
    int root_fd; /* O_PATH or not; the caller's */
    bool is_own; /* the root directory of this process: no path leads out of it */
    /* Directories that are read once, when something in them is asked for first; the caller's. Most questions
     * are for files that are not there. */
    char *const *search_path;
    struct root_listing *listings; /* what was read; root_files_forget() */
};

/* For struct unit_loader; its `files` is a struct root_files. */
extern const struct unit_files_ops root_files_ops;

/* Opens path below root_fd for reading, close-on-exec; flags are more of open(2)'s. -errno; -ENOSYS when the
 * kernel (before 5.6) or a system call filter has no openat2(2), which the process' own root can do without.
 */
int root_files_open(const struct root_files *files, const char *path, int flags);
/* What was read may have changed since: the directories are read anew when they are needed. */
void root_files_forget(struct root_files *files);
