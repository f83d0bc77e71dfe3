/* daemon-reexec, the side that comes: finds what the PID 1 before has left. */
#pragma once

#include "init/manager/handover.h"

struct cgroup_tree;

struct takeover {
    bool given;    /* this program was executed in the place of another PID 1 */
    bool readable; /* and what it left is understood */
    char *text;
    size_t size;
    struct handover_reader reader;
};

/* Takes BERTH_HANDOVER_FD out of the environment. Only a memfd of our own with all seals counts, so that
 * nobody can start a PID 1 with a state of his making. What is open beside the three standard descriptors is
 * closed at the next exec. */
void takeover_open(struct takeover *takeover);
/* Text that says no more than which services run, as their control groups tell: for when what was left cannot
 * be read. The number of services. */
unsigned takeover_guess(const struct cgroup_tree *tree, struct handover *handover);
/* Closes what nobody has taken. */
void takeover_close(struct takeover *takeover);
