/* Judging peers by what the kernel says of them. */
#include "init/control/peer.h"

#include <unistd.h>

bool control_peer_may_change(const struct ucred *peer, uid_t self, bool trusted)
{
    if (peer->uid == 0 || peer->uid == self)
        return true;
    return trusted && peer->pid == 0;
}

bool control_peer_judge(int fd, bool trusted)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || size != sizeof(peer))
        return false;
    return control_peer_may_change(&peer, geteuid(), trusted);
}
