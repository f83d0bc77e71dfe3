/* Writing and reading the text of a handover. What is read may come from another version, or be garbage: a
 * line that is none costs that line. */
#include "init/manager/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/text.h"

#define HEADER          "berth-handover "
#define FDS_SECTION     "descriptors"
#define FD_KEY          "Keep"
#define ROOM_MIN        4096
#define NUMBER_TEXT_MAX 24

/* --- writing --- */

static bool reserve(struct handover *handover, size_t size)
{
    if (handover->failed)
        return false;
    if (handover->room - handover->size >= size)
        return true;
    size_t room = MAX(handover->room * 2, (size_t)ROOM_MIN);
    room = MAX(room, handover->size + size);
    char *data = realloc(handover->data, room);
    if (!data) {
        handover->failed = true;
        return false;
    }
    handover->data = data;
    handover->room = room;
    return true;
}

static void append(struct handover *handover, const char *bytes, size_t n)
{
    if (!reserve(handover, n))
        return;
    memcpy(handover->data + handover->size, bytes, n);
    handover->size += n;
}

static void append_text(struct handover *handover, const char *text)
{
    append(handover, text, strlen(text));
}

static void append_escaped(struct handover *handover, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    FOREACH_ARRAY (c, bytes, n) {
        const char escape[] = {'\\', 'x', digits[*c >> 4], digits[*c & 15]};
        if (*c < ' ' || *c == 0x7f || *c == '\\')
            append(handover, escape, sizeof(escape));
        else
            append(handover, (const char *)c, 1);
    }
}

void handover_begin(struct handover *handover)
{
    char header[sizeof(HEADER) + NUMBER_TEXT_MAX];

    *handover = (struct handover){0};
    (void)snprintf(header, sizeof(header), HEADER "%d\n", HANDOVER_VERSION);
    append_text(handover, header);
}

void handover_section(struct handover *handover, const char *kind, const char *name)
{
    append_text(handover, "[");
    append_text(handover, kind);
    if (name) {
        append_text(handover, " ");
        append_text(handover, name);
    }
    append_text(handover, "]\n");
}

void handover_add_bytes(struct handover *handover, const char *key, const void *value, size_t size)
{
    append_text(handover, key);
    append_text(handover, "=");
    append_escaped(handover, value, size);
    append_text(handover, "\n");
}

void handover_add(struct handover *handover, const char *key, const char *value)
{
    if (value)
        handover_add_bytes(handover, key, value, strlen(value));
}

void handover_addf(struct handover *handover, const char *key, const char *format, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n < 0) {
        handover->failed = true;
        return;
    }
    handover_add(handover, key, text);
    free(text);
}

void handover_add_u64(struct handover *handover, const char *key, uint64_t value)
{
    char text[NUMBER_TEXT_MAX];

    if (value == 0)
        return;
    (void)snprintf(text, sizeof(text), "%" PRIu64, value);
    handover_add(handover, key, text);
}

static void keep_fd(struct handover *handover, int fd)
{
    if (handover->n_fds % 64 == 0) {
        int *bigger = reallocarray(handover->fds, handover->n_fds + 64, sizeof(*bigger));
        if (!bigger) {
            handover->failed = true;
            return;
        }
        handover->fds = bigger;
    }
    handover->fds[handover->n_fds++] = fd;
}

void handover_add_fd(struct handover *handover, const char *key, int fd, const char *rest)
{
    if (fd < 0)
        return;
    handover_addf(handover, key, "%d%s%s", fd, rest ? " " : "", rest ? rest : "");
    keep_fd(handover, fd);
}

int handover_end(struct handover *handover)
{
    handover_section(handover, FDS_SECTION, NULL);
    for (size_t i = 0; i < handover->n_fds; i++)
        handover_addf(handover, FD_KEY, "%d", handover->fds[i]);
    bool fits = handover->n_fds <= HANDOVER_FDS_MAX && handover->size <= HANDOVER_SIZE_MAX;
    return handover->failed || !fits ? -ENOMEM : 0;
}

void handover_done(struct handover *handover)
{
    free(handover->data);
    free(handover->fds);
    *handover = (struct handover){0};
}

/* --- reading --- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place, with a NUL behind it; the size, or -EBADMSG. */
static ssize_t unescape(char *text, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\\') {
            text[n++] = text[i];
            continue;
        }
        if (size - i < 4 || text[i + 1] != 'x' || hex_digit(text[i + 2]) < 0 || hex_digit(text[i + 3]) < 0)
            return -EBADMSG;
        text[n++] = (char)(hex_digit(text[i + 2]) << 4 | hex_digit(text[i + 3]));
        i += 3;
    }
    text[n] = 0;
    return (ssize_t)n;
}

static int add_section(struct handover_reader *reader, const char *kind, const char *name)
{
    if (reader->n_sections % 64 == 0) {
        struct handover_section *bigger =
            reallocarray(reader->sections, reader->n_sections + 64, sizeof(*bigger));
        if (!bigger)
            return -ENOMEM;
        reader->sections = bigger;
    }
    reader->sections[reader->n_sections++] = (struct handover_section){.kind = kind, .name = name};
    return 0;
}

/* "[kind name]", whose closing bracket and blank become the ends of two strings. */
static int read_head(struct handover_reader *reader, char *line, size_t size)
{
    const char *name = "";

    if (size < 3 || line[size - 1] != ']')
        return -EBADMSG;
    line[size - 1] = 0;
    char *blank = strchr(line, ' ');
    if (blank) {
        *blank = 0;
        name = blank + 1;
    }
    return add_section(reader, line + 1, name);
}

/* The lines of one section, until the next head. */
static int read_line(struct handover_reader *reader, char *line, size_t size)
{
    if (line[0] == '[') {
        int r = read_head(reader, line, size);
        reader->n_bad += r == -EBADMSG;
        return r == -EBADMSG ? 0 : r;
    }
    if (reader->n_sections == 0) {
        reader->n_bad++;
        return 0;
    }
    struct handover_section *section = &reader->sections[reader->n_sections - 1];
    if (!section->at)
        section->at = line;
    section->left = (size_t)(line - section->at) + size + 1;
    return 0;
}

/* A text without its last newline was cut off: what stands behind the last one is no line. */
static int read_lines(struct handover_reader *reader, char *text, size_t size)
{
    char *newline;

    while (size > 0 && (newline = memchr(text, '\n', size))) {
        size_t length = (size_t)(newline - text);
        int r = read_line(reader, text, length);
        if (r < 0)
            return r;
        text += length + 1;
        size -= length + 1;
    }
    reader->n_bad += size > 0;
    return 0;
}

static int read_fds(struct handover_reader *reader)
{
    struct handover_section *section;
    struct handover_line line;
    size_t cursor = 0;
    int fd;

    while ((section = handover_find(reader, FDS_SECTION, &cursor)))
        while (handover_next(reader, section, &line)) {
            if (!streq(line.key, FD_KEY) || parse_int(line.value, &fd) < 0 || fd <= 2 ||
                reader->n_fds == HANDOVER_FDS_MAX) {
                reader->n_bad++;
                continue;
            }
            if (reader->n_fds % 64 == 0) {
                int *bigger = reallocarray(reader->fds, reader->n_fds + 64, sizeof(*bigger));
                if (!bigger)
                    return -ENOMEM;
                reader->fds = bigger;
            }
            reader->fds[reader->n_fds++] = fd;
        }
    return 0;
}

int handover_read(struct handover_reader *reader, char *text, size_t size)
{
    char *newline = memchr(text, '\n', size);

    *reader = (struct handover_reader){0};
    if (!newline)
        return -EBADMSG;
    *newline = 0;
    const char *number = startswith(text, HEADER);
    bool known = number && parse_u64(number, &reader->version) == 0;
    size -= (size_t)(newline + 1 - text);
    int r = read_lines(reader, newline + 1, size);
    if (r >= 0)
        r = read_fds(reader);
    return r < 0 ? r : known ? 0 : -EBADMSG;
}

void handover_reader_done(struct handover_reader *reader)
{
    free(reader->sections);
    free(reader->fds);
    *reader = (struct handover_reader){0};
}

struct handover_section *handover_find(const struct handover_reader *reader, const char *kind, size_t *cursor)
{
    while (*cursor < reader->n_sections) {
        struct handover_section *section = &reader->sections[(*cursor)++];
        if (streq(section->kind, kind))
            return section;
    }
    return NULL;
}

/* One line out of a section; false when it is none. */
static bool cut_line(struct handover_section *section, struct handover_line *ret)
{
    char *line = section->at, *newline = memchr(line, '\n', section->left);
    size_t length = newline ? (size_t)(newline - line) : section->left - 1;

    section->at += length + 1;
    section->left -= length + 1;
    line[length] = 0;
    char *equals = memchr(line, '=', length);
    if (!equals || equals == line)
        return false;
    *equals = 0;
    ssize_t n = unescape(equals + 1, length - (size_t)(equals + 1 - line));
    if (n < 0)
        return false;
    *ret = (struct handover_line){.key = line, .value = equals + 1, .size = (size_t)n};
    return true;
}

bool handover_next(struct handover_reader *reader, struct handover_section *section,
                   struct handover_line *ret)
{
    while (section->left > 0) {
        if (cut_line(section, ret))
            return true;
        reader->n_bad++;
    }
    return false;
}

bool handover_number(const char **cursor, uint64_t *ret)
{
    size_t n = strspn(*cursor, "0123456789");
    char text[NUMBER_TEXT_MAX];

    if (n == 0 || n >= sizeof(text) || ((*cursor)[n] != 0 && (*cursor)[n] != ' '))
        return false;
    memcpy(text, *cursor, n);
    text[n] = 0;
    if (parse_u64(text, ret) < 0)
        return false;
    *cursor += n + ((*cursor)[n] == ' ');
    return true;
}

int handover_take_fd(struct handover_reader *reader, const char *value, const char **ret_rest)
{
    const char *cursor = value;
    uint64_t number;

    bool is_number = handover_number(&cursor, &number);
    for (size_t i = 0; is_number && i < reader->n_fds; i++) {
        if (reader->fds[i] < 0 || (uint64_t)reader->fds[i] != number)
            continue;
        if (ret_rest)
            *ret_rest = cursor;
        return TAKE_FD(reader->fds[i]);
    }
    reader->n_bad++;
    return -EBADF;
}
