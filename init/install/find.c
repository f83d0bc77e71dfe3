/* Where a unit's file is, and what it is: a file, a link to one elsewhere, another name, a mask. */
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/install/install.h"
#include "init/unit/builtin.h"
#include "init/unit/fragment.h"
#include "init/unit/name.h"

const char *install_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void install_unit_done(struct install_unit *unit)
{
    free(unit->name);
    free(unit->file);
    free(unit->path);
    free(unit->source);
    *unit = (struct install_unit){};
}

/* Where a link leads, from the root on. */
static char *absolute_target(const char *path, const char *target)
{
    return *target == '/' ? strdup(target)
                          : xasprintf("%.*s%s", (int)(install_base_name(path) - path), path, target);
}

/* One place: 1 when the search ends here. */
static int look_at(const struct install *install, const char *path, struct install_unit *ret)
{
    _cleanup_free_ char *target = NULL, *text = NULL;
    const struct unit_loader *loader = &install->loader;
    size_t size = 0;
    int r = loader->ops->read_link(loader->files, path, &target);

    if (r == -ENOMEM || r == -ENOENT)
        return r == -ENOENT ? 0 : r;
    if (r < 0) {
        r = loader->ops->read(loader->files, path, &text, &size);
        if (r == -ENOENT || r == -ENOMEM)
            return r == -ENOENT ? 0 : r;
        ret->found = r == 0 && size == 0 ? FOUND_MASKED : FOUND_FILE;
        ret->source = strdup(path);
    } else if (streq(target, "/dev/null")) {
        ret->found = FOUND_MASKED;
        ret->source = strdup(path);
    } else {
        ret->found = streq(install_base_name(target), install_base_name(path)) ? FOUND_LINKED : FOUND_ALIAS;
        ret->source = absolute_target(path, target);
    }
    ret->path = strdup(path);
    return ret->path && ret->source ? 1 : -ENOMEM;
}

static int search(const struct install *install, const char *file, struct install_unit *ret)
{
    for (char **directory = install->loader.search_path; *directory; directory++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", *directory, file);
        int r = path ? look_at(install, path, ret) : -ENOMEM;
        if (r != 0)
            return r;
    }
    return 0;
}

/* There without a file. */
static int look_into_tables(const char *name, struct install_unit *ret)
{
    if (!builtin_unit_text(name) && !builtin_alias(name))
        return 0;
    ret->found = builtin_alias(name) ? FOUND_ALIAS : FOUND_BUILTIN;
    ret->source = xasprintf("/usr/lib/systemd/system/%s", builtin_alias(name) ? builtin_alias(name) : name);
    return ret->source ? 0 : -ENOMEM;
}

int install_find(const struct install *install, const char *name, struct install_unit *ret)
{
    _cleanup_free_ char *template = NULL;

    *ret = (struct install_unit){.name = strdup(name), .file = strdup(name)};
    int r = ret->name && ret->file ? search(install, name, ret) : -ENOMEM;
    if (r == 0 && unit_name_template(name, &template) == 0) {
        r = search(install, template, ret);
        if (r > 0) {
            free(ret->file);
            ret->file = TAKE_PTR(template);
        }
    }
    if (r == 0)
        r = look_into_tables(name, ret);
    if (r < 0)
        install_unit_done(ret);
    return MIN(r, 0);
}

/* "x@.service" and "one": "x@one.service" */
static int instantiate(const char *name, const char *instance, char **ret)
{
    const char *at = strchr(name, '@');
    *ret = instance && unit_name_is_template(name)
               ? xasprintf("%.*s%s%s", (int)(at + 1 - name), name, instance, at + 1)
               : strdup(name);
    return *ret ? 0 : -ENOMEM;
}

int install_alias_target(const struct install_unit *unit, char **ret)
{
    _cleanup_free_ char *instance = NULL;
    const char *target = install_base_name(unit->source);
    int r = unit_name_instance(unit->name, &instance);

    return r < 0 ? r : instantiate(target, *instance ? instance : NULL, ret);
}

static int find_texts(const struct install *install, const struct install_unit *unit, char ***ret)
{
    char *names[] = {unit->name, NULL};
    int r = fragment_drop_ins(&install->loader, names, ret);
    char **all = NULL;

    if (r >= 0)
        r = strv_append(&all, unit->source);
    for (char **path = *ret; r >= 0 && path && *path; path++)
        r = strv_append(&all, *path);
    strv_free(*ret);
    *ret = all;
    return r;
}

int install_read(const struct install *install, const struct install_unit *unit, struct install_section *ret,
                 char **ret_instance)
{
    _cleanup_strv_ char **paths = NULL;
    _cleanup_free_ char *instance = NULL;

    *ret = (struct install_section){};
    *ret_instance = NULL;
    int r = unit->found == FOUND_BUILTIN ? 0 : find_texts(install, unit, &paths);
    if (r >= 0)
        r = install_section_read(&install->loader, unit->name, paths, ret);
    if (r >= 0)
        r = instantiate(unit->name, ret->default_instance, &instance);
    /* Specifiers mean the instance that will be linked. */
    if (r >= 0 && !streq(instance, unit->name)) {
        char *keep = TAKE_PTR(ret->default_instance);
        install_section_done(ret);
        r = install_section_read(&install->loader, instance, paths, ret);
        if (r >= 0)
            free(ret->default_instance);
        ret->default_instance = keep;
    }
    if (r < 0)
        install_section_done(ret);
    else
        *ret_instance = TAKE_PTR(instance);
    return r;
}

int install_list(const struct install *install, char ***ret)
{
    _cleanup_strv_ char **all = NULL;

    for (char **directory = install->loader.search_path; *directory; directory++) {
        _cleanup_strv_ char **names = NULL;
        int r = install->loader.ops->list(install->loader.files, *directory, &names);
        if (r == -ENOMEM)
            return r;
        for (char **name = names; name && *name; name++)
            if (unit_name_is_valid(*name) && strv_append(&all, *name) < 0)
                return -ENOMEM;
    }
    strv_sort(all);
    *ret = TAKE_PTR(all);
    return 0;
}
