/* Links that are to be made: enable, link, add-wants, mask, set-default. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/install/install.h"
#include "init/unit/name.h"

void install_plan_done(struct install_plan *plan)
{
    FOREACH_ARRAY (change, plan->changes, plan->n) {
        free(change->path);
        free(change->target);
    }
    free(plan->changes);
    strv_free(plan->visited);
    *plan = (struct install_plan){};
}

/* Owns both strings, also on failure. */
static int consume(struct install_plan *plan, enum install_change_kind kind, char *path, char *target)
{
    struct install_change *more =
        path ? reallocarray(plan->changes, plan->n + 1, sizeof(*plan->changes)) : NULL;

    if (!more) {
        free(path);
        free(target);
        return -ENOMEM;
    }
    plan->changes = more;
    plan->changes[plan->n++] = (struct install_change){kind, path, target};
    return 0;
}

int install_plan_add(struct install_plan *plan, enum install_change_kind kind, const char *path,
                     const char *target)
{
    char *copy = target ? strdup(target) : NULL;
    return target && !copy ? -ENOMEM : consume(plan, kind, strdup(path), copy);
}

int install_plan_say(struct install_plan *plan, enum install_change_kind kind, const char *format, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    return consume(plan, kind, strdup(text), NULL);
}

/* /lib and /usr/lib are one directory on a merged system. */
static const char *without_usr(const char *path)
{
    const char *rest = startswith(path, "/usr/lib/");
    return rest ? rest - strlen("/lib/") : path;
}

/* "../x.service" in a folder of links is the file above it. */
static bool leads_to(const char *path, const char *old, const char *target)
{
    const char *base = startswith(old, "../");
    size_t directory = (size_t)(install_base_name(path) - path);

    if (base && directory > 1) {
        while (directory > 1 && path[directory - 2] != '/')
            directory--;
        return strncmp(target, path, directory - 1) == 0 && streq(target + directory - 1, base);
    }
    return streq(without_usr(old), without_usr(target));
}

int install_plan_link(const struct install *install, struct install_plan *plan, const char *path,
                      const char *target)
{
    _cleanup_free_ char *old = NULL;
    int r = install->loader.ops->read_link(install->loader.files, path, &old);

    if (r == -ENOMEM)
        return r;
    if (r == -ENOENT)
        return install_plan_add(plan, INSTALL_LINK, path, target);
    if (r < 0) /* no symlink */
        return install_plan_say(plan, INSTALL_ERROR, "File %s already exists.", path);
    if (leads_to(path, old, target))
        return 0;
    if (!install->force)
        return install_plan_say(plan, INSTALL_ERROR,
                                "File %s already exists and is a symlink to %s: --force replaces it.", path,
                                old);
    r = install_plan_add(plan, INSTALL_UNLINK, path, NULL);
    return r < 0 ? r : install_plan_add(plan, INSTALL_LINK, path, target);
}

/* "x@.service" of "y@.service" where the alias of an instance has to be one of the same instance. */
static bool alias_fits(const char *name, const char *alias)
{
    _cleanup_free_ char *own = NULL, *other = NULL;

    if (!streq(strrchr(name, '.'), strrchr(alias, '.')))
        return false;
    if (unit_name_is_template(name) || unit_name_is_template(alias))
        return unit_name_is_template(name) && unit_name_is_template(alias);
    if (!unit_name_is_instance(name))
        return !unit_name_is_instance(alias);
    return unit_name_is_instance(alias) && unit_name_instance(name, &own) >= 0 &&
           unit_name_instance(alias, &other) >= 0 && streq(own, other);
}

/* "y@.service" as an alias of x@one.service is "y@one.service". */
static int alias_of_instance(const char *name, const char *alias, char **ret)
{
    _cleanup_free_ char *instance = NULL;
    const char *at = strchr(alias, '@');

    if (!unit_name_is_instance(name) || !unit_name_is_template(alias))
        *ret = strdup(alias);
    else if (unit_name_instance(name, &instance) >= 0)
        *ret = xasprintf("%.*s%s%s", (int)(at + 1 - alias), alias, instance, at + 1);
    return *ret ? 0 : -ENOMEM;
}

static int plan_aliases(const struct install *install, struct install_plan *plan,
                        const struct install_unit *unit, const char *name, char *const *aliases)
{
    int r = 0;

    for (; r >= 0 && aliases && *aliases; aliases++) {
        _cleanup_free_ char *alias = NULL, *path = NULL;
        /* A template's alias stays a template, whatever DefaultInstance= says. */
        const char *own = unit_name_is_template(*aliases) ? unit->name : name;
        r = alias_of_instance(own, *aliases, &alias);
        path = r >= 0 ? xasprintf("%s/%s", install->config, alias) : NULL;
        if (!path)
            return -ENOMEM;
        if (streq(alias, unit->name))
            continue;
        if (!alias_fits(own, alias))
            r = install_plan_say(plan, INSTALL_ERROR, "cannot alias %s as %s.", own, alias);
        else
            r = install_plan_link(install, plan, path, unit->source);
    }
    return r;
}

/* A template without an instance can only belong to templates. */
static bool dependency_fits(const char *name, const char *target)
{
    return !unit_name_is_template(name) || unit_name_is_template(target);
}

/* A typing error in WantedBy= would else never be seen. */
static int note_if_missing(const struct install *install, struct install_plan *plan, const char *name,
                           const char *target)
{
    struct install_unit other;
    int r = install_find(install, target, &other);

    if (r < 0)
        return r;
    if (other.found == FOUND_NOTHING)
        r = install_plan_say(plan, INSTALL_NOTE, "%s is linked to %s, which does not exist.", name, target);
    install_unit_done(&other);
    return r;
}

static int plan_dependencies(const struct install *install, struct install_plan *plan,
                             const struct install_unit *unit, const char *name, char *const *targets,
                             const char *folder)
{
    int r = 0;

    for (; r >= 0 && targets && *targets; targets++) {
        _cleanup_free_ char *path = xasprintf("%s/%s.%s/%s", install->config, *targets, folder, name);
        if (!path)
            return -ENOMEM;
        if (!dependency_fits(name, *targets)) {
            r = install_plan_say(plan, INSTALL_ERROR,
                                 "%s needs the name of an instance: %s is not a template.", name, *targets);
            continue;
        }
        r = install_plan_link(install, plan, path, unit->source);
        if (r >= 0)
            r = note_if_missing(install, plan, name, *targets);
    }
    return r;
}

static int plan_section(const struct install *install, struct install_plan *plan,
                        const struct install_unit *unit, const char *name,
                        const struct install_section *section)
{
    int r = plan_aliases(install, plan, unit, name, section->alias);

    if (r >= 0)
        r = plan_dependencies(install, plan, unit, name, section->wanted_by, "wants");
    if (r >= 0)
        r = plan_dependencies(install, plan, unit, name, section->required_by, "requires");
    if (r >= 0)
        r = plan_dependencies(install, plan, unit, name, section->upheld_by, "upholds");
    plan->any_section |=
        section->alias || section->wanted_by || section->required_by || section->upheld_by || section->also;
    return r;
}

/* Why nothing can be linked to it, told; 0 when that is so, 1 when it can. */
static int check_found(struct install_plan *plan, const struct install_unit *unit)
{
    switch (unit->found) {
    case FOUND_NOTHING:
        return install_plan_say(plan, INSTALL_ERROR, "unit %s does not exist.", unit->name);
    case FOUND_MASKED:
        return install_plan_say(plan, INSTALL_ERROR, "unit %s is masked.", unit->path);
    case FOUND_ALIAS:
        return install_plan_say(plan, INSTALL_ERROR, "%s is another name of %s: use that one.", unit->name,
                                install_base_name(unit->source));
    default:
        plan->any_unit = true;
        return 1;
    }
}

static int enable_one(const struct install *install, struct install_plan *plan, struct install_unit *unit)
{
    struct install_section section = {};
    _cleanup_free_ char *name = NULL;

    if (strv_contains(plan->visited, unit->name))
        return 0;
    int r = strv_append(&plan->visited, unit->name);
    if (r >= 0)
        r = check_found(plan, unit);
    if (r <= 0)
        return r;
    r = install_read(install, unit, &section, &name);
    if (r < 0 && r != -ENOMEM)
        return install_plan_say(plan, INSTALL_ERROR, "%s: %s", unit->source, strerror(-r));
    if (r >= 0)
        r = plan_section(install, plan, unit, name, &section);
    if (r >= 0 && section.also)
        r = install_enable(install, section.also, plan);
    install_section_done(&section);
    return r;
}

/* A file outside of the search path is linked into it first. */
static int find_named(const struct install *install, const char *word, struct install_plan *plan,
                      struct install_unit *ret)
{
    const char *name = install_base_name(word);
    int r = install_find(install, name, ret);

    if (r < 0 || name == word || (ret->path && streq(ret->path, word)) ||
        (ret->source && streq(ret->source, word)))
        return r;
    _cleanup_free_ char *path = xasprintf("%s/%s", install->config, name);
    if (!path)
        return -ENOMEM;
    r = install_plan_link(install, plan, path, word);
    free(ret->path);
    free(ret->source);
    ret->path = TAKE_PTR(path);
    ret->source = strdup(word);
    ret->found = FOUND_LINKED;
    return r < 0 ? r : ret->source ? 0 : -ENOMEM;
}

int install_enable(const struct install *install, char *const *names, struct install_plan *plan)
{
    int r = 0;

    for (; r >= 0 && names && *names; names++) {
        struct install_unit unit = {};
        r = find_named(install, *names, plan, &unit);
        if (r >= 0)
            r = enable_one(install, plan, &unit);
        install_unit_done(&unit);
    }
    return r;
}

int install_link_files(const struct install *install, char *const *paths, struct install_plan *plan)
{
    int r = 0;

    for (; r >= 0 && *paths; paths++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", install->config, install_base_name(*paths));
        _cleanup_free_ char *text = NULL;
        size_t size;
        if (!path)
            return -ENOMEM;
        if (**paths != '/' || !unit_name_is_valid(install_base_name(*paths)))
            r = install_plan_say(plan, INSTALL_ERROR, "%s is not an absolute path of a unit file.", *paths);
        else if ((r = install->loader.ops->read(install->loader.files, *paths, &text, &size)) < 0)
            r = r == -ENOMEM ? r : install_plan_say(plan, INSTALL_ERROR, "%s: %s", *paths, strerror(-r));
        else
            r = install_plan_link(install, plan, path, *paths);
    }
    return r;
}

int install_add_to(const struct install *install, const char *folder, const char *target, char *const *names,
                   struct install_plan *plan)
{
    char *targets[] = {(char *)target, NULL};
    struct install_unit unit;
    int r = install_find(install, target, &unit);

    if (r >= 0)
        r = check_found(plan, &unit);
    install_unit_done(&unit);
    for (; r > 0 && *names; names++) {
        r = install_find(install, *names, &unit);
        if (r >= 0)
            r = check_found(plan, &unit);
        if (r > 0)
            r = plan_dependencies(install, plan, &unit, unit.name, targets, folder);
        install_unit_done(&unit);
        r = r < 0 ? r : 1;
    }
    return MIN(r, 0);
}

int install_mask(const struct install *install, char *const *names, struct install_plan *plan)
{
    int r = 0;

    for (; r >= 0 && *names; names++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", install->config, *names);
        struct install_unit unit;
        r = path ? install_find(install, *names, &unit) : -ENOMEM;
        if (r < 0)
            return r;
        if (unit.found == FOUND_NOTHING)
            r = install_plan_say(plan, INSTALL_NOTE, "Unit %s does not exist, masked all the same.", *names);
        install_unit_done(&unit);
        if (r >= 0)
            r = install_plan_link(install, plan, path, "/dev/null");
    }
    return r;
}

int install_set_default(const struct install *install, const char *name, struct install_plan *plan)
{
    struct install with_force = *install;
    struct install_unit unit;
    int r = install_find(install, name, &unit);

    with_force.force = true;
    if (r >= 0 && !endswith(name, ".target"))
        r = install_plan_say(plan, INSTALL_ERROR, "%s is no target.", name);
    else if (r >= 0)
        r = check_found(plan, &unit);
    if (r > 0) {
        _cleanup_free_ char *path = xasprintf("%s/default.target", install->config);
        r = path ? install_plan_link(&with_force, plan, path, unit.source) : -ENOMEM;
    }
    install_unit_done(&unit);
    return MIN(r, 0);
}

int install_get_default(const struct install *install, char **ret)
{
    struct install_unit unit;
    int r = install_find(install, "default.target", &unit);

    if (r < 0)
        return r;
    if (unit.found == FOUND_NOTHING || unit.found == FOUND_MASKED)
        r = -ENOENT;
    else
        r = (*ret = strdup(install_base_name(unit.source))) ? 0 : -ENOMEM;
    install_unit_done(&unit);
    return r;
}
