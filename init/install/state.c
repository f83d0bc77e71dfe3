/* is-enabled: what the links say about a unit. systemctl(1). */
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/install/install.h"
#include "init/unit/link.h"
#include "init/unit/name.h"

#define HOPS_MAX 16 /* from a name to its unit */

static const char *const states[] = {
    [STATE_ENABLED] = "enabled",
    [STATE_ENABLED_RUNTIME] = "enabled-runtime",
    [STATE_LINKED] = "linked",
    [STATE_LINKED_RUNTIME] = "linked-runtime",
    [STATE_ALIAS] = "alias",
    [STATE_MASKED] = "masked",
    [STATE_MASKED_RUNTIME] = "masked-runtime",
    [STATE_STATIC] = "static",
    [STATE_INDIRECT] = "indirect",
    [STATE_DISABLED] = "disabled",
    [STATE_BAD] = "bad",
};
STRING_TABLE(install_state, enum install_state, states)

bool install_state_is_enabled(enum install_state state)
{
    return state == STATE_ENABLED || state == STATE_ENABLED_RUNTIME || state == STATE_STATIC ||
           state == STATE_ALIAS || state == STATE_INDIRECT;
}

static bool is_folder(const char *name)
{
    return endswith(name, ".wants") || endswith(name, ".requires") || endswith(name, ".upholds");
}

static int each_in_folder(const struct install *install, const char *directory, const char *folder,
                          install_link_fn fn, void *userdata)
{
    _cleanup_strv_ char **names = NULL;
    int r = install->loader.ops->list(install->loader.files, directory, &names);

    if (r < 0)
        return r == -ENOMEM ? r : 0;
    for (char **name = names; r >= 0 && name && *name; name++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", directory, *name), *target = NULL;
        if (!path)
            return -ENOMEM;
        r = install->loader.ops->read_link(install->loader.files, path, &target);
        if (r >= 0)
            r = fn(userdata, path, folder, target);
        else if (r != -ENOMEM)
            r = !folder && is_folder(*name) ? each_in_folder(install, path, *name, fn, userdata) : 0;
    }
    return r;
}

int install_each_link(const struct install *install, const char *config, install_link_fn fn, void *userdata)
{
    return each_in_folder(install, config, NULL, fn, userdata);
}

/* What there is of a unit in one directory of configuration. */
struct traces {
    const struct install_unit *unit;
    const char *instance; /* with DefaultInstance= */
    const struct install_section *section;
    bool enabled;  /* a folder has it, or one of its Alias= is there */
    bool indirect; /* something else leads to its file */
    bool linked;   /* its file is linked from elsewhere */
};

static int look_at_link(void *userdata, const char *path, const char *folder, const char *target)
{
    struct traces *traces = userdata;
    const struct install_unit *unit = traces->unit;
    const char *name = install_base_name(path), *to = install_base_name(target);
    bool same = streq(name, unit->name) || streq(name, traces->instance);
    bool ours = streq(to, unit->file) || streq(to, unit->name);

    if (folder && same)
        traces->enabled = true;
    else if (!folder && streq(name, unit->file))
        traces->linked |= streq(to, unit->file);
    else if (ours && !folder && strv_contains(traces->section->alias, name))
        traces->enabled = true;
    else if (ours && (!folder || unit_name_is_template(unit->name)))
        traces->indirect = true;
    return 0;
}

/* Of the links only those count that have or lead to one of its names. */
static int collect_traces(const struct install *install, bool runtime, struct traces *traces)
{
    const char *words[] = {traces->unit->name, traces->unit->file, traces->instance};
    int r = 0;

    if (!install->links)
        return install_each_link(install, runtime ? INSTALL_RUNTIME : INSTALL_CONFIG, look_at_link, traces);
    for (size_t i = 0; r >= 0 && i < ELEMENTSOF(words); i++)
        r = install_links_of(install->links, runtime, words[i], look_at_link, traces);
    return r;
}

static int look_for_links(const struct install *install, const struct install_unit *unit,
                          const char *instance, const struct install_section *section,
                          enum install_state *ret)
{
    struct traces config = {unit, instance, section}, runtime = {unit, instance, section};
    int r = collect_traces(install, false, &config);

    if (r >= 0)
        r = collect_traces(install, true, &runtime);
    if (r < 0)
        return r;
    if (config.enabled)
        *ret = STATE_ENABLED;
    else if (runtime.enabled)
        *ret = STATE_ENABLED_RUNTIME;
    else if (config.indirect || runtime.indirect)
        *ret = STATE_INDIRECT;
    else if (config.linked)
        *ret = STATE_LINKED;
    else if (runtime.linked)
        *ret = STATE_LINKED_RUNTIME;
    else if (section->alias || section->wanted_by || section->required_by || section->upheld_by)
        *ret = STATE_DISABLED;
    else
        *ret = section->also ? STATE_INDIRECT : STATE_STATIC;
    return 0;
}

static int look_at_file(const struct install *install, const struct install_unit *unit,
                        enum install_state *ret)
{
    struct install_section section = {};
    _cleanup_free_ char *instance = NULL;
    int r = install_read(install, unit, &section, &instance);

    if (r >= 0)
        r = look_for_links(install, unit, instance, &section, ret);
    else if (r != -ENOMEM) {
        *ret = STATE_BAD;
        r = 0;
    }
    install_section_done(&section);
    return r;
}

static int get_state(const struct install *install, const char *name, unsigned hops, enum install_state *ret);

/* What it leads to may be masked, or not there. */
static int look_behind_alias(const struct install *install, const struct install_unit *unit, unsigned hops,
                             enum install_state *ret)
{
    _cleanup_free_ char *text = NULL, *target = NULL;
    const struct unit_loader *loader = &install->loader;
    enum install_state state = STATE_ALIAS;
    size_t size = 0;
    int r = 0;

    if (hops == 0)
        return -ELOOP;
    if (unit->path && link_meaning(loader->search_path, unit->path, unit->source) == LINK_FILE)
        r = loader->ops->read(loader->files, unit->source, &text, &size);
    else {
        r = install_alias_target(unit, &target);
        if (r >= 0)
            r = get_state(install, target, hops - 1, &state);
    }
    *ret = state == STATE_MASKED || state == STATE_MASKED_RUNTIME ? state : STATE_ALIAS;
    return r;
}

static int get_state(const struct install *install, const char *name, unsigned hops, enum install_state *ret)
{
    struct install_unit unit;
    int r = install_find(install, name, &unit);

    if (r < 0)
        return r;
    bool runtime = unit.path && startswith(unit.path, INSTALL_RUNTIME "/");
    if (unit.found == FOUND_NOTHING)
        r = -ENOENT;
    else if (unit.found == FOUND_MASKED)
        *ret = runtime ? STATE_MASKED_RUNTIME : STATE_MASKED;
    else if (unit.found == FOUND_ALIAS)
        r = look_behind_alias(install, &unit, hops, ret);
    else
        r = look_at_file(install, &unit, ret);
    install_unit_done(&unit);
    return r;
}

int install_get_state(const struct install *install, const char *name, enum install_state *ret)
{
    return get_state(install, name, HOPS_MAX, ret);
}
