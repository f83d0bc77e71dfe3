/* Names of units: what is one, its parts, and the escaping of other text into one. */
#include "init/unit/name.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/text.h"

#define FD_NAME_MAX 255

static const char *const known_types[] = {
    "service", "target", "slice", "socket", "timer", "path", "mount", "automount", "swap", "device", "scope",
};

static const char *suffix_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : "";
}

static bool is_name_character(char c)
{
    return isascii(c) && (isalnum((unsigned char)c) || (c && strchr(":-_.\\", c)));
}

static bool is_known_type(const char *suffix)
{
    FOREACH_ARRAY (type, known_types, ELEMENTSOF(known_types))
        if (streq(*type, suffix))
            return true;
    return false;
}

bool unit_name_is_valid(const char *name)
{
    const char *suffix = suffix_of(name), *at = strchr(name, '@');

    if (strlen(name) > UNIT_NAME_MAX || !is_known_type(suffix) || name[0] == '.' || at == name)
        return false;
    for (const char *c = name; c < suffix - 1; c++)
        if (!is_name_character(*c) && *c != '@')
            return false;
    return true;
}

/* What stands between the first "@" and the type, or NULL of a plain name. */
static const char *instance_of(const char *name, size_t *ret_size)
{
    const char *at = strchr(name, '@'), *dot = strrchr(name, '.');
    if (!at || !dot || dot < at)
        return NULL;
    *ret_size = (size_t)(dot - at - 1);
    return at + 1;
}

bool unit_name_is_template(const char *name)
{
    size_t size;
    return instance_of(name, &size) && size == 0;
}

bool unit_name_is_instance(const char *name)
{
    size_t size;
    return instance_of(name, &size) && size > 0;
}

int unit_name_type(const char *name)
{
    return unit_type_from_string(suffix_of(name));
}

static int take(char *text, char **ret)
{
    if (!text)
        return -ENOMEM;
    *ret = text;
    return 0;
}

int unit_name_prefix(const char *name, char **ret)
{
    const char *dot = strrchr(name, '.');
    if (!dot)
        return -EINVAL;
    size_t size = strcspn(name, "@");
    return take(strndup(name, MIN(size, (size_t)(dot - name))), ret);
}

int unit_name_instance(const char *name, char **ret)
{
    size_t size = 0;
    const char *instance = instance_of(name, &size);
    return take(strndup(instance ? instance : "", size), ret);
}

int unit_name_template(const char *name, char **ret)
{
    if (!unit_name_is_instance(name))
        return -EINVAL;
    return take(xasprintf("%.*s@.%s", (int)strcspn(name, "@"), name, suffix_of(name)), ret);
}

static bool needs_escape(char c)
{
    return c == '-' || c == '\\' || !is_name_character(c);
}

int unit_name_escape(const char *text, char **ret)
{
    _cleanup_free_ char *escaped = malloc(strlen(text) * 4 + 1);
    if (!escaped)
        return -ENOMEM;
    char *out = escaped;

    for (const char *c = text; *c; c++)
        if (*c == '/')
            *out++ = '-';
        else if (needs_escape(*c) || (c == text && *c == '.'))
            out += sprintf(out, "\\x%02x", (unsigned char)*c);
        else
            *out++ = *c;
    *out = 0;
    *ret = TAKE_PTR(escaped);
    return 0;
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int unit_name_unescape(const char *text, char **ret)
{
    _cleanup_free_ char *plain = malloc(strlen(text) + 1);
    if (!plain)
        return -ENOMEM;
    char *out = plain;

    for (const char *c = text; *c; c++) {
        if (*c != '\\') {
            *out++ = *c == '-' ? '/' : *c;
            continue;
        }
        int high = c[1] == 'x' ? hex_value(c[2]) : -1;
        int low = high < 0 ? -1 : hex_value(c[3]);
        if (low < 0 || (high | low) == 0)
            return -EINVAL;
        *out++ = (char)(high << 4 | low);
        c += 3;
    }
    *out = 0;
    *ret = TAKE_PTR(plain);
    return 0;
}

/* The path without doubled and outer slashes and "." parts; -EINVAL when it climbs. */
static int simplify_path(const char *path, char **ret)
{
    _cleanup_free_ char *plain = malloc(strlen(path) + 1);
    if (!plain)
        return -ENOMEM;
    char *out = plain;

    for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
        size_t size = strcspn(path, "/");
        if (size == 2 && strncmp(path, "..", 2) == 0)
            return -EINVAL;
        if (size != 1 || *path != '.') {
            if (out > plain)
                *out++ = '/';
            out = mempcpy(out, path, size);
        }
        path += size;
    }
    *out = 0;
    *ret = TAKE_PTR(plain);
    return 0;
}

int unit_name_escape_path(const char *path, char **ret)
{
    _cleanup_free_ char *plain = NULL;
    int r = simplify_path(path, &plain);
    if (r < 0)
        return r;
    return *plain ? unit_name_escape(plain, ret) : take(strdup("-"), ret);
}

int unit_name_mangle(const char *text, char **ret)
{
    if (!*text)
        return -EINVAL;
    if (unit_name_is_valid(text))
        return take(strdup(text), ret);

    /* Like unit_name_escape(), but "-", "\" and "@" are meant as they are. */
    _cleanup_free_ char *mangled = malloc(strlen(text) * 4 + sizeof(".service"));
    if (!mangled)
        return -ENOMEM;
    char *out = mangled;
    for (const char *c = text; *c; c++)
        if (*c == '/')
            *out++ = '-';
        else if (is_name_character(*c) || *c == '@')
            *out++ = *c;
        else
            out += sprintf(out, "\\x%02x", (unsigned char)*c);
    *out = 0;
    if (!is_known_type(suffix_of(mangled)))
        memcpy(out, ".service", sizeof(".service"));
    if (!unit_name_is_valid(mangled))
        return -EINVAL;
    *ret = TAKE_PTR(mangled);
    return 0;
}

bool fd_name_is_valid(const char *name)
{
    size_t n = 0;

    for (; name[n]; n++)
        if (n == FD_NAME_MAX || name[n] < ' ' || name[n] > '~' || name[n] == ':')
            return false;
    return n > 0;
}
