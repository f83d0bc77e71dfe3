/* The block device that a path means in io.max and the like. */
#pragma once

#include <sys/types.h>

/* A device node means its device, anything else the one its file system is on; a partition means its disk.
 * -ENODEV when there is none (a tmpfs, an overlay). */
int cgroup_device_find(const char *path, dev_t *ret);
