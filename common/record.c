/* Records of the control protocol. */
#include "common/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/text.h"

static const struct {
    char character;
    char letter; /* behind the backslash */
} escapes[] = {
    {'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}, {'\a', 'a'}, {'\b', 'b'}, {'\f', 'f'}, {'\v', 'v'}, {'\\', '\\'},
};

/* The character at value as it stands in a record; returns its bytes in ret and moves *value behind it. */
static size_t escape_character(const char **value, char ret[static 5])
{
    const unsigned char c = (unsigned char)**value;

    FOREACH_ARRAY (escape, escapes, ELEMENTSOF(escapes))
        if (c == (unsigned char)escape->character) {
            (*value)++;
            return (size_t)snprintf(ret, 5, "\\%c", escape->letter);
        }
    if (c < ' ' || c == 0x7f) {
        (*value)++;
        return (size_t)snprintf(ret, 5, "\\x%02x", c);
    }
    /* Bytes that are no UTF-8 go as they are: file names are bytes. */
    size_t n = utf8_decode(*value, NULL);
    n = MAX(n, (size_t)1);
    memcpy(ret, *value, n);
    *value += n;
    return n;
}

static void append(struct record *record, const char *bytes, size_t n)
{
    memcpy(record->data + record->size, bytes, n);
    record->size += n;
}

void record_begin(struct record *record, const char *kind)
{
    record->size = 0;
    record->truncated = false;
    record_add(record, CONTROL_KEY_RECORD, kind);
}

void record_add(struct record *record, const char *key, const char *value)
{
    if (!value)
        return;
    size_t key_size = strlen(key);
    if (record->size + key_size + strlen("=\n") > sizeof(record->data)) {
        record->truncated = true;
        return;
    }
    append(record, key, key_size);
    append(record, "=", 1);
    while (*value) {
        char character[5];
        size_t n = escape_character(&value, character);
        if (record->size + n + strlen("\n") > sizeof(record->data)) {
            record->truncated = true;
            break;
        }
        append(record, character, n);
    }
    append(record, "\n", 1);
}

void record_addf(struct record *record, const char *key, const char *format, ...)
{
    _cleanup_free_ char *value = NULL;
    va_list ap;

    va_start(ap, format);
    int n = vasprintf(&value, format, ap);
    va_end(ap);
    if (n < 0) {
        value = NULL; /* vasprintf(3) leaves it undefined */
        record->truncated = true;
    }
    record_add(record, key, value);
}

void record_add_u64(struct record *record, const char *key, uint64_t value)
{
    char text[sizeof("18446744073709551615")];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    record_add(record, key, value == UINT64_MAX ? "infinity" : text);
}

void record_add_bool(struct record *record, const char *key, bool value)
{
    record_add(record, key, value ? "yes" : "no");
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at text (its backslash) stands for, and the length of the escape; 0 when it is
 * none (*ret stays, it may be the same memory). A NUL is none: it would hide the rest of the value. */
static size_t unescape_character(const char *text, char *ret)
{
    FOREACH_ARRAY (escape, escapes, ELEMENTSOF(escapes))
        if (text[1] == escape->letter) {
            *ret = escape->character;
            return 2;
        }
    if (text[1] != 'x' || hex_digit(text[2]) < 0 || hex_digit(text[3]) < 0)
        return 0;
    int byte = hex_digit(text[2]) * 16 + hex_digit(text[3]);
    if (byte == 0)
        return 0;
    *ret = (char)byte;
    return 4;
}

/* In place; what is no escape stays as it stands. */
static void unescape(char *text)
{
    char *to = text;

    while (*text) {
        size_t n = *text == '\\' ? unescape_character(text, to) : 0;
        if (n == 0) {
            *to = *text;
            n = 1;
        }
        to++;
        text += n;
    }
    *to = 0;
}

/* Finds the '=' and the newline of the line that a packet begins with. */
static int split_line(const char *line, size_t size, const char **ret_equals, const char **ret_end)
{
    const char *end = memchr(line, '\n', size);
    if (!end || memchr(line, 0, (size_t)(end - line)))
        return -EBADMSG;
    const char *equals = memchr(line, '=', (size_t)(end - line));
    if (!equals || equals == line)
        return -EBADMSG;
    *ret_equals = equals;
    *ret_end = end;
    return 0;
}

int record_next(char **cursor, size_t *size, char **ret_key, char **ret_value)
{
    const char *equals, *end;
    char *line = *cursor;

    if (*size == 0)
        return 0;
    int r = split_line(line, *size, &equals, &end);
    if (r < 0)
        return r;
    *ret_key = line;
    *ret_value = line + (equals - line) + 1;
    line[equals - line] = 0;
    line[end - line] = 0;
    unescape(*ret_value);
    *cursor += end + 1 - line;
    *size -= (size_t)(end + 1 - line);
    return 1;
}

char *record_get(const char *packet, size_t size, const char *key)
{
    const char *equals, *end;
    size_t key_size = strlen(key);

    while (size > 0 && split_line(packet, size, &equals, &end) == 0) {
        if ((size_t)(equals - packet) == key_size && memcmp(packet, key, key_size) == 0) {
            char *value = strndup(equals + 1, (size_t)(end - equals - 1));
            if (value)
                unescape(value);
            return value;
        }
        size -= (size_t)(end + 1 - packet);
        packet = end + 1;
    }
    return NULL;
}
