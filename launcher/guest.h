/* What the container finds of ours: /run with the copy of the init, and the files of systemd's container
 * interface. */
#pragma once

#include "launcher/container.h"

/* Finds the init's binary: $BERTH_INIT, or where it was installed. Sets
 * container->init_fd. */
int guest_open_init(struct container *container, struct failure *failure);
/* Fills the fresh tmpfs of /run; sets container->init_copy_fd. */
int guest_fill_run(struct container *container, int run_fd, struct failure *failure);
/* After the pivot: puts what /run has of --machine-id over /etc/machine-id, whatever the root has there. */
int guest_set_machine_id(struct container *container, struct failure *failure);
/* The environment of PID 1 (strv) and its argument vector (strv). */
int guest_environment(const struct container *container, char ***ret, struct failure *failure);
int guest_arguments(const struct container *container, char ***ret, struct failure *failure);
