/* Descriptors: time, whole reads and writes, small files, directories. Sockets are in socket.c, the deletion
 * of trees in remove-tree.c. */
#include "common/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "common/syscalls.h"
#include "common/text.h"

#define DESCRIPTORS_MAX 65536 /* that are closed where the kernel does not close them all at once */

void close_descriptors(unsigned first, unsigned last, unsigned flags)
{
    struct rlimit limit;

    if (first > last || sys_close_range(first, last, flags) == 0)
        return;
    /* Before Linux 5.9 (5.11 with flags), and under filters that do not know it: one by one. */
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > DESCRIPTORS_MAX)
        limit.rlim_cur = DESCRIPTORS_MAX;
    for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
        (void)((flags & CLOSE_RANGE_CLOEXEC) ? fcntl((int)fd, F_SETFD, FD_CLOEXEC) : close((int)fd));
}

int write_all(int fd, const void *data, size_t size)
{
    for (const char *p = data; size > 0;) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

static int poll_until(struct pollfd *pfd, usec_t deadline)
{
    if (deadline == USEC_INFINITY)
        return ppoll(pfd, 1, NULL, NULL);
    usec_t now = now_monotonic();
    usec_t left = deadline > now ? deadline - now : 0;
    struct timespec timeout = {
        .tv_sec = (time_t)(left / USEC_PER_SEC),
        .tv_nsec = (long)(left % USEC_PER_SEC * NSEC_PER_USEC),
    };
    return ppoll(pfd, 1, &timeout, NULL);
}

int wait_for_fd(int fd, short events, usec_t deadline)
{
    if (fd < 0)
        return -EBADF; /* poll(2) would ignore it and sleep */
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = events};
        int n = poll_until(&pfd, deadline);
        if (n > 0)
            return pfd.revents & POLLNVAL ? -EBADF : 0;
        if (n == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

/* Reads to the end of the file or until size bytes are there. */
static ssize_t read_up_to(int fd, char *data, size_t size)
{
    size_t used = 0;

    while (used < size) {
        ssize_t n = read(fd, data + used, size - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        used += (size_t)n;
    }
    return (ssize_t)used;
}

int read_file_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_size)
{
    _cleanup_free_ char *text = NULL;
    size_t room = 0, used = 0;

    /* O_NONBLOCK: a FIFO in the place of a file must not stop us. */
    _cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    /* Files of the kernel have no size before they are read, so it is read in growing pieces. */
    while (used == room) {
        if (room > max)
            return -EFBIG;
        room = MAX(room * 4, (size_t)4096);
        room = MIN(room, max + 1);
        char *bigger = realloc(text, room + 1);
        if (!bigger)
            return -ENOMEM;
        text = bigger;
        ssize_t n = read_up_to(fd, text + used, room - used);
        if (n < 0)
            return (int)n;
        used += (size_t)n;
    }
    if (used > max)
        return -EFBIG;
    text[used] = 0;
    *ret = TAKE_PTR(text);
    if (ret_size)
        *ret_size = used;
    return 0;
}

int write_file_at(int dirfd, const char *path, const char *text)
{
    _cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    size_t size = strlen(text);
    for (;;) {
        ssize_t n = write(fd, text, size);
        if (n >= 0)
            return (size_t)n == size ? 0 : -EIO;
        if (errno != EINTR)
            return -errno;
    }
}

/* The name is the same at each try, so what a crash left behind is found and replaced. */
static int open_temporary_at(int dirfd, const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
    int fd = openat(dirfd, path, flags, 0600);
    if (fd < 0 && errno == EEXIST && unlinkat(dirfd, path, 0) == 0)
        fd = openat(dirfd, path, flags, 0600);
    return fd < 0 ? -errno : fd;
}

static int fill_file(int fd, const char *text, mode_t mode)
{
    int r = write_all(fd, text, strlen(text));
    if (r < 0)
        return r;
    return fchmod(fd, mode) < 0 ? -errno : 0;
}

int replace_file_at(int dirfd, const char *path, const char *text, mode_t mode)
{
    _cleanup_free_ char *temporary = xasprintf("%s.%d.new", path, (int)getpid());
    if (!temporary)
        return -ENOMEM;
    _cleanup_close_ int fd = open_temporary_at(dirfd, temporary);
    if (fd < 0)
        return fd;
    int r = fill_file(fd, text, mode);
    if (r == 0 && renameat(dirfd, temporary, dirfd, path) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(dirfd, temporary, 0);
    return r;
}

int make_dirs_at(int dirfd, const char *path, mode_t mode)
{
    struct stat st;
    int r = 0;

    _cleanup_free_ char *prefix = strdup(path);
    if (!prefix)
        return -ENOMEM;
    for (char *p = prefix; *p;) {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        char end = *p;
        *p = 0;
        /* Whether a step was in the way shows at the end: one that exists may also fail with EROFS or EACCES.
         */
        if (mkdirat(dirfd, prefix, mode) < 0 && errno != EEXIST && r == 0)
            r = -errno;
        *p = end;
    }
    if (fstatat(dirfd, path, &st, 0) < 0)
        return r < 0 ? r : -errno;
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}
