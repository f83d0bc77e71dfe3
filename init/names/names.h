/* The programs that berth-init stands in for by the name it is called by: each with its own options,
 * variables, defaults, lines and exit statuses. Ours is the way from there on: they fill struct job_options.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macro.h"
#include "init/job/job-voice.h"

int tini_main(int argc, char **argv);      /* tini, tini-static, docker-init */
int dumb_init_main(int argc, char **argv); /* dumb-init */
int catatonit_main(int argc, char **argv); /* catatonit */

/* What the words and the environment ask for. NAMES_RUN: ret is complete, but for the inherited mask; else
 * what there was to say is said, and this is the exit status. */
#define NAMES_RUN (-1)
int tini_parse(struct job_options *ret, int argc, char *const *argv, char *const *environment);
int dumb_init_parse(struct job_options *ret, int argc, char *const *argv, char *const *environment);
int catatonit_parse(struct job_options *ret, bool *ret_pause, int argc, char *const *argv,
                    char *const *environment);

extern const struct job_manner tini_manner;
extern const struct job_manner dumb_init_manner;
extern const struct job_manner catatonit_manner;

/* Options as getopt_long(3) has them: words end at the first that is none, names may be shortened. */
struct names_option {
    char letter;
    bool has_value;
    const char *name; /* NULL: no long one */
};

struct names_words {
    const struct names_option *table;
    size_t n;
    int argc;
    char *const *argv;
    int next;          /* the word that comes next */
    const char *rest;  /* letters that are left of the word before */
    const char *value; /* of the option that was just returned */
};

#define NAMES_END   0
#define NAMES_WRONG '?'

/* The letter of the next option; NAMES_WRONG after a line on standard error that says what is wrong. */
int names_next_option(struct names_words *words);
/* What stands behind the options; NULL: nothing. */
char *const *names_command(const struct names_words *words);

/* One line, in one write. Control characters of hostile names are blanked. */
void names_line(int fd, const char *format, ...) _printf_(2, 3);
/* Several lines of ours. */
void names_text(int fd, const char *text);
void names_license(void);
