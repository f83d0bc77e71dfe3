/* From a name to a unit: the texts that fragment.c finds go through the table of directives, finish.c adds
 * what is implied. */
#include "init/unit/load.h"

#include <errno.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/unit/builtin.h"
#include "init/unit/directive.h"
#include "init/unit/finish.h"
#include "init/unit/fragment.h"
#include "init/unit/install-section.h"
#include "init/unit/lexer.h"
#include "init/unit/name.h"

/* The sections that a unit of each type may have. */
static const unsigned type_sections[UNIT_TYPE_MAX] = {
    [UNIT_SERVICE] = SECTION_UNIT | SECTION_INSTALL | SECTION_SERVICE,
    [UNIT_TARGET] = SECTION_UNIT | SECTION_INSTALL | SECTION_TARGET,
    [UNIT_SLICE] = SECTION_UNIT | SECTION_INSTALL | SECTION_SLICE,
};

/* "no" to something that has no effect anyway is not worth a word. */
static bool is_switched_off(const char *value)
{
    bool on = true;
    return !*value || (parse_bool(value, &on) >= 0 && !on);
}

static int apply_directive(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    switch (directive->disposition) {
    case DIRECTIVE_APPLIED:
    case DIRECTIVE_INSTALL:
        return directive->parse(parser, directive, value);
    case DIRECTIVE_ACCEPTED:
    case DIRECTIVE_UNSAFE:
        if (!is_switched_off(value))
            parser_report(parser, directive->disposition == DIRECTIVE_UNSAFE ? REPORT_WARNING : REPORT_INFO,
                          "%s", directive->reason);
        return 0;
    case DIRECTIVE_REFUSED:
        if (!is_switched_off(value))
            parser_refuse(parser, "%s", directive->reason);
        return 0;
    }
    return 0;
}

static int apply_assignment(struct unit_parser *parser, unsigned section, const char *section_name,
                            const struct lexer *lexer)
{
    const struct directive *directive = directive_find(section, lexer->key);
    if (!directive) {
        if (!startswith(lexer->key, "X-"))
            parser_warn(parser, "unknown directive %.64s= in [%s], ignored", lexer->key, section_name);
        return 0;
    }
    parser->directive = directive->name;
    int r = apply_directive(parser, directive, lexer->value);
    parser->directive = NULL;
    return r;
}

/* A section that this unit can have, or 0 after telling. */
static unsigned enter_section(struct unit_parser *parser, const char *name)
{
    if (parser->install)
        return section_from_string(name) & SECTION_INSTALL;
    unsigned section = section_from_string(name) & type_sections[parser->unit->type];
    if (!section && !startswith(name, "X-"))
        parser_warn(parser, "unknown section [%.64s], ignored", name);
    return section;
}

static int read_lines(struct unit_parser *parser, struct lexer *lexer)
{
    _cleanup_free_ char *section_name = NULL;
    unsigned section = 0;
    int r = 0;

    while (r >= 0) {
        enum lexer_token token = lexer_next(lexer);
        parser->line = lexer->line;
        switch (token) {
        case LEXER_END:
            return 0;
        case LEXER_SECTION:
            free(section_name);
            section_name = strdup(lexer->key);
            section = section_name ? enter_section(parser, section_name) : 0;
            r = section_name ? 0 : -ENOMEM;
            break;
        case LEXER_ASSIGNMENT:
            if (section)
                r = apply_assignment(parser, section, section_name, lexer);
            else if (!section_name)
                parser_warn(parser, "%.64s= stands outside of a section, ignored", lexer->key);
            break;
        case LEXER_BAD_LINE:
            parser_warn(parser, "%s", lexer->value);
            break;
        case LEXER_BROKEN:
            parser_warn(parser, "%s", lexer->value);
            return -EBADMSG;
        }
    }
    return r;
}

/* One file. 0, -ENOMEM, or what makes it no unit file: -EBADMSG, -EFBIG, -EILSEQ. */
static int read_text(struct unit_parser *parser, const char *path, const char *text, size_t size)
{
    __attribute__((cleanup(lexer_done))) struct lexer lexer;
    int r = lexer_init(&lexer, text, size, UNIT_FILE_MAX);

    parser->path = path;
    parser->line = 0;
    if (r >= 0)
        r = read_lines(parser, &lexer);
    return r;
}

static const char *file_problem(int error)
{
    switch (error) {
    case -EBADMSG:
        return "a section header has no \"]\"";
    case -EILSEQ:
        return "a NUL byte: this is no text file";
    case -EFBIG:
        return "longer than a unit file may be (1 MiB)";
    case -ELOOP:
        return "symbolic links in a circle";
    default:
        return strerror(-error);
    }
}

/* The unit cannot be read: load_error says which file and why. */
static void fail_unit(struct unit_parser *parser, const char *path, int error)
{
    struct unit *unit = parser->unit;

    parser->path = path;
    parser_report(parser, REPORT_ERROR, "%s", file_problem(error));
    unit->load_state = UNIT_ERROR;
    free(unit->load_error);
    unit->load_error = parser->line > 0 ? xasprintf("%s:%u: %s", path, parser->line, file_problem(error))
                                        : xasprintf("%s: %s", path, file_problem(error));
}

/* A drop-in that is no good is told and left out; the unit lives without it. */
static int read_drop_in(struct unit_parser *parser, const char *path)
{
    const struct unit_loader *loader = parser->loader;
    _cleanup_free_ char *text = NULL;
    size_t size = 0;
    int r = loader->ops->read(loader->files, path, &text, &size);

    if (r == -ENOENT || (r == 0 && size == 0))
        return 0;
    parser->line = 0;
    parser->path = path;
    if (r >= 0)
        r = read_text(parser, path, text, size);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        parser_warn(parser, "%s", file_problem(r));
    return strv_append(&parser->unit->drop_in_paths, path);
}

static int read_drop_ins(struct unit_parser *parser, char *const *names)
{
    _cleanup_strv_ char **paths = NULL;
    int r = fragment_drop_ins(parser->loader, names, &paths);
    for (char **path = paths; r >= 0 && path && *path; path++)
        r = read_drop_in(parser, *path);
    return r;
}

static const struct {
    const char *suffix;
    enum unit_dependency dependency;
} folders[] = {{".wants", UNIT_WANTS}, {".requires", UNIT_REQUIRES}, {".upholds", UNIT_UPHOLDS}};

static int read_folders(struct unit_parser *parser, char *const *names)
{
    FOREACH_ARRAY (folder, folders, ELEMENTSOF(folders)) {
        _cleanup_strv_ char **units = NULL;
        int r = fragment_folder(parser->loader, names, folder->suffix, &units);
        _cleanup_free_ char *path = units ? xasprintf("%s%s/", names[0], folder->suffix) : NULL;
        if (units && !path)
            return -ENOMEM;
        parser->path = path;
        parser->line = 0;
        for (char **unit = units; r >= 0 && unit && *unit; unit++)
            r = parser_add_dependency(parser, folder->dependency, *unit);
        if (r < 0)
            return r;
    }
    return 0;
}

static void set_not_found(struct unit *unit, int error)
{
    unit->load_state = UNIT_NOT_FOUND;
    unit->load_error = error == -ELOOP ? xasprintf("%s: symbolic links in a circle", unit->name)
                                       : xasprintf("no file %s in the unit search path", unit->name);
}

/* Fills the unit from its fragment; 1 when there is more to read (drop-ins, folders), 0 when not. */
static int read_fragment(struct unit_parser *parser, const struct fragment *fragment)
{
    struct unit *unit = parser->unit;

    switch (fragment->kind) {
    case FRAGMENT_FILE:
    case FRAGMENT_BUILTIN: {
        int r =
            read_text(parser, fragment->path ? fragment->path : unit->name, fragment->text, fragment->size);
        if (r == -ENOMEM || r == 0)
            return r < 0 ? r : 1;
        fail_unit(parser, fragment->path, r);
        return 0;
    }
    case FRAGMENT_NONE:
        /* A slice needs no file. */
        if (unit->type == UNIT_SLICE)
            return 1;
        set_not_found(unit, fragment->error);
        return 0;
    case FRAGMENT_MASKED:
        unit->load_state = UNIT_MASKED;
        unit->load_error = xasprintf("masked by %s", fragment->path);
        return 0;
    case FRAGMENT_SATISFIED:
        /* Counts as started, does nothing, and so has no type that could fail. */
        unit->type = UNIT_TARGET;
        unit->default_dependencies = false;
        parser->path = NULL;
        parser_report(parser, REPORT_INFO, "counts as started: %s", fragment->text);
        return 0;
    case FRAGMENT_FAILED:
        fail_unit(parser, fragment->path, fragment->error);
        return 0;
    }
    return 0;
}

/* name first, then the names that led to it. */
static int all_names(const struct fragment *fragment, char ***ret)
{
    int r = strv_append(ret, fragment->name);
    for (char **alias = fragment->aliases; r >= 0 && alias && *alias; alias++)
        r = strv_append(ret, *alias);
    return r;
}

static int read_unit(struct unit_parser *parser, const struct fragment *fragment)
{
    _cleanup_strv_ char **names = NULL;
    int r = read_fragment(parser, fragment);
    if (r <= 0)
        return r;
    r = all_names(fragment, &names);
    if (r >= 0)
        r = read_drop_ins(parser, names);
    if (r >= 0)
        r = read_folders(parser, names);
    parser->path = fragment->path ? fragment->path : parser->unit->name;
    parser->line = 0;
    return r < 0 ? r : unit_finish(parser);
}

/* Also a unit that could not be read to its end has a description. */
static int hand_out(struct unit **unit, struct unit **ret)
{
    if (!(*unit)->description) {
        (*unit)->description = strdup((*unit)->name);
        if (!(*unit)->description)
            return -ENOMEM;
    }
    *ret = TAKE_PTR(*unit);
    return 0;
}

int unit_load(const struct unit_loader *loader, const char *name, struct unit **ret)
{
    __attribute__((cleanup(fragment_done))) struct fragment fragment = {0};

    if (!unit_name_is_valid(name) || unit_name_is_template(name))
        return -EINVAL;
    if (unit_name_type(name) < 0 && !builtin_satisfied_reason(name))
        return -EINVAL;
    int r = fragment_find(loader, name, &fragment);
    if (r >= 0 && (fragment.kind == FRAGMENT_FILE || fragment.kind == FRAGMENT_BUILTIN))
        r = fragment_find_aliases(loader, &fragment);
    if (r < 0)
        return r;
    _cleanup_unit_ struct unit *unit = unit_new(fragment.name);
    if (!unit)
        return -ENOMEM;
    struct unit_parser parser = {.loader = loader, .unit = unit, .path = unit->name};

    if (fragment.aliases) {
        unit->aliases = strv_copy(fragment.aliases);
        if (!unit->aliases)
            return -ENOMEM;
    }
    if (fragment.path) {
        unit->fragment_path = strdup(fragment.path);
        if (!unit->fragment_path)
            return -ENOMEM;
    }
    r = read_unit(&parser, &fragment);
    return r < 0 ? r : hand_out(&unit, ret);
}

int unit_load_text(const struct unit_loader *loader, const char *name, const char *path, const char *text,
                   size_t size, struct unit **ret)
{
    if (!unit_name_is_valid(name) || unit_name_is_template(name) || unit_name_type(name) < 0)
        return -EINVAL;
    _cleanup_unit_ struct unit *unit = unit_new(name);
    if (!unit)
        return -ENOMEM;
    struct unit_parser parser = {.loader = loader, .unit = unit, .path = path};

    unit->fragment_path = strdup(path);
    if (!unit->fragment_path)
        return -ENOMEM;
    int r = read_text(&parser, path, text, size);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        fail_unit(&parser, path, r);
    else {
        parser.line = 0;
        r = unit_finish(&parser);
        if (r < 0)
            return r;
    }
    return hand_out(&unit, ret);
}

int install_section_read(const struct unit_loader *loader, const char *name, char *const *paths,
                         struct install_section *ret)
{
    /* The type only chooses sections, and here there is one. */
    struct unit unit = {.name = (char *)name, .type = UNIT_TARGET};
    struct unit_parser parser = {.loader = loader, .unit = &unit, .install = ret};
    int r = 0;

    *ret = (struct install_section){};
    for (; r >= 0 && paths && *paths; paths++) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        r = loader->ops->read(loader->files, *paths, &text, &size);
        if (r >= 0)
            r = read_text(&parser, *paths, text, size);
    }
    if (r < 0)
        install_section_done(ret);
    return r;
}
