/* Telling whoever started us. */
#include "init/job/job-notify.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/text.h"

int job_notify(int fd, const char *text)
{
    if (fd >= 0)
        return send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;

    const char *name = getenv(ENV_NOTIFY_SOCKET);
    struct sockaddr_un address;
    int size = name ? notify_address(name, &address) : 0;
    if (size <= 0)
        return size;
    _cleanup_close_ int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_fd < 0)
        return -errno;
    if (sendto(socket_fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address,
               (socklen_t)size) < 0)
        return -errno;
    return 0;
}
