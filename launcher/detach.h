/* --detach: the monitor goes to the background, the caller waits until the container runs and is told when it
 * does not. */
#pragma once

#include "launcher/monitor.h"

/* What the monitor tells the one who waits. */
enum detach_outcome { DETACH_RUNNING, DETACH_FAILED, DETACH_ENDED };
struct detach_report {
    enum detach_outcome outcome;
    struct failure failure; /* DETACH_FAILED; DETACH_ENDED: the last line that it printed */
    int exit_status;
};

/* Forks. In the monitor: returns 0 and the descriptor to report to. In the caller: returns 1 and what to exit
 * with; it has told the user already. */
int detach_fork(const struct container_config *config, int *ret_report_fd, int *ret_exit_status);
/* Tells the one who waits, once; the descriptor is closed then, and the monitor's own streams with it. */
void detach_report(int *report_fd, const struct detach_report *report);
