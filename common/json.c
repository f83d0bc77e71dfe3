/* A writer of JSON. */
#include "common/json.h"

#include <inttypes.h>

#include "common/text.h"

/* One character of a string. Control characters are escaped also where RFC 8259 would let them stand (DEL,
 * C1): the text may end on a terminal. */
static size_t write_character(FILE *out, const char *text)
{
    uint32_t code;

    size_t n = utf8_decode(text, &code);
    if (n == 0) {
        fputs("\xef\xbf\xbd", out); /* U+FFFD REPLACEMENT CHARACTER */
        return 1;
    }
    if (code == '"' || code == '\\')
        fprintf(out, "\\%c", (char)code);
    else if (code == '\n')
        fputs("\\n", out);
    else if (is_control_character(code))
        fprintf(out, "\\u%04" PRIx32, code);
    else
        fwrite(text, 1, n, out);
    return n;
}

static void write_string(FILE *out, const char *text)
{
    fputc('"', out);
    while (*text)
        text += write_character(out, text);
    fputc('"', out);
}

/* What stands before a value: the comma behind the one before, and the key. */
static void begin_value(struct json *json, const char *key)
{
    if (json->need_comma)
        fputc(',', json->out);
    json->need_comma = true;
    if (key) {
        write_string(json->out, key);
        fputc(':', json->out);
    }
}

static void begin(struct json *json, const char *key, char bracket)
{
    begin_value(json, key);
    fputc(bracket, json->out);
    json->need_comma = false;
    json->depth++;
}

/* A document ends with a newline. */
static void end(struct json *json, char bracket)
{
    fputc(bracket, json->out);
    json->need_comma = --json->depth > 0;
    if (json->depth == 0)
        fputc('\n', json->out);
}

void json_object_begin(struct json *json, const char *key)
{
    begin(json, key, '{');
}

void json_object_end(struct json *json)
{
    end(json, '}');
}

void json_array_begin(struct json *json, const char *key)
{
    begin(json, key, '[');
}

void json_array_end(struct json *json)
{
    end(json, ']');
}

void json_string(struct json *json, const char *key, const char *value)
{
    begin_value(json, key);
    if (value)
        write_string(json->out, value);
    else
        fputs("null", json->out);
}

void json_u64(struct json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    fprintf(json->out, "%" PRIu64, value);
}

void json_i64(struct json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    fprintf(json->out, "%" PRId64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin_value(json, key);
    fputs(value ? "true" : "false", json->out);
}
