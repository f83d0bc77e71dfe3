/* Owned resources clean themselves up: descriptors start as -EBADF, pointers as NULL. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/macro.h"

/* Closes fd if it is one, keeps errno, returns -EBADF so that `fd = close_fd(fd)` forgets it. */
static inline int close_fd(int fd)
{
    if (fd >= 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
    }
    return -EBADF;
}

static inline void cleanup_freep(void *p)
{
    free(*(void **)p);
}
static inline void cleanup_closep(int *fd)
{
    close_fd(*fd);
}
static inline void cleanup_fclosep(FILE **f)
{
    if (*f)
        (void)fclose(*f);
}
static inline void cleanup_closedirp(DIR **d)
{
    if (*d)
        (void)closedir(*d);
}
static inline void cleanup_close_pairp(int (*pair)[2])
{
    close_fd((*pair)[0]);
    close_fd((*pair)[1]);
}

#define _cleanup_free_       _cleanup_(cleanup_freep)
#define _cleanup_close_      _cleanup_(cleanup_closep)
#define _cleanup_fclose_     _cleanup_(cleanup_fclosep)
#define _cleanup_closedir_   _cleanup_(cleanup_closedirp)
#define _cleanup_close_pair_ _cleanup_(cleanup_close_pairp)

#define EBADF_PAIR                                                                                           \
    {                                                                                                        \
        -EBADF, -EBADF                                                                                       \
    }
