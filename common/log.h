/* What a person reads on standard error: one line, "PROGRAM: what failed: why". Only the caller that knows
 * what the user was trying to do calls these; everything below returns -errno. */
#pragma once

#include "common/macro.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* PROGRAM in front of every line; the default is "berth". The string is kept, not copied. */
void log_set_program(const char *name);
/* Lines of a higher level than this are dropped; the default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* Where lines go; the default is descriptor 2. */
void log_set_fd(int fd);
/* From here on a line for which a pipe has no room is dropped instead of waited for: who does not read must
 * not hold PID 1 up. The next line that goes out says how many were lost. */
void log_never_wait(void);

void log_line(enum log_level level, const char *format, ...) _printf_(2, 3);
/* The same with ": strerror(error)" behind it; returns -abs(error), so that `return log_errno(r, ...)` works.
 */
int log_line_errno(enum log_level level, int error, const char *format, ...) _printf_(3, 4);

#define log_error(...)                log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...)              log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)                 log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_errno(error, ...)         log_line_errno(LOG_LEVEL_ERROR, error, __VA_ARGS__)
#define log_warning_errno(error, ...) log_line_errno(LOG_LEVEL_WARNING, error, __VA_ARGS__)
