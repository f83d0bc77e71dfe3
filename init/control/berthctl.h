/* What berthctl was asked for, and what its files share. berthctl-options.c has the table of verbs and that
 * of options: the parser, --help and the test of the manual page read them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/control-client.h"
#include "common/status-view.h"

struct berthctl_verb;
struct unit_files;
struct status_record;

struct berthctl {
    const struct berthctl_verb *verb;
    char *const *args; /* behind the verb, NULL-terminated */
    size_t n_args;
    bool as_systemctl; /* called by that name: answers as systemctl does where there is no PID 1 of ours */
    bool no_block, quiet, value, json, follow, all, help, version, wait, now, no_reload, plain, no_legend;
    bool failed, reverse, before, after, runtime, force;
    const char *lines, *signal, *whom, *job_mode, *root, *what, *preset_mode, *output; /* as typed, or NULL */
    char **properties;                                                                 /* strv, owned */
    char **states, **types;                                                            /* strv, owned */
    struct status_view *view;
    struct unit_files *files; /* once somebody asks about them */
    bool complained;          /* a job's failure was told already */
    bool printed;             /* a unit before this one */
};

struct berthctl_verb {
    const char *name;
    const char *args; /* for --help */
    const char *help;
    size_t min_args, max_args;
    control_record_fn on_record; /* userdata is struct berthctl; NULL: nothing but the result is expected */
    void (*finish)(struct berthctl *ctl); /* after the last record, or NULL */
    int (*run)(struct berthctl *ctl);     /* instead of asking PID 1, or NULL; returns the exit status */
    const char *ask;                      /* the request, if it has another name, or NULL */
    bool keeps_args;                      /* they are not PID 1's business */
};

/* berthctl-graph.c: of the answer to "graph", what was started at boot. */
const char *berthctl_boot_target(const struct berthctl *ctl);
/* And whether the unit of that record has the other name. */
bool berthctl_has_alias(const struct status_record *unit, const char *name);

/* berthctl-options.c: reads the words. 0 with ctl filled in, -EINVAL after telling. */
extern const struct berthctl_verb berthctl_verbs[];
extern const size_t n_berthctl_verbs;
int berthctl_parse(struct berthctl *ctl, int argc, char **argv);
const struct berthctl_verb *berthctl_find_verb(const char *name);
void berthctl_print_help(void);

/* berthctl.c: asks PID 1 as the verb says, and tells what went wrong. Returns the exit status. */
int berthctl_ask(struct berthctl *ctl);
/* The same for another verb with these units (NULL-terminated). */
int berthctl_ask_verb(const struct berthctl *ctl, const char *verb, char *const *units);
/* A connection to PID 1, or -errno. */
int berthctl_connect(void);

/* berthctl-offline.c: what systemctl says and exits with where no PID 1 of ours runs; error is why. */
int berthctl_answer_offline(const struct berthctl *ctl, int error);

/* berthctl-notify.c */
int berthctl_notify(struct berthctl *ctl);
/* berthctl-print.c */
int berthctl_on_view(char *packet, size_t size, void *userdata);
int berthctl_on_cat(char *packet, size_t size, void *userdata);
int berthctl_on_state(char *packet, size_t size, void *userdata);
int berthctl_on_system_state(char *packet, size_t size, void *userdata);
int berthctl_on_log(char *packet, size_t size, void *userdata);
int berthctl_on_job(char *packet, size_t size, void *userdata);
void berthctl_finish_status(struct berthctl *ctl);
void berthctl_finish_list(struct berthctl *ctl);
void berthctl_finish_jobs(struct berthctl *ctl);
/* berthctl-show.c */
int berthctl_on_show(char *packet, size_t size, void *userdata);
void berthctl_finish_show(struct berthctl *ctl);
/* berthctl-graph.c */
void berthctl_finish_dependencies(struct berthctl *ctl);
/* berthctl-environment.c */
int berthctl_on_variable(char *packet, size_t size, void *userdata);
int berthctl_import_environment(struct berthctl *ctl);
/* berthctl-clean.c */
int berthctl_on_clean(char *packet, size_t size, void *userdata);
