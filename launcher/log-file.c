/* Rotation by rename: whoever reads the old file goes on reading it. */
#include "launcher/log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "common/fd.h"

int log_file_open(struct log_file *log, int dir_fd)
{
    int fd = openat(dir_fd, "log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    *log = (struct log_file){.dir_fd = dir_fd, .fd = fd};
    return 0;
}

int log_file_write(struct log_file *log, const void *data, size_t size)
{
    if (log->size > 0 && log->size + (off_t)size > LOG_FILE_MAX) {
        if (renameat(log->dir_fd, "log", log->dir_fd, "log.old") < 0)
            return -errno;
        close_fd(log->fd);
        int r = log_file_open(log, log->dir_fd);
        if (r < 0) {
            log->fd = -EBADF;
            return r;
        }
    }
    int r = write_all(log->fd, data, size);
    if (r >= 0)
        log->size += (off_t)size;
    return r;
}

void log_file_done(struct log_file *log)
{
    log->fd = close_fd(log->fd);
}
