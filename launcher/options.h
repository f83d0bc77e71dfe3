/* One table of options per verb: the parser and --help read it.
 *
 * Options are "--name=value", "--name value" (when the option takes one), "-x value", "-xvalue", and "-abc"
 * for flags. The first word that is no option, or "--", ends them: what follows belongs to the container's
 * command. */
#pragma once

#include <stddef.h>

#include "launcher/failure.h"

struct option_spec;

/* Puts value (NULL for a flag) where spec->offset says in target. 0, or fail() with a sentence about the
 * value only: the engine puts "--name=value: " in front. */
typedef int (*option_parse_fn)(const struct option_spec *spec, void *target, const char *value,
                               struct failure *failure);

struct option_spec {
    const char *name;     /* without "--" */
    char letter;          /* 0: none */
    const char *argument; /* what --help calls the value; NULL: a flag */
    const char *help;
    option_parse_fn parse;
    size_t offset;      /* in the target struct */
    const void *detail; /* for the parse function: a value table, the unit … */
};

/* Parses argv[1…]; returns the index of the first word that is no option, or a negative errno with failure
 * set; -ECANCELED, without a failure, when --help was asked for. */
int options_parse(const struct option_spec *specs, size_t n_specs, void *target, int argc, char **argv,
                  struct failure *failure);
/* The options as indented lines, for --help. */
void options_print_help(const struct option_spec *specs, size_t n_specs);

/* Parse functions for the usual kinds of fields. */
int option_flag(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_string(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_strv(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_size(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_span(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_signal(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
/* detail: a NULL-terminated array of names; the field is an int that gets the index. */
int option_enum(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
/* detail: const unsigned[2], the least and the greatest value of an unsigned field. */
int option_unsigned(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
