/* Values of systemd.exec(5): environment, identity, directories and streams of a unit's processes. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/directive.h"
#include "init/unit/environment.h"
#include "init/unit/word.h"

int parse_environment(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char ***field = &parser->unit->exec->environment;
    _cleanup_strv_ char **words = NULL;

    if (!*value)
        *field = strv_free(*field);
    int r = parser_split(parser, value, WORD_UNESCAPE, &words);
    for (char **word = words; r > 0 && word && *word; word++) {
        _cleanup_free_ char *assignment = NULL;
        r = parser_expand(parser, *word, &assignment);
        if (r <= 0)
            break;
        if (!environment_assignment_is_valid(assignment))
            parser_warn(parser, "\"%s\" is not NAME=VALUE, ignored", assignment);
        else if (strv_length(*field) >= LIST_MAX)
            parser_warn(parser, "more than %d variables, ignored", LIST_MAX);
        else if (strv_env_set(field, assignment) < 0)
            return -ENOMEM;
    }
    return MIN(r, 0);
}

int parse_variable_names(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char ***field = parser_field(parser, directive);
    _cleanup_strv_ char **words = NULL;

    if (!*value)
        *field = strv_free(*field);
    int r = parser_split(parser, value, WORD_UNESCAPE, &words);
    for (char **word = words; r > 0 && word && *word; word++) {
        char *name = NULL;
        r = parser_expand(parser, *word, &name);
        if (r <= 0)
            break;
        /* UnsetEnvironment= also takes whole assignments. */
        if (!environment_name_is_valid(name, strlen(name)) &&
            !(directive->data && environment_assignment_is_valid(name))) {
            parser_warn(parser, "\"%s\" is not the name of a variable, ignored", name);
            free(name);
        } else if (parser_append(parser, field, name) < 0)
            return -ENOMEM;
    }
    return MIN(r, 0);
}

static int add_environment_file(struct exec_context *exec, char *path, bool optional)
{
    struct environment_file *bigger =
        reallocarray(exec->environment_files, exec->n_environment_files + 1, sizeof(*bigger));
    if (!bigger)
        return -ENOMEM;
    exec->environment_files = bigger;
    bigger[exec->n_environment_files++] = (struct environment_file){.path = path, .optional = optional};
    return 0;
}

int parse_environment_file(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_context *exec = parser->unit->exec;
    _cleanup_free_ char *path = NULL;

    if (!*value) {
        exec_context_forget_environment_files(exec);
        return 0;
    }
    bool optional = *value == '-';
    int r = parser_expand(parser, value + optional, &path);
    if (r <= 0)
        return r;
    if (*path != '/')
        parser_warn(parser, "\"%s\" is not an absolute path, ignored", path);
    else if (exec->n_environment_files >= LIST_MAX)
        parser_warn(parser, "more than %d files, ignored", LIST_MAX);
    else {
        r = add_environment_file(exec, path, optional);
        if (r < 0)
            return r;
        TAKE_PTR(path);
    }
    return 0;
}

int parse_working_directory(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_context *exec = parser->unit->exec;
    _cleanup_free_ char *path = NULL;
    bool optional = *value == '-';

    if (*value) {
        int r = parser_expand(parser, value + optional, &path);
        if (r <= 0)
            return r;
        if (*path != '/' && !streq(path, "~")) {
            parser_refuse(parser, "\"%s\" is neither an absolute path nor \"~\"", path);
            return 0;
        }
    }
    free(exec->working_directory);
    exec->working_directory = TAKE_PTR(path);
    exec->working_directory_optional = optional;
    return 0;
}

/* What can be a name in passwd(5) at all, or a number. */
static bool is_user_name(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > 255 || *name == '-' || streq(name, ".") || streq(name, ".."))
        return false;
    for (const char *c = name; *c; c++)
        if (iscntrl((unsigned char)*c) || strchr(":/", *c))
            return false;
    return true;
}

static int take_user(struct unit_parser *parser, const char *value, char **ret)
{
    _cleanup_free_ char *name = NULL;
    int r = parser_expand(parser, value, &name);
    if (r <= 0)
        return r;
    if (!is_user_name(name)) {
        parser_refuse(parser, "\"%s\" is not the name of a user or group", name);
        return 0;
    }
    *ret = TAKE_PTR(name);
    return 1;
}

int parse_user(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char **field = parser_field(parser, directive), *name = NULL;
    if (*value) {
        int r = take_user(parser, value, &name);
        if (r <= 0)
            return r;
    }
    free(*field);
    *field = name;
    return 0;
}

int parse_users(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char ***field = parser_field(parser, directive);
    _cleanup_strv_ char **words = NULL;

    if (!*value)
        *field = strv_free(*field);
    int r = parser_split(parser, value, 0, &words);
    for (char **word = words; r > 0 && word && *word; word++) {
        char *name = NULL;
        r = take_user(parser, *word, &name);
        if (r > 0 && parser_append(parser, field, name) < 0)
            return -ENOMEM;
    }
    return MIN(r, 0);
}
