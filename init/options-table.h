/* The rows of berth-init's options, for the parser and the help. */
#pragma once

#include "init/options.h"

/* How often an option may be given, and what its variable looks like then. */
enum option_kind {
    OPTION_ONCE,
    OPTION_LIST,  /* separated by commas */
    OPTION_PATHS, /* likewise, but a path on the command line may have a comma */
    OPTION_LINES, /* one on each line: its text may have any character */
    OPTION_COUNT, /* its variable gives a number at once */
    OPTION_WORDS, /* has no variable */
};

/* A row without apply begins a group of the help. */
struct option {
    const char *name;
    const char *letters; /* "" or NULL: none */
    const char *value;   /* what stands behind "=", NULL: takes none */
    int (*apply)(struct init_options *options, const char *value); /* 0 or -errno for a bad value */
    const char *help;                                              /* NULL: another spelling */
    enum option_kind kind;
};

#define OPTIONS_MAX 64 /* as many bits as a set of rows has */

extern const struct option options_table[];
extern const size_t options_table_size;
