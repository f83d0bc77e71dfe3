/* What berthctl was asked for, and what its files share: the verbs are in berthctl.c, what they print is in
 * berthctl-print.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/control-client.h"
#include "common/status-view.h"

struct berthctl_verb;

struct berthctl {
    const struct berthctl_verb *verb;
    char *const *args; /* behind the verb, NULL-terminated */
    size_t n_args;
    bool no_block, quiet, value, json, follow, all, help, version;
    const char *lines, *signal, *whom, *job_mode; /* as typed, or NULL */
    char **properties;                            /* strv, owned; NULL: all */
    struct status_view *view;                     /* of status and list-units */
    bool complained;                              /* a job's failure was told already */
    bool printed;                                 /* a unit before this one */
};

struct berthctl_verb {
    const char *name;
    const char *args; /* for --help */
    const char *help;
    size_t min_args, max_args;
    control_record_fn on_record; /* userdata is struct berthctl; NULL: nothing but the result is expected */
    void (*finish)(struct berthctl *ctl); /* after the last record, or NULL */
    int (*run)(struct berthctl *ctl);     /* instead of asking PID 1, or NULL; returns the exit status */
};

/* berthctl-notify.c */
int berthctl_notify(struct berthctl *ctl);
/* berthctl-print.c */
int berthctl_on_view(char *packet, size_t size, void *userdata);
int berthctl_on_show(char *packet, size_t size, void *userdata);
int berthctl_on_cat(char *packet, size_t size, void *userdata);
int berthctl_on_state(char *packet, size_t size, void *userdata);
int berthctl_on_log(char *packet, size_t size, void *userdata);
int berthctl_on_job(char *packet, size_t size, void *userdata);
void berthctl_finish_tree(struct berthctl *ctl);
void berthctl_finish_list(struct berthctl *ctl);
void berthctl_finish_show(struct berthctl *ctl);
