/* One line to a descriptor in one write, so that lines of several processes never mix. */
#include "common/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

static const char *log_program = "berth";
static enum log_level log_level = LOG_LEVEL_INFO;
static int log_fd = STDERR_FILENO;
static bool log_waits = true;
static unsigned log_lost;

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

void log_never_wait(void)
{
    log_waits = false;
}

/* A pipe that is ready takes a whole page at once. */
static bool log_has_room(void)
{
    struct pollfd pfd = {.fd = log_fd, .events = POLLOUT};
    return log_waits || poll(&pfd, 1, 0) != 0;
}

static void log_put(const char *line, size_t size)
{
    if (!log_has_room() || write(log_fd, line, size) < 0)
        log_lost++; /* there is nobody who reads */
}

static void log_tell_lost(void)
{
    char line[128];
    unsigned lost = log_lost;

    if (lost == 0 || !log_has_room())
        return;
    log_lost = 0;
    int n = snprintf(line, sizeof(line), "%s: %u lines were lost, as nobody read them\n", log_program, lost);
    log_put(line, MIN((size_t)n, sizeof(line) - 1));
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
    log_tell_lost();
    log_put(line, used);
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
