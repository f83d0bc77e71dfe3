/* Small things with strings that C lacks. No locale, no allocation unless the name says so. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/cleanup.h"

static inline bool streq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The rest of text behind prefix, or NULL when it does not begin so. */
static inline char *startswith(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) == 0 ? (char *)text + n : NULL;
}

/* Where suffix begins in text, or NULL when it does not end so. */
char *endswith(const char *text, const char *suffix);

/* The bytes of the UTF-8 character that text begins with, 0 when it is none (RFC 3629: no surrogates, nothing
 * overlong) or at the end. ret_code may be NULL. */
size_t utf8_decode(const char *text, uint32_t *ret_code);
/* Whether a terminal would act on it instead of showing it: C0, DEL and C1. */
static inline bool is_control_character(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
/* Makes hostile text fit for a terminal: '?' for each byte of a control character or of invalid UTF-8. */
void blank_control_characters(char *text);

/* printf(3) into new memory that the caller owns; NULL only when there is no memory. */
char *xasprintf(const char *format, ...) _printf_(1, 2);

/* A NULL-terminated vector of strings that owns itself and its strings ("strv" is systemd's word). NULL is
 * empty. */
size_t strv_length(char *const *strv);
char **strv_free(char **strv);
/* Appends a copy (strv_append) or takes the string over, also on failure (strv_consume). 0 or -ENOMEM. */
int strv_append(char ***strv, const char *text);
int strv_consume(char ***strv, char *text);
/* A deep copy; an empty vector gives an allocated one with only the NULL. */
char **strv_copy(char *const *strv);
bool strv_contains(char *const *strv, const char *text);
bool strv_equal(char *const *a, char *const *b); /* neither is NULL */
/* In the order of the bytes, each string once. */
void strv_sort(char **strv);
/* Splits at any run of separators, drops empty pieces. */
int strv_split(const char *text, const char *separators, char ***ret);
/* All of it in one new string. */
char *strv_join(char *const *strv, const char *separator);
/* "NAME=" of an environment block, or NULL. */
const char *strv_env_get(char *const *env, const char *name);
/* Puts "NAME=VALUE" into the block, in the place of an older one. */
int strv_env_set(char ***env, const char *assignment);
void strv_env_unset(char **env, const char *name);

static inline void cleanup_strv_freep(char ***strv)
{
    strv_free(*strv);
}
#define _cleanup_strv_ _cleanup_(cleanup_strv_freep)
