/* Paths to block devices, resolved in the container's own root and /sys. */
#include "init/platform/cgroup-device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/fd.h"
#include "common/parse.h"

#define DEVICE_TEXT_MAX 64

/* A partition's directory lies in that of its disk. */
static dev_t disk_of(dev_t device)
{
    char path[96];
    _cleanup_free_ char *text = NULL;
    unsigned major_number, minor_number;

    (void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(device), minor(device));
    if (read_file_at(AT_FDCWD, path, DEVICE_TEXT_MAX, &text, NULL) < 0)
        return device;
    free(text);
    text = NULL;
    (void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(device), minor(device));
    if (read_file_at(AT_FDCWD, path, DEVICE_TEXT_MAX, &text, NULL) < 0)
        return device;
    char *colon = strchr(text, ':');
    int left, right;
    if (!colon)
        return device;
    *colon = 0;
    colon[1 + strcspn(colon + 1, "\n")] = 0;
    if (parse_int(text, &left) < 0 || parse_int(colon + 1, &right) < 0 || left < 0 || right < 0)
        return device;
    major_number = (unsigned)left;
    minor_number = (unsigned)right;
    return makedev(major_number, minor_number);
}

int cgroup_device_find(const char *path, dev_t *ret)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return -errno;
    if (!S_ISBLK(st.st_mode) && major(st.st_dev) == 0)
        return -ENODEV;
    *ret = disk_of(S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev);
    return 0;
}
