/* What is handed over of a unit and of the manager, field by field: one table for both directions. */
#pragma once

#include "init/manager/handover.h"
#include "init/manager/internal.h"

enum field_kind {
    FIELD_BOOL,
    FIELD_INT,
    FIELD_UNSIGNED, /* 32 bits */
    FIELD_U64,
    FIELD_TEXT, /* a string that is owned, or NULL */
    FIELD_NAME, /* an enum, by its names */
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset;
    /* Of FIELD_NAME: numbers may change from one version to the next. */
    const char *(*to_name)(int value);
    int (*from_name)(const char *name);
    int standard; /* what a new object has: nothing is written then */
};

extern const struct field node_fields[], manager_fields[];
extern const size_t n_node_fields, n_manager_fields;

void fields_write(struct handover *handover, const struct field *fields, size_t n, const void *object);
/* 0, -ENOENT: the key is none of these, -EINVAL: its value is none, -ENOMEM. */
int field_read(const struct field *fields, size_t n, void *object, const struct handover_line *line);

/* A command among those of its unit: where it stands in its list, and a hash of its words, which finds it
 * again when the list has changed. */
void command_write(struct handover *handover, const char *key, const struct exec_command *list,
                   const struct exec_command *command);
const struct exec_command *command_read(const struct exec_command *list, const char *value);

static const struct {
    const char *name;
    size_t offset; /* in struct node */
} deadline_kinds[] = {
    {"state", offsetof(struct node, timer)},
    {"watchdog", offsetof(struct node, watchdog)},
    {"pid-file", offsetof(struct node, pid_file)},
    {"job", offsetof(struct node, job.timeout)},
};
