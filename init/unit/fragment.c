/* The search path: systemd.unit(5), "Unit File Load Path". */
#include "init/unit/fragment.h"

#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/builtin.h"
#include "init/unit/link.h"
#include "init/unit/name.h"
#include "init/unit/word.h"

#define HOPS_MAX    16 /* from a name to its unit */
#define ALIASES_MAX 64 /* of one unit; more are not looked for */

/* "DIRECTORY/NAMESUFFIX". */
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

static void fail(struct fragment *fragment, char *path, int error)
{
    fragment->kind = FRAGMENT_FAILED;
    fragment->path = path;
    fragment->error = error;
}

static void tell_of_no_alias(const struct unit_loader *loader, const char *name, const char *path,
                             const char *target)
{
    const char *unit = link_base_name(target);
    _cleanup_free_ char *text =
        xasprintf("ignored: a symbolic link to %.255s, for which it can be no other name: type and instance "
                  "have to be the same, and slices have one name",
                  unit);

    /* To itself, further down in the search path: nothing is lost. */
    if (text && loader->report && !streq(unit, link_base_name(path)))
        loader->report(loader->report_userdata, REPORT_WARNING, name, path, 0, text);
}

/* A link: 1 when the search ends here (in *ret, or at the alias), 0 when its file is to be read, -ENOENT when
 * the search goes on, -ENOMEM. */
static int follow_link(const struct unit_loader *loader, char **path, const char *name, const char *target,
                       struct fragment *ret, char **ret_alias)
{
    int r;

    switch (link_meaning(loader->search_path, *path, target)) {
    case LINK_MASK:
        ret->kind = FRAGMENT_MASKED;
        ret->path = TAKE_PTR(*path);
        return 1;
    case LINK_ALIAS:
        r = with_instance_of(link_base_name(target), name, ret_alias);
        return r < 0 ? r : 1;
    case LINK_NONE:
        tell_of_no_alias(loader, name, *path, target);
        return -ENOENT;
    case LINK_FILE:
        break;
    }
    return 0;
}

static int read_fragment(const struct unit_loader *loader, char **path, struct fragment *ret)
{
    int r = loader->ops->read(loader->files, *path, &ret->text, &ret->size);

    if (r == -ENOENT || r == -ENOMEM)
        return r;
    if (r < 0)
        fail(ret, TAKE_PTR(*path), r);
    else {
        ret->kind = ret->size > 0 ? FRAGMENT_FILE : FRAGMENT_MASKED;
        ret->path = TAKE_PTR(*path);
    }
    return 1;
}

/* One place: 1 when the search ends here (in *ret, or at the alias), 0 when it goes on, -ENOMEM. */
static int look_at(const struct unit_loader *loader, char *path, const char *name, struct fragment *ret,
                   char **ret_alias)
{
    _cleanup_free_ char *taken = path, *target = NULL;
    bool is_link = loader->ops->read_link(loader->files, path, &target) == 0;
    int r = is_link ? follow_link(loader, &taken, name, target, ret, ret_alias) : 0;

    if (r == 0) {
        r = read_fragment(loader, &taken, ret);
        /* A link to a file that is gone hides what is below it all the same. */
        if (r == -ENOENT && is_link)
            return 1;
    }
    return r == -ENOENT ? 0 : r;
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
    for (unsigned i = 0; i < HOPS_MAX; i++) {
        char *alias = NULL;
        int r = find_one(loader, ret->name, ret, &alias);
        if (r <= 0)
            return r;
        r = strv_consume(&ret->aliases, TAKE_PTR(ret->name));
        ret->name = alias;
        if (r < 0)
            return r;
    }
    /* A circle, which is what was asked for and nothing else. */
    free(ret->name);
    ret->name = strdup(name);
    ret->aliases = strv_free(ret->aliases);
    ret->error = -ELOOP;
    return ret->name ? 0 : -ENOMEM;
}

/* --- all names --- */

/* Whether it is looked up as a name of that unit: a link may be hidden, masked, or of one instance only. */
static int is_name_of(const struct unit_loader *loader, const char *candidate, const char *unit)
{
    __attribute__((cleanup(fragment_done))) struct fragment fragment = {0};
    _cleanup_free_ char *alias = NULL;
    struct unit_loader quiet = *loader;

    quiet.report = NULL;
    int r = find_one(&quiet, candidate, &fragment, &alias);
    return r < 0 ? r : alias && streq(alias, unit);
}

/* A link called like that was seen which leads to the unit, or to its template. */
static int add_alias(const struct unit_loader *loader, struct fragment *fragment, const char *unit,
                     const char *link)
{
    _cleanup_free_ char *alias = NULL;
    int r = with_instance_of(link, unit, &alias);

    if (r < 0 || strv_length(fragment->aliases) >= ALIASES_MAX || !unit_name_is_valid(alias) ||
        unit_name_is_template(alias) || streq(alias, fragment->name) ||
        strv_contains(fragment->aliases, alias))
        return r;
    r = is_name_of(loader, alias, unit);
    return r > 0 ? strv_consume(&fragment->aliases, TAKE_PTR(alias)) : r;
}

static int add_links_to(const struct unit_loader *loader, struct fragment *fragment, const char *unit,
                        const char *file)
{
    int r = 0;

    for (char **directory = loader->search_path; r >= 0 && directory && *directory; directory++) {
        _cleanup_strv_ char **links = NULL;
        r = loader->ops->links_to(loader->files, *directory, file, &links);
        for (char **link = links; r >= 0 && link && *link; link++)
            r = add_alias(loader, fragment, unit, *link);
    }
    return r;
}

/* The names that lead to this one directly. */
static int add_aliases_of(const struct unit_loader *loader, struct fragment *fragment, const char *unit)
{
    _cleanup_free_ char *template = NULL;
    size_t cursor = 0;
    int r = unit_name_template(unit, &template);

    if (r != -ENOMEM)
        r = add_links_to(loader, fragment, unit, unit);
    if (r >= 0 && template)
        r = add_links_to(loader, fragment, unit, template);
    for (const char *name; r >= 0 && (name = builtin_next_alias(unit, &cursor));)
        r = add_alias(loader, fragment, unit, name);
    return r;
}

int fragment_find_aliases(const struct unit_loader *loader, struct fragment *fragment)
{
    int r = add_aliases_of(loader, fragment, fragment->name);

    for (size_t i = 0; r >= 0 && i < strv_length(fragment->aliases); i++) {
        _cleanup_free_ char *alias = strdup(fragment->aliases[i]); /* the list moves */
        r = alias ? add_aliases_of(loader, fragment, alias) : -ENOMEM;
    }
    return r;
}

/* --- folders --- */

/* "a-b-.service" and "a-.service" of a-b-c.service, where end is ".service". */
static int add_prefixes(const char *name, const char *end, const char *more, char ***ret)
{
    _cleanup_free_ char *prefix = NULL;
    int r = unit_name_prefix(name, &prefix);

    for (char *dash = r < 0 ? NULL : strrchr(prefix, '-'); r >= 0 && dash; dash = strrchr(prefix, '-')) {
        /* "a--b" and "a-" have no shorter form that ends in the same dash. */
        if (dash[1] && dash > prefix) {
            int size = (int)(dash - prefix);
            r = strv_consume(ret, xasprintf("%.*s-%s", size, prefix, end));
            if (r >= 0 && more)
                r = strv_consume(ret, xasprintf("%.*s-%s", size, prefix, more));
        }
        *dash = 0;
    }
    return MIN(r, 0);
}

/* The names whose folders count for a unit, what goes before first: "a-b@i.service", "a-b@.service",
 * "a-.service", "a-@i.service", "a-@.service". */
static int folder_names(const char *name, char ***ret)
{
    _cleanup_free_ char *template = NULL;
    int r = strv_append(ret, name), is_instance = unit_name_template(name, &template) == 0;

    if (r >= 0 && is_instance)
        r = strv_append(ret, template);
    if (r >= 0)
        r = add_prefixes(name, strrchr(name, '.'), NULL, ret);
    if (r >= 0 && is_instance)
        r = add_prefixes(name, strchr(name, '@'), strchr(template, '@'), ret);
    return r;
}

/* What is in one folder; what was found in an earlier one goes before. */
typedef int (*add_folder_fn)(const struct unit_loader *loader, const char *folder, void *found);

static bool may_have_folder(const struct unit_loader *loader, const char *directory, const char *name,
                            const char *suffix)
{
    return !loader->ops->may_have_folder ||
           loader->ops->may_have_folder(loader->files, directory, name, suffix);
}

static int add_folders(const struct unit_loader *loader, char *const *names, const char *suffix,
                       add_folder_fn add, void *found)
{
    for (char **directory = loader->search_path; directory && *directory; directory++)
        for (char *const *name = names; *name; name++) {
            if (!may_have_folder(loader, *directory, *name, suffix))
                continue;
            _cleanup_free_ char *path = path_in(*directory, *name, suffix);
            int r = path ? add(loader, path, found) : -ENOMEM;
            if (r < 0)
                return r;
        }
    return 0;
}

/* Those of each name, then those of the type: "service.d". */
static int add_all_folders(const struct unit_loader *loader, char *const *names, const char *suffix,
                           add_folder_fn add, void *found)
{
    char *type[] = {strrchr(names[0], '.') + 1, NULL};
    int r = 0;

    for (char *const *name = names; r >= 0 && *name; name++) {
        _cleanup_strv_ char **folders = NULL;
        r = folder_names(*name, &folders);
        if (r >= 0)
            r = add_folders(loader, folders, suffix, add, found);
    }
    return r < 0 ? r : add_folders(loader, type, suffix, add, found);
}

/* Adds the drop-ins in one folder, but for those whose file name was seen before. */
static int add_drop_ins(const struct unit_loader *loader, const char *folder, void *found)
{
    _cleanup_strv_ char **names = NULL;
    char ***paths = found;
    int r = loader->ops->list(loader->files, folder, &names);
    if (r < 0)
        return r == -ENOMEM ? r : 0;

    for (char **name = names; name && *name; name++) {
        bool seen = !endswith(*name, ".conf") || strv_length(*paths) >= UNIT_DROP_INS_MAX;
        for (char **path = *paths; !seen && path && *path; path++)
            seen = streq(link_base_name(*path), *name);
        if (!seen && strv_consume(paths, xasprintf("%s/%s", folder, *name)) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int compare_base_names(const void *a, const void *b)
{
    return strcmp(link_base_name(*(char *const *)a), link_base_name(*(char *const *)b));
}

int fragment_drop_ins(const struct unit_loader *loader, char *const *names, char ***ret)
{
    _cleanup_strv_ char **paths = NULL;
    int r = add_all_folders(loader, names, ".d", add_drop_ins, &paths);

    if (r < 0)
        return r;
    if (paths)
        qsort(paths, strv_length(paths), sizeof(*paths), compare_base_names);
    *ret = TAKE_PTR(paths);
    return 0;
}

struct entries {
    const char *unit;
    char **seen;  /* all, also those that only hide others */
    char **units; /* what is depended on */
};

static void tell_of_no_link(const struct unit_loader *loader, const char *unit, const char *folder,
                            const char *entry)
{
    _cleanup_free_ char *path = path_in(folder, entry, "");

    if (path && loader->report)
        loader->report(loader->report_userdata, REPORT_WARNING, unit, path, 0,
                       "ignored: not a symbolic link to a unit file");
}

static int add_entry(const struct unit_loader *loader, const char *folder, const char *entry,
                     const char *target, struct entries *entries)
{
    int r = strv_append(&entries->seen, entry);

    if (r < 0 || streq(target, "/dev/null"))
        return r;
    if (*target)
        return strv_append(&entries->units, entry);
    tell_of_no_link(loader, entries->unit, folder, entry);
    return 0;
}

static bool is_among(char *const *strv, size_t n, const char *text)
{
    FOREACH_ARRAY (item, strv, n)
        if (streq(*item, text))
            return true;
    return false;
}

static int add_entries(const struct unit_loader *loader, const char *folder, void *found)
{
    _cleanup_strv_ char **pairs = NULL;
    struct entries *entries = found;
    size_t n = strv_length(entries->seen); /* no folder has an entry twice */
    int r = loader->ops->list_links(loader->files, folder, &pairs);
    if (r < 0)
        return r == -ENOMEM ? r : 0;

    for (char **pair = pairs; r >= 0 && pair && pair[0] && pair[1]; pair += 2)
        if (!is_among(entries->seen, n, pair[0]))
            r = add_entry(loader, folder, pair[0], pair[1], entries);
    return r;
}

int fragment_folder(const struct unit_loader *loader, char *const *names, const char *suffix, char ***ret)
{
    struct entries entries = {.unit = names[0]};
    int r = add_all_folders(loader, names, suffix, add_entries, &entries);

    strv_free(entries.seen);
    if (r < 0)
        strv_free(entries.units);
    else
        *ret = entries.units;
    return r;
}
