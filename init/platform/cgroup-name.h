/* Where a unit's processes live below the root of the delegated tree. Pure. */
#pragma once

#include "init/unit/unit.h"

/* "system.slice/web.service", "a.slice/a-b.slice/x.service", "" for "-.slice"; no slash in front. A name that
 * would meet a file of the kernel's gets "_" in front, as systemd does it. -ENOMEM. */
int cgroup_unit_name(const struct unit *unit, char **ret);
/* The unit's name in one component of a path. Points into it. */
const char *cgroup_unescape(const char *component);
