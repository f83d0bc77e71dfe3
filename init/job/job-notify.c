/* Telling whoever started us. */
#include "init/job/job-notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "berth/environment.h"
#include "common/text.h"

int job_notify(int fd, const char *text)
{
    if (fd >= 0)
        return send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;

    const char *path = getenv(ENV_NOTIFY_SOCKET);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path)
        return 0;
    size_t length = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path))
        return -EINVAL;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = 0;
    _cleanup_close_ int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_fd < 0)
        return -errno;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (sendto(socket_fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address,
               size) < 0)
        return -errno;
    return 0;
}
