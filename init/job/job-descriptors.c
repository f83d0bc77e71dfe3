/* PID 1's descriptors in job mode. */
#include "init/job/job-descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/parse.h"

/* Something that holds nothing and is always there: a root without /dev has no null device. */
static int open_nothing(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
    return fd >= 0 ? fd : open("/", O_PATH | O_CLOEXEC);
}

void descriptors_fill_stdio(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open_nothing(); /* takes the lowest that is free: this one */
}

int descriptors_take_socket(const char *variable)
{
    const char *text = getenv(variable);
    struct stat st;
    int fd;

    if (!text)
        return -ENOENT;
    int r = parse_int(text, &fd);
    (void)unsetenv(variable);
    if (r < 0 || fd <= STDERR_FILENO)
        return -EINVAL;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EINVAL;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : fd;
}

/* The lowest one that is kept from first on; -1: none. */
static int next_kept(const int *keep, size_t n, unsigned first)
{
    int next = -1;

    FOREACH_ARRAY (fd, keep, n)
        if (*fd >= (int)first && (next < 0 || *fd < next))
            next = *fd;
    return next;
}

void descriptors_close_others(const int *keep, size_t n)
{
    unsigned first = STDERR_FILENO + 1;

    for (int fd; (fd = next_kept(keep, n, first)) >= 0; first = (unsigned)fd + 1)
        if (fd > (int)first)
            close_descriptors(first, (unsigned)fd - 1, 0);
    close_descriptors(first, UINT_MAX, 0);
}

void descriptors_release_stdio(unsigned keep)
{
    _cleanup_close_ int nothing = open_nothing();

    if (nothing < 0)
        return;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (!(keep >> fd & 1))
            (void)dup3(nothing, fd, O_CLOEXEC);
}
