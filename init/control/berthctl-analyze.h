/* What took how long at boot: the units that were started, with their times relative to the first of them. */
#pragma once

#include "common/status-store.h"
#include "common/time.h"
#include "init/control/berthctl.h"

struct boot_unit {
    const struct status_record *record;
    const char *name;
    usec_t begin; /* it left "inactive" */
    usec_t ready; /* it was active, or its work was done */
    bool up;      /* it is active now */
};

struct boot_times {
    struct boot_unit *units; /* in the order in which they began */
    size_t n;
    usec_t end; /* of the last one */
};

/* 0 or -ENOMEM. */
int boot_times_read(const struct status_view *view, struct boot_times *ret);
void boot_times_done(struct boot_times *times);
const struct boot_unit *boot_times_find(const struct boot_times *times, const char *name);

/* berthctl-analyze.c */
void berthctl_finish_analyze(struct berthctl *ctl);
/* berthctl-plot.c */
void boot_times_plot(const struct boot_times *times, FILE *out);
