/* READY=1 to whoever started us: sd_notify(3)'s words. */
#pragma once

/* fd: a connected datagram socket (BERTH_NOTIFY_FD), or negative: NOTIFY_SOCKET's, if there is one. Never
 * waits. 0 also when nobody listens for it. */
int job_notify(int fd, const char *text);
