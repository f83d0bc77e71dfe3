/* The modes of berth-init; main.c chooses by argv[0] and options. Each returns the exit status of the
 * process. berth-init's own modes are entered with every signal blocked, from the first instruction on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/time.h"
#include "init/job/job-options.h"
#include "init/platform/log-format.h"

struct boot_options {
    char *const *argv;  /* for daemon-reexec */
    const char *target; /* NULL: default.target, else multi-user.target */
    const char *main_unit;
    char *const *command;   /* run as the main job beside the services, or NULL */
    char *const *unit_path; /* strv: searched before the standard places, or NULL */
    usec_t stop_timeout;    /* USEC_INFINITY: only the units' own */
    bool exit_when_idle;
    enum log_format log_format;
    enum log_time log_time;
    bool clean_env;          /* services do not get the container's environment */
    uint64_t inherited_mask; /* as in job_options: services get it back */
};
int boot_main(const struct boot_options *options); /* init/platform/boot.c */

int berthctl_main(int argc, char **argv); /* init/control/berthctl.c */
/* init/platform/verify.c */
int verify_main(const char *root, char *const *unit_path, char *const *units);
