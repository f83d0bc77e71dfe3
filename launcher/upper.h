/* Where the changes of a container stay on the host: --upper and --work, or the state directory of
 * --overlay=persistent, or until its end below --scratch. Found, checked and locked before anything starts,
 * as overlayfs itself takes an upper for two containers at once, and names the reason of a refusal in the
 * kernel's log only. */
#pragma once

#include "launcher/container.h"

/* Makes the directories where they are missing. The locks are the monitor's, and end with it. */
int upper_prepare(struct container *container, struct failure *failure);
/* Where a verb finds it while the monitor lives; new string, NULL: nowhere. */
char *upper_name(const struct upper *upper);
/* Lets go of them; of a container that never ran, removes what was made. */
void upper_release(struct container *container);
