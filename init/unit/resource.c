/* The list of a unit's resource settings. */
#include "init/unit/resource.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"

static const char *const controller_table[CGROUP_CONTROLLER_MAX] = {
    [CONTROLLER_CPU] = "cpu",       [CONTROLLER_CPUSET] = "cpuset", [CONTROLLER_IO] = "io",
    [CONTROLLER_MEMORY] = "memory", [CONTROLLER_PIDS] = "pids",
};
STRING_TABLE(cgroup_controller, enum cgroup_controller, controller_table)

const struct cgroup_setting *cgroup_context_get(const struct cgroup_context *context, enum cgroup_limit limit,
                                                bool starting)
{
    const struct cgroup_setting *plain = NULL;

    for (const struct cgroup_setting *setting = context->settings; setting; setting = setting->next) {
        if (setting->limit != limit)
            continue;
        if (setting->startup && starting)
            return setting;
        if (!setting->startup)
            plain = setting;
    }
    return plain;
}

struct cgroup_setting *cgroup_setting_free(struct cgroup_setting *setting)
{
    if (!setting)
        return NULL;
    free(setting->file);
    free(setting->text);
    free(setting);
    return NULL;
}

void cgroup_context_done(struct cgroup_context *context)
{
    while (context->settings) {
        struct cgroup_setting *next = context->settings->next;
        cgroup_setting_free(context->settings);
        context->settings = next;
    }
    free(context->slice);
    free(context->delegate_subgroup);
}
