/* What berth-init was asked for on its command line and by its environment: one table makes the parser, the
 * variables and the help. Pure. */
#pragma once

#include <stdio.h>

#include "init/main.h"

enum init_mode {
    MODE_JOB,
    MODE_PAUSE,
    MODE_BOOT,
    MODE_VERIFY,
    MODE_HELP,
    MODE_VERSION,
    MODE_LICENSE,
    MODE_HANDOVER_VERSION, /* a PID 1 asks whether this program can take over */
};

struct init_options {
    enum init_mode mode;
    bool boot_asked; /* --boot */
    bool pause_asked;
    bool help, version, license, handover_version;
    bool clear_signals; /* forget the inherited mask: the launcher blocks all for us */
    bool exit_when_idle;
    enum log_format log_format;
    enum log_time log_time;
    bool clean_env; /* services get what systemd would give them, not what the container was given */
    const char *target, *main_unit, *root;
    struct job_options job; /* its stop timeout and verbosity are boot mode's, too */
    char **unit_path;       /* owned */
    char **commands;        /* owned: those of --on-signal that came from the environment */
    char *const *argv;      /* all of it */
    char *const *words;     /* the command, or the units of verify; NULL: none */
    char error[256];        /* one line for a person when parsing failed */
};

/* argv[0] is skipped. Options stop at the first word that is none; "--" ends them too. What no option says is
 * taken from the environment block: BERTH_STOP_TIMEOUT for --stop-timeout, and so on; last, from the
 * variables of tini and dumb-init. Words and environment stay the caller's. 0, or -EINVAL with error set. */
int init_options_parse(struct init_options *options, int argc, char *const *argv, char *const *environment);
void init_options_done(struct init_options *options);
void init_options_help(FILE *out);

/* The long name of option number i of those that have an environment form; NULL behind the last. */
const char *init_options_name(size_t i);
/* "BERTH_LONG_NAME" for it. Returns buffer. */
#define INIT_OPTIONS_VARIABLE_MAX 40
char *init_options_variable(char buffer[static INIT_OPTIONS_VARIABLE_MAX], const char *name);
