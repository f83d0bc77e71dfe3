/* Names of control groups: systemd.slice(5), and systemd's rule for names that kernel files have. */
#include "init/platform/cgroup-name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define DEFAULT_SLICE "system.slice"

/* Kernel files are called CONTROLLER.something; these two have no dot. */
static const char *const kernel_prefixes[] = {
    "_",     ".",     "cgroup.",  "cpu.",  "cpuset.", "cpuacct.", "io.",    "blkio.",   "memory.",
    "pids.", "rdma.", "hugetlb.", "misc.", "dmem.",   "irq.",     "debug.", "devices.", "freezer.",
};
static const char *const kernel_names[] = {"tasks", "notify_on_release", "release_agent"};

static bool name_collides(const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(kernel_prefixes); i++)
        if (startswith(name, kernel_prefixes[i]))
            return true;
    for (size_t i = 0; i < ELEMENTSOF(kernel_names); i++)
        if (streq(name, kernel_names[i]))
            return true;
    return false;
}

const char *cgroup_unescape(const char *component)
{
    return component[0] == '_' ? component + 1 : component;
}

/* "a-b.slice" is a child of "a.slice": each dash ends the name of one parent. */
static char *slice_path(const char *slice)
{
    const char *end = endswith(slice, ".slice");
    char *path = NULL;

    if (!end || streq(slice, "-.slice"))
        return strdup("");
    for (const char *p = slice; p <= end; p++) {
        if (p != end && (*p != '-' || p == slice))
            continue;
        _cleanup_free_ char *parent = path;
        _cleanup_free_ char *name = xasprintf("%.*s.slice", (int)(p - slice), slice);
        path = !name ? NULL
                     : xasprintf("%s%s%s%s", parent ? parent : "", parent ? "/" : "",
                                 name_collides(name) ? "_" : "", name);
        if (!path)
            return NULL;
    }
    return path;
}

int cgroup_unit_name(const struct unit *unit, char **ret)
{
    bool is_slice = unit->type == UNIT_SLICE;
    const char *slice = is_slice ? unit->name : unit->cgroup->slice ? unit->cgroup->slice : DEFAULT_SLICE;
    _cleanup_free_ char *parent = slice_path(slice);

    if (!parent)
        return -ENOMEM;
    if (is_slice)
        *ret = TAKE_PTR(parent);
    else
        *ret = xasprintf("%s%s%s%s", parent, parent[0] ? "/" : "", name_collides(unit->name) ? "_" : "",
                         unit->name);
    return *ret ? 0 : -ENOMEM;
}
