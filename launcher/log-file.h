/* What a detached container prints: a file in the state directory, of bounded size (two files of
 * LOG_FILE_MAX: "log", and "log.old" before it). The container never holds the file: the monitor writes it.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define LOG_FILE_MAX (4 * 1024 * 1024) /* bytes of each of the two */

struct log_file {
    int dir_fd; /* the caller's */
    int fd;
    off_t size;
};

int log_file_open(struct log_file *log, int dir_fd);
/* Takes all of it or fails. */
int log_file_write(struct log_file *log, const void *data, size_t size);
void log_file_done(struct log_file *log);
