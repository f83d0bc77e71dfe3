/* Links that are to go: disable, unmask, revert. */
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/install/install.h"
#include "init/unit/name.h"

/* Adds a unit, and those that its Also= names. */
static int collect(const struct install *install, const char *name, struct install_plan *plan)
{
    struct install_unit unit;
    struct install_section section = {};
    _cleanup_free_ char *instance = NULL;

    if (strv_contains(plan->visited, name))
        return 0;
    int r = install_find(install, name, &unit);
    if (r < 0)
        return r;
    if (unit.found == FOUND_MASKED) {
        r = install_plan_say(plan, INSTALL_NOTE, "Unit %s is masked, ignored.", name);
    } else {
        r = strv_append(&plan->visited, name);
        plan->any_unit |= unit.found != FOUND_NOTHING;
    }
    if (r >= 0 && (unit.found == FOUND_FILE || unit.found == FOUND_LINKED) &&
        install_read(install, &unit, &section, &instance) >= 0) {
        plan->any_section |=
            section.alias || section.wanted_by || section.required_by || section.upheld_by || section.also;
        for (char **also = section.also; r >= 0 && also && *also; also++)
            r = collect(install, *also, plan);
    }
    /* Another name means the unit itself. */
    if (r >= 0 && unit.found == FOUND_ALIAS)
        r = collect(install, install_base_name(unit.source), plan);
    install_section_done(&section);
    install_unit_done(&unit);
    return r;
}

struct removal {
    struct install_plan *plan;
    bool found;
};

static bool is_planned(const struct install_plan *plan, const char *path)
{
    FOREACH_ARRAY (change, plan->changes, plan->n)
        if (change->kind == INSTALL_UNLINK && streq(change->path, path))
            return true;
    return false;
}

/* A link goes when it has the name of one of the units, or leads to one. A further name that goes counts as a
 * unit then: other links may lead to it. */
static int consider(void *userdata, const char *path, const char *folder, const char *target)
{
    struct removal *removal = userdata;
    struct install_plan *plan = removal->plan;
    const char *name = install_base_name(path);

    if (streq(target, "/dev/null") || is_planned(plan, path) ||
        (!strv_contains(plan->visited, name) && !strv_contains(plan->visited, install_base_name(target))))
        return 0;
    removal->found = true;
    int r = install_plan_add(plan, INSTALL_UNLINK, path, NULL);
    return r < 0 || folder || strv_contains(plan->visited, name) ? r : strv_append(&plan->visited, name);
}

int install_disable(const struct install *install, char *const *names, struct install_plan *plan)
{
    struct removal removal = {.plan = plan, .found = true};
    int r = 0;

    for (; r >= 0 && *names; names++) {
        struct install_unit unit;
        r = install_find(install, *names, &unit);
        if (r >= 0 && unit.found == FOUND_NOTHING)
            r = install_plan_say(plan, INSTALL_ERROR, "unit %s does not exist.", *names);
        install_unit_done(&unit);
        if (r >= 0)
            r = collect(install, *names, plan);
    }
    while (r >= 0 && removal.found) {
        removal.found = false;
        r = install_each_link(install, install->config, consider, &removal);
    }
    return r;
}

int install_unmask(const struct install *install, char *const *names, struct install_plan *plan)
{
    int r = 0;

    for (; r >= 0 && *names; names++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", install->config, *names), *target = NULL;
        if (!path)
            return -ENOMEM;
        r = install->loader.ops->read_link(install->loader.files, path, &target);
        if (r == 0 && streq(target, "/dev/null"))
            r = install_plan_add(plan, INSTALL_UNLINK, path, NULL);
        else if (r != -ENOMEM)
            r = 0;
    }
    return r;
}

static bool is_config(const char *directory)
{
    return streq(directory, INSTALL_CONFIG) || streq(directory, INSTALL_RUNTIME);
}

/* Whether the unit has a file that the administrator did not write. */
static int has_vendor_file(const struct install *install, const char *name)
{
    for (char **directory = install->loader.search_path; *directory; directory++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", *directory, name), *text = NULL;
        size_t size;
        if (!path)
            return -ENOMEM;
        if (!is_config(*directory) &&
            install->loader.ops->read(install->loader.files, path, &text, &size) >= 0)
            return 1;
    }
    return 0;
}

static int revert_drop_ins(const struct install *install, const char *directory, const char *name,
                           struct install_plan *plan)
{
    _cleanup_free_ char *folder = xasprintf("%s/%s.d", directory, name);
    _cleanup_strv_ char **entries = NULL;
    int r = folder ? install->loader.ops->list(install->loader.files, folder, &entries) : -ENOMEM;

    if (r == -ENOMEM)
        return r;
    r = 0;
    for (char **entry = entries; r >= 0 && entry && *entry; entry++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, *entry);
        r = path ? install_plan_add(plan, INSTALL_UNLINK, path, NULL) : -ENOMEM;
    }
    return r;
}

static int revert_file(const struct install *install, const char *directory, const char *name, int vendor,
                       struct install_plan *plan)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", directory, name), *target = NULL, *text = NULL;
    size_t size;

    if (!path)
        return -ENOMEM;
    int r = install->loader.ops->read_link(install->loader.files, path, &target);
    bool is_mask = r == 0 && streq(target, "/dev/null");
    bool is_file = r == -EINVAL && install->loader.ops->read(install->loader.files, path, &text, &size) >= 0;
    if (r == -ENOMEM || (!is_mask && !(is_file && vendor)))
        return r == -ENOMEM ? r : 0;
    return install_plan_add(plan, INSTALL_UNLINK, path, NULL);
}

int install_revert(const struct install *install, char *const *names, struct install_plan *plan)
{
    static const char *const directories[] = {INSTALL_CONFIG, INSTALL_RUNTIME};

    for (; *names; names++) {
        int vendor = has_vendor_file(install, *names), r = MIN(vendor, 0);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(directories); i++) {
            r = revert_drop_ins(install, directories[i], *names, plan);
            if (r >= 0)
                r = revert_file(install, directories[i], *names, vendor, plan);
        }
        if (r < 0)
            return r;
    }
    return 0;
}
