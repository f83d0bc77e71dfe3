/* AppArmor's profile and SELinux's label of what is executed: --apparmor=, --selinux-label=. */
#pragma once

#include "launcher/config.h"
#include "launcher/failure.h"

/* The host's side: whether this host has what is asked for. */
int security_label_check(const struct container_config *config, struct failure *failure);
/* While /proc is the host's: the next execve(2) of this process, or of a child, takes it. */
int security_label_apply(const struct container_config *config, struct failure *failure);
