/* Values of systemd.exec(5) about what a process may do and which files it sees. */
#include <errno.h>
#include <linux/securebits.h>
#include <stdlib.h>

#include "common/capabilities.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/unit/directive.h"

/* The set as it is before the first line: all for the bounding set, none for the ambient one. */
static uint64_t initial_set(const struct directive *directive)
{
    return directive->data ? 0 : CAPABILITIES_ALL;
}

/* data: whether the set begins empty. The first line replaces it, further ones add to it or, with "~", take
 * away; nothing named resets it to none, or with "~" to all. */
int parse_capabilities(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    uint64_t *field = parser_field(parser, directive), named = 0;
    bool invert = *value == '~';
    _cleanup_strv_ char **words = NULL;

    int r = parser_split(parser, value + invert, 0, &words);
    if (r <= 0)
        return r;
    for (char **word = words; word && *word; word++) {
        int capability = capability_from_string(*word);
        if (capability < 0)
            parser_warn(parser, "\"%s\" is not a capability, ignored", *word);
        else
            named |= CAPABILITY_MASK(capability);
    }
    if (named == 0 || *field == initial_set(directive))
        *field = invert ? ~named : named;
    else
        *field = invert ? *field & ~named : *field | named;
    return 0;
}

static const struct {
    const char *name;
    int bit;
} secure_bits[] = {
    {"keep-caps", SECBIT_KEEP_CAPS},
    {"keep-caps-locked", SECBIT_KEEP_CAPS_LOCKED},
    {"no-setuid-fixup", SECBIT_NO_SETUID_FIXUP},
    {"no-setuid-fixup-locked", SECBIT_NO_SETUID_FIXUP_LOCKED},
    {"noroot", SECBIT_NOROOT},
    {"noroot-locked", SECBIT_NOROOT_LOCKED},
};

int parse_secure_bits(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    int *field = &parser->unit->exec->secure_bits;
    _cleanup_strv_ char **words = NULL;

    if (!*value)
        *field = 0;
    int r = parser_split(parser, value, 0, &words);
    for (char **word = words; r > 0 && word && *word; word++) {
        bool known = false;
        FOREACH_ARRAY (row, secure_bits, ELEMENTSOF(secure_bits))
            if (streq(row->name, *word)) {
                *field |= row->bit;
                known = true;
            }
        if (!known)
            parser_warn(parser, "\"%s\" is not a secure bit, ignored", *word);
    }
    return MIN(r, 0);
}

int parse_login_environment(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    bool yes;

    if (!*value)
        parser->unit->exec->login_environment = -1;
    else if (parse_bool(value, &yes) < 0)
        parser_warn(parser, "\"%s\" is neither yes nor no, ignored", value);
    else
        parser->unit->exec->login_environment = yes;
    return 0;
}

int parse_root_directory(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char **field = &parser->unit->exec->root_directory;
    _cleanup_free_ char *path = NULL;

    if (*value) {
        int r = parser_expand(parser, value, &path);
        if (r <= 0)
            return r;
        if (*path != '/') {
            parser_refuse(parser, "\"%s\" is not an absolute path", path);
            return 0;
        }
        if (!path[strspn(path, "/")]) { /* the root that it has anyway */
            free(path);
            path = NULL;
        }
    }
    free(*field);
    *field = TAKE_PTR(path);
    return 0;
}

int parse_search_path(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char ***field = &parser->unit->exec->search_path;
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **paths = NULL;

    if (!*value) {
        *field = strv_free(*field);
        return 0;
    }
    int r = parser_expand(parser, value, &text);
    if (r > 0 && strv_split(text, ":", &paths) < 0)
        return -ENOMEM;
    for (char **path = paths; path && *path; path++) {
        char *copy = **path == '/' ? strdup(*path) : NULL;
        if (**path != '/')
            parser_warn(parser, "\"%s\" is not an absolute path, ignored", *path);
        else if (!copy || parser_append(parser, field, copy) < 0)
            return -ENOMEM;
    }
    return MIN(r, 0);
}
