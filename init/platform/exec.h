/* The child's side of a spawn: from the fork to the program. Everything that needs memory, files of users or
 * names was prepared before the fork; here are only system calls. */
#pragma once

#include <stdint.h>

#include "common/macro.h"
#include "init/job/job-terminal.h"
#include "init/manager/manager.h"
#include "init/platform/users.h"

/* What the child writes to the exec pipe before it exits with the stage as its status; without a failure,
 * just before it executes the program. */
struct exec_failure {
    int stage; /* enum exec_stage; EXEC_STAGE_NONE: has not failed, object is a note for the log, or
                  "": the program comes next */
    int error; /* positive errno */
    char object[256];
};

struct exec_plan {
    const struct exec_context *context;
    const struct credentials *credentials;
    const char *path;        /* with a slash, or a word to look up */
    const char *search_path; /* where to; NULL: the environment's PATH */
    const char *root;        /* to change to, or NULL */
    char *const *argv;
    char *const *environment;
    uint64_t mask;               /* what PID 1 itself was started with, bit N-1 for signal N */
    mode_t umask;                /* PID 1's present one */
    int exec_pipe;               /* close-on-exec: its end tells PID 1 that the program runs */
    int log;                     /* a stream to PID 1's log, or -EBADF */
    int input;                   /* -EBADF: PID 1's own, which is /dev/null */
    enum terminal_plan terminal; /* of that input */
    int idle[2];                 /* Type=idle: PID 1 closes the pipe's writing end; or -EBADF */
    int *passed;                 /* descriptors from 3 on; they are PID 1's */
    size_t n_passed;
    char *own_pid[2];            /* assignments of the environment with room for the process's own pid */
    int cgroup;                  /* to enter, when the kernel could not clone into it; or -EBADF */
    bool privileged;             /* "+": as PID 1, without NoNewPrivileges= */
    bool keep_user;              /* "!": as PID 1's user */
    struct exec_failure failure; /* already there when the preparation failed */
};

void exec_failure_set(struct exec_failure *failure, enum exec_stage stage, int error, const char *object);
/* Never returns: the program, or exit with the stage. */
_noreturn_ void exec_child(struct exec_plan *plan);
