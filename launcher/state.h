/* What is known of a container on the host: a directory per name under /run/berth (an ordinary user's under
 * $XDG_RUNTIME_DIR/berth) with these files:
 *
 * - lock: held (flock) by the monitor as long as it lives; the kernel lets go of it when the monitor dies
 * - state: "Key=value" lines, replaced in one step
 * - layers: the directories of the root (layers.h)
 * - control: the socket that PID 1 serves (include/berth/control.h)
 * - monitor: the socket that the monitor serves
 * - log, log.old: what a detached container printed (log-file.h)
 *
 * Persistent overlays are kept in /var/lib/berth/NAME/{upper,work} ($XDG_STATE_HOME/berth for a user). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/time.h"
#include "launcher/failure.h"

#define STATE_FILE_MAX (64 * 1024) /* bytes */

/* One container's directory, claimed by its monitor or opened by a verb. */
struct state {
    char *name;
    char *path; /* of the directory */
    int dir_fd;
    int lock_fd;  /* held exclusively by state_claim; -EBADF after state_open */
    bool running; /* a monitor holds the lock */
};

/* What the state file says. Strings belong to it. */
struct state_record {
    pid_t monitor;
    pid_t leader;            /* PID 1 as the host numbers it; 0: not started */
    uint64_t leader_started; /* as the kernel counts it: a pid alone may be another process by now */
    usec_t started;          /* CLOCK_REALTIME µs */
    bool boot;               /* services, not one command */
    char *root;              /* the layers, joined by ':' */
    char *command;
    char *unit;   /* systemd unit, or NULL */
    char *cgroup; /* of the scope, as v2 path, or NULL */
    char *upper;  /* where changes stay, and its work directory; NULL: they vanish */
    char *work;
    char *scratch; /* to be removed with the container, or NULL */
    char *status;  /* what PID 1 said last: STATUS= of sd_notify(3) */
};

/* Makes the directory and takes the lock. -EBUSY when a container of that name runs, or another start is
 * under way. Leftovers of a dead one are removed, once its PID 1 has ended: until the deadline. */
int state_claim(const char *name, usec_t deadline, struct state *ret, struct failure *failure);
/* Opens an existing one: -ENOENT when there is none of that name. */
int state_open(const char *name, struct state *ret);
/* Removes directory and lock, by the one who claimed it. */
void state_remove(struct state *state);
void state_done(struct state *state);

/* When a process was started, proc(5)'s unit. */
int state_process_started(pid_t pid, uint64_t *ret);
/* Waits until the PID 1 of a record is gone, and its mounts with it. */
int state_wait_for_leader(const char *name, const struct state_record *record, usec_t deadline,
                          struct failure *failure);

int state_write(const struct state *state, const struct state_record *record);
int state_read(const struct state *state, struct state_record *ret);
void state_record_done(struct state_record *record);

/* Names of all containers that have a directory, sorted (strv). */
int state_list(char ***ret);

/* Where a persistent container keeps its upper layer: HOST_STATE_DIR/NAME or the user's; new string. */
int state_persistent_path(const char *name, char **ret);

#define STATE_INIT                                                                                           \
    {                                                                                                        \
        .dir_fd = -EBADF, .lock_fd = -EBADF                                                                  \
    }
#define _cleanup_state_        _cleanup_(state_done)
#define _cleanup_state_record_ _cleanup_(state_record_done)
