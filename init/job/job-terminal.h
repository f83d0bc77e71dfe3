/* The terminal: the job gets it as a shell would, so that ^C, ^Z and password prompts work. tty_ioctl(4). */
#pragma once

#include "init/job/job-options.h"

enum terminal_plan {
    TERMINAL_NONE,       /* standard input is none: the job gets a session of its own */
    TERMINAL_CONTROL,    /* the job's new session makes it its controlling terminal */
    TERMINAL_FOREGROUND, /* our session keeps it, the job is its foreground group */
    TERMINAL_SHARED,     /* the job stays in our process group */
};

/* In PID 1, before the fork: lets the terminal go when it is ours to give, and tells so. */
enum terminal_plan job_terminal_release(const struct job_options *options);
/* In the child. */
void job_terminal_take(enum terminal_plan plan);
