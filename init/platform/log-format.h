/* How a line looks on the container's standard output: --log-format and --log-time. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/time.h"

enum log_format { LOG_FORMAT_NAME, LOG_FORMAT_PLAIN, LOG_FORMAT_JSON, LOG_FORMAT_NONE, LOG_FORMAT_MAX };
enum log_time { LOG_TIME_NONE, LOG_TIME_SHORT, LOG_TIME_ISO, LOG_TIME_MAX };

/* Whose words a line is. Standard output and error share a pipe, which keeps their order, unless the format
 * tells them apart. */
enum log_origin { LOG_BY_INIT, LOG_BY_SERVICE, LOG_BY_STDOUT, LOG_BY_STDERR };

struct log_line {
    const char *unit; /* "nginx.service" */
    const char *name; /* what readers know it by: "nginx" */
    uint64_t sequence;
    usec_t realtime;  /* µs since 1970 */
    const char *text; /* without its newline, not NUL-terminated */
    size_t size;
    enum log_origin origin;
    uint8_t level; /* of syslog(3) */
    bool partial;  /* the line was too long, its next piece follows */
    pid_t pid;     /* of the process that was started with the stream; 0: not known */
};

/* A format, and the time that it wrote last: most lines come in the same second. */
struct log_style {
    enum log_format format;
    enum log_time time;
    uint64_t second;
    char stamp[24]; /* of that second; "" is none */
};

/* -EINVAL for a name that is none. */
int log_format_from_string(const char *name);
int log_time_from_string(const char *name);
const char *log_level_to_string(unsigned level);          /* "warning" */
const char *log_origin_to_string(enum log_origin origin); /* "stdout", "stderr", else NULL */

/* No line is longer than this. */
size_t log_format_bound(const struct log_style *style, const struct log_line *line);
/* Writes the line with its newline, returns what is behind it. */
char *log_format_line(struct log_style *style, const struct log_line *line, char *out);

/* The length of a "<N>" in front of a line, as syslog(3) and sd-daemon(3) write it, with the level in
 * *ret_level; 0 when there is none. */
size_t log_parse_prefix(const char *text, size_t size, uint8_t *ret_level);
