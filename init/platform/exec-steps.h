/* The steps between the fork and the program that have files of their own; exec.c has the table. */
#pragma once

#include <errno.h>

#include "init/platform/exec.h"

/* 0 or -errno; *object is what could not be reached. */
typedef int (*exec_step_fn)(const struct exec_plan *plan, const char **object);

static inline int negative_errno(int r)
{
    return r < 0 ? -errno : 0;
}

/* A line for the unit's log, from the child, which goes on. */
void exec_note(const struct exec_plan *plan, const char *format, ...) _printf_(2, 3);

/* "+", "!", or nobody else to become. */
bool exec_keeps_user(const struct exec_plan *plan);

/* exec-streams.c */
int exec_step_stdin(const struct exec_plan *plan, const char **object);
int exec_step_stdout(const struct exec_plan *plan, const char **object);
int exec_step_stderr(const struct exec_plan *plan, const char **object);

/* exec-privileges.c */
int exec_step_bounding_set(const struct exec_plan *plan, const char **object);
int exec_step_ambient_set(const struct exec_plan *plan, const char **object);
int exec_step_keep_capabilities(const struct exec_plan *plan, const char **object);
int exec_step_ambient_set_of_user(const struct exec_plan *plan, const char **object);
int exec_step_secure_bits(const struct exec_plan *plan, const char **object);

/* exec-limits.c */
int exec_step_limits(const struct exec_plan *plan, const char **object);
int exec_step_scheduler(const struct exec_plan *plan, const char **object);
int exec_step_affinity(const struct exec_plan *plan, const char **object);
int exec_step_io_priority(const struct exec_plan *plan, const char **object);
int exec_step_timer_slack(const struct exec_plan *plan, const char **object);

/* exec-directories.c */
int exec_step_runtime_directories(const struct exec_plan *plan, const char **object);
int exec_step_state_directories(const struct exec_plan *plan, const char **object);
int exec_step_cache_directories(const struct exec_plan *plan, const char **object);
int exec_step_logs_directories(const struct exec_plan *plan, const char **object);
int exec_step_configuration_directories(const struct exec_plan *plan, const char **object);
