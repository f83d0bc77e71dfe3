/* What arrives by signal: orders for PID 1, and the ends of children. */
#pragma once

#include "init/platform/platform.h"

int orders_open(struct platform *platform);
void orders_close(struct platform *platform);
/* By signal or by a client: reads all units again, and applies the limits that they have now. */
int orders_reload(struct platform *platform);
/* Of a struct platform, before ends of children are told: orders and last words come first. */
void orders_before_ends(void *userdata);
/* cgroup_before_fn: before it is told that a unit's group (owner NULL: any) is empty. */
void orders_before_group_is_empty(void *userdata, void *owner);
