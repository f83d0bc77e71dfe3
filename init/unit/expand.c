/* $VAR and ${VAR} in argument vectors. A vector has lost its quotes already, so they play no part here. */
#include "init/unit/expand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/character.h"
#include "init/unit/word.h"

/* Of one vector, in bytes: as much as execve(2) takes with the usual stack limit. */
#define ARGUMENTS_SIZE_MAX (2 * 1024 * 1024)

/* One word off a variable's value: quotes are taken off, a backslash protects the next character; what is
 * left open at the end is closed. out must hold the rest of the text. */
static const char *take_loose_word(const char *text, char *out)
{
    char quote = 0;

    for (; *text && (quote || !is_blank(*text)); text++)
        if (*text == '\\') {
            if (!*++text)
                break;
            *out++ = *text;
        } else if (quote ? *text == quote : *text == '"' || *text == '\'')
            quote = quote ? 0 : *text;
        else
            *out++ = *text;
    *out = 0;
    return text;
}

static int split_value(const char *value, char ***argv)
{
    _cleanup_free_ char *word = malloc(strlen(value) + 1);
    if (!word)
        return -ENOMEM;
    value += strspn(value, BLANKS);
    for (size_t n = 0; *value; n++, value += strspn(value, BLANKS)) {
        value = take_loose_word(value, word);
        int r = n < LIST_MAX ? strv_append(argv, word) : -E2BIG;
        if (r < 0)
            return r;
    }
    return 0;
}

/* The value of the variable in "${NAME}" at text; *ret_end is behind the "}". NULL when it is none:
 * "${NAME:-x}" is the shell's. */
static const char *take_variable(const char *text, char *const *environment, const char **ret_end)
{
    const char *name = text + 2, *end = strpbrk(name, "}:");
    if (!end || *end == ':')
        return NULL;
    size_t size = (size_t)(end - name);
    *ret_end = end + 1;
    for (char *const *entry = environment; entry && *entry; entry++)
        if (strncmp(*entry, name, size) == 0 && (*entry)[size] == '=')
            return *entry + size + 1;
    return "";
}

/* A word with "${NAME}" and "$$" replaced; all else stays as it is. -E2BIG past the limit. */
static int replace_variables(const char *text, char *const *environment, char **ret)
{
    _cleanup_free_ char *result = NULL;
    size_t size = 0;
    _cleanup_fclose_ FILE *out = open_memstream(&result, &size);

    if (!out)
        return -ENOMEM;
    while (*text) {
        const char *end, *value = startswith(text, "${") ? take_variable(text, environment, &end) : NULL;
        if (value) {
            fputs(value, out);
            text = end;
        } else {
            putc(*text, out);
            text += startswith(text, "$$") ? 2 : 1;
        }
        if (ftell(out) > ARGUMENTS_SIZE_MAX)
            return -E2BIG;
    }
    bool failed = ferror(out);
    if (fclose(TAKE_PTR(out)) != 0 || failed)
        return -ENOMEM;
    *ret = TAKE_PTR(result);
    return 0;
}

static int expand_word(const char *word, char *const *environment, char ***argv)
{
    if (word[0] == '$' && word[1] != '{' && word[1] != '$') {
        const char *value = strv_env_get(environment, word + 1);
        return value ? split_value(value, argv) : 0;
    }
    char *text = NULL;
    int r = replace_variables(word, environment, &text);
    return r < 0 ? r : strv_consume(argv, text);
}

int exec_command_expand(const struct exec_command *command, char *const *environment, char ***ret)
{
    _cleanup_strv_ char **argv = NULL;
    size_t size = 0;

    if (command->flags & EXEC_NO_EXPANSION) {
        argv = strv_copy(command->argv);
        if (!argv)
            return -ENOMEM;
        *ret = TAKE_PTR(argv);
        return 0;
    }
    /* The name of the process is never a variable. */
    int r = strv_append(&argv, command->argv[0]);
    for (char **word = command->argv + 1; r >= 0 && *word; word++) {
        size_t before = strv_length(argv);
        r = expand_word(*word, environment, &argv);
        for (char **added = r < 0 ? NULL : argv + before; added && *added; added++)
            size += strlen(*added) + 1;
        if (size > ARGUMENTS_SIZE_MAX)
            r = -E2BIG;
    }
    if (r < 0)
        return r;
    *ret = TAKE_PTR(argv);
    return 0;
}

/* Appends the word as a shell reads it back. */
static void quote_word(FILE *out, const char *word)
{
    bool plain = *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                             "_-+=./,:@%")];
    if (plain) {
        fputs(word, out);
        return;
    }
    putc('\'', out);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (char[]){*word, 0}, out);
    putc('\'', out);
}

static int quote_words(char *const *words, char **ret)
{
    _cleanup_free_ char *text = NULL;
    size_t size = 0;
    _cleanup_fclose_ FILE *out = open_memstream(&text, &size);

    if (!out)
        return -ENOMEM;
    for (char *const *word = words; *word; word++) {
        if (word != words)
            putc(' ', out);
        quote_word(out, *word);
    }
    bool failed = ferror(out);
    if (fclose(TAKE_PTR(out)) != 0 || failed)
        return -ENOMEM;
    *ret = TAKE_PTR(text);
    return 0;
}

int shell_command(char *const *argv, const char *shell, bool login, char ***ret)
{
    _cleanup_strv_ char **result = NULL;
    const char *slash = strrchr(shell, '/');
    char *text = NULL;
    int r = strv_consume(&result, login ? xasprintf("-%s", slash ? slash + 1 : shell) : strdup(shell));

    if (r == 0 && *argv[0]) {
        r = strv_append(&result, "-c");
        if (r == 0)
            r = quote_words(argv, &text);
        if (r == 0)
            r = strv_consume(&result, text);
    }
    if (r == 0)
        *ret = TAKE_PTR(result);
    return r;
}
