/* berthctl notify: sd_notify(3) for shell scripts, as systemd-notify(1) is. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "init/control/berthctl.h"

#define BARRIER_TIMEOUT (5 * USEC_PER_SEC) /* as long as systemd-notify(1) waits */

/* The service's own socket. */
static int connect_notify_socket(void)
{
    const char *name = getenv(ENV_NOTIFY_SOCKET);
    struct sockaddr_un address;
    int size = name ? notify_address(name, &address) : -EDESTADDRREQ;

    if (size < 0)
        return size;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    return connect(fd, (struct sockaddr *)&address, (socklen_t)size) < 0 ? -errno : TAKE_FD(fd);
}

/* PID 1 closes what came with the barrier once it has read all before it. Until then we must live: it learns
 * from our pid which service speaks. */
static int wait_until_read(int fd)
{
    static const char barrier[] = "BARRIER=1";
    _cleanup_close_pair_ int pipe_fds[2] = EBADF_PAIR;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -errno;
    int r = send_with_fds(fd, barrier, sizeof(barrier) - 1, &pipe_fds[1], 1);
    pipe_fds[1] = close_fd(pipe_fds[1]);
    return r < 0 ? r : wait_for_fd(pipe_fds[0], POLLHUP, usec_add(now_monotonic(), BARRIER_TIMEOUT));
}

int berthctl_notify(struct berthctl *ctl)
{
    _cleanup_free_ char *text = strv_join(ctl->args, "\n");

    for (char *const *arg = ctl->args; *arg; arg++)
        if (!strchr(*arg, '=')) {
            log_error("notify: %s is no KEY=VALUE: READY=1, STATUS=text, see sd_notify(3)", *arg);
            return 1;
        }
    _cleanup_close_ int fd = connect_notify_socket();
    int r = fd < 0 ? fd : !text ? -ENOMEM : send_with_fds(fd, text, strlen(text), NULL, 0);
    if (r >= 0)
        r = wait_until_read(fd);
    if (fd == -EDESTADDRREQ)
        log_error("notify: $%s is not set: only a service with NotifyAccess= other than none has it",
                  ENV_NOTIFY_SOCKET);
    else if (fd == -EINVAL)
        log_error("notify: $%s is '%s', which is neither an absolute path nor @NAME", ENV_NOTIFY_SOCKET,
                  getenv(ENV_NOTIFY_SOCKET));
    else if (r < 0)
        log_errno(r, "notify");
    return r < 0;
}
