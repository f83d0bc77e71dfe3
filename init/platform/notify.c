/* sd_notify(3) from the other side: datagrams with the sender's credentials. */
#include "init/platform/notify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "berth/environment.h"
#include "common/cleanup.h"

#define NOTIFY_BATCH_MAX 64  /* messages taken before others get their turn */
#define NOTIFY_FDS_MAX   253 /* SCM_MAX_FD of the kernel */

struct notify_socket {
    struct loop *loop;
    struct loop_source source;
    notify_fn fn;
    void *userdata;
    char address[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* to unlink, "" when abstract */
};

/* What came beside the text. */
struct notify_ancillary {
    pid_t pid; /* 0: no credentials, or a sender outside of our pid namespace */
    int fds[NOTIFY_FDS_MAX];
    size_t n_fds;
};

/* musl's CMSG_NXTHDR compares a signed with an unsigned size, which clang warns of. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
static void ancillary_read(struct msghdr *message, struct notify_ancillary *ancillary)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof(struct ucred))) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
            ancillary->pid = credentials.pid;
        } else if (c->cmsg_type == SCM_RIGHTS) {
            size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            n = MIN(n, NOTIFY_FDS_MAX - ancillary->n_fds);
            memcpy(ancillary->fds + ancillary->n_fds, CMSG_DATA(c), n * sizeof(int));
            ancillary->n_fds += n;
        }
    }
}
#pragma GCC diagnostic pop

/* One message: 1, or 0 when none waits. What is no proper message is dropped without a word: anybody may send
 * here. */
static int notify_receive(struct notify_socket *socket)
{
    char text[NOTIFY_MESSAGE_MAX + 1];
    union {
        struct cmsghdr header;
        char buffer[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(NOTIFY_FDS_MAX * sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = text, .iov_len = NOTIFY_MESSAGE_MAX};
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    struct notify_ancillary ancillary = {.pid = 0, .n_fds = 0};

    ssize_t n = recvmsg(socket->source.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return errno == EINTR;
    ancillary_read(&message, &ancillary);
    text[n] = 0;
    if (ancillary.pid > 0 && n > 0 && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
        strlen(text) == (size_t)n)
        socket->fn(socket->userdata, ancillary.pid, text, ancillary.fds, ancillary.n_fds);
    FOREACH_ARRAY (fd, ancillary.fds, ancillary.n_fds)
        close_fd(*fd);
    return 1;
}

void notify_socket_drain(struct notify_socket *socket)
{
    for (unsigned i = 0; i < NOTIFY_BATCH_MAX && notify_receive(socket) > 0; i++)
        ;
}

static void notify_ready(struct loop_source *source, uint32_t events)
{
    notify_socket_drain(CONTAINER_OF(source, struct notify_socket, source));
}

static int bind_path(struct notify_socket *socket, const char *directory)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/" CONTAINER_NOTIFY_SOCKET, directory);

    if (n < 0 || (size_t)n >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    if (unlink(address.sun_path) < 0 && errno != ENOENT)
        return -errno;
    if (bind(socket->source.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    /* Services of every user speak here; who may say what is the manager's to judge. */
    if (chmod(address.sun_path, 0666) < 0)
        return -errno;
    memcpy(socket->path, address.sun_path, (size_t)n + 1);
    memcpy(socket->address, address.sun_path, (size_t)n + 1);
    return 0;
}

/* The kernel chooses a free name: containers that share a network namespace do not meet. */
static int bind_abstract(struct notify_socket *socket)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(address);

    if (bind(socket->source.fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
        getsockname(socket->source.fd, (struct sockaddr *)&address, &size) < 0)
        return -errno;
    size_t length = size - offsetof(struct sockaddr_un, sun_path) - 1;
    (void)snprintf(socket->address, sizeof(socket->address), "@%.*s", (int)length, address.sun_path + 1);
    return 0;
}

static int notify_bind(struct notify_socket *notify, const char *directory)
{
    int r = directory ? bind_path(notify, directory) : -ENOENT;

    if (r == 0)
        return 0;
    /* A socket has one address only: a second try needs a new one. */
    close_fd(notify->source.fd);
    notify->source.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return notify->source.fd < 0 ? -errno : bind_abstract(notify);
}

int notify_socket_new(struct loop *loop, const char *directory, notify_fn fn, void *userdata,
                      struct notify_socket **ret)
{
    struct notify_socket *notify = calloc(1, sizeof(*notify));
    const int one = 1;

    if (!notify)
        return -ENOMEM;
    notify->source.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    notify->source.ready = notify_ready;
    notify->fn = fn;
    notify->userdata = userdata;
    int r = notify->source.fd < 0 ? -errno : notify_bind(notify, directory);
    if (r == 0 && setsockopt(notify->source.fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0)
        r = -errno;
    if (r == 0)
        r = loop_add(loop, &notify->source, EPOLLIN);
    if (r < 0) {
        notify_socket_free(notify);
        return r;
    }
    notify->loop = loop;
    *ret = notify;
    return 0;
}

struct notify_socket *notify_socket_free(struct notify_socket *socket)
{
    if (!socket)
        return NULL;
    if (socket->loop)
        loop_remove(socket->loop, &socket->source);
    close_fd(socket->source.fd);
    if (socket->path[0])
        (void)unlink(socket->path);
    free(socket);
    return NULL;
}

int notify_socket_take_over(struct loop *loop, int *fd, const char *address, notify_fn fn, void *userdata,
                            struct notify_socket **ret)
{
    struct notify_socket *notify = calloc(1, sizeof(*notify));

    if (!notify)
        return -ENOMEM;
    *notify = (struct notify_socket){
        .loop = loop, .source = {.fd = *fd, .ready = notify_ready}, .fn = fn, .userdata = userdata};
    (void)snprintf(notify->address, sizeof(notify->address), "%s", address);
    if (address[0] == '/')
        (void)snprintf(notify->path, sizeof(notify->path), "%s", address);
    int r = loop_add(loop, &notify->source, EPOLLIN);
    if (r < 0) {
        free(notify);
        return r;
    }
    *fd = -EBADF;
    *ret = notify;
    return 0;
}

int notify_socket_fd(const struct notify_socket *socket)
{
    return socket->source.fd;
}

const char *notify_socket_address(const struct notify_socket *socket)
{
    return socket->address;
}
