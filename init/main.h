/* The modes of berth-init; main.c chooses by argv[0] and options. Each returns the exit status of the
 * process. berth-init's own modes are entered with every signal blocked, from the first instruction on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/time.h"

#define INIT_DEFAULT_STOP_TIMEOUT (10 * USEC_PER_SEC) /* as docker and podman */

struct job_options {
    char *const *argv;   /* the command */
    const char *user;    /* "USER[:GROUP[:GROUP...]]", names or numbers of the container; NULL: as PID 1 */
    const char *workdir; /* where the command starts; NULL: where PID 1 was started */
    bool single;         /* signals to the child only instead of its process group */
    bool verbose;        /* says what it does on standard error, which then stays open */
    usec_t stop_timeout; /* between SIGTERM to what is to end and SIGKILL */
    bool limits_sigterm; /* the timeout counts for a SIGTERM from outside too: it was asked for */
    uint64_t inherited_mask; /* blocked signals at entry, bit N-1 for signal N: the command gets it back */
};
int job_main(const struct job_options *options); /* init/job/job.c */

struct boot_options {
    const char *target; /* NULL: default.target, else multi-user.target */
    const char *main_unit;
    char *const *command;   /* run as the main job beside the services, or NULL */
    char *const *unit_path; /* strv: searched before the standard places, or NULL */
    usec_t stop_timeout;    /* USEC_INFINITY: only the units' own */
    bool exit_when_idle;
    uint64_t inherited_mask; /* as in job_options: services get it back */
};
int boot_main(const struct boot_options *options); /* init/platform/boot.c */

int berthctl_main(int argc, char **argv);              /* init/control/berthctl.c */
int verify_main(const char *root, char *const *units); /* init/platform/verify.c */
