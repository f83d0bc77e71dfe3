/* The scripted world of script.h. */
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "init/unit/load.h"

static void script_log(struct script *script, const char *format, ...) _printf_(2, 3);

static void script_log(struct script *script, const char *format, ...)
{
    char line[512];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
    assert_int_equal(strv_append(&script->log, line), 0);
}

/* --- files --- */

static const char *file_text(struct script *script, const char *path)
{
    const char *name = startswith(path, "/units/");
    for (size_t i = 0; name && script->names && script->names[i]; i++)
        if (streq(script->names[i], name))
            return script->texts[i];
    return NULL;
}

/* Where a file leads that was written as "-> TARGET", or NULL. */
static const char *link_target(const char *text)
{
    return text ? startswith(text, "-> ") : NULL;
}

static int files_read(void *files, const char *path, char **ret, size_t *ret_size)
{
    const char *text = file_text(files, path);
    if (!text || link_target(text))
        return -ENOENT;
    *ret = strdup(text);
    *ret_size = strlen(text);
    return 0;
}

static int files_list(void *files, const char *path, char ***ret)
{
    return -ENOENT;
}

static int files_read_link(void *files, const char *path, char **ret)
{
    const char *text = file_text(files, path), *target = link_target(text);
    if (!target)
        return text ? -EINVAL : -ENOENT;
    *ret = strdup(target);
    return 0;
}

static int files_links_to(void *files, const char *directory, const char *base, char ***ret)
{
    const struct script *script = files;
    int r = 0;

    for (size_t i = 0; r >= 0 && script->names && script->names[i]; i++) {
        const char *target = link_target(script->texts[i]);
        if (target && streq(target, base))
            r = strv_append(ret, script->names[i]);
    }
    return r;
}

/* --- the platform --- */

static int op_load(void *platform, const char *name, struct unit **ret)
{
    static const struct unit_files_ops ops = {
        .read = files_read,
        .list = files_list,
        .list_links = files_list,
        .read_link = files_read_link,
        .links_to = files_links_to,
    };
    char *search_path[] = {(char *)"/units", NULL};
    struct unit_loader loader = {.ops = &ops, .files = platform, .search_path = search_path};
    return unit_load(&loader, name, ret);
}

static int op_spawn(void *platform, const struct spawn_request *request, pid_t *ret_pid)
{
    struct script *script = platform;
    const char *name = request->unit->unit->name;

    if (script->not_spawned && streq(script->not_spawned, name))
        return -EAGAIN;
    assert_true(script->n_children < SCRIPT_CHILDREN_MAX);
    struct script_child *child = &script->children[script->n_children++];
    *child = (struct script_child){
        .pid = ++script->last_pid, .unit = request->unit, .control = request->control, .alive = true};
    script_log(script, "spawn %s %s%s", name, service_command_to_string(request->kind),
               request->idle ? " when idle" : "");
    for (char *const *variable = request->environment; *variable; variable++)
        script_log(script, "environment %s", *variable);
    *ret_pid = child->pid;
    return 0;
}

static void child_ends(struct script *script, struct script_child *child, int code, int status)
{
    assert_true(script->n_due < SCRIPT_CHILDREN_MAX);
    child->alive = false;
    script->due[script->n_due++] = (struct event){.type = EVENT_EXITED,
                                                  .pid = child->pid,
                                                  .exit = {.code = code, .status = status},
                                                  .unit = child->unit};
}

/* Main and control process take signals, without effect, until the manager has heard of their end. */
static bool is_target(const struct script_child *child, const struct manager_unit *unit, enum kill_who who)
{
    bool is_main = child->pid == unit->main_pid, is_control = child->pid == unit->control_pid;

    if (child->unit != unit)
        return false;
    if (who == KILL_ALL)
        return child->alive || is_main || is_control;
    return who == KILL_MAIN ? is_main : is_control;
}

static int op_kill(void *platform, struct manager_unit *unit, enum kill_who who, int signal)
{
    struct script *script = platform;
    bool stubborn = script->stubborn && streq(script->stubborn, unit->unit->name);
    int r = -ESRCH;

    script_log(script, "signal %d %s", signal, unit->unit->name);
    for (unsigned i = 0; i < script->n_children; i++) {
        if (!is_target(&script->children[i], unit, who))
            continue;
        r = 0;
        if (!script->children[i].alive)
            continue;
        if (signal == SIGKILL || (!stubborn && (signal == SIGTERM || signal == SIGABRT || signal == SIGQUIT)))
            child_ends(script, &script->children[i], CLD_KILLED, signal);
    }
    return r;
}

static bool op_is_populated(void *platform, struct manager_unit *unit)
{
    struct script *script = platform;
    for (unsigned i = 0; i < script->n_children; i++)
        if (script->children[i].alive && script->children[i].unit == unit)
            return true;
    return false;
}

static int op_check_condition(void *platform, const struct manager_unit *unit,
                              const struct condition *condition)
{
    struct script *script = platform;
    return !script->unmet || !streq(script->unmet, condition->parameter);
}

static bool op_owns(void *platform, struct manager_unit *unit, pid_t pid)
{
    struct script *script = platform;
    for (unsigned i = 0; i < script->n_children; i++)
        if (script->children[i].pid == pid)
            return script->children[i].alive && script->children[i].unit == unit;
    return false;
}

static int op_read_pid_file(void *platform, struct manager_unit *unit, const char *path, pid_t *ret)
{
    struct script *script = platform;
    *ret = script->pid_file;
    return script->pid_file == 0 ? -ENOENT : 0;
}

static int op_realize(void *platform, struct manager_unit *unit)
{
    return 0;
}

static unsigned op_store_descriptors(void *platform, struct manager_unit *unit, const char *name,
                                     unsigned room, bool poll)
{
    struct script *script = platform;
    unsigned n = MIN(room, script->offered);

    script_log(script, "store %s %s %u%s", unit->unit->name, name, n, poll ? "" : " unwatched");
    script->stored += n;
    return n;
}

/* All have one name. */
static unsigned op_drop_descriptors(void *platform, struct manager_unit *unit, const char *name)
{
    struct script *script = platform;
    unsigned n = unit->n_stored;

    script_log(script, "drop %s %s", unit->unit->name, name ? name : "all");
    script->stored -= n;
    return n;
}

static pid_t op_guess_main_pid(void *platform, struct manager_unit *unit)
{
    struct script *script = platform;
    pid_t found = 0;

    for (unsigned i = 0; i < script->n_children; i++) {
        if (!script->children[i].alive || script->children[i].unit != unit)
            continue;
        if (found != 0)
            return 0;
        found = script->children[i].pid;
    }
    return found;
}

static void op_jobs_done(void *platform)
{
    script_log(platform, "idle");
}

static void op_nothing(void *platform, struct manager_unit *unit)
{
}

static void op_state_changed(void *platform, struct manager_unit *unit, enum service_state old)
{
    script_log(platform, "%s %s", unit->unit->name, manager_unit_sub_state(unit));
}

static void op_job_finished(void *platform, const struct job_report *report)
{
    script_log(platform, "job %s %s %s", job_type_to_string(report->type), report->unit,
               job_result_to_string(report->result));
}

static void op_message(void *platform, const struct manager_unit *unit, bool warning, const char *text)
{
    script_log(platform, "message %s", text);
}

static const struct platform_ops script_ops = {
    .load = op_load,
    .spawn = op_spawn,
    .kill = op_kill,
    .is_populated = op_is_populated,
    .check_condition = op_check_condition,
    .owns = op_owns,
    .read_pid_file = op_read_pid_file,
    .realize = op_realize,
    .release = op_nothing,
    .store_descriptors = op_store_descriptors,
    .drop_descriptors = op_drop_descriptors,
    .guess_main_pid = op_guess_main_pid,
    .jobs_done = op_jobs_done,
    .forget = op_nothing,
    .state_changed = op_state_changed,
    .job_finished = op_job_finished,
    .message = op_message,
};

/* --- what a scenario does --- */

int script_setup(void **state)
{
    struct script *script = calloc(1, sizeof(*script));
    if (!script)
        return -1;
    script->now = USEC_PER_SEC;
    script->last_pid = 100;
    script->config = (struct manager_config){
        .default_timeout_start = 90 * USEC_PER_SEC,
        .default_timeout_stop = 90 * USEC_PER_SEC,
        .default_timeout_abort = TIMEOUT_ABORT_AS_STOP,
        .default_restart = 100 * USEC_PER_MSEC,
        .default_start_limit_interval = 10 * USEC_PER_SEC,
        .default_start_limit_burst = 5,
        .stop_timeout = USEC_INFINITY,
    };
    *state = script;
    return 0;
}

int script_teardown(void **state)
{
    struct script *script = *state;

    manager_free(script->manager);
    strv_free(script->names);
    strv_free(script->texts);
    strv_free(script->log);
    free(script);
    return 0;
}

void script_unit(struct script *script, const char *name, const char *text)
{
    assert_int_equal(strv_append(&script->names, name), 0);
    assert_int_equal(strv_consume(&script->texts, xasprintf("[Unit]\nDefaultDependencies=no\n%s", text)), 0);
}

struct manager *script_manager(struct script *script)
{
    if (!script->manager)
        assert_int_equal(manager_new(&script_ops, script, &script->config, &script->manager), 0);
    return script->manager;
}

static void send_event(struct script *script, struct event event)
{
    event.now = script->now;
    manager_event(script->manager, &event);
}

/* Ends that signals caused, with the emptiness that follows. */
static void drain(struct script *script)
{
    while (script->n_due > 0) {
        struct event event = script->due[0];
        struct manager_unit *unit = event.unit;
        script->n_due--;
        memmove(script->due, script->due + 1, script->n_due * sizeof(*script->due));
        event.unit = NULL;
        send_event(script, event);
        if (!op_is_populated(script, unit))
            send_event(script, (struct event){.type = EVENT_EMPTY, .unit = unit});
    }
}

int script_request_mode(struct script *script, enum job_type type, const char *name, enum job_mode mode)
{
    int r = manager_enqueue(script_manager(script), script->now, name, type, mode, NULL);
    drain(script);
    return r;
}

int script_request(struct script *script, enum job_type type, const char *name)
{
    return script_request_mode(script, type, name, JOB_REPLACE);
}

void script_start(struct script *script, const char *name)
{
    assert_int_equal(script_request(script, JOB_START, name), 0);
}

void script_stop(struct script *script, const char *name)
{
    assert_int_equal(script_request(script, JOB_STOP, name), 0);
}

void script_restart(struct script *script, const char *name)
{
    assert_int_equal(script_request(script, JOB_RESTART, name), 0);
}

void script_shutdown(struct script *script, int exit_status)
{
    manager_shutdown(script_manager(script), script->now, SHUTDOWN_EXIT, exit_status);
    drain(script);
}

void script_shutdown_now(struct script *script, enum shutdown_kind kind)
{
    manager_shutdown_now(script_manager(script), script->now, kind, 0);
    drain(script);
}

void script_pass(struct script *script, usec_t time)
{
    usec_t end = script->now + time;

    for (usec_t next; (next = manager_next_deadline(script->manager)) <= end;) {
        script->now = MAX(script->now, next);
        send_event(script, (struct event){.type = EVENT_TIME});
        drain(script);
    }
    script->now = end;
}

static struct script_child *find_child(struct script *script, const char *name, bool control)
{
    for (unsigned i = script->n_children; i-- > 0;) {
        struct script_child *child = &script->children[i];
        if (child->alive && child->control == control && !child->leftover &&
            streq(child->unit->unit->name, name))
            return child;
    }
    fail_msg("%s has no %s process", name, control ? "control" : "main");
    return NULL;
}

void script_main_exits_unheard(struct script *script, const char *name, int status)
{
    child_ends(script, find_child(script, name, false), CLD_EXITED, status);
}

void script_main_exits(struct script *script, const char *name, int status)
{
    script_main_exits_unheard(script, name, status);
    drain(script);
}

void script_main_killed(struct script *script, const char *name, int signal)
{
    child_ends(script, find_child(script, name, false), CLD_KILLED, signal);
    drain(script);
}

void script_control_exits(struct script *script, const char *name, int status)
{
    child_ends(script, find_child(script, name, true), CLD_EXITED, status);
    drain(script);
}

static void notify_from(struct script *script, const char *name, pid_t pid, const char *text, unsigned n)
{
    script->offered = n;
    send_event(script, (struct event){.type = EVENT_NOTIFY,
                                      .unit = script_find(script, name),
                                      .pid = pid,
                                      .text = text,
                                      .n_descriptors = n});
    drain(script);
}

void script_notify_with(struct script *script, const char *name, const char *text, unsigned n)
{
    notify_from(script, name, script_find(script, name)->main_pid, text, n);
}

void script_notify(struct script *script, const char *name, const char *text)
{
    script_notify_with(script, name, text, 0);
}

void script_control_notifies(struct script *script, const char *name, const char *text)
{
    notify_from(script, name, find_child(script, name, true)->pid, text, 0);
}

void script_leftover_notifies(struct script *script, const char *name, const char *text)
{
    for (unsigned i = 0; i < script->n_children; i++)
        if (script->children[i].leftover && streq(script->children[i].unit->unit->name, name)) {
            notify_from(script, name, script->children[i].pid, text, 0);
            return;
        }
    fail_msg("%s has no leftover", name);
}

void script_leftover(struct script *script, const char *name)
{
    assert_true(script->n_children < SCRIPT_CHILDREN_MAX);
    script->children[script->n_children] = (struct script_child){
        .pid = ++script->last_pid, .unit = script_find(script, name), .leftover = true, .alive = true};
    script->n_children++;
}

void script_leftovers_end(struct script *script, const char *name)
{
    for (unsigned i = 0; i < script->n_children; i++) {
        struct script_child *child = &script->children[i];
        if (child->alive && child->leftover && streq(child->unit->unit->name, name))
            child_ends(script, child, CLD_EXITED, 0);
    }
    drain(script);
}

void script_forget_children(struct script *script)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < script->n_children; i++)
        if (script->children[i].alive)
            script->children[kept++] = script->children[i];
    script->n_children = kept;
}

void script_exec_done(struct script *script, const char *name)
{
    send_event(script, (struct event){.type = EVENT_EXEC_DONE, .pid = find_child(script, name, false)->pid});
}

struct manager_unit *script_find(struct script *script, const char *name)
{
    struct manager_unit *unit = manager_find(script_manager(script), name);
    assert_non_null(unit);
    return unit;
}

unsigned script_count(struct script *script, const char *line)
{
    unsigned n = 0;
    for (char **entry = script->log; entry && *entry; entry++)
        n += startswith(*entry, line) != NULL;
    return n;
}

int script_index(struct script *script, const char *line)
{
    for (int i = 0; script->log && script->log[i]; i++)
        if (startswith(script->log[i], line))
            return i;
    return -1;
}

void script_forget_log(struct script *script)
{
    script->log = strv_free(script->log);
}
