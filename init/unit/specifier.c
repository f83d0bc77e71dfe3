/* Specifiers: one row a letter; a row is a fixed text, a member of struct unit_host, or a function. */
#include "init/unit/specifier.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "init/unit/name.h"

typedef int (*specifier_fn)(const struct unit_loader *loader, const struct unit *unit, char **ret);

static int duplicate(const char *text, char **ret)
{
    *ret = strdup(text ? text : "");
    return *ret ? 0 : -ENOMEM;
}

static int full_name(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return duplicate(unit->name, ret);
}

static int name_without_type(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    *ret = strndup(unit->name, (size_t)(strrchr(unit->name, '.') - unit->name));
    return *ret ? 0 : -ENOMEM;
}

static int prefix(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return unit_name_prefix(unit->name, ret);
}

static int instance(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return unit_name_instance(unit->name, ret);
}

static int last_component(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    _cleanup_free_ char *whole = NULL;
    int r = prefix(loader, unit, &whole);
    if (r < 0)
        return r;
    const char *dash = strrchr(whole, '-');
    return duplicate(dash ? dash + 1 : whole, ret);
}

static int unescaped(specifier_fn part, const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    _cleanup_free_ char *escaped = NULL;
    int r = part(loader, unit, &escaped);
    return r < 0 ? r : unit_name_unescape(escaped, ret);
}

static int unescaped_prefix(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return unescaped(prefix, loader, unit, ret);
}

static int unescaped_instance(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return unescaped(instance, loader, unit, ret);
}

static int unescaped_last_component(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return unescaped(last_component, loader, unit, ret);
}

static int as_path(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    _cleanup_free_ char *plain = NULL;
    int r = unescaped(unit_name_is_instance(unit->name) ? instance : prefix, loader, unit, &plain);
    if (r < 0)
        return r;
    *ret = xasprintf("%s%s", *plain == '/' ? "" : "/", plain);
    return *ret ? 0 : -ENOMEM;
}

static int short_hostname(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    const char *name = loader->host.hostname ? loader->host.hostname : "";
    *ret = strndup(name, strcspn(name, "."));
    return *ret ? 0 : -ENOMEM;
}

static int fragment_path(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return duplicate(unit->fragment_path, ret);
}

static int fragment_directory(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    const char *path = unit->fragment_path ? unit->fragment_path : "", *slash = strrchr(path, '/');
    *ret = strndup(path, slash ? (size_t)(slash - path) : 0);
    return *ret ? 0 : -ENOMEM;
}

static int number(unsigned value, char **ret)
{
    *ret = xasprintf("%u", value);
    return *ret ? 0 : -ENOMEM;
}

static int uid(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return number(loader->host.uid, ret);
}

static int gid(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return number(loader->host.gid, ret);
}

static int credentials_directory(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    *ret = xasprintf("/run/credentials/%s", unit->name);
    return *ret ? 0 : -ENOMEM;
}

/* os-release(5) */
static int os_release(const struct unit_loader *loader, const char *key, char **ret)
{
    return duplicate(strv_env_get(loader->host.os_release, key), ret);
}

static int image_version(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return os_release(loader, "IMAGE_VERSION", ret);
}

static int build_id(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return os_release(loader, "BUILD_ID", ret);
}

static int image_id(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return os_release(loader, "IMAGE_ID", ret);
}

static int os_id(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return os_release(loader, "ID", ret);
}

static int version_id(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return os_release(loader, "VERSION_ID", ret);
}

static int variant_id(const struct unit_loader *loader, const struct unit *unit, char **ret)
{
    return os_release(loader, "VARIANT_ID", ret);
}

#define HOST(member) (offsetof(struct unit_loader, host.member))

static const struct specifier {
    char letter;
    const char *text;
    size_t host; /* offset of a string in struct unit_loader */
    specifier_fn expand;
} specifiers[] = {
    {'n', .expand = full_name},
    {'N', .expand = name_without_type},
    {'p', .expand = prefix},
    {'P', .expand = unescaped_prefix},
    {'i', .expand = instance},
    {'I', .expand = unescaped_instance},
    {'j', .expand = last_component},
    {'J', .expand = unescaped_last_component},
    {'f', .expand = as_path},
    {'y', .expand = fragment_path},
    {'Y', .expand = fragment_directory},
    {'t', .text = "/run"},
    {'S', .text = "/var/lib"},
    {'C', .text = "/var/cache"},
    {'L', .text = "/var/log"},
    {'E', .text = "/etc"},
    {'T', .text = "/tmp"},
    {'V', .text = "/var/tmp"},
    {'H', .host = HOST(hostname)},
    {'l', .expand = short_hostname},
    {'m', .host = HOST(machine_id)},
    {'b', .host = HOST(boot_id)},
    {'v', .host = HOST(kernel_release)},
    {'u', .host = HOST(user_name)},
    {'U', .expand = uid},
    /* PID 1's group has the name of its user: root. */
    {'g', .host = HOST(user_name)},
    {'G', .expand = gid},
    {'h', .host = HOST(user_home)},
    {'s', .host = HOST(user_shell)},
    {'q', .host = HOST(hostname)}, /* a container has no prettier one */
    {'a', .host = HOST(architecture)},
    {'A', .expand = image_version},
    {'B', .expand = build_id},
    {'M', .expand = image_id},
    {'o', .expand = os_id},
    {'w', .expand = version_id},
    {'W', .expand = variant_id},
    {'d', .expand = credentials_directory},
    {'%', .text = "%"},
};

static const struct specifier *find(char letter)
{
    FOREACH_ARRAY (specifier, specifiers, ELEMENTSOF(specifiers))
        if (specifier->letter == letter)
            return specifier;
    return NULL;
}

/* Every letter and digit may come to mean something. */
static bool is_reserved(char letter)
{
    return isalnum((unsigned char)letter);
}

static int evaluate(const struct specifier *specifier, const struct unit_loader *loader,
                    const struct unit *unit, char **ret)
{
    if (specifier->expand)
        return specifier->expand(loader, unit, ret);
    if (specifier->text)
        return duplicate(specifier->text, ret);
    return duplicate(*(const char *const *)((const char *)loader + specifier->host), ret);
}

int specifier_expand(const struct unit_loader *loader, const struct unit *unit, const char *text, char **ret)
{
    _cleanup_free_ char *result = NULL;
    size_t size = 0;
    _cleanup_fclose_ FILE *out = NULL;

    if (!strchr(text, '%'))
        return duplicate(text, ret);
    out = open_memstream(&result, &size);
    if (!out)
        return -ENOMEM;
    for (const char *c = text; *c; c++) {
        const struct specifier *specifier = *c == '%' ? find(c[1]) : NULL;
        if (!specifier && *c == '%' && is_reserved(c[1]))
            return -EBADSLT;
        if (!specifier) {
            putc(*c, out);
            continue;
        }
        _cleanup_free_ char *value = NULL;
        int r = evaluate(specifier, loader, unit, &value);
        if (r < 0)
            return r;
        fputs(value, out);
        if (ftell(out) > UNIT_FILE_MAX)
            return -E2BIG;
        c++;
    }
    bool failed = ferror(out);
    if (fclose(TAKE_PTR(out)) != 0 || failed)
        return -ENOMEM;
    *ret = TAKE_PTR(result);
    return 0;
}
