/* What the view of units keeps of the records that came, shared by its files only. All of it comes from the
 * container and is hostile: sizes are bounded, and text goes to a terminal by status_put() only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define STATUS_FIELDS_MAX 128                 /* of one record; more are dropped */
#define STATUS_BYTES_MAX  (16U * 1024 * 1024) /* of all records */

struct status_field {
    const char *key;
    const char *value;
};

struct status_record {
    size_t n_fields;
    struct status_field *fields; /* without "Record" */
};

struct status_list {
    struct status_record **records;
    size_t n;
};

struct status_view {
    bool colours;
    bool json;
    bool plain;     /* lists without marks */
    bool no_legend; /* lists without a headline */
    size_t bytes;
    struct status_record *manager; /* NULL: none came; the last one counts */
    struct status_list units;      /* owned, as they came; a job is one too */
    struct status_list services;   /* of the units those that people look at, by slice and name; not owned */
    struct status_list logs;       /* owned, as they came */
};

/* A value, NULL when it is missing or empty. The record may be NULL. */
const char *status_get(const struct status_record *record, const char *key);
/* A value that is a number; false for "infinity" as well. */
bool status_get_u64(const struct status_record *record, const char *key, uint64_t *ret);
/* What the unit is called: Id, for a job its command line; never NULL. */
const char *status_name(const struct status_record *record);

/* Prints at most max characters of hostile text, '?' for what a terminal would act on, and dots for what was
 * left away. Returns the columns. */
size_t status_put(FILE *out, const char *text, size_t max);
/* The columns that status_put() would take. */
size_t status_width(const char *text, size_t max);
void status_pad(FILE *out, size_t columns);

/* "Nov 22 12:48:06 ", of a line of the log (CLOCK_REALTIME microseconds); nothing for a time that is none. */
void status_put_time(FILE *out, uint64_t realtime);

/* How a state looks. */
enum status_look { LOOK_INACTIVE, LOOK_ACTIVE, LOOK_CHANGING, LOOK_FAILED, STATUS_LOOK_MAX };
enum status_look status_unit_look(const struct status_record *unit);
/* Prints text of our own in the colour of a look, plainly without colours. */
void status_paint(const struct status_view *view, FILE *out, enum status_look look, const char *text);
/* Whether characters beyond ASCII may be drawn: with colours, unless the locale says another character set.
 */
bool status_draws_unicode(const struct status_view *view);

void status_print_tree(const struct status_view *view, FILE *out); /* status-tree.c */
void status_print_log(FILE *out, const struct status_record *log);
void status_print_details(const struct status_view *view, FILE *out); /* status-detail.c */
