/* What the processes of a container are given beside namespaces and privileges: limits of setrlimit(2), score
 * of the OOM killer, umask, personality(2), session keyring. The same for PID 1 and for berth exec. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "launcher/failure.h"
#include "launcher/options.h"

struct process_settings {
    struct rlimit limits[RLIM_NLIMITS];
    uint32_t limits_set; /* bit N: limits[N] counts */
    bool oom_score_adj_set;
    int oom_score_adj;
    bool umask_set;
    mode_t umask;
    bool personality_set;
    unsigned long personality;
    int host_keyring; /* 1: the caller's session keyring stays */
};

/* --rlimit=, --oom-score-adj=, --umask=, --personality=: the field is a struct process_settings. */
int option_rlimit(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_oom_score_adj(const struct option_spec *spec, void *target, const char *value,
                         struct failure *failure);
int option_umask(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_personality(const struct option_spec *spec, void *target, const char *value,
                       struct failure *failure);

/* The host's side, once: raises our own hard limits to what is asked for, as nobody may in a user namespace.
 */
int process_raise_limits(const struct process_settings *settings, struct failure *failure);
/* The host's side, around a clone: the child inherits the score. *ret_before is what to restore. */
int process_set_oom_score(const struct process_settings *settings, int *ret_before, struct failure *failure);
void process_restore_oom_score(const struct process_settings *settings, int before);
/* The container's side, the last step that has privileges. */
int process_apply(const struct process_settings *settings, struct failure *failure);
/* Of what is executed; 022 unless asked for. */
mode_t process_umask(const struct process_settings *settings);
