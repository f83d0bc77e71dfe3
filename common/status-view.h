/* How units look to a person: the tables and trees that `berthctl` inside and `berth status` outside both
 * print, made from the records of the control protocol. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct status_view;

/* colours: ANSI colours and the tree's UTF-8 characters as the terminal allows. */
struct status_view *status_view_new(bool colours, bool json);
struct status_view *status_view_free(struct status_view *view);
/* Lists for programs: without marks (systemctl --plain), without a headline (--no-legend). */
void status_view_set_plain(struct status_view *view, bool plain, bool no_legend);
/* Takes one record (control_record_fn's shape; userdata is the view). -EBADMSG for one that is none, -E2BIG
 * past 16 MiB of them; records of unknown kinds are dropped. */
int status_view_add(char *packet, size_t size, void *userdata);
/* The units as a tree of slices and services, each with its state, main PID, since, and the last log lines
 * that came. */
void status_view_print_tree(const struct status_view *view, FILE *out);
/* One line a unit: UNIT LOAD ACTIVE SUB DESCRIPTION, as systemctl list-units. */
void status_view_print_list(const struct status_view *view, FILE *out);
/* The same for jobs: JOB UNIT TYPE STATE. */
void status_view_print_jobs(const struct status_view *view, FILE *out);
/* Each unit with all that is known about it, and its own last log lines. */
void status_view_print_details(const struct status_view *view, FILE *out);
