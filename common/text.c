/* Small things with strings that C lacks. */
#include "common/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

char *endswith(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && streq(text + n - m, suffix) ? (char *)text + n - m : NULL;
}

size_t utf8_decode(const char *text, uint32_t *ret_code)
{
    /* By length: the bits that mark the first byte, and the least character that needs so many bytes. */
    static const struct {
        unsigned char mask, mark;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 1}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char *bytes = (const unsigned char *)text;

    for (size_t extra = 0; extra < ELEMENTSOF(forms); extra++) {
        if ((bytes[0] & forms[extra].mask) != forms[extra].mark)
            continue;
        uint32_t code = bytes[0] & (unsigned char)~forms[extra].mask;
        for (size_t i = 1; i <= extra; i++) {
            if ((bytes[i] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (bytes[i] & 0x3f);
        }
        if (code < forms[extra].least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
            return 0;
        if (ret_code)
            *ret_code = code;
        return extra + 1;
    }
    return 0;
}

void blank_control_characters(char *text)
{
    while (*text) {
        uint32_t code = 0;
        size_t n = utf8_decode(text, &code);
        if (n == 0 || is_control_character(code)) {
            n = MAX(n, (size_t)1);
            memset(text, '?', n);
        }
        text += n;
    }
}

char *xasprintf(const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    return n < 0 ? NULL : text;
}

size_t strv_length(char *const *strv)
{
    size_t n = 0;
    while (strv && strv[n])
        n++;
    return n;
}

char **strv_free(char **strv)
{
    for (char **s = strv; s && *s; s++)
        free(*s);
    free(strv);
    return NULL;
}

int strv_consume(char ***strv, char *text)
{
    if (!text)
        return -ENOMEM;
    size_t n = strv_length(*strv);
    /* Memory grows at powers of two only, so that a long vector is not moved for each string. */
    if ((n & (n + 1)) == 0) {
        char **bigger = realloc(*strv, sizeof(char *) * MAX((n + 1) * 2, (size_t)4));
        if (!bigger) {
            free(text);
            return -ENOMEM;
        }
        *strv = bigger;
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a NULL vector has length 0 and grows */
    (*strv)[n] = text;
    (*strv)[n + 1] = NULL;
    return 0;
}

int strv_append(char ***strv, const char *text)
{
    return strv_consume(strv, strdup(text));
}

char **strv_copy(char *const *strv)
{
    size_t n = strv_length(strv);
    char **copy = calloc(MAX((n + 1) * 2, (size_t)4), sizeof(char *));
    if (!copy)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        copy[i] = strdup(strv[i]);
        if (!copy[i])
            return strv_free(copy);
    }
    return copy;
}

bool strv_contains(char *const *strv, const char *text)
{
    for (; strv && *strv; strv++)
        if (streq(*strv, text))
            return true;
    return false;
}

bool strv_equal(char *const *a, char *const *b)
{
    while (*a && *b && streq(*a, *b)) {
        a++;
        b++;
    }
    return !*a && !*b;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(char **strv)
{
    char **kept = strv;

    if (!strv)
        return;
    qsort(strv, strv_length(strv), sizeof(*strv), compare_strings);
    for (char **text = strv; *text; text++)
        if (text[1] && streq(text[0], text[1]))
            free(*text);
        else
            *kept++ = *text;
    *kept = NULL;
}

int strv_split(const char *text, const char *separators, char ***ret)
{
    _cleanup_strv_ char **strv = NULL;

    for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
        size_t n = strcspn(text, separators);
        int r = strv_consume(&strv, strndup(text, n));
        if (r < 0)
            return r;
        text += n;
    }
    *ret = TAKE_PTR(strv);
    return 0;
}

char *strv_join(char *const *strv, const char *separator)
{
    size_t size = 1;
    for (char *const *s = strv; s && *s; s++)
        size += strlen(*s) + strlen(separator);
    char *joined = calloc(1, size), *end = joined;
    for (char *const *s = strv; joined && s && *s; s++) {
        end = stpcpy(end, *s);
        if (s[1])
            end = stpcpy(end, separator);
    }
    return joined;
}

static char **env_find(char *const *env, const char *name, size_t length)
{
    for (; env && *env; env++)
        if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
            return (char **)env;
    return NULL;
}

const char *strv_env_get(char *const *env, const char *name)
{
    char **entry = env_find(env, name, strlen(name));
    return entry ? *entry + strlen(name) + 1 : NULL;
}

int strv_env_set(char ***env, const char *assignment)
{
    size_t length = strcspn(assignment, "=");
    if (!assignment[length] || length == 0)
        return -EINVAL;
    char **entry = env_find(*env, assignment, length);
    if (!entry)
        return strv_append(env, assignment);
    char *copy = strdup(assignment);
    if (!copy)
        return -ENOMEM;
    free(*entry);
    *entry = copy;
    return 0;
}

void strv_env_unset(char **env, const char *name)
{
    char **entry = env_find(env, name, strlen(name));
    if (!entry)
        return;
    free(*entry);
    for (; *entry; entry++)
        entry[0] = entry[1];
}
