/* A world that does exactly what a scenario says: unit files as text, processes that end when told to, and a
 * log of all that the manager did. Processes obey TERM and KILL at once, unless they are stubborn. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "init/manager/manager.h"

#define SCRIPT_CHILDREN_MAX 64

struct script_child {
    pid_t pid;
    struct manager_unit *unit;
    bool control;
    bool leftover;
    bool alive;
};

struct script {
    struct manager *manager;
    usec_t now;
    char **names; /* of unit files, with their texts */
    char **texts;
    char **log;
    struct script_child children[SCRIPT_CHILDREN_MAX];
    unsigned n_children;
    pid_t last_pid;
    struct event due[SCRIPT_CHILDREN_MAX]; /* ends that the manager has not heard of */
    unsigned n_due;
    const char *stubborn;    /* the unit whose processes ignore everything but KILL */
    const char *unmet;       /* what conditions on this path find is nothing */
    const char *not_spawned; /* the unit for which there are no processes */
    unsigned offered;        /* descriptors beside the notification that is being told */
    unsigned stored;         /* descriptors in the store of all units */
    pid_t pid_file;          /* 0: there is none */
    struct manager_config config;
};

/* cmocka's setup and teardown: *state is a struct script. */
int script_setup(void **state);
int script_teardown(void **state);
/* A unit file without default dependencies; "[Unit]" is written already. */
void script_unit(struct script *script, const char *name, const char *text);
/* The manager is made by the first request: config can be changed before. */
struct manager *script_manager(struct script *script);
int script_request(struct script *script, enum job_type type, const char *name);
int script_request_mode(struct script *script, enum job_type type, const char *name, enum job_mode mode);
void script_start(struct script *script, const char *name);
void script_stop(struct script *script, const char *name);
void script_restart(struct script *script, const char *name);
void script_shutdown(struct script *script, int exit_status);
void script_shutdown_now(struct script *script, enum shutdown_kind kind);
/* Lets time pass; what falls due on the way happens at its time. */
void script_pass(struct script *script, usec_t time);
void script_main_exits(struct script *script, const char *name, int status);
/* The manager hears of it only after the next request. */
void script_main_exits_unheard(struct script *script, const char *name, int status);
void script_main_killed(struct script *script, const char *name, int signal);
void script_control_exits(struct script *script, const char *name, int status);
void script_notify(struct script *script, const char *name, const char *text);
/* The same, with descriptors beside it. */
void script_notify_with(struct script *script, const char *name, const char *text, unsigned n);
/* The same, from the control process or from a leftover. */
void script_control_notifies(struct script *script, const char *name, const char *text);
void script_leftover_notifies(struct script *script, const char *name, const char *text);
/* A process that is neither main nor control; it ends when told to, or by a signal. */
void script_leftover(struct script *script, const char *name);
void script_leftovers_end(struct script *script, const char *name);
/* Room for more children in one scenario: those that have ended are forgotten. */
void script_forget_children(struct script *script);
void script_exec_done(struct script *script, const char *name);
struct manager_unit *script_find(struct script *script, const char *name);
/* "spawn a.service ExecStart", "signal 15 a.service", "job start a.service done", "a.service running",
 * "message ...". How often, and where first (-1: never). */
unsigned script_count(struct script *script, const char *line);
int script_index(struct script *script, const char *line);
void script_forget_log(struct script *script);

#define assert_state(script, name, expected)                                                                 \
    assert_string_equal(manager_unit_sub_state(script_find(script, name)), expected)
#define assert_result(script, name, expected)                                                                \
    assert_string_equal(service_result_to_string(script_find(script, name)->result), expected)
#define assert_logged(script, line)     assert_int_not_equal(script_index(script, line), -1)
#define assert_not_logged(script, line) assert_int_equal(script_index(script, line), -1)
#define assert_order(script, first, second)                                                                  \
    do {                                                                                                     \
        assert_logged(script, first);                                                                        \
        assert_logged(script, second);                                                                       \
        assert_true(script_index(script, first) < script_index(script, second));                             \
    } while (0)
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, script_setup, script_teardown)
