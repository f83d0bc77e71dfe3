/* A value of a unit file -> its words. */
#include "init/unit/word.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "init/unit/character.h"

static int digit_value(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Exactly n digits of that base; -EINVAL when there are fewer. NUL cannot be written. */
static int decode_digits(const char *text, unsigned n, int base, unsigned *ret)
{
    unsigned value = 0;
    for (unsigned i = 0; i < n; i++) {
        int digit = digit_value(text[i]);
        if (digit >= base || value > UINT32_MAX / 16)
            return -EINVAL;
        value = value * (unsigned)base + (unsigned)digit;
    }
    *ret = value;
    return value == 0 ? -EINVAL : 0;
}

static const struct {
    char name, value;
} simple_escapes[] = {
    {'a', '\a'}, {'b', '\b'}, {'f', '\f'},  {'n', '\n'}, {'r', '\r'},  {'t', '\t'},
    {'v', '\v'}, {'s', ' '},  {'\\', '\\'}, {'"', '"'},  {'\'', '\''},
};

static int decode_number(const char *text, char out[static 4], unsigned *ret_size)
{
    bool octal = *text >= '0' && *text <= '7';
    unsigned n = octal ? 3 : *text == 'x' ? 2 : *text == 'u' ? 4 : *text == 'U' ? 8 : 0, value;

    if (n == 0 || decode_digits(text + !octal, n, octal ? 8 : 16, &value) < 0)
        return -EINVAL;
    if (n > 3) {
        *ret_size = utf8_encode(out, value);
        return *ret_size > 0 ? (int)n + 1 : -EINVAL;
    }
    if (value > 255)
        return -EINVAL;
    out[0] = (char)value;
    *ret_size = 1;
    return (int)n + !octal;
}

int escape_decode(const char *text, char out[static 4], unsigned *ret_size)
{
    FOREACH_ARRAY (escape, simple_escapes, ELEMENTSOF(simple_escapes))
        if (escape->name == *text) {
            out[0] = escape->value;
            *ret_size = 1;
            return 1;
        }
    return decode_number(text, out, ret_size);
}

/* What stands behind a backslash, to *out; returns the bytes it takes. */
static int take_escape(const char *text, unsigned flags, char **out)
{
    char decoded[4];
    unsigned size;

    if (!*text)
        return -EINVAL;
    int used = flags & WORD_UNESCAPE ? escape_decode(text, decoded, &size) : -EINVAL;
    if (used > 0) {
        *out = mempcpy(*out, decoded, size);
    } else if (flags & WORD_RELAX || !(flags & WORD_UNESCAPE)) {
        *(*out)++ = '\\';
        *(*out)++ = *text;
        used = 1;
    }
    return used;
}

int word_next(const char **text, unsigned flags, char **ret)
{
    const char *c = *text + strspn(*text, BLANKS);
    if (!*c) {
        *text = c;
        return 0;
    }
    _cleanup_free_ char *word = malloc(strlen(c) + 1);
    if (!word)
        return -ENOMEM;
    char *out = word, quote = 0;

    for (; *c && (quote || !is_blank(*c)); c++)
        if (*c == '\\') {
            int used = take_escape(c + 1, flags, &out);
            if (used < 0)
                return used;
            c += used;
        } else if (quote ? *c == quote : (*c == '"' || *c == '\'') && !(flags & WORD_KEEP_QUOTES))
            quote = quote ? 0 : *c;
        else
            *out++ = *c;
    if (quote)
        return -EINVAL;
    *out = 0;
    *text = c + strspn(c, BLANKS);
    *ret = TAKE_PTR(word);
    return 1;
}

int word_split(const char *text, unsigned flags, char ***ret)
{
    _cleanup_strv_ char **words = NULL;

    for (size_t n = 0;; n++) {
        char *word = NULL;
        int r = word_next(&text, flags, &word);
        if (r < 0)
            return r;
        if (r == 0)
            break;
        r = n < LIST_MAX ? strv_consume(&words, TAKE_PTR(word)) : -E2BIG;
        free(word);
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(words);
    return 0;
}

static uint32_t word_hash(const char *word)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (; *word; word++)
        hash = (hash ^ (unsigned char)*word) * 16777619u;
    return hash;
}

int words_unite(char **words)
{
    size_t n = strv_length(words), room = 1, kept = 0;

    if (n < 2)
        return 0;
    while (room < n * 2)
        room *= 2;
    _cleanup_free_ char **seen = calloc(room, sizeof(*seen));
    if (!seen)
        return -ENOMEM;
    FOREACH_ARRAY (word, words, n) {
        size_t at = word_hash(*word) & (room - 1);
        while (seen[at] && !streq(seen[at], *word))
            at = (at + 1) & (room - 1);
        if (seen[at])
            free(*word);
        else
            words[kept++] = seen[at] = *word;
    }
    words[kept] = NULL;
    return 0;
}
