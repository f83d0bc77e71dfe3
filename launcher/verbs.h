/* The verbs of `berth`, one cmd-*.c each; main.c has their table. Each gets argv with its own name first,
 * prints its own error line, and returns the exit status of the process. */
#pragma once

#include "launcher/failure.h"

struct verb {
    const char *name;
    const char *usage; /* behind "berth " */
    const char *help;  /* one line */
    int (*run)(int argc, char **argv);
};

int cmd_run(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_units(int argc, char **argv); /* start, restart, reload: verbs that go to PID 1 as they are */
int cmd_logs(int argc, char **argv);

/* Prints the failure and returns its exit status. */
int report_failure(const struct failure *failure);
