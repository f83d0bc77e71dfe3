/* The search path: systemd.unit(5), "Unit File Load Path". */
#include "init/unit/fragment.h"

#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/builtin.h"
#include "init/unit/name.h"
#include "init/unit/word.h"

#define ALIASES_MAX 16

/* "DIRECTORY/NAMESUFFIX". For each unit some forty folders are asked for, which mostly are not there: with
 * printf(3) that was half the work of loading. */
static char *path_in(const char *directory, const char *name, const char *suffix)
{
    size_t sizes[] = {strlen(directory), strlen(name), strlen(suffix)};
    char *path = malloc(sizes[0] + sizes[1] + sizes[2] + 2);

    if (!path)
        return NULL;
    memcpy(path, directory, sizes[0]);
    path[sizes[0]] = '/';
    memcpy(path + sizes[0] + 1, name, sizes[1]);
    memcpy(path + sizes[0] + 1 + sizes[1], suffix, sizes[2] + 1);
    return path;
}

void fragment_done(struct fragment *fragment)
{
    free(fragment->name);
    strv_free(fragment->aliases);
    free(fragment->path);
    free(fragment->text);
    *fragment = (struct fragment){0};
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "bar@.service" as it is meant in foo@x.service: "bar@x.service". Anything else is copied. */
static int with_instance_of(const char *text, const char *name, char **ret)
{
    _cleanup_free_ char *instance = NULL;
    int r = unit_name_instance(name, &instance);
    if (r < 0)
        return r;
    const char *at = strchr(text, '@');
    *ret = at && unit_name_is_template(text)
               ? xasprintf("%.*s%s%s", (int)(at + 1 - text), text, instance, at + 1)
               : strdup(text);
    return *ret ? 0 : -ENOMEM;
}

/* Where a symlink under a unit's name leads: 1 to another unit (*ret), 0 to a file of the same name, -EINVAL
 * to something that is no unit of this type. */
static int alias_target(const char *name, const char *file, const char *target, char **ret)
{
    const char *base = base_name(target);
    if (streq(base, file))
        return 0;
    if (!unit_name_is_valid(base) || !streq(strrchr(base, '.'), strrchr(name, '.')))
        return -EINVAL;
    int r = with_instance_of(base, name, ret);
    if (r < 0)
        return r;
    return unit_name_is_valid(*ret) && !streq(*ret, name);
}

static void fail(struct fragment *fragment, char *path, int error)
{
    fragment->kind = FRAGMENT_FAILED;
    fragment->path = path;
    fragment->error = error;
}

/* One place: 1 when the search ends here (in *ret, or at the alias), 0 when it goes on, -ENOMEM. */
static int look_at(const struct unit_loader *loader, char *path, const char *name, struct fragment *ret,
                   char **ret_alias)
{
    _cleanup_free_ char *taken = path, *target = NULL;
    int r = loader->ops->read_link(loader->files, path, &target);

    if (r == 0 && streq(target, "/dev/null")) {
        ret->kind = FRAGMENT_MASKED;
        ret->path = TAKE_PTR(taken);
        return 1;
    }
    if (r == 0) {
        r = alias_target(name, base_name(path), target, ret_alias);
        if (r > 0 || r == -ENOMEM)
            return r;
        if (r < 0) {
            fail(ret, TAKE_PTR(taken), -ELOOP);
            return 1;
        }
    }
    r = loader->ops->read(loader->files, path, &ret->text, &ret->size);
    if (r == -ENOENT || r == -ENOMEM)
        return r == -ENOMEM ? r : 0;
    if (r < 0)
        fail(ret, TAKE_PTR(taken), r);
    else {
        ret->kind = ret->size > 0 ? FRAGMENT_FILE : FRAGMENT_MASKED;
        ret->path = TAKE_PTR(taken);
    }
    return 1;
}

/* The name itself in the whole path, then its template. */
static int search(const struct unit_loader *loader, const char *name, struct fragment *ret, char **ret_alias)
{
    _cleanup_free_ char *template = NULL;
    int r = unit_name_template(name, &template);
    if (r == -ENOMEM)
        return r;
    const char *files[] = {name, template};

    for (size_t i = 0; i < ELEMENTSOF(files) && files[i]; i++)
        for (char **directory = loader->search_path; directory && *directory; directory++) {
            char *path = path_in(*directory, files[i], "");
            r = path ? look_at(loader, path, name, ret, ret_alias) : -ENOMEM;
            if (r != 0)
                return r;
        }
    return 0;
}

/* What there is when no file is found: 1 for an alias, else 0. */
static int look_into_tables(const char *name, struct fragment *ret, char **ret_alias)
{
    const char *alias = builtin_alias(name), *text = builtin_unit_text(name);
    if (alias) {
        *ret_alias = strdup(alias);
        return *ret_alias ? 1 : -ENOMEM;
    }
    if (!text)
        return 0;
    ret->kind = FRAGMENT_BUILTIN;
    ret->text = strdup(text);
    ret->size = strlen(text);
    return ret->text ? 0 : -ENOMEM;
}

/* One name: 1 when it is an alias of another, 0 when *ret is what it is. */
static int find_one(const struct unit_loader *loader, const char *name, struct fragment *ret,
                    char **ret_alias)
{
    const char *reason = builtin_satisfied_reason(name);
    if (reason) {
        ret->kind = FRAGMENT_SATISFIED;
        ret->text = strdup(reason);
        return ret->text ? 0 : -ENOMEM;
    }
    int r = search(loader, name, ret, ret_alias);
    if (r < 0 || *ret_alias)
        return r;
    return r == 0 ? look_into_tables(name, ret, ret_alias) : 0;
}

int fragment_find(const struct unit_loader *loader, const char *name, struct fragment *ret)
{
    *ret = (struct fragment){.name = strdup(name)};
    if (!ret->name)
        return -ENOMEM;
    for (unsigned i = 0; i < ALIASES_MAX; i++) {
        char *alias = NULL;
        int r = find_one(loader, ret->name, ret, &alias);
        if (r <= 0)
            return r;
        r = strv_consume(&ret->aliases, TAKE_PTR(ret->name));
        ret->name = alias;
        if (r < 0)
            return r;
    }
    fail(ret, strdup(ret->name), -ELOOP);
    return ret->path ? 0 : -ENOMEM;
}

/* The names whose folders count for a unit, most special first: "a-b@i.service", "a-b@.service",
 * "a-.service". */
static int folder_names(const char *name, bool prefixes, char ***ret)
{
    _cleanup_free_ char *template = NULL, *prefix = NULL;
    int r = strv_append(ret, name);
    if (r == 0 && unit_name_template(name, &template) == 0)
        r = strv_append(ret, template);
    if (r < 0 || !prefixes)
        return r;
    r = unit_name_prefix(name, &prefix);
    for (char *dash = r < 0 ? NULL : strrchr(prefix, '-'); r >= 0 && dash; dash = strrchr(prefix, '-')) {
        /* "a--b" and "a-" have no shorter form that ends in the same dash. */
        if (dash[1] && dash > prefix)
            r = strv_consume(ret, xasprintf("%.*s-%s", (int)(dash - prefix), prefix, strrchr(name, '.')));
        *dash = 0;
    }
    return MIN(r, 0);
}

/* Adds the drop-ins in one folder, but for those whose file name was seen before. */
static int add_drop_ins(const struct unit_loader *loader, const char *folder, char ***paths)
{
    _cleanup_strv_ char **names = NULL;
    int r = loader->ops->list(loader->files, folder, &names);
    if (r < 0)
        return r == -ENOMEM ? r : 0;

    for (char **name = names; name && *name; name++) {
        bool seen = !endswith(*name, ".conf") || strv_length(*paths) >= UNIT_DROP_INS_MAX;
        for (char **path = *paths; !seen && path && *path; path++)
            seen = streq(base_name(*path), *name);
        if (!seen && strv_consume(paths, xasprintf("%s/%s", folder, *name)) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int compare_base_names(const void *a, const void *b)
{
    return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

static int add_folders(const struct unit_loader *loader, char *const *folders, char ***paths)
{
    for (char **directory = loader->search_path; directory && *directory; directory++)
        for (char *const *folder = folders; *folder; folder++) {
            _cleanup_free_ char *path = path_in(*directory, *folder, ".d");
            int r = path ? add_drop_ins(loader, path, paths) : -ENOMEM;
            if (r < 0)
                return r;
        }
    return 0;
}

int fragment_drop_ins(const struct unit_loader *loader, char *const *names, char ***ret)
{
    _cleanup_strv_ char **paths = NULL;
    char *type[] = {strrchr(names[0], '.') + 1, NULL};
    int r = 0;

    for (char *const *name = names; r >= 0 && *name; name++) {
        _cleanup_strv_ char **folders = NULL;
        r = folder_names(*name, true, &folders);
        if (r >= 0)
            r = add_folders(loader, folders, &paths);
    }
    if (r >= 0)
        r = add_folders(loader, type, &paths);
    if (r < 0)
        return r;
    if (paths)
        qsort(paths, strv_length(paths), sizeof(*paths), compare_base_names);
    *ret = TAKE_PTR(paths);
    return 0;
}

static int add_entries(const struct unit_loader *loader, const char *folder, const char *name, char ***units)
{
    _cleanup_strv_ char **entries = NULL;
    int r = loader->ops->list(loader->files, folder, &entries);
    if (r < 0)
        return r == -ENOMEM ? r : 0;

    for (char **entry = entries; entry && *entry; entry++) {
        char *unit = NULL;
        r = with_instance_of(*entry, name, &unit);
        if (r < 0)
            return r;
        if (strv_length(*units) >= LIST_MAX || strv_contains(*units, unit))
            free(unit);
        else if (strv_consume(units, unit) < 0)
            return -ENOMEM;
    }
    return 0;
}

int fragment_folder(const struct unit_loader *loader, char *const *names, const char *suffix, char ***ret)
{
    _cleanup_strv_ char **units = NULL;

    for (char *const *name = names; *name; name++) {
        _cleanup_strv_ char **folders = NULL;
        int r = folder_names(*name, false, &folders);
        for (char **folder = folders; r >= 0 && folder && *folder; folder++)
            for (char **directory = loader->search_path; r >= 0 && directory && *directory; directory++) {
                _cleanup_free_ char *path = path_in(*directory, *folder, suffix);
                r = path ? add_entries(loader, path, *name, &units) : -ENOMEM;
            }
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(units);
    return 0;
}
