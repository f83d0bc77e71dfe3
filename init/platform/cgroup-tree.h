/* What cgroup.c (the tree) and cgroup-unit.c (a unit's group in it) share. */
#pragma once

#include "init/platform/cgroup-limits.h"
#include "init/platform/cgroup.h"

#define CGROUP_MOUNT         "/sys/fs/cgroup"
#define CGROUP_WATCH_BUCKETS 64
#define CGROUP_FILE_MAX      (64 * 1024) /* bytes read of one kernel file */
#define CGROUP_PROCS_MAX                                                                                     \
    (32 * 1024 * 1024)      /* of cgroup.procs: the most processes that there can be (PID_MAX_LIMIT) */
#define CGROUP_DEPTH_MAX 16 /* levels below a service that are looked at */

/* One file of a group that inotify(7) watches. */
struct cgroup_watch {
    int wd; /* -1: not watched */
    enum cgroup_event event;
    struct cgroup_unit *cgroup; /* NULL: the root */
    struct cgroup_watch *next;  /* in its bucket */
};

/* Of a delegated group. */
struct cgroup_owner {
    uid_t uid;
    gid_t gid;
    bool set; /* else it stays PID 1's */
};

struct cgroup_tree {
    struct loop *loop;
    struct loop_source inotify;
    cgroup_event_fn fn;
    cgroup_before_fn before;
    void *userdata;
    int root_fd;                 /* O_PATH */
    char *path;                  /* of the root in /proc/PID/cgroup, "" for "/" */
    unsigned controllers;        /* mask: those that can be had */
    unsigned root_controllers;   /* mask: those that the root gives to its children by now */
    struct cgroup_place machine; /* what is the same for all groups */
    struct cgroup_watch oom;     /* memory.events of the root, which counts for all below it */
    uint64_t oom_kills;          /* that were there at the last look */
    unsigned looks;              /* for OOM kills, at all units */
    unsigned n_giving;           /* slices that say something about the units in them */
    bool has_limited_slices;     /* or had */
    struct dynamic_users *users; /* NULL: none */
    struct cgroup_unit *units;
    struct cgroup_watch *watches[CGROUP_WATCH_BUCKETS];
};

/* Always on: they cost little and are what status shows, and what tells of an OOM kill. */
#define CONTROLLERS_ACCOUNTING (CONTROLLER_BIT(CONTROLLER_MEMORY) | CONTROLLER_BIT(CONTROLLER_PIDS))

/* Lets the children of a group have controllers, one at a time: one that fails must not take the others with
 * it. Returns those that they have now. directory is relative to the root, "." for itself. */
unsigned cgroup_enable_controllers(const struct cgroup_tree *tree, const char *directory, unsigned mask);
/* A group for a user: Delegate= with User=. *ret is left alone where there is none. */
int cgroup_delegate(int fd, const struct exec_context *exec, struct dynamic_users *users,
                    struct cgroup_owner *ret);
int cgroup_give(int fd, const struct cgroup_owner *owner);
/* The number behind "key " in a file of such lines (cgroup.events, memory.events, cpu.stat), else
 * UINT64_MAX. */
uint64_t cgroup_read_keyed(int dirfd, const char *file, const char *key);
void cgroup_watch_file(struct cgroup_tree *tree, struct cgroup_watch *watch, const char *group,
                       const char *file);

void *cgroup_unit_owner(const struct cgroup_unit *cgroup);
/* Looks at the watched file and tells the owner what happened. */
void cgroup_unit_changed(struct cgroup_unit *cgroup, enum cgroup_event event);
/* Looks whether one of them had a process killed for memory. */
void cgroup_units_check_oom(struct cgroup_tree *tree);
/* The owner of the group that is a prefix of path (relative to the root), or NULL. */
void *cgroup_unit_find_owner(struct cgroup_tree *tree, const char *path);
/* SIGKILL to all in dirfd/name and below it. / Removes it with what is below it, unless somebody is there. */
void cgroup_kill_at(int dirfd, const char *name);
void cgroup_remove_at(int dirfd, const char *name);
