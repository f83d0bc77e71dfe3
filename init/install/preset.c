/* Which units are to be enabled by default: systemd.preset(5). */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/install/install.h"
#include "init/unit/name.h"

struct install_preset {
    enum install_policy policy;
    char *pattern;
    char **instances; /* of a template: the only ones that are meant; NULL: all */
};

static const struct {
    const char *word;
    enum install_policy policy;
} words[] = {{"enable", PRESET_ENABLE}, {"disable", PRESET_DISABLE}, {"ignore", PRESET_IGNORE}};

void install_presets_done(struct install_presets *presets)
{
    FOREACH_ARRAY (rule, presets->rules, presets->n) {
        free(rule->pattern);
        strv_free(rule->instances);
    }
    free(presets->rules);
    *presets = (struct install_presets){};
}

static int add_rule(struct install_presets *presets, enum install_policy policy, char *const *parts)
{
    struct install_preset *more = reallocarray(presets->rules, presets->n + 1, sizeof(*more));

    if (!more)
        return -ENOMEM;
    presets->rules = more;
    struct install_preset *rule = &presets->rules[presets->n++];
    *rule = (struct install_preset){policy, strdup(parts[0]), parts[1] ? strv_copy(parts + 1) : NULL};
    return rule->pattern && (!parts[1] || rule->instances) ? 0 : -ENOMEM;
}

/* A line that is none is left out, as systemd does. */
static int read_line(struct install_presets *presets, const char *line)
{
    _cleanup_strv_ char **parts = NULL;
    int r = strv_split(line, " \t\r", &parts);

    if (r < 0 || !parts || strchr("#;", **parts) || !parts[1])
        return r;
    FOREACH_ARRAY (word, words, ELEMENTSOF(words))
        if (streq(word->word, parts[0]))
            return add_rule(presets, word->policy, parts + 1);
    return 0;
}

static int read_file(const struct install *install, const char *path, struct install_presets *presets)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **lines = NULL;
    size_t size;
    int r = install->loader.ops->read(install->loader.files, path, &text, &size);

    if (r < 0)
        return r == -ENOMEM ? r : 0;
    r = strv_split(text, "\n", &lines);
    for (char **line = lines; r >= 0 && line && *line; line++)
        r = read_line(presets, *line);
    return r;
}

static int compare_base_names(const void *a, const void *b)
{
    return strcmp(install_base_name(*(char *const *)a), install_base_name(*(char *const *)b));
}

/* Files of one directory, but for those whose name an earlier directory had. */
static int add_files(const struct install *install, const char *directory, char ***paths)
{
    _cleanup_strv_ char **names = NULL;
    int r = install->loader.ops->list(install->loader.files, directory, &names);

    if (r < 0)
        return r == -ENOMEM ? r : 0;
    for (char **name = names; name && *name; name++) {
        bool seen = !endswith(*name, ".preset");
        for (char **path = *paths; !seen && path && *path; path++)
            seen = streq(install_base_name(*path), *name);
        if (!seen && strv_consume(paths, xasprintf("%s/%s", directory, *name)) < 0)
            return -ENOMEM;
    }
    return 0;
}

int install_presets_read(const struct install *install, struct install_presets *ret)
{
    static const char *const directories[] = {
        "/etc/systemd/system-preset",           "/run/systemd/system-preset",
        "/usr/local/lib/systemd/system-preset", "/usr/lib/systemd/system-preset",
        "/lib/systemd/system-preset",
    };
    _cleanup_strv_ char **paths = NULL;
    int r = 0;

    *ret = (struct install_presets){};
    for (size_t i = 0; r >= 0 && i < ELEMENTSOF(directories); i++)
        r = add_files(install, directories[i], &paths);
    if (paths)
        qsort(paths, strv_length(paths), sizeof(*paths), compare_base_names);
    for (char **path = paths; r >= 0 && path && *path; path++)
        r = read_file(install, *path, ret);
    if (r < 0)
        install_presets_done(ret);
    return r;
}

static bool rule_matches(const struct install_preset *rule, const char *name)
{
    _cleanup_free_ char *template = NULL, *instance = NULL;

    if (!rule->instances || unit_name_is_template(name))
        return fnmatch(rule->pattern, name, FNM_NOESCAPE) == 0;
    if (!unit_name_is_instance(name))
        return fnmatch(rule->pattern, name, FNM_NOESCAPE) == 0;
    return unit_name_template(name, &template) >= 0 && unit_name_instance(name, &instance) >= 0 &&
           fnmatch(rule->pattern, template, FNM_NOESCAPE) == 0 && strv_contains(rule->instances, instance);
}

enum install_policy install_presets_ask(const struct install_presets *presets, const char *name)
{
    FOREACH_ARRAY (rule, presets->rules, presets->n)
        if (rule_matches(rule, name))
            return rule->policy;
    return PRESET_ENABLE;
}

char *const *install_presets_instances(const struct install_presets *presets, const char *name)
{
    FOREACH_ARRAY (rule, presets->rules, presets->n)
        if (rule_matches(rule, name))
            return unit_name_is_template(name) ? rule->instances : NULL;
    return NULL;
}
