/* Values of systemd.exec(5) about standard input, output and error. */
#include <errno.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/unit/character.h"
#include "init/unit/directive.h"
#include "init/unit/name.h"
#include "init/unit/word.h"

#define INPUT_DATA_MAX (1024 * 1024)

/* A path of this kind for *field: 1, 0 when it is no good and that is told, -ENOMEM. */
static int take_path(struct unit_parser *parser, const char *value, char **field)
{
    _cleanup_free_ char *path = NULL;
    int r = parser_expand(parser, value, &path);

    if (r <= 0)
        return r;
    if (*path != '/') {
        parser_warn(parser, "\"%s\" is not an absolute path, ignored", path);
        return 0;
    }
    free(*field);
    *field = TAKE_PTR(path);
    return 1;
}

/* What socket units pass: 1, 0 when it is none of them, -ENOMEM. */
static int is_passed_descriptor(struct unit_parser *parser, const char *value)
{
    const char *name = startswith(value, "fd:");
    _cleanup_free_ char *expanded = NULL;

    if (!name)
        return streq(value, "socket") || streq(value, "fd");
    int r = parser_expand(parser, name, &expanded);
    return r <= 0 ? r : !*expanded || fd_name_is_valid(expanded);
}

static const struct {
    const char *name;
    enum exec_input input;
} input_names[] = {
    {"null", INPUT_NULL},         {"tty", INPUT_TTY},   {"tty-force", INPUT_TTY_FORCE},
    {"tty-fail", INPUT_TTY_FAIL}, {"data", INPUT_DATA},
};

int parse_input(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_context *exec = parser->unit->exec;
    const char *path = startswith(value, "file:");

    FOREACH_ARRAY (row, input_names, ELEMENTSOF(input_names))
        if (streq(row->name, value)) {
            exec->std_input = row->input;
            return 0;
        }
    if (path) {
        int r = take_path(parser, path, &exec->input_path);
        if (r > 0)
            exec->std_input = INPUT_FILE;
        return MIN(r, 0);
    }
    int r = is_passed_descriptor(parser, value);
    if (r > 0)
        exec->std_input = INPUT_PASSED;
    else if (r == 0)
        parser_warn(parser, "\"%s\" is no kind of input, ignored", value);
    return MIN(r, 0);
}

static int append_data(struct unit_parser *parser, const char *data, size_t size)
{
    struct exec_context *exec = parser->unit->exec;

    if (size > INPUT_DATA_MAX - exec->input_size) {
        parser_warn(parser, "more than %d bytes of input, ignored", INPUT_DATA_MAX);
        return 0;
    }
    char *bigger = realloc(exec->input_data, exec->input_size + size + 1);
    if (!bigger)
        return -ENOMEM;
    memcpy(bigger + exec->input_size, data, size);
    exec->input_data = bigger;
    exec->input_size += size;
    return 0;
}

static void forget_data(struct exec_context *exec)
{
    free(exec->input_data);
    exec->input_data = NULL;
    exec->input_size = 0;
}

/* C escapes in place; false for one that is none. */
static bool unescape(char *text)
{
    char *out = text, decoded[4];
    unsigned size;

    for (const char *c = text; *c; c++) {
        if (*c != '\\') {
            *out++ = *c;
            continue;
        }
        int used = escape_decode(c + 1, decoded, &size);
        if (used <= 0)
            return false;
        out = mempcpy(out, decoded, size);
        c += used;
    }
    *out = 0;
    return true;
}

int parse_input_text(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_free_ char *copy = strdup(value), *text = NULL;

    if (!copy)
        return -ENOMEM;
    if (!*value) {
        forget_data(parser->unit->exec);
        return 0;
    }
    if (!unescape(copy)) {
        parser_warn(parser, "a backslash begins no known escape in \"%s\", ignored", value);
        return 0;
    }
    int r = parser_expand(parser, copy, &text);
    if (r <= 0)
        return r;
    size_t size = strlen(text);
    text[size] = '\n'; /* in the place of the NUL */
    return append_data(parser, text, size + 1);
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *digit = c ? strchr(digits, c) : NULL;
    return digit ? (int)(digit - digits) : -EINVAL;
}

/* RFC 4648, with blanks anywhere. out has room for as much as text. -EINVAL when it is none. */
static int decode_base64(const char *text, char *out, size_t *ret_size)
{
    unsigned bits = 0, n_digits = 0, n_pads = 0;
    size_t size = 0;

    for (; *text; text++) {
        if (is_blank(*text))
            continue;
        int digit = *text == '=' ? 0 : base64_digit(*text);
        if (digit < 0 || (n_pads > 0 && *text != '='))
            return -EINVAL;
        n_pads += *text == '=';
        bits = bits << 6 | (unsigned)digit;
        if (++n_digits % 4 != 0)
            continue;
        out[size++] = (char)(bits >> 16);
        out[size++] = (char)(bits >> 8);
        out[size++] = (char)bits;
    }
    if (n_digits % 4 != 0 || n_pads > 2)
        return -EINVAL;
    *ret_size = size - n_pads;
    return 0;
}

int parse_input_data(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    size_t size;

    if (!*value) {
        forget_data(parser->unit->exec);
        return 0;
    }
    _cleanup_free_ char *data = malloc(strlen(value) + 3);
    if (!data)
        return -ENOMEM;
    if (decode_base64(value, data, &size) < 0) {
        parser_warn(parser, "\"%s\" is not Base64, ignored", value);
        return 0;
    }
    return append_data(parser, data, size);
}

static const struct {
    const char *name;
    enum exec_output output;
} output_names[] = {
    {"inherit", OUTPUT_INHERIT},     {"null", OUTPUT_NULL},        {"tty", OUTPUT_TTY},
    {"journal", OUTPUT_LOG},         {"kmsg", OUTPUT_LOG},         {"syslog", OUTPUT_LOG},
    {"journal+console", OUTPUT_LOG}, {"kmsg+console", OUTPUT_LOG}, {"syslog+console", OUTPUT_LOG},
};

static const struct {
    const char *prefix;
    enum exec_output output;
} output_files[] = {
    {"file:", OUTPUT_FILE},
    {"append:", OUTPUT_APPEND},
    {"truncate:", OUTPUT_TRUNCATE},
};

/* "file:PATH" and the like. */
static int take_output_file(struct unit_parser *parser, const char *value, enum exec_output *output,
                            char **field)
{
    FOREACH_ARRAY (row, output_files, ELEMENTSOF(output_files)) {
        const char *path = startswith(value, row->prefix);
        if (!path)
            continue;
        int r = take_path(parser, path, field);
        if (r > 0)
            *output = row->output;
        return MIN(r, 0);
    }
    int r = is_passed_descriptor(parser, value);
    if (r > 0)
        *output = OUTPUT_PASSED;
    else if (r == 0)
        parser_warn(parser, "\"%s\" is no kind of output, ignored", value);
    return MIN(r, 0);
}

/* data: whether this is StandardError=. */
int parse_output(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_context *exec = parser->unit->exec;
    enum exec_output *output = directive->data ? &exec->std_error : &exec->std_output;

    parser->output_set |= !directive->data;
    FOREACH_ARRAY (row, output_names, ELEMENTSOF(output_names))
        if (streq(row->name, value)) {
            *output = row->output;
            return 0;
        }
    return take_output_file(parser, value, output, directive->data ? &exec->error_path : &exec->output_path);
}

int parse_tty_path(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char **field = &parser->unit->exec->tty_path;

    if (*value)
        return MIN(take_path(parser, value, field), 0);
    free(*field);
    *field = NULL;
    return 0;
}

/* data: the level that it is without a value. */
int parse_log_level(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    static const char *const names[] = {"emerg",   "alert",  "crit", "err",
                                        "warning", "notice", "info", "debug"};
    int *field = parser_field(parser, directive), level;

    if (!*value) {
        *field = directive->data;
        return 0;
    }
    if (parse_int(value, &level) == 0 && level >= 0 && level < (int)ELEMENTSOF(names)) {
        *field = level;
        return 0;
    }
    for (level = 0; level < (int)ELEMENTSOF(names); level++)
        if (streq(names[level], value)) {
            *field = level;
            return 0;
        }
    parser_warn(parser, "\"%s\" is not a level such as \"warning\", ignored", value);
    return 0;
}
