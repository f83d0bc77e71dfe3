/* What berth-init was asked for on its command line: one table makes the parser and the help. Pure. */
#pragma once

#include <stdio.h>

#include "init/main.h"

enum init_mode { MODE_JOB, MODE_BOOT, MODE_VERIFY, MODE_HELP, MODE_VERSION };

struct init_options {
    enum init_mode mode;
    bool boot_asked; /* --boot */
    bool stop_timeout_set;
    bool help, version;
    bool clear_signals; /* forget the inherited mask: the launcher blocks all for us */
    bool single, verbose, exit_when_idle;
    const char *target, *main_unit, *user, *workdir, *root;
    usec_t stop_timeout;
    char **unit_path;   /* owned */
    char *const *words; /* the command, or the units of verify; NULL: none */
    char error[256];    /* one line for a person when parsing failed */
};

/* argv[0] is skipped. Options stop at the first word that is none; "--" ends them too. Words stay the
 * caller's. 0, or -EINVAL with error set. */
int init_options_parse(struct init_options *options, int argc, char *const *argv);
void init_options_done(struct init_options *options);
void init_options_help(FILE *out);
