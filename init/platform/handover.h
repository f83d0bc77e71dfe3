/* What boot mode hands over beside the manager's state: descriptors, control groups, sessions, the log. Each
 * function writes sections of init/manager/handover.h, or reads them. */
#pragma once

#include "init/manager/handover.h"
#include "init/platform/platform.h"

/* Everything, for the PID 1 that comes. -EBUSY at the end of the container, -ENOMEM. */
int platform_hand_over(struct platform *platform, struct handover *handover);

/* The PID 1 that came, step by step as it sets its world up. The first before anything is opened. */
int handover_take_process(struct platform *platform, struct handover_reader *reader);
/* Units and their processes: the manager, which has no unit yet, goes on. */
int handover_take_units(struct platform *platform, struct handover_reader *reader);
/* What happened between the two: children that ended, groups that became empty. */
void handover_catch_up(struct platform *platform);
