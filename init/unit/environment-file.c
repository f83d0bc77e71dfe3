/* Files of EnvironmentFile=: systemd.exec(5). Lines like a shell's assignments, and yet not the shell's. */
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/character.h"
#include "init/unit/environment.h"
#include "init/unit/expand.h"
#include "init/unit/word.h"

struct reader {
    const char *text; /* what is left */
    char *out;        /* where the next character of the value goes */
};

static bool is_end_of_line(char c)
{
    return c == '\n' || c == '\r';
}

/* A backslash takes the line end behind it into the comment. */
static void skip_comment(struct reader *reader)
{
    for (; *reader->text && !is_end_of_line(*reader->text); reader->text++)
        if (*reader->text == '\\' && reader->text[1])
            reader->text++;
}

static void take_single_quoted(struct reader *reader)
{
    while (*reader->text && *reader->text != '\'')
        *reader->out++ = *reader->text++;
    reader->text += *reader->text == '\'';
}

/* As in a shell: the backslash is one only before these, and before a line end, which vanishes with it. */
static void take_double_quoted(struct reader *reader)
{
    for (; *reader->text && *reader->text != '"'; reader->text++) {
        if (*reader->text != '\\') {
            *reader->out++ = *reader->text;
            continue;
        }
        char next = *++reader->text;
        if (!next)
            return;
        if (next == '\n')
            continue;
        if (!strchr("\"\\`$", next))
            *reader->out++ = '\\';
        *reader->out++ = next;
    }
    reader->text += *reader->text == '"';
}

/* To the end of the line, without the blanks there; a quote in the middle is a character like any other. */
static void take_plain(struct reader *reader)
{
    char *kept = reader->out;

    for (; *reader->text && !is_end_of_line(*reader->text); reader->text++)
        if (*reader->text != '\\') {
            *reader->out++ = *reader->text;
            kept = is_blank(*reader->text) ? kept : reader->out;
        } else {
            if (!*++reader->text)
                break;
            if (!is_end_of_line(*reader->text))
                *reader->out++ = *reader->text;
            kept = reader->out;
        }
    reader->out = kept;
}

static void take_value(struct reader *reader)
{
    for (;;) {
        reader->text += strspn(reader->text, " \t");
        if (!*reader->text || is_end_of_line(*reader->text))
            return;
        if (*reader->text == '\'' || *reader->text == '"') {
            char quote = *reader->text++;
            (quote == '"' ? take_double_quoted : take_single_quoted)(reader);
            continue;
        }
        take_plain(reader);
        return;
    }
}

/* One assignment to out ("KEY=VALUE"), which holds the rest of the file. */
static void take_assignment(struct reader *reader)
{
    size_t size = strcspn(reader->text, "=\n\r");
    const char *key = reader->text;

    reader->text += size;
    if (*reader->text != '=')
        return;
    while (size > 0 && is_blank(key[size - 1]))
        size--;
    reader->out = mempcpy(reader->out, key, size);
    *reader->out++ = '=';
    reader->text++;
    take_value(reader);
}

int environment_file_parse(const char *text, size_t size, char ***env)
{
    _cleanup_free_ char *copy = strndup(text, size), *assignment = malloc(size + 2);
    struct reader reader = {.text = copy};

    if (!copy || !assignment)
        return -ENOMEM;
    for (;;) {
        reader.text += strspn(reader.text, BLANKS);
        if (!*reader.text)
            return 0;
        reader.out = assignment;
        if (*reader.text == '#' || *reader.text == ';')
            skip_comment(&reader);
        else
            take_assignment(&reader);
        *reader.out = 0;
        if (!environment_assignment_is_valid(assignment))
            continue;
        int r = strv_length(*env) < LIST_MAX ? strv_env_set(env, assignment) : -E2BIG;
        if (r < 0)
            return r;
    }
}
