/* RuntimeDirectory= and its like: systemd.exec(5). */
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/directive.h"
#include "init/unit/word.h"

/* Below the place of its kind: neither that itself, nor above it. */
static bool is_below(const char *path)
{
    if (!*path || *path == '/')
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += strspn(part, "/");
        size_t size = strcspn(part, "/");
        if (size > 0 && size <= 2 && strspn(part, ".") >= size)
            return false;
    }
    return true;
}

static void strip_slashes(char *path)
{
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = 0;
}

/* "NAME", or "NAME:LINK". */
static int add_directory(struct unit_parser *parser, struct exec_directory *field, bool may_link,
                         const char *text)
{
    char *name = strdup(text);
    if (!name)
        return -ENOMEM;
    char *colon = strchr(name, ':');
    if (colon)
        *colon = 0;
    strip_slashes(name);
    if (!is_below(name) || (colon && !is_below(colon + 1)))
        parser_warn(parser, "\"%s\" is not a relative path without \"..\", ignored", text);
    else if (colon && !may_link)
        parser_warn(parser, "\"%s\": symbolic links are not for this kind of directory, ignored", text);
    else {
        char *link = colon ? xasprintf("%s:%s", name, colon + 1) : NULL;
        if (colon && (!link || parser_append(parser, &field->links, link) < 0)) {
            free(name);
            return -ENOMEM;
        }
        if (!strv_contains(field->names, name))
            return parser_append(parser, &field->names, name);
    }
    free(name);
    return 0;
}

/* data: enum exec_directory_type. */
int parse_directory(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_directory *field = &parser->unit->exec->directories[directive->data];
    _cleanup_strv_ char **words = NULL;

    if (!*value) {
        field->names = strv_free(field->names);
        field->links = strv_free(field->links);
    }
    int r = parser_split(parser, value, WORD_UNESCAPE, &words);
    for (char **word = words; r > 0 && word && *word; word++) {
        _cleanup_free_ char *text = NULL;
        r = parser_expand(parser, *word, &text);
        if (r > 0)
            strip_slashes(text);
        if (r > 0 && add_directory(parser, field, directive->data != DIRECTORY_CONFIGURATION, text) < 0)
            return -ENOMEM;
    }
    return MIN(r, 0);
}

int parse_preserve(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    int preserve = *value ? preserve_mode_from_string(value) : PRESERVE_NO;

    if (preserve < 0)
        parser_warn(parser, "\"%s\" is none of yes, no and restart, ignored", value);
    else
        parser->unit->exec->runtime_preserve = (enum preserve_mode)preserve;
    return 0;
}
