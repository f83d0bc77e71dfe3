/* daemon-reexec, the side that goes: PID 1 asks a program whether it is a berth-init that can take over, and
 * executes it in its own place. Until that call has succeeded nothing has happened. */
#pragma once

#include "common/loop.h"

struct platform;

#define REEXEC_ANSWER_MAX 64

/* All zero: nobody has asked. */
struct reexec {
    struct loop_source probe; /* what the program says of itself */
    pid_t pid;                /* that is asked; 0: none */
    int pidfd;                /* its end may be known, and its pid be another's, before we let go of it */
    int program;              /* O_PATH */
    char *file;               /* for a person */
    usec_t deadline;          /* of its answer */
    size_t size;
    char answer[REEXEC_ANSWER_MAX];
    bool answered;
};

/* The line that a program answers "berth-init --handover-version" with; its exit status. */
int reexec_print_version(void);

/* Asks the file, or what PID 1 was started from (NULL). struct control_server_ops, reexec. */
int reexec_begin(struct platform *platform, const char *file, char **ret_message);
/* When reexec_step() wants to be called at the latest. */
usec_t reexec_next_deadline(const struct platform *platform);
/* Between two turns of the loop: executes the program that has answered. Returns only when there is none, or
 * when it cannot be; then those who asked are told why. */
void reexec_step(struct platform *platform);
void reexec_done(struct platform *platform);
