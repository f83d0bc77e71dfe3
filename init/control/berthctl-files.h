/* The verbs about unit files: they need no PID 1. */
#pragma once

#include "init/control/berthctl.h"
#include "init/install/install.h"
#include "init/platform/files.h"

struct unit_files {
    struct install install;
    struct root_files root;
    struct install_presets presets;
};

/* The files of --root= or our own, told when that fails. */
struct unit_files *unit_files_open(const struct berthctl *ctl);
struct unit_files *unit_files_free(struct unit_files *files);
/* From here to unit_files_changed() nobody changes them: directories and links are read once. -ENOMEM. */
int unit_files_ask_many(struct unit_files *files);
void unit_files_changed(struct unit_files *files);
/* The units' names, ".service" added where it is missing; patterns and paths only where asked for. NULL after
 * telling. */
char **unit_files_names(const struct berthctl *ctl, char *const *words, bool paths);
/* "enabled" and the like; NULL when there is no such unit. */
const char *unit_files_state(const struct unit_files *files, const char *name);
/* "enabled", "disabled", "ignored". */
const char *unit_files_preset(const struct unit_files *files, const char *name);

/* Whether the unit of a record is enabled, and whether the policy wants it; false for one without a file. */
bool unit_files_ask(struct berthctl *ctl, const char *name, const char **ret_state, const char **ret_preset);

/* berthctl-files.c: carries a plan out and prints it. False when a part of it failed. */
bool unit_files_apply(const struct berthctl *ctl, const struct unit_files *files,
                      const struct install_plan *plan);
/* PID 1, if one of ours runs on these files, reads them again. */
void unit_files_reload(const struct berthctl *ctl);

/* The verbs; each returns the exit status. */
int berthctl_change_files(struct berthctl *ctl);
int berthctl_preset(struct berthctl *ctl);
int berthctl_is_enabled(struct berthctl *ctl);
int berthctl_get_default(struct berthctl *ctl);
int berthctl_list_files(struct berthctl *ctl);
