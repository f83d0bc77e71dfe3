/* Control groups of units as the platform makes them: slices first, limits that cannot be told once. */
#pragma once

#include "init/platform/platform.h"

/* Makes the unit's group and those of its slices. Without a delegated tree only tells what that costs. */
int platform_realize_cgroup(struct platform *platform, struct manager_unit *unit);
/* Puts Startup...= settings into force, and out of it, as the container comes up and goes down. */
void platform_follow_startup(struct platform *platform);
/* Writes all limits again: units were read anew. */
void platform_apply_limits(struct platform *platform);
