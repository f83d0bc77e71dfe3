/* What the names share: words of the command line, and lines. */
#include "init/names/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

static int wrong(const struct names_words *words, const char *what, const char *word, size_t length)
{
    names_line(STDERR_FILENO, "%s: %s '%.*s'", words->argv[0], what, (int)length, word);
    return NAMES_WRONG;
}

/* The value of option, which begins at text when that is not NULL, or is the next word. */
static bool take_value(struct names_words *words, const struct names_option *option, const char *text)
{
    words->value = NULL;
    if (!option->has_value)
        return true;
    if (!text && words->next >= words->argc)
        return false;
    words->value = text ? text : words->argv[words->next++];
    return true;
}

/* The option that name means, shortened or not; NULL with *ret_many set when it could be several. */
static const struct names_option *find_name(const struct names_words *words, const char *name, size_t length,
                                            bool *ret_many)
{
    const struct names_option *found = NULL;

    *ret_many = false;
    FOREACH_ARRAY (option, words->table, words->n) {
        if (!option->name || strncmp(option->name, name, length) != 0)
            continue;
        if (!option->name[length])
            return option;
        *ret_many |= found != NULL;
        found = option;
    }
    return *ret_many ? NULL : found;
}

/* name: the word without its dashes. */
static int take_long(struct names_words *words, const char *name)
{
    size_t length = strcspn(name, "=");
    bool many;
    const struct names_option *option = find_name(words, name, length, &many);

    if (many)
        return wrong(words, "ambiguous option", name - 2, length + 2);
    if (!option)
        return wrong(words, "unrecognized option", name - 2, length + 2);
    if (name[length] && !option->has_value)
        return wrong(words, "no argument goes with option", name - 2, length + 2);
    if (!take_value(words, option, name[length] ? name + length + 1 : NULL))
        return wrong(words, "an argument is missing behind option", name - 2, length + 2);
    return option->letter;
}

static int take_letter(struct names_words *words)
{
    const char *letter = words->rest;

    words->rest = letter[1] ? letter + 1 : NULL;
    FOREACH_ARRAY (option, words->table, words->n) {
        if (option->letter != *letter)
            continue;
        const char *text = option->has_value ? TAKE_PTR(words->rest) : NULL;
        if (!take_value(words, option, text))
            return wrong(words, "option requires an argument --", letter, 1);
        return option->letter;
    }
    return wrong(words, "invalid option --", letter, 1);
}

static bool has_long_names(const struct names_words *words)
{
    FOREACH_ARRAY (option, words->table, words->n)
        if (option->name)
            return true;
    return false;
}

int names_next_option(struct names_words *words)
{
    if (words->rest)
        return take_letter(words);
    if (words->next >= words->argc)
        return NAMES_END;
    const char *word = words->argv[words->next];
    if (word[0] != '-' || !word[1])
        return NAMES_END;
    words->next++;
    if (streq(word, "--"))
        return NAMES_END;
    if (word[1] == '-' && has_long_names(words))
        return take_long(words, word + 2);
    words->rest = word + 1;
    return take_letter(words);
}

char *const *names_command(const struct names_words *words)
{
    return words->next < words->argc ? words->argv + words->next : NULL;
}

void names_line(int fd, const char *format, ...)
{
    char line[2048];
    va_list ap;

    va_start(ap, format);
    int n = vsnprintf(line, sizeof(line) - 1, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    blank_control_characters(line);
    size_t length = strlen(line);
    line[length++] = '\n';
    if (write(fd, line, length) < 0)
        return; /* there is nobody left to tell */
}

void names_text(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        return;
}

void names_license(void)
{
    names_text(STDOUT_FILENO,
               "MIT License\n\n"
               "Copyright (c) 2026 The berth authors\n\n"
               "Anyone may use, copy, change, sell and pass on berth-init, free of charge, as long\n"
               "as this notice and the licence stay with it. It comes without warranty of any kind.\n"
               "The full text is in the file LICENSE of its source.\n");
}
