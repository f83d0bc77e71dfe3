/* What cgroup.c (the tree) and cgroup-unit.c (a unit's group in it) share. */
#pragma once

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
    struct cgroup_unit *cgroup;
    struct cgroup_watch *next; /* in its bucket */
};

struct cgroup_tree {
    struct loop *loop;
    struct loop_source inotify;
    cgroup_event_fn fn;
    cgroup_before_fn before;
    void *userdata;
    int root_fd;       /* O_PATH */
    char *path;        /* of the root in /proc/PID/cgroup, "" for "/" */
    char *controllers; /* "+memory +pids": those that are enabled, or NULL */
    bool has_memory;
    struct cgroup_unit *units;
    struct cgroup_watch *watches[CGROUP_WATCH_BUCKETS];
};

/* Looks at the watched file and tells the owner what happened. */
void cgroup_unit_changed(struct cgroup_unit *cgroup, enum cgroup_event event);
/* The owner of the group that is a prefix of path (relative to the root), or NULL. */
void *cgroup_unit_find_owner(struct cgroup_tree *tree, const char *path);
/* SIGKILL to all below dirfd/name. */
void cgroup_kill_at(int dirfd, const char *name);
