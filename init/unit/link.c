/* Links between unit files. Only their texts are looked at: nothing needs to be there. */
#include "init/unit/link.h"

#include <stdlib.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "init/unit/name.h"

const char *link_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Only these can have a second name: there is one slice for each group, and what is mounted has one place. */
static bool may_have_aliases(const char *name)
{
    static const char *const types[] = {".service", ".target", ".socket", ".timer", ".path", ".device"};

    FOREACH_ARRAY (type, types, ELEMENTSOF(types))
        if (endswith(name, *type))
            return true;
    return false;
}

/* What stands between "@" and the type has to be the same, but the template of all instances goes for one. */
static bool instances_fit(const char *alias, const char *unit)
{
    const char *mine = strchr(alias, '@'), *other = strchr(unit, '@');

    if (!mine || !other)
        return !mine && !other;
    return streq(mine, other) || (unit_name_is_instance(alias) && unit_name_is_template(unit));
}

static bool can_be_name_of(const char *alias, const char *unit)
{
    return unit_name_is_valid(alias) && unit_name_is_valid(unit) && may_have_aliases(alias) &&
           streq(strrchr(alias, '.'), strrchr(unit, '.')) && instances_fit(alias, unit) &&
           !streq(alias, unit);
}

/* Takes the last part off the path that is written so far. */
static void climb(const char *path, char **end)
{
    while (*end > path && *--*end != '/')
        ;
    **end = 0;
}

/* The target from the root on, without "." and ".."; a ".." of the root is the root. NULL without memory. */
static char *absolute_target(const char *path, const char *target)
{
    size_t directory = *target == '/' ? 0 : (size_t)(link_base_name(path) - path);
    _cleanup_free_ char *whole = xasprintf("%.*s%s", (int)directory, path, target);
    char *plain = whole ? malloc(strlen(whole) + 2) : NULL, *end = plain;

    if (plain)
        *plain = 0;
    for (const char *part = whole; plain && *(part += strspn(part, "/"));) {
        size_t size = strcspn(part, "/");
        if (size == 2 && strncmp(part, "..", 2) == 0)
            climb(plain, &end);
        else if (size != 1 || *part != '.') {
            *end++ = '/';
            end = mempcpy(end, part, size);
        }
        *end = 0;
        part += size;
    }
    return plain;
}

static bool is_within(char *const *search_path, const char *path)
{
    for (; search_path && *search_path; search_path++) {
        const char *rest = startswith(path, *search_path);
        if (rest && rest > path && (*rest == '/' || rest[-1] == '/'))
            return true;
    }
    return false;
}

enum link_meaning link_meaning(char *const *search_path, const char *path, const char *target)
{
    if (streq(target, "/dev/null"))
        return LINK_MASK;
    _cleanup_free_ char *absolute = absolute_target(path, target);
    if (!absolute || !is_within(search_path, absolute))
        return LINK_FILE;
    return can_be_name_of(link_base_name(path), link_base_name(target)) ? LINK_ALIAS : LINK_NONE;
}
