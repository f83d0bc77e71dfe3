/* The child's side of a spawn: from the fork to the program. Everything that needs memory, files of users or
 * names was prepared before the fork; here are only system calls. */
#pragma once

#include <stdint.h>

#include "common/macro.h"
#include "init/job/job-terminal.h"
#include "init/manager/manager.h"
#include "init/platform/users.h"

/* What the child says to the exec pipe, or to the plan's messages, before it exits with the stage as its
 * status; without a failure, just before it executes the program. */
struct exec_failure {
    int stage; /* enum exec_stage; EXEC_STAGE_NONE: has not failed, object is a note for the log, or
                  "": the program comes next */
    int error; /* positive errno */
    char object[256];
};

/* One for each limit that may be set lower, and for Nice=, OOMScoreAdjust=, the program, a failure. */
#define EXEC_MESSAGES_MAX (EXEC_LIMITS + 4)

struct exec_messages {
    size_t n;
    struct exec_failure of[EXEC_MESSAGES_MAX];
};

struct exec_plan {
    const struct exec_context *context;
    const struct credentials *credentials;
    const char *path;        /* with a slash, or a word to look up */
    const char *search_path; /* where to; NULL: the environment's PATH */
    const char *root;        /* to change to, or NULL */
    char *const *argv;
    char *const *environment;
    uint64_t mask; /* what PID 1 itself was started with, bit N-1 for signal N */
    mode_t umask;  /* PID 1's present one */
    int exec_pipe; /* of a fork: close-on-exec, its end tells that the program runs; or -EBADF */
    struct exec_messages *messages; /* without a pipe */
    /* So many descriptors are the child's of those of PID 1, which it shares; 0: it has its own. */
    unsigned lent;
    int log;                     /* a stream to PID 1's log, or -EBADF */
    int error_log;               /* another one for standard error, or -EBADF: it goes where output goes */
    int input;                   /* -EBADF: PID 1's own, which is /dev/null */
    enum terminal_plan terminal; /* of that input */
    int idle[2];                 /* Type=idle: PID 1 closes the pipe's writing end; or -EBADF */
    int *passed;                 /* descriptors from 3 on; they are PID 1's */
    size_t n_passed;
    bool optional;               /* a program that is missing is no failure */
    char *own_pid[3];            /* assignments of the environment with room for the process's own pid */
    int cgroup;                  /* to enter, when the kernel could not clone into it; or -EBADF */
    bool privileged;             /* "+": as PID 1, without NoNewPrivileges= */
    bool keep_user;              /* "!": as PID 1's user */
    struct exec_failure failure; /* already there when the preparation failed */
};

void exec_failure_set(struct exec_failure *failure, enum exec_stage stage, int error, const char *object);
/* Whether the child can do with memory that is PID 1's own, which sleeps meanwhile. */
bool exec_may_borrow(const struct exec_plan *plan);
/* Of a struct exec_plan. Never returns: the program, or exit with the stage, which was told. On borrowed
 * memory no step takes any, waits for anybody, or changes more than the plan and what it points to; a step
 * that has to is a reason for exec_may_borrow() to say no. */
_noreturn_ void exec_child(void *plan);
