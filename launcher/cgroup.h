/* Control groups v2 by descriptor: the lowest layer, for the scope and for the monitor. Source: cgroups(7)
 * and the kernel's admin-guide/cgroup-v2. Nothing here touches a v1 hierarchy. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/time.h"

/* Where the v2 hierarchy is mounted ("/sys/fs/cgroup", or ".../unified" beside v1): an O_PATH descriptor and
 * its path. -ENOENT when it is not mounted. */
int cgroup_open_root(int *ret_fd, char **ret_path);
/* The v2 path of a process ("/user.slice/…"), from /proc/PID/cgroup; pid 0 is the caller. */
int cgroup_of_pid(pid_t pid, char **ret);
/* Makes path (relative, several levels) below dirfd and opens it. */
int cgroup_make(int dirfd, const char *path, int *ret_fd);
/* Moves a process: "0" is the caller. */
int cgroup_attach(int fd, pid_t pid);
/* Enables one controller for the children; -ENOENT when the group has none of that name. */
int cgroup_enable(int fd, const char *controller);
bool cgroup_has_controller(int fd, const char *controller);
/* An attribute as text without its newline (the caller frees), or as a number ("max" is UINT64_MAX). */
int cgroup_read(int fd, const char *attribute, char **ret);
int cgroup_read_u64(int fd, const char *attribute, uint64_t *ret);
/* One "key value" of a flat-keyed file ("memory.events", "oom_kill"). */
int cgroup_read_key(int fd, const char *attribute, const char *key, uint64_t *ret);
int cgroup_write(int fd, const char *attribute, const char *value);
bool cgroup_is_populated(int fd);
/* SIGKILL to all in it: cgroup.kill, or signals until it is empty on kernels before 5.14. */
int cgroup_kill(int fd);
/* Waits (poll on cgroup.events) until nobody is left; -ETIMEDOUT at the deadline (CLOCK_MONOTONIC µs). */
int cgroup_wait_empty(int fd, usec_t deadline);
/* Removes the group `name` below dirfd with all groups below it, leaves first. -EBUSY when somebody lives
 * there. */
int cgroup_remove_tree(int dirfd, const char *name);
