/* A container in the making and at work: what the steps of the start (start.c), the container's side of them
 * (child.c and the files it calls) and the monitor share. One per process of `berth run`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/time.h"
#include "launcher/config.h"
#include "launcher/console.h"
#include "launcher/failure.h"
#include "launcher/scope.h"
#include "launcher/seccomp.h"
#include "launcher/state.h"

/* A place on the host for the changes (upper.c). */
struct upper {
    int upper_fd; /* with a lock on it */
    int work_fd;
    char *path, *work_path;            /* absolute; NULL: in the container's memory */
    char *base;                        /* of both, when it is ours; NULL: they are the user's */
    bool made, made_work, made_parent; /* by this start */
};

#define UPPER_INIT                                                                                           \
    {                                                                                                        \
        .upper_fd = -EBADF, .work_fd = -EBADF                                                                \
    }

struct container {
    const struct container_config *config;
    struct state state;
    struct state_record record;
    struct scope *scope;
    struct console console;
    uint8_t uuid[16];
    char *persistent_path; /* of a persistent upper; looked up before we become somebody else */
    struct upper upper;
    bool ran; /* PID 1 was executed */

    int init_fd;    /* the binary of berth-init */
    int exec_fd;    /* a sealed copy of it, made by the first berth exec; 0: not yet */
    int control_fd; /* listening socket for PID 1 */
    int monitor_fd; /* listening socket of the monitor */
    int notify_fd;  /* PID 1 says READY=1, STATUS=… here */
    int pid_fd;     /* of the leader */
    pid_t leader;
    usec_t deadline;                /* of the start */
    struct seccomp_program seccomp; /* for PID 1 and for what `berth exec` adds */
    int joined_fds[NAMESPACE_MAX];  /* namespaces.h; 0 or less: none */
    uint64_t capabilities;          /* the config's, but for what this host cannot guard */

    /* The container's side, between clone and exec. */
    int *mapped; /* id-mapped copies of the layers, detached (userns.h) */
    size_t n_mapped;
    bool one_id;         /* the user namespace knows root only: no gid 5 for terminals */
    int stage_fd;        /* the directory that the root is mounted on */
    int start_fd;        /* the other end of the start's conversation; both sides have their own */
    int notify_child_fd; /* becomes BERTH_NOTIFY_FD */
    int root_fd;         /* the new root, before the pivot */
    int dev_fd;          /* the new /dev */
    int init_copy_fd;    /* the copy of the init that is executed */
    int *sources;        /* of the config's mounts, each detached, or none (mount-requests.h) */
    struct host_view {   /* file systems of the host that / as a layer brings along (host-view.h) */
        int fd;
        char *path;
    } * views;
    size_t n_views;
    char **hidden; /* paths in the container where a layer would show what is berth's */
};

static inline bool container_is_rootless(void)
{
    return geteuid() != 0;
}
