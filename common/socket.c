/* Packet sockets: pairs, descriptors over them, and sockets with names of any length. */
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/fd.h"

#define FDS_MAX 253 /* SCM_MAX_FD of the kernel: what one packet can carry */

/* Room for the descriptors of one packet, aligned as cmsg(3) wants it. */
union control_buffer {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
};

int packet_pair(int pair[static 2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
}

int send_with_fds(int socket, const void *data, size_t size, const int *fds, size_t n)
{
    union control_buffer control = {0};
    struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

    if (n > FDS_MAX)
        return -EINVAL;
    if (n > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * n);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int) * n);
        memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n);
    }
    while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* Hands out the first max descriptors of a message, closes the others; returns how many there were. */
static size_t take_fds(struct msghdr *message, int *fds, size_t max)
{
    size_t found = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++, found++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (found < max)
                fds[found] = fd;
            else
                close_fd(fd);
        }
    }
    return found;
}

ssize_t receive_with_fds(int socket, void *data, size_t size, int *fds, size_t *n)
{
    union control_buffer control;
    struct iovec iov = {.iov_base = data, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    size_t max = *n;
    ssize_t received;

    *n = 0;
    do
        received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0)
        return -errno;
    size_t found = take_fds(&message, fds, max);
    bool whole = found <= max && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
    if (whole && received > 0) {
        *n = found;
        return received;
    }
    for (size_t i = 0; i < MIN(found, max); i++)
        fds[i] = close_fd(fds[i]);
    return whole ? 0 : -EMSGSIZE;
}

static int _printf_(2, 3) set_path(struct sockaddr_un *address, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(address->sun_path, sizeof(address->sun_path), format, ap);
    va_end(ap);
    return n < 0 || (size_t)n >= sizeof(address->sun_path) ? -ENAMETOOLONG : 0;
}

/* The address of a socket by a path that is always short enough: as it stands, below the descriptor of the
 * directory, or below that of its own directory, which *ret_parent then owns. */
static int make_address(int dirfd, const char *name, struct sockaddr_un *ret, int *ret_parent)
{
    const char *base = strrchr(name, '/');
    base = base ? base + 1 : name;
    if (!*base)
        return -EINVAL;
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (dirfd == AT_FDCWD || name[0] == '/') {
        if (set_path(ret, "%s", name) == 0)
            return 0;
    } else if (set_path(ret, "/proc/self/fd/%d/%s", dirfd, name) == 0)
        return 0;

    _cleanup_free_ char *directory = base > name ? strndup(name, (size_t)(base - name)) : strdup(".");
    if (!directory)
        return -ENOMEM;
    _cleanup_close_ int parent = openat(dirfd, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return -errno;
    int r = set_path(ret, "/proc/self/fd/%d/%s", parent, base);
    if (r == 0)
        *ret_parent = TAKE_FD(parent);
    return r;
}

static int connect_with_flags(int dirfd, const char *name, int flags)
{
    _cleanup_close_ int parent = -EBADF;
    struct sockaddr_un address;

    int r = make_address(dirfd, name, &address, &parent);
    if (r < 0)
        return r;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
    if (fd < 0)
        return -errno;
    while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        if (errno != EINTR)
            return -errno;
    return TAKE_FD(fd);
}

int connect_at(int dirfd, const char *name)
{
    return connect_with_flags(dirfd, name, 0);
}

/* Deletes a socket that nobody serves. A file that is no socket is not ours to delete. */
static int remove_dead_socket(int dirfd, const char *name)
{
    struct stat st;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EADDRINUSE;
    _cleanup_close_ int fd = connect_with_flags(dirfd, name, SOCK_NONBLOCK);
    if (fd != -ECONNREFUSED)
        return -EADDRINUSE;
    return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int bind_replacing(int fd, int dirfd, const char *name, const struct sockaddr_un *address)
{
    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -errno;
    int r = remove_dead_socket(dirfd, name);
    if (r < 0)
        return r;
    return bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
}

int listen_at(int dirfd, const char *name, mode_t mode)
{
    _cleanup_close_ int parent = -EBADF;
    struct sockaddr_un address;

    int r = make_address(dirfd, name, &address, &parent);
    if (r < 0)
        return r;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The socket's own mode is the most that bind(2) gives the file, so it is never open to more than asked.
     */
    if (fd < 0 || fchmod(fd, mode) < 0)
        return -errno;
    r = bind_replacing(fd, dirfd, name, &address);
    if (r < 0)
        return r;
    /* The umask may have taken bits from it. */
    if (fchmodat(dirfd, name, mode, 0) < 0 || listen(fd, SOMAXCONN) < 0) {
        r = -errno;
        (void)unlinkat(dirfd, name, 0);
        return r;
    }
    return TAKE_FD(fd);
}

int notify_address(const char *name, struct sockaddr_un *ret)
{
    size_t length = strlen(name);

    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length < 2 || (name[0] != '/' && name[0] != '@') || length >= sizeof(ret->sun_path))
        return -EINVAL;
    memcpy(ret->sun_path, name, length);
    if (name[0] == '@')
        ret->sun_path[0] = 0;
    /* The NUL behind a path may count, that behind an abstract name would be part of it. */
    return (int)(offsetof(struct sockaddr_un, sun_path) + length);
}
