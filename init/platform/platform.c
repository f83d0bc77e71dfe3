/* The manager's effects, carried out; and what comes back, as its events. */
#include "init/platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/platform/command-unit.h"
#include "init/platform/conditions.h"
#include "init/platform/exec-directories.h"
#include "init/platform/exec-terminal.h"
#include "init/platform/limits.h"
#include "init/platform/orders.h"
#include "init/platform/progress.h"
#include "init/unit/share.h"

#define PID_FILE_MAX         64
#define PID_FILE_GRANULARITY USEC_PER_SEC /* of times in coarse file systems */

void platform_say(struct platform *platform, const char *format, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
    logs_write(platform->logs, "berth-init", line);
}

void platform_event(struct platform *platform, struct event *event)
{
    event->now = now_monotonic();
    manager_event(platform->manager, event);
    platform_follow_startup(platform);
}

static int op_load(void *userdata, const char *name, struct unit **ret)
{
    struct platform *platform = userdata;

    if (platform->options->command && streq(name, COMMAND_UNIT))
        return command_unit_new(name, platform->options->command, platform->target,
                                platform->command_directory, ret);
    int r = unit_load(&platform->loader, name, ret);
    if (r >= 0)
        unit_seal(ret);
    return r;
}

static int op_spawn(void *userdata, const struct spawn_request *request, pid_t *ret_pid)
{
    struct platform *platform = userdata;
    struct unit_runtime *runtime = unit_runtime_get(&platform->runtimes, request->unit);
    char id[INVOCATION_ID_SIZE], monitored_id[INVOCATION_ID_SIZE];
    const char *object = NULL;

    if (!runtime)
        return -ENOMEM;
    struct unit_runtime *monitored = request->monitored ? unit_runtime_of(request->monitored) : NULL;
    unit_runtime_invocation(runtime, platform->seed, id);
    if (monitored)
        unit_runtime_invocation(monitored, platform->seed, monitored_id);
    const struct spawn_place place = {
        .moves_in = runtime->cgroup && cgroup_unit_was_killed(runtime->cgroup),
        .cgroup = runtime->cgroup ? cgroup_unit_fd(runtime->cgroup, request->kind) : -EBADF,
        .may_stall = runtime->cgroup && cgroup_unit_may_stall(runtime->cgroup),
        .invocation_id = id,
        .monitor_invocation_id = monitored ? monitored_id : NULL,
        .store = runtime->store,
    };
    int r = spawner_spawn(platform->spawner, request, &place, ret_pid, &object);
    if (r < 0) {
        progress_spawn_failed(platform, request, object, r);
        return r;
    }
    platform->runtimes.manager = platform->manager;
    children_add(platform->children, *ret_pid);
    /* Without memory for it, the unit's processes are still found by their INVOCATION_ID. */
    if (!platform->cgroups)
        (void)process_group_add(&runtime->group, *ret_pid);
    return 0;
}

static int kill_one(pid_t pid, int signal)
{
    if (pid <= 0)
        return -ESRCH;
    return kill(pid, signal) < 0 ? -errno : 0;
}

static int op_kill(void *userdata, struct manager_unit *unit, enum kill_who who, int signal)
{
    struct unit_runtime *runtime = unit_runtime_of(unit);

    switch (who) {
    case KILL_MAIN:
        return kill_one(unit->main_pid, signal);
    case KILL_CONTROL:
        return kill_one(unit->control_pid, signal);
    default:
        return runtime ? unit_runtime_kill(runtime, signal) : -ESRCH;
    }
}

static bool op_is_populated(void *userdata, struct manager_unit *unit)
{
    struct unit_runtime *runtime = unit_runtime_of(unit);
    return runtime && unit_runtime_is_populated(runtime);
}

static int op_check_condition(void *userdata, const struct manager_unit *unit,
                              const struct condition *condition)
{
    const struct platform *platform = userdata;

    return condition_holds(condition, platform->environment);
}

/* Without cgroups: what the main process of a unit leaves behind is looked for in its session. */
static void adopt(struct unit_runtime *runtime, pid_t pid)
{
    if (runtime && !runtime->cgroup && pid > 0)
        process_group_adopt(&runtime->group, pid);
}

/* Asked about what is to be the main process. */
static bool op_owns(void *userdata, struct manager_unit *unit, pid_t pid)
{
    if (platform_find_owner(userdata, pid) != unit)
        return false;
    adopt(unit_runtime_of(unit), pid);
    return true;
}

/* Whose word a file is: root's, or else nobody's who could have linked another one's file here. */
static bool pid_file_is_honest(const char *path, const struct stat *st)
{
    struct stat link;

    return lstat(path, &link) == 0 &&
           (!S_ISLNK(link.st_mode) || link.st_uid == 0 || link.st_uid == st->st_uid);
}

/* A file that was written before this start names a process of another life. What the file says of a process
 * that is not the unit's counts only when root wrote it, and never of another unit's. */
static int op_read_pid_file(void *userdata, struct manager_unit *unit, const char *path, pid_t *ret)
{
    struct platform *platform = userdata;
    _cleanup_free_ char *text = NULL;
    struct stat st;
    int pid;

    struct unit_runtime *runtime = unit_runtime_of(unit);
    usec_t started = runtime ? runtime->started : platform->boot_realtime;

    if (stat(path, &st) < 0 || !pid_file_is_honest(path, &st) ||
        read_file_at(AT_FDCWD, path, PID_FILE_MAX, &text, NULL) < 0)
        return -ENOENT;
    usec_t written = (usec_t)st.st_mtim.tv_sec * USEC_PER_SEC + (usec_t)st.st_mtim.tv_nsec / NSEC_PER_USEC;
    text[strcspn(text, " \t\r\n")] = 0;
    if (written + PID_FILE_GRANULARITY < started || parse_int(text, &pid) < 0 || pid <= 1 || kill(pid, 0) < 0)
        return -ENOENT;
    struct manager_unit *owner = platform_find_owner(platform, pid);
    bool trusted = st.st_uid == 0 || st.st_uid == geteuid();
    if (owner ? owner != unit : !trusted)
        return -ENOENT;
    adopt(runtime, pid);
    *ret = pid;
    return 0;
}

static int op_realize(void *userdata, struct manager_unit *unit)
{
    struct platform *platform = userdata;
    struct unit_runtime *runtime = unit_runtime_get(&platform->runtimes, unit);

    if (!runtime)
        return -ENOMEM;
    runtime->started = now_realtime();
    return platform_realize_cgroup(platform, unit);
}

static void op_release(void *userdata, struct manager_unit *unit)
{
    struct unit_runtime *runtime = unit_runtime_of(unit);

    if (runtime)
        unit_runtime_release(runtime);
    if (unit->unit->service->pid_file)
        (void)unlink(unit->unit->service->pid_file);
    exec_terminal_release(unit->unit->exec);
    runtime_directories_remove(unit->unit->exec, unit->comes_back);
}

static void descriptor_gone(void *userdata, void *owner)
{
    platform_event(userdata, &(struct event){.type = EVENT_DESCRIPTOR_GONE, .unit = owner});
}

int platform_store_descriptor(struct platform *platform, struct manager_unit *unit, const char *name, int *fd,
                              bool poll)
{
    struct unit_runtime *runtime = unit_runtime_get(&platform->runtimes, unit);
    const struct fd_store_watch watch = {
        .loop = poll ? platform->loop : NULL, .gone = descriptor_gone, .userdata = platform, .owner = unit};

    return runtime ? fd_store_add(&runtime->store, name, fd, &watch) : -ENOMEM;
}

static unsigned op_store_descriptors(void *userdata, struct manager_unit *unit, const char *name,
                                     unsigned room, bool poll)
{
    struct platform *platform = userdata;
    unsigned n = 0;

    for (size_t i = 0; i < platform->n_notified_fds && n < room; i++)
        n += platform_store_descriptor(platform, unit, name, &platform->notified_fds[i], poll) > 0;
    return n;
}

static unsigned op_drop_descriptors(void *userdata, struct manager_unit *unit, const char *name)
{
    struct unit_runtime *runtime = unit_runtime_of(unit);
    return runtime ? fd_store_remove(&runtime->store, name) : 0;
}

static void op_forget(void *userdata, struct manager_unit *unit)
{
    struct platform *platform = userdata;

    unit_runtime_free(unit_runtime_of(unit));
    logs_forget(platform->logs, unit->unit->name);
}

static pid_t op_guess_main_pid(void *userdata, struct manager_unit *unit)
{
    struct unit_runtime *runtime = unit_runtime_of(unit);
    pid_t pid = runtime ? unit_runtime_only_child(runtime) : 0;

    adopt(runtime, pid);
    return pid;
}

static void op_jobs_done(void *userdata)
{
    struct platform *platform = userdata;
    spawner_release_idle(platform->spawner);
    if (platform->control)
        control_server_jobs_done(platform->control);
    if (!platform->settled)
        platform->may_rest = platform->settled = true;
}

static void op_state_changed(void *userdata, struct manager_unit *unit, enum service_state old)
{
    struct platform *platform = userdata;

    progress_state_changed(platform, unit, old);
    if (platform->control)
        control_server_unit_changed(platform->control, unit);
}

static void op_job_finished(void *userdata, const struct job_report *report)
{
    struct platform *platform = userdata;

    progress_job_finished(platform, report);
    if (platform->control)
        control_server_job_finished(platform->control, report);
}

static void op_message(void *userdata, const struct manager_unit *unit, bool warning, const char *text)
{
    struct platform *platform = userdata;
    logs_write(platform->logs, unit ? unit->unit->name : "berth-init", text);
}

const struct platform_ops platform_ops = {
    .load = op_load,
    .spawn = op_spawn,
    .kill = op_kill,
    .is_populated = op_is_populated,
    .check_condition = op_check_condition,
    .owns = op_owns,
    .read_pid_file = op_read_pid_file,
    .realize = op_realize,
    .release = op_release,
    .guess_main_pid = op_guess_main_pid,
    .jobs_done = op_jobs_done,
    .store_descriptors = op_store_descriptors,
    .drop_descriptors = op_drop_descriptors,
    .forget = op_forget,
    .state_changed = op_state_changed,
    .job_finished = op_job_finished,
    .message = op_message,
};

static const char *control_tracking(void *userdata)
{
    struct platform *platform = userdata;
    return platform->cgroups ? "control groups" : "process groups (no delegated cgroup)";
}

static const char *control_target(void *userdata)
{
    const struct platform *platform = userdata;
    return platform->target;
}

static void control_usage(void *userdata, const struct manager_unit *unit, struct unit_usage *ret)
{
    struct unit_runtime *runtime = unit_runtime_of(unit);

    *ret = (struct unit_usage)UNIT_USAGE_UNKNOWN;
    if (runtime && runtime->cgroup)
        cgroup_unit_usage(runtime->cgroup, ret);
}

static const char *control_cgroup_path(void *userdata, const struct manager_unit *unit)
{
    struct unit_runtime *runtime = unit_runtime_of(unit);
    return runtime && runtime->cgroup ? cgroup_unit_path(runtime->cgroup) : NULL;
}

static int control_kill(void *userdata, struct manager_unit *unit, enum kill_who who, int signal)
{
    return op_kill(userdata, unit, who, signal);
}

static char *const *control_environment(void *userdata)
{
    const struct platform *platform = userdata;
    return platform->environment;
}

static int control_change_environment(void *userdata, const char *word, bool set)
{
    struct platform *platform = userdata;
    int r = set ? strv_env_set(&platform->environment, word) : 0;

    if (!set && platform->environment)
        strv_env_unset(platform->environment, word);
    spawner_set_environment(platform->spawner, platform->environment);
    return r;
}

static int control_reload(void *userdata)
{
    return orders_reload(userdata);
}

static int control_reexec(void *userdata, const char *file, char **ret_message)
{
    return reexec_begin(userdata, file, ret_message);
}

const struct control_server_ops platform_control_ops = {
    .tracking = control_tracking,
    .target = control_target,
    .environment = control_environment,
    .change_environment = control_change_environment,
    .usage = control_usage,
    .cgroup_path = control_cgroup_path,
    .kill = control_kill,
    .reload = control_reload,
    .reexec = control_reexec,
};

struct manager_unit *platform_find_owner(struct platform *platform, pid_t pid)
{
    struct manager_unit *unit = manager_find_by_pid(platform->manager, pid);

    if (unit || platform->cgroups)
        return unit ? unit : cgroup_tree_find_owner(platform->cgroups, pid);
    for (struct unit_runtime *runtime = platform->runtimes.all; runtime; runtime = runtime->next)
        if (process_group_has(&runtime->group, pid))
            return runtime->unit;
    return NULL;
}

void platform_spawn_done(void *userdata, pid_t pid, const struct exec_failure *failure)
{
    struct event event = {.type = EVENT_EXEC_DONE, .pid = pid};

    if (failure) {
        event.type = EVENT_EXEC_FAILED;
        event.stage = (enum exec_stage)failure->stage;
        event.error = failure->error;
        event.object = failure->object[0] ? failure->object : NULL;
    }
    platform_event(userdata, &event);
}

void platform_spawn_note(void *userdata, pid_t pid, const char *text)
{
    struct platform *platform = userdata;
    struct manager_unit *unit = manager_find_by_pid(platform->manager, pid);

    logs_write(platform->logs, unit ? unit->unit->name : "berth-init", text);
}

void platform_child_ended(void *userdata, pid_t pid, int status)
{
    struct platform *platform = userdata;
    struct event event = {.type = EVENT_EXITED, .pid = pid};

    event.exit.code = WIFEXITED(status) ? CLD_EXITED : WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
    event.exit.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    /* What led to this end comes first: that the program could not be executed, its last words, that memory
     * was short. */
    spawner_settle(platform->spawner, pid);
    struct manager_unit *unit = manager_find_by_pid(platform->manager, pid);
    if (unit)
        logs_settle(platform->logs, unit->unit->name);
    if (unit && event.exit.code == CLD_KILLED && event.exit.status == SIGKILL) {
        struct unit_runtime *runtime = unit_runtime_of(unit);
        if (runtime && runtime->cgroup)
            cgroup_unit_check_oom(runtime->cgroup);
    }
    platform_event(platform, &event);
}

void platform_check_empty(struct platform *platform)
{
    struct unit_runtime *runtime;

    platform->runtimes.unclear = false; /* unless a look says it again */
    unit_runtimes_look(&platform->runtimes);
    while ((runtime = unit_runtimes_next(&platform->runtimes)))
        if (!unit_runtime_is_populated(runtime))
            platform_event(platform, &(struct event){.type = EVENT_EMPTY, .unit = runtime->unit});
}

void platform_cgroup_event(void *userdata, void *owner, enum cgroup_event what)
{
    static const enum event_type types[] = {
        [CGROUP_EMPTY] = EVENT_EMPTY,
        [CGROUP_OOM_KILL] = EVENT_OOM_KILL,
    };
    struct platform *platform = userdata;

    platform_event(platform, &(struct event){.type = types[what], .unit = owner});
}

void platform_notified(void *userdata, pid_t pid, const char *text, int *fds, size_t n_fds)
{
    struct platform *platform = userdata;
    struct manager_unit *unit = platform_find_owner(platform, pid);

    if (!unit)
        return;
    platform->notified_fds = fds;
    platform->n_notified_fds = n_fds;
    platform_event(
        platform,
        &(struct event){
            .type = EVENT_NOTIFY, .unit = unit, .pid = pid, .text = text, .n_descriptors = (unsigned)n_fds});
    platform->n_notified_fds = 0;
}

void platform_report(void *userdata, enum unit_report_level level, const char *unit, const char *path,
                     unsigned line, const char *text)
{
    struct platform *platform = userdata;
    char message[1024];

    if (level == REPORT_INFO && log_get_level() < LOG_LEVEL_DEBUG)
        return;
    if (line > 0)
        (void)snprintf(message, sizeof(message), "%s:%u: %s", path ? path : unit, line, text);
    else
        (void)snprintf(message, sizeof(message), "%s: %s", path ? path : unit, text);
    logs_write(platform->logs, unit, message);
}
