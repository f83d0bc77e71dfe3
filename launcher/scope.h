/* The container's scope: a transient unit of systemd over D-Bus, or the same tree made by ourselves in cgroup
 * v2. Order and failure cases: the comments in scope.c; every exchange is under one deadline.
 *
 * scope_request() sends, scope_wait() ends when SCOPE/payload is there, empty and delegated: between the two
 * the caller does its own work. After scope_join() this process sits in SCOPE/supervisor. */
#pragma once

#include "launcher/config.h"
#include "launcher/failure.h"

struct scope;

struct scope_settings {
    const char *name; /* "berth-web.scope" */
    const char *slice;
    const char *description;
    const struct limits *limits;
    char *const *properties;
    usec_t stop_timeout; /* TimeoutStopUSec: the container's own, plus what the monitor needs */
    enum cgroup_manager manager;
    bool user; /* the caller's user manager; never the system bus */
};

int scope_request(const struct scope_settings *settings, usec_t deadline, struct scope **ret,
                  struct failure *failure);
int scope_wait(struct scope *scope, usec_t deadline, struct failure *failure);
/* Once more, and without cgroups, it does nothing. */
int scope_join(struct scope *scope, struct failure *failure);

/* After scope_wait. -EBADF and NULL with --cgroup-manager=none. */
int scope_payload_fd(const struct scope *scope);              /* for CLONE_INTO_CGROUP; the scope's own */
int scope_fd(const struct scope *scope);                      /* the scope's own cgroup */
const char *scope_unit(const struct scope *scope);            /* "berth-web.scope", NULL without systemd */
const char *scope_cgroup(const struct scope *scope);          /* "/machine.slice/berth-web.scope" */
enum cgroup_manager scope_manager(const struct scope *scope); /* the one that was chosen */

/* What the monitor watches: readable when systemd says something (-EBADF: nothing to watch). scope_process()
 * returns 1 when systemd stops the scope (more than once, maybe), 0 otherwise, and never blocks; a lost bus
 * is no error, but after each call the descriptor may be another one, and the old one closed. Call it once
 * before the first sleep: words that came behind an earlier answer wait in memory, where no descriptor shows
 * them. */
int scope_watch_fd(const struct scope *scope);
int scope_process(struct scope *scope);

/* machined. Exactly once per leader: a second call makes machined stop the container. -EOPNOTSUPP: no
 * machined here. */
int scope_register_machine(struct scope *scope, const char *name, pid_t leader, const char *root,
                           const uint8_t uuid[16], usec_t deadline, struct failure *failure);

/* The end: kills what is left in the payload, removes sub-groups (and the scope's own without systemd) and,
 * with systemd, leaves the scope as its last process. Frees it. NULL is fine. */
struct scope *scope_destroy(struct scope *scope, usec_t deadline);
/* Frees it without touching the cgroups: in a child that goes on without it. */
struct scope *scope_free(struct scope *scope);

/* For the verbs that find a scope again by the state file. */
int scope_open_cgroup(const char *cgroup, int *ret_fd);
