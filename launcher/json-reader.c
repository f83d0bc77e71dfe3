/* By descent, with a bounded depth. Strings are unescaped in place, as they only get shorter. Each value has
 * one byte of text at least, so the tree fits into one piece of memory that is known beforehand. */
#include "launcher/json-reader.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"

#define DEPTH_MAX 16

struct reader {
    struct json_document *document;
    char *at;
    unsigned line, depth;
    const char *error;
};

static int wrong(struct reader *reader, const char *what)
{
    if (!reader->error)
        reader->error = what;
    return -EINVAL;
}

static char skip_blanks(struct reader *reader)
{
    for (; *reader->at && strchr(" \t\r\n", *reader->at); reader->at++)
        reader->line += *reader->at == '\n';
    return *reader->at;
}

static int read_hex(struct reader *reader, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        if (!isxdigit((unsigned char)*reader->at))
            return wrong(reader, "write four hexadecimal digits after \\u");
        char digit[] = {*reader->at, 0};
        *ret = *ret << 4 | (uint32_t)strtoul(digit, NULL, 16);
    }
    return 0;
}

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80)
        *out++ = (char)code;
    else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* Behind the backslash. What no name in our files has is refused: NUL and surrogates. */
static int read_escape(struct reader *reader, char **out)
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *found = *reader->at ? strchr(escapes, *reader->at) : NULL;
    uint32_t code;

    if (found) {
        *(*out)++ = meanings[found - escapes];
        reader->at++;
        return 0;
    }
    if (*reader->at != 'u')
        return wrong(reader, "unknown escape in a string");
    reader->at++;
    int r = read_hex(reader, &code);
    if (r < 0)
        return r;
    if (code == 0 || (code >= 0xd800 && code < 0xe000))
        return wrong(reader, "this character is not for names");
    *out = put_utf8(*out, code);
    return 0;
}

static int read_string(struct reader *reader, const char **ret)
{
    char *out = ++reader->at;

    *ret = out;
    while (*reader->at != '"') {
        if ((unsigned char)*reader->at < 0x20)
            return wrong(reader, "a string does not end on its line");
        if (*reader->at == '\\') {
            reader->at++;
            int r = read_escape(reader, &out);
            if (r < 0)
                return r;
        } else
            *out++ = *reader->at++;
    }
    reader->at++;
    *out = 0;
    return 0;
}

/* Cut off from what follows by the caller, who knows when that was looked at. */
static int read_number(struct reader *reader, struct json_value *value)
{
    char *begin = reader->at;
    size_t length = strspn(begin, "+-.0123456789eE");
    char *copy = begin - 1; /* a blank, a comma, a bracket or a colon stands before it, and was read */

    memmove(copy, begin, length);
    copy[length] = 0;
    reader->at += length;
    value->type = JSON_NUMBER;
    value->text = copy;
    return 0;
}

static int read_value(struct reader *reader, const char *key, struct json_value **ret);

static int read_member(struct reader *reader, bool object, struct json_value **ret)
{
    const char *key = NULL;

    if (object) {
        if (skip_blanks(reader) != '"')
            return wrong(reader, "a name in quotes is missing");
        int r = read_string(reader, &key);
        if (r < 0)
            return r;
        if (skip_blanks(reader) != ':')
            return wrong(reader, "a colon is missing behind a name");
        reader->at++;
    }
    return read_value(reader, key, ret);
}

static int read_members(struct reader *reader, struct json_value *value)
{
    bool object = *reader->at == '{';
    char end = object ? '}' : ']';
    struct json_value **place = &value->first;

    value->type = object ? JSON_OBJECT : JSON_ARRAY;
    reader->at++;
    if (skip_blanks(reader) == end) {
        reader->at++;
        return 0;
    }
    for (;;) {
        int r = read_member(reader, object, place);
        if (r < 0)
            return r;
        place = &(*place)->next;
        char next = skip_blanks(reader);
        if (next != ',' && next != end)
            return wrong(reader, object ? "a comma or } is missing" : "a comma or ] is missing");
        reader->at++;
        if (next == end)
            return 0;
    }
}

static int read_word(struct reader *reader, struct json_value *value)
{
    static const struct {
        const char *word;
        enum json_type type;
        bool boolean;
    } words[] = {{"true", JSON_BOOL, true}, {"false", JSON_BOOL, false}, {"null", JSON_NULL, false}};

    FOREACH_ARRAY (word, words, ELEMENTSOF(words))
        if (startswith(reader->at, word->word)) {
            reader->at += strlen(word->word);
            value->type = word->type;
            value->boolean = word->boolean;
            return 0;
        }
    return wrong(reader, "a value is missing");
}

static int read_value(struct reader *reader, const char *key, struct json_value **ret)
{
    struct json_value *value = &reader->document->values[reader->document->n_values++];
    char first = skip_blanks(reader);
    int r;

    *value = (struct json_value){.key = key, .line = reader->line};
    *ret = value;
    if (first == '{' || first == '[') {
        if (++reader->depth > DEPTH_MAX)
            return wrong(reader, "too many brackets inside of each other");
        r = read_members(reader, value);
        reader->depth--;
        return r;
    }
    if (first == '"') {
        value->type = JSON_STRING;
        return read_string(reader, &value->text);
    }
    return first == '-' || isdigit((unsigned char)first) ? read_number(reader, value)
                                                         : read_word(reader, value);
}

int json_read(const char *text, size_t size, struct json_document *ret, struct json_error *error)
{
    _cleanup_json_document_ struct json_document document = {};
    struct reader reader = {.document = &document, .line = 1};
    struct json_value *root;

    if (size > JSON_TEXT_MAX)
        return -E2BIG;
    document.text = malloc(size + 2);
    document.values = calloc(size + 1, sizeof(*document.values));
    if (!document.text || !document.values)
        return -ENOMEM;
    document.text[0] = ' ';
    memcpy(document.text + 1, text, size);
    document.text[size + 1] = 0;
    reader.at = document.text + 1;
    int r = strlen(document.text) != size + 1 ? wrong(&reader, "has a NUL byte: is no text")
                                              : read_value(&reader, NULL, &root);
    if (r >= 0 && skip_blanks(&reader))
        r = wrong(&reader, "something follows the end");
    *error = (struct json_error){.line = reader.line, .what = reader.error};
    if (r < 0)
        return r;
    *ret = document;
    document = (struct json_document){};
    return 0;
}

void json_document_done(struct json_document *document)
{
    free(document->text);
    free(document->values);
    *document = (struct json_document){};
}
