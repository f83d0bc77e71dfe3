/* Lines as text and as JSON. Written into memory byte by byte: a service may say a million lines a second. */
#include "init/platform/log-format.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "common/text.h"

#define ESCAPED_MAX  6 /* bytes that one byte can become in JSON: \u001b */
#define JSON_FRAME   256
#define STAMP_MAX    sizeof("2026-11-22T16:58:22.123456Z ")
#define REPLACEMENT  "\xef\xbf\xbd" /* U+FFFD */
#define UTF8_MAX     4
#define PRIORITY_MAX 191 /* local7.debug */

static int find(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (streq(names[i], name))
            return (int)i;
    return -EINVAL;
}

int log_format_from_string(const char *name)
{
    static const char *const names[] = {
        [LOG_FORMAT_NAME] = "name",
        [LOG_FORMAT_PLAIN] = "plain",
        [LOG_FORMAT_JSON] = "json",
        [LOG_FORMAT_NONE] = "none",
    };
    return find(names, ELEMENTSOF(names), name);
}

int log_time_from_string(const char *name)
{
    static const char *const names[] = {
        [LOG_TIME_NONE] = "none",
        [LOG_TIME_SHORT] = "short",
        [LOG_TIME_ISO] = "iso",
    };
    return find(names, ELEMENTSOF(names), name);
}

const char *log_level_to_string(unsigned level)
{
    static const char *const names[] = {"emerg",   "alert",  "crit", "err",
                                        "warning", "notice", "info", "debug"};
    return level < ELEMENTSOF(names) ? names[level] : "debug";
}

const char *log_origin_to_string(enum log_origin origin)
{
    return origin == LOG_BY_STDOUT ? "stdout" : origin == LOG_BY_STDERR ? "stderr" : NULL;
}

size_t log_format_bound(const struct log_style *style, const struct log_line *line)
{
    if (style->format == LOG_FORMAT_JSON)
        return JSON_FRAME + ESCAPED_MAX * (strlen(line->unit) + line->size);
    return STAMP_MAX + strlen(line->name) + strlen(": ") + line->size + 1;
}

static char *put(char *out, const char *text)
{
    return mempcpy(out, text, strlen(text));
}

static char *put_number(char *out, unsigned number)
{
    char digits[3 * sizeof(number)], *p = digits + sizeof(digits);

    do
        *--p = (char)('0' + number % 10);
    while (number /= 10);
    return mempcpy(out, p, (size_t)(digits + sizeof(digits) - p));
}

/* The part that is the same for a whole second. */
static void renew_stamp(struct log_style *style, enum log_time kind, uint64_t second)
{
    time_t seconds = (time_t)second;
    size_t size = 0;
    struct tm tm;

    if (kind == LOG_TIME_ISO && gmtime_r(&seconds, &tm))
        size = strftime(style->stamp, sizeof(style->stamp), "%Y-%m-%dT%H:%M:%S", &tm);
    else if (kind == LOG_TIME_SHORT && localtime_r(&seconds, &tm))
        size = strftime(style->stamp, sizeof(style->stamp), "%b %d %H:%M:%S", &tm);
    style->stamp[size] = 0;
    style->second = second;
}

static char *put_time(struct log_style *style, enum log_time kind, usec_t realtime, char *out)
{
    uint64_t second = realtime / USEC_PER_SEC, fraction = realtime % USEC_PER_SEC;

    if (!style->stamp[0] || second != style->second)
        renew_stamp(style, kind, second);
    out = put(out, style->stamp);
    if (kind != LOG_TIME_ISO)
        return out;
    *out++ = '.';
    for (int i = 5; i >= 0; i--, fraction /= 10)
        out[i] = (char)('0' + fraction % 10);
    out[6] = 'Z';
    return out + 7;
}

/* The text need not end with a NUL, as utf8_decode() wants it. */
static size_t decode(const char *text, size_t size, uint32_t *ret_code)
{
    char copy[UTF8_MAX + 1] = {0};

    if (size > UTF8_MAX)
        return utf8_decode(text, ret_code);
    memcpy(copy, text, size);
    return utf8_decode(copy, ret_code);
}

static bool is_ordinary(char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* One character that is not ordinary, as common/json.c writes it. */
static size_t put_character(char **out, const char *text, size_t size)
{
    uint32_t code = 0;
    size_t n = *text ? decode(text, size, &code) : 1;

    if (n == 0) {
        *out = put(*out, REPLACEMENT);
        return 1;
    }
    if (code == '"' || code == '\\') {
        *(*out)++ = '\\';
        *(*out)++ = (char)code;
    } else if (is_control_character(code)) {
        static const char digits[] = "0123456789abcdef";
        *out = put(*out, "\\u00");
        *(*out)++ = digits[code >> 4];
        *(*out)++ = digits[code & 15];
    } else {
        *out = mempcpy(*out, text, n);
    }
    return n;
}

static char *put_string(char *out, const char *text, size_t size)
{
    *out++ = '"';
    while (size > 0) {
        size_t n = 0;
        while (n < size && is_ordinary(text[n]))
            n++;
        out = mempcpy(out, text, n);
        if (n < size)
            n += put_character(&out, text + n, size - n);
        text += n;
        size -= n;
    }
    *out++ = '"';
    return out;
}

static char *put_json(struct log_style *style, const struct log_line *line, char *out)
{
    const char *stream = log_origin_to_string(line->origin);

    out = put(out, "{\"time\":\"");
    out = put_time(style, LOG_TIME_ISO, line->realtime, out);
    out = put(out, "\",\"unit\":");
    out = put_string(out, line->unit, strlen(line->unit));
    if (stream) {
        out = put(out, ",\"stream\":\"");
        out = put(put(out, stream), "\"");
    }
    if (line->pid > 0)
        out = put_number(put(out, ",\"pid\":"), (unsigned)line->pid);
    out = put(out, ",\"level\":\"");
    out = put(put(out, log_level_to_string(line->level)), "\"");
    if (line->partial)
        out = put(out, ",\"partial\":true");
    out = put(out, ",\"message\":");
    out = put_string(out, line->text, line->size);
    return put(out, "}\n");
}

char *log_format_line(struct log_style *style, const struct log_line *line, char *out)
{
    if (style->format == LOG_FORMAT_JSON)
        return put_json(style, line, out);
    if (style->time != LOG_TIME_NONE)
        out = put(put_time(style, style->time, line->realtime, out), " ");
    if (style->format == LOG_FORMAT_NAME)
        out = put(put(out, line->name), ": ");
    out = mempcpy(out, line->text, line->size);
    *out++ = '\n';
    return out;
}

size_t log_parse_prefix(const char *text, size_t size, uint8_t *ret_level)
{
    unsigned priority = 0;
    size_t i = 1;

    if (size < strlen("<0>") || text[0] != '<')
        return 0;
    for (; i < size && i < strlen("<191") && text[i] >= '0' && text[i] <= '9'; i++)
        priority = priority * 10 + (unsigned)(text[i] - '0');
    if (i == 1 || i == size || text[i] != '>' || priority > PRIORITY_MAX)
        return 0;
    *ret_level = (uint8_t)(priority & LOG_PRIMASK);
    return i + 1;
}
