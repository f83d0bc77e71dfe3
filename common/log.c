/* One line to a descriptor in one write, so that lines of several processes never mix. */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

static const char *log_program = "berth";
static enum log_level log_level = LOG_LEVEL_INFO;
static int log_fd = STDERR_FILENO;

void log_set_program(const char *name)
{
    log_program = name;
}

void log_set_level(enum log_level level)
{
    log_level = level;
}

enum log_level log_get_level(void)
{
    return log_level;
}

void log_set_fd(int fd)
{
    log_fd = fd;
}

static void _printf_(2, 0) log_write(const char *reason, const char *format, va_list ap)
{
    char line[2048];
    int n = snprintf(line, sizeof(line), "%s: ", log_program);
    size_t used = (size_t)n;

    n = vsnprintf(line + used, sizeof(line) - used, format, ap);
    if (n < 0)
        return;
    used = MIN(used + (size_t)n, sizeof(line) - 2);
    if (reason) {
        n = snprintf(line + used, sizeof(line) - used, ": %s", reason);
        used = n < 0 ? used : MIN(used + (size_t)n, sizeof(line) - 2);
    }
    line[used] = 0;
    blank_control_characters(line); /* of a hostile name */
    line[used++] = '\n';
    if (write(log_fd, line, used) < 0)
        return; /* there is nobody left to tell */
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level > log_level)
        return;
    int saved = errno;
    va_list ap;
    va_start(ap, format);
    log_write(NULL, format, ap);
    va_end(ap);
    errno = saved;
}

int log_line_errno(enum log_level level, int error, const char *format, ...)
{
    error = abs(error);
    if (level <= log_level) {
        va_list ap;
        va_start(ap, format);
        log_write(strerror(error), format, ap);
        va_end(ap);
    }
    return -error;
}
