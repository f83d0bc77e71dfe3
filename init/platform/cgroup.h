/* The control groups of PID 1: cgroups(7). With a delegated tree, PID 1 sits in init.scope and each service
 * in system.slice/NAME.service; without one there is none of this, and units are tracked by processes.h. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/loop.h"
#include "init/control/server.h"
#include "init/platform/cgroup-limits.h"
#include "init/platform/dynamic-users.h"
#include "init/unit/unit.h"

struct cgroup_tree;
struct cgroup_unit;
struct handover;

enum cgroup_event {
    CGROUP_EMPTY,    /* the last process is gone */
    CGROUP_OOM_KILL, /* the kernel killed a process for memory */
};
/* owner is what cgroup_unit_new() was given. */
typedef void (*cgroup_event_fn)(void *userdata, void *owner, enum cgroup_event event);
/* Called before the events of an owner (NULL: of anybody) are looked up: the end of the last process is to be
 * known before its group is told to be empty. */
typedef void (*cgroup_before_fn)(void *userdata, void *owner);

/* path: the root as the PID 1 before wrote it, "" when that is not known, or NULL: where this process is.
 * Takes the tree over: moves the processes in it to init.scope, enables the controllers that are there.
 * -EOPNOTSUPP when it is not ours: no cgroup2 in /sys/fs/cgroup, read-only, or not delegated. */
int cgroup_tree_new(struct loop *loop, cgroup_event_fn fn, cgroup_before_fn before, void *userdata,
                    const char *path, struct cgroup_tree **ret);
/* The root as /proc/PID/cgroup shows it. */
const char *cgroup_tree_path(const struct cgroup_tree *tree);
/* Tells CGROUP_OOM_KILL of all units that had one since the last look. */
void cgroup_tree_check_oom(struct cgroup_tree *tree);
struct cgroup_tree *cgroup_tree_free(struct cgroup_tree *tree);
/* Who has the uids of DynamicUser=, for groups that are made for them. */
void cgroup_tree_set_users(struct cgroup_tree *tree, struct dynamic_users *users);
/* Whose process that is (by /proc/PID/cgroup, at any depth), NULL for nobody's. */
void *cgroup_tree_find_owner(struct cgroup_tree *tree, pid_t pid);
/* SIGKILL to everything below system.slice and its like; init.scope stays. */
void cgroup_tree_kill(struct cgroup_tree *tree);

/* Startup...= settings hold from now on, or not any more; cgroup_unit_apply() then makes it so. */
void cgroup_tree_set_starting(struct cgroup_tree *tree, bool starting);

/* Makes the unit's group, in those of its slices, with the limits; the owner gets its events. A limit that
 * cannot be is told to problem, with the reason. */
int cgroup_unit_new(struct cgroup_tree *tree, const struct unit *unit, void *owner, cgroup_problem_fn problem,
                    void *userdata, struct cgroup_unit **ret);
/* A line "Cgroup": where it is, and its kills. / The group that is there, with all that is in it: "KILLS
 * PATH". -ENOENT when it is gone. */
void cgroup_unit_hand_over(const struct cgroup_unit *cgroup, struct handover *handover);
int cgroup_unit_take_over(struct cgroup_tree *tree, const struct unit *unit, void *owner, const char *value,
                          struct cgroup_unit **ret);
/* Removes the group when it is empty. */
struct cgroup_unit *cgroup_unit_free(struct cgroup_unit *cgroup);
/* Writes the limits again, with controllers that they may need by now. */
void cgroup_unit_apply(struct cgroup_unit *cgroup, const struct cgroup_context *context,
                       cgroup_problem_fn problem, void *userdata);
/* The directory (O_PATH) for CLONE_INTO_CGROUP. What is delegated is left to the unit: its commands beside
 * the main process get a group of their own, .control. Stays valid until the next call. */
int cgroup_unit_fd(struct cgroup_unit *cgroup, enum service_command kind);
/* Whether limits, or whom the group is delegated to, may keep a new process in it from running. */
bool cgroup_unit_may_stall(const struct cgroup_unit *cgroup);
/* As /proc/PID/cgroup shows it: "/system.slice/web.service". */
const char *cgroup_unit_path(const struct cgroup_unit *cgroup);
/* The one process of the group, and of that of DelegateSubgroup=, that is our child; 0: none, or several. */
pid_t cgroup_unit_only_child(const struct cgroup_unit *cgroup);
bool cgroup_unit_is_populated(const struct cgroup_unit *cgroup);
/* Signals every process but those in `except` (ended by 0, or NULL), which SIGKILL does not spare. -ESRCH
 * when there was none. */
int cgroup_unit_kill(struct cgroup_unit *cgroup, int signal, const pid_t *except);
/* Whether SIGKILL went to all of it. Since Linux 6.14 a process that is born into such a group from another
 * one is killed at once, as if it were forked while that happened: it has to move in. */
bool cgroup_unit_was_killed(const struct cgroup_unit *cgroup);
/* Tells CGROUP_OOM_KILL at once if there was one since the last look: before a SIGKILL is judged. */
void cgroup_unit_check_oom(struct cgroup_unit *cgroup);
void cgroup_unit_usage(const struct cgroup_unit *cgroup, struct unit_usage *ret);
