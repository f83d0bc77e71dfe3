/* Command lines: prefixes, words, several commands in one line. systemd.service(5), "Command lines". */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/character.h"
#include "init/unit/directive.h"
#include "init/unit/word.h"

struct prefixes {
    unsigned flags;
    bool separate_argv0; /* @ */
};

/* Takes the prefixes off the first word; each may stand once, and of "+", "!" and "!!" only one. Behind "|",
 * "@" asks for a login shell. */
static const char *take_prefixes(const char *word, struct prefixes *ret)
{
    const unsigned privileges = EXEC_FULL_PRIVILEGES | EXEC_NO_SETUID | EXEC_AMBIENT_MAGIC;

    for (;; word++)
        if (*word == '-' && !(ret->flags & EXEC_IGNORE_FAILURE))
            ret->flags |= EXEC_IGNORE_FAILURE;
        else if (*word == '@' && !ret->separate_argv0)
            ret->separate_argv0 = true;
        else if (*word == ':' && !(ret->flags & EXEC_NO_EXPANSION))
            ret->flags |= EXEC_NO_EXPANSION;
        else if (*word == '|' && !(ret->flags & EXEC_VIA_SHELL))
            ret->flags |= EXEC_VIA_SHELL;
        else if (*word == '+' && !(ret->flags & privileges))
            ret->flags |= EXEC_FULL_PRIVILEGES;
        else if (*word == '!' && !(ret->flags & privileges))
            ret->flags |= EXEC_NO_SETUID;
        else if (*word == '!' && (ret->flags & privileges) == EXEC_NO_SETUID)
            ret->flags ^= EXEC_NO_SETUID | EXEC_AMBIENT_MAGIC;
        else
            break;
    if (ret->flags & EXEC_VIA_SHELL && ret->separate_argv0) {
        ret->flags |= EXEC_LOGIN_SHELL;
        ret->separate_argv0 = false;
    }
    return word;
}

static const char *path_problem(const char *path)
{
    size_t size = strlen(path);

    if (size == 0)
        return "no program is named";
    for (const char *c = path; *c; c++)
        if (iscntrl((unsigned char)*c))
            return "the program's name has control characters in it";
    if (size >= PATH_MAX)
        return "the program's path is too long";
    if (path[size - 1] == '/')
        return "the program is a directory";
    if (*path != '/' && (strchr(path, '/') || streq(path, ".") || streq(path, "..")))
        return "the program is neither an absolute path nor a plain name";
    return NULL;
}

/* "/usr//bin/./x" is "/usr/bin/x"; in place. */
static void simplify_path(char *path)
{
    char *out = path;
    for (const char *c = path; *c; c++) {
        if (*c == '/') {
            while (c[1] == '/' || (c[1] == '.' && c[2] == '/'))
                c += c[1] == '/' ? 1 : 2;
        }
        *out++ = *c;
    }
    *out = 0;
}

/* ";" alone ends a command. */
static bool at_separator(const char *text)
{
    return text[0] == ';' && (!text[1] || is_blank(text[1]));
}

/* "\;" alone is a word ";". */
static bool at_escaped_semicolon(const char *text)
{
    return text[0] == '\\' && at_separator(text + 1);
}

static const char bad_words[] = "a quote is not closed";

/* The words of one command behind its program. -EINVAL with the problem, or -ENOMEM. */
static int take_arguments(struct unit_parser *parser, const char **text, char ***argv,
                          const char **ret_problem)
{
    for (size_t n = 0; **text && !at_separator(*text); n++) {
        _cleanup_free_ char *word = NULL;
        char *argument = NULL;
        if (at_escaped_semicolon(*text)) {
            *text += 2 + strspn(*text + 2, BLANKS);
            argument = strdup(";");
        } else {
            *ret_problem = n < LIST_MAX ? bad_words : "too many arguments";
            int r = n < LIST_MAX ? word_next(text, WORD_UNESCAPE | WORD_RELAX, &word) : -EINVAL;
            if (r < 0)
                return r;
            *ret_problem = "a % specifier cannot be expanded";
            r = parser_expand(parser, word, &argument);
            if (r <= 0)
                return r < 0 ? r : -EINVAL;
        }
        if (strv_consume(argv, argument) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int take_program(struct unit_parser *parser, const char **text, struct exec_command *command,
                        struct prefixes *prefixes, const char **ret_problem)
{
    _cleanup_free_ char *word = NULL;
    int r = word_next(text, WORD_UNESCAPE | WORD_RELAX, &word);

    *ret_problem = bad_words;
    if (r < 0)
        return r;
    const char *program = r > 0 ? take_prefixes(word, prefixes) : "";
    command->flags = prefixes->flags;
    *ret_problem = "a % specifier cannot be expanded";
    r = parser_expand(parser, program, &command->path);
    if (r <= 0)
        return r < 0 ? r : -EINVAL;
    if (!(prefixes->flags & EXEC_VIA_SHELL)) { /* what the shell makes of the word is its own matter */
        *ret_problem = path_problem(command->path);
        if (*ret_problem)
            return -EINVAL;
        simplify_path(command->path);
    }
    return prefixes->separate_argv0 ? 0 : strv_append(&command->argv, command->path);
}

static void command_freep(struct exec_command **command)
{
    exec_command_free_list(*command);
}

/* One command off *text. 0, -ENOMEM, or -EINVAL after telling: what the prefix "-" allows to fail is only a
 * warning. */
static int take_command(struct unit_parser *parser, const char **text, struct exec_command **ret)
{
    _cleanup_(command_freep) struct exec_command *command = calloc(1, sizeof(*command));
    struct prefixes prefixes = {0};
    const char *problem = NULL;

    if (!command)
        return -ENOMEM;
    int r = take_program(parser, text, command, &prefixes, &problem);
    if (r == 0)
        r = take_arguments(parser, text, &command->argv, &problem);
    bool shell_alone = r == 0 && prefixes.flags & EXEC_VIA_SHELL && !command->argv[1];
    if (r == 0 && !shell_alone && (!command->argv || !*command->argv[0])) {
        problem = "no name for the process behind \"@\"";
        r = -EINVAL;
    }
    if (r == 0)
        *ret = TAKE_PTR(command);
    else if (r == -EINVAL && prefixes.flags & EXEC_IGNORE_FAILURE)
        parser_warn(parser, "%s, ignored", problem);
    else if (r == -EINVAL)
        parser_refuse(parser, "%s", problem);
    return r;
}

int parse_command(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_command **list = &parser->unit->commands->of[directive->data], **tail = list;
    size_t n = 0;

    if (!*value) {
        *list = exec_command_free_list(*list);
        return 0;
    }
    for (; *tail; tail = &(*tail)->next)
        n++;
    for (; *value; tail = &(*tail)->next) {
        if (n++ >= LIST_MAX) {
            parser_refuse(parser, "more than %d commands", LIST_MAX);
            return 0;
        }
        int r = take_command(parser, &value, tail);
        if (r < 0)
            return r == -ENOMEM ? r : 0;
        if (at_separator(value))
            value += 1 + strspn(value + 1, BLANKS);
    }
    return 0;
}
