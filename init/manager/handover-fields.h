/* What is handed over of a unit and of the manager, field by field: one table for both directions.
 * Only the files of the manager include this. */
#pragma once

#include "init/manager/handover.h"
#include "init/manager/internal.h"

extern const struct field node_fields[], report_fields[], manager_fields[];
extern const size_t n_node_fields, n_report_fields, n_manager_fields;

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
