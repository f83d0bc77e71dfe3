/* Where PID 1 is spoken to. */
#include "init/platform/boot-sockets.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "berth/environment.h"
#include "common/fd.h"

#define SOCKET_MODE 0666 /* everybody may look; who may change things is judged by SO_PEERCRED */

/* The name that berthctl tries when it finds no directory. */
static int listen_abstract(void)
{
    static const char name[] = "\0berth/" CONTAINER_CONTROL_SOCKET;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    memcpy(address.sun_path, name, sizeof(name) - 1);
    if (bind(fd, (struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name) - 1)) < 0 ||
        listen(fd, SOMAXCONN) < 0)
        return -errno;
    return TAKE_FD(fd);
}

void boot_sockets_listen(struct platform *platform)
{
    if (control_server_has_own(platform->control))
        return;
    _cleanup_close_ int own = platform->runtime_dir
                                  ? listen_at(platform->runtime_dir_fd, CONTAINER_CONTROL_SOCKET, SOCKET_MODE)
                                  : listen_abstract();

    if (own < 0)
        platform_say(platform, "no socket for berthctl: %s", strerror(-own));
    else if (control_server_listen(platform->control, own, false) == 0)
        (void)TAKE_FD(own);
}

int boot_sockets_open(struct platform *platform, int fd, struct handover_reader *reader)
{
    _cleanup_close_ int launcher = fd;
    int r = control_server_new(platform->loop, platform->manager, platform->logs, &platform_control_ops,
                               platform, &platform->control);

    if (r < 0)
        return r;
    if (reader)
        control_server_take_over(platform->control, reader);
    else
        boot_sockets_listen(platform);
    if (launcher >= 0 && control_server_listen(platform->control, launcher, true) == 0)
        (void)TAKE_FD(launcher);
    return 0;
}
