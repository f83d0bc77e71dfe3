/* What the files of the spawner share: how a child is prepared, how it is born, and what is heard of it. */
#pragma once

#include "common/loop.h"
#include "init/platform/dynamic-users.h"
#include "init/platform/spawn.h"

/* A child of whose program nobody has been told yet: it is on its way there, or it borrowed our memory and
 * has said all that it had to say. */
struct pending_exec {
    struct loop_source source; /* the exec pipe of a forked child, or no descriptor */
    struct spawner *spawner;
    pid_t pid;
    bool reached_exec;              /* it said so */
    struct exec_messages *messages; /* said without a pipe, but for that; NULL: nothing */
    struct pending_exec *next, **link;
};

/* Few, and short-lived. */
struct pending_list {
    struct pending_exec *first, **last;
};

struct spawner {
    struct spawn_config config;
    struct pending_list forked, borrowed;
    struct loop_source told; /* an eventfd: some of the borrowed ones are there */
    bool can_borrow;
    int slot; /* a low descriptor that is kept free for a child's, or -EBADF: none can be lent */
    struct dynamic_users dynamic_users;
    int idle[2]; /* what children of Type=idle wait on */
};

/* What one spawn needs until the fork is done. */
struct preparation {
    struct credentials credentials;
    char **environment;
    char **argv;
    char *search_path;
    int log;
    int error_log; /* when the log tells standard error apart */
    int *passed;
};

/* spawn-prepare.c: the whole plan of a child, but for its way to be born. */
int spawn_prepare(struct spawner *spawner, const struct spawn_request *request,
                  const struct spawn_place *place, struct preparation *preparation, struct exec_plan *plan,
                  const char **ret_object);
void preparation_done(struct preparation *preparation);
#define _cleanup_preparation_ _cleanup_(preparation_done)

/* spawn-child.c: the child's pid, or -errno. */
pid_t spawn_child(struct spawner *spawner, const struct spawn_place *place, struct exec_plan *plan,
                  struct pending_exec *pending);
/* Which ways this kernel has. */
void spawn_find_ways(struct spawner *spawner);

/* spawn-pending.c */
int spawn_pending_open(struct spawner *spawner);
void spawn_pending_close(struct spawner *spawner);
/* NULL: no memory. It is freed by itself until it is linked. */
struct pending_exec *spawn_pending_new(struct spawner *spawner);
void spawn_pending_link(struct pending_exec *pending, pid_t pid);
