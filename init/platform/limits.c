/* Limits of units on their way between the manager and the control groups. */
#include "init/platform/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "init/platform/cgroup-limits.h"

/* Whose limits are applied. */
struct limited {
    struct platform *platform;
    const struct manager_unit *unit;
    bool told; /* at an earlier start */
};

static void say_problem(void *userdata, const struct cgroup_setting *setting, const char *why)
{
    struct limited *limited = userdata;
    char line[1024];

    if (limited->told)
        return;
    (void)snprintf(line, sizeof(line), "%s:%u: %s=: not applied: %s", setting->file, setting->line,
                   setting->directive, why);
    logs_write(limited->platform->logs, limited->unit->unit->name, line);
}

static int make_group(struct platform *platform, struct manager_unit *unit)
{
    struct unit_runtime *runtime = unit_runtime_get(&platform->runtimes, unit);

    if (!runtime)
        return -ENOMEM;
    if (runtime->cgroup)
        return 0;
    struct limited limited = {platform, unit, runtime->told_limits};
    runtime->told_limits = true;
    if (platform->cgroups)
        return cgroup_unit_new(platform->cgroups, unit->unit, unit, say_problem, &limited, &runtime->cgroup);
    cgroup_limits_check(unit->unit->cgroup, 0, false, say_problem, &limited);
    return 0;
}

/* From the outermost inwards: what a slice says holds for the groups in it. A slice that was not loaded is
 * only a directory. */
static int make_slice(struct platform *platform, const char *name)
{
    struct manager_unit *slice = manager_find(platform->manager, name);
    const char *dash = strrchr(name, '-');
    int r = 0;

    if (!streq(name, "-.slice")) {
        bool is_top = !dash || dash == name;
        _cleanup_free_ char *parent =
            is_top ? strdup("-.slice") : xasprintf("%.*s.slice", (int)(dash - name), name);
        r = parent ? make_slice(platform, parent) : -ENOMEM;
    }
    if (r < 0 || !slice || slice->unit->type != UNIT_SLICE || slice->unit->load_state != UNIT_LOADED)
        return r;
    return make_group(platform, slice);
}

int platform_realize_cgroup(struct platform *platform, struct manager_unit *unit)
{
    int r = unit->unit->cgroup->slice ? make_slice(platform, unit->unit->cgroup->slice) : 0;
    return r < 0 ? r : make_group(platform, unit);
}

static void apply_again(struct platform *platform, bool all)
{
    for (struct unit_runtime *runtime = platform->runtimes.all; runtime; runtime = runtime->next) {
        const struct cgroup_context *context = runtime->unit->unit->cgroup;
        struct limited limited = {platform, runtime->unit, !all};
        if (runtime->cgroup && (all || cgroup_limits_change(context)))
            cgroup_unit_apply(runtime->cgroup, context, say_problem, &limited);
    }
}

void platform_follow_startup(struct platform *platform)
{
    const char *state = manager_system_state(platform->manager);
    bool starting = streq(state, "starting") || streq(state, "stopping");

    if (!platform->cgroups || starting == !platform->startup_is_over)
        return;
    platform->startup_is_over = !starting;
    cgroup_tree_set_starting(platform->cgroups, starting);
    apply_again(platform, false);
}

void platform_apply_limits(struct platform *platform)
{
    if (platform->cgroups)
        apply_again(platform, true);
}
