/* Mounts by descriptor (fsopen, fsmount, open_tree, move_mount: mount_setattr(2) and the kernel's mount API),
 * onto targets that are looked up inside the container's root only (openat2(2), RESOLVE_IN_ROOT). Nothing
 * here follows a path out of the root. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "launcher/failure.h"

/* One option of a file system: value NULL is a flag. The last has key NULL. */
struct mount_option {
    const char *key;
    const char *value;
};

/* A new, detached file system; attributes are MOUNT_ATTR_*. The failure has the kernel's own words where it
 * has some. */
int mount_new(const char *type, const struct mount_option *options, uint64_t attributes, int *ret_fd,
              struct failure *failure);
/* The pieces of mount_new(), for callers with more to configure; what is how the failure calls it. */
int mount_open(const char *type, int *ret_context_fd, struct failure *failure);
int mount_configure(int context_fd, const char *key, const char *value);
int mount_create(int context_fd, const char *what, uint64_t attributes, int *ret_fd, struct failure *failure);
int mount_fail(int context_fd, const char *what, int error, struct failure *failure);
/* A detached copy of a mount point of the host (a bind mount). */
int mount_clone(const char *source, bool recursive, bool read_only, int *ret_fd, struct failure *failure);
/* The same with MOUNT_ATTR_* of the caller's choice; with the owners of a user namespace when userns_fd is
 * one. */
int mount_clone_with(const char *source, bool recursive, uint64_t attributes, int userns_fd, int *ret_fd,
                     struct failure *failure);
/* Attaches a detached mount at a path inside the root. */
int mount_attach(int mount_fd, int root_fd, const char *target, struct failure *failure);

/* The same on what was opened there; target is how the failure calls it. */
int mount_attach_at(int mount_fd, int target_fd, const char *target, struct failure *failure);

/* Opens what is at path inside root, O_PATH and the flags given; symlinks resolve inside the root, magic
 * links never. */
int root_open(int root_fd, const char *path, int flags);
/* The same; a directory (or an empty file) is made inside the root when it is missing. */
int root_open_or_make_dir(int root_fd, const char *path);
int root_open_or_make_file(int root_fd, const char *path);
