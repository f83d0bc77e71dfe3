/* How a process of a unit comes to be: systemd.exec(5). */
#include "init/platform/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "init/platform/exec-environment.h"
#include "init/unit/expand.h"

/* A child between its fork and its program. */
struct pending_exec {
    struct loop_source source; /* the exec pipe */
    struct spawner *spawner;
    pid_t pid;
    bool reached_exec; /* it said so */
    struct pending_exec *next, **link;
};

struct spawner {
    struct spawn_config config;
    struct pending_exec *pending; /* few, and short-lived */
    struct dynamic_users dynamic_users;
    int idle[2]; /* what children of Type=idle wait on */
};

/* What one spawn needs until the fork is done. */
struct preparation {
    struct credentials credentials;
    char **environment;
    char **argv;
    char *search_path;
    int log;
    int *passed;
};

static void preparation_done(struct preparation *preparation)
{
    credentials_done(&preparation->credentials);
    strv_free(preparation->environment);
    strv_free(preparation->argv);
    free(preparation->search_path);
    free(preparation->passed);
    close_fd(preparation->log);
}
#define _cleanup_preparation_ _cleanup_(preparation_done)

static void pending_free(struct pending_exec *pending)
{
    loop_remove(pending->spawner->config.loop, &pending->source);
    close_fd(pending->source.fd);
    *pending->link = pending->next;
    if (pending->next)
        pending->next->link = pending->link;
    free(pending);
}

/* Notes first, then one failure, or the end of the pipe: the program runs. */
static void pending_ready(struct loop_source *source, uint32_t events)
{
    struct pending_exec *pending = CONTAINER_OF(source, struct pending_exec, source);
    const struct spawn_config *config = &pending->spawner->config;
    struct exec_failure failure;
    pid_t pid = pending->pid;
    ssize_t n;

    while ((n = read(source->fd, &failure, sizeof(failure))) == sizeof(failure)) {
        failure.object[sizeof(failure.object) - 1] = 0;
        if (failure.stage != EXEC_STAGE_NONE)
            break;
        if (*failure.object)
            config->note(config->userdata, pid, failure.object);
        else
            pending->reached_exec = true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    bool executed = pending->reached_exec;
    pending_free(pending);
    /* Killed before its program: its end says all there is to say. */
    if (n == sizeof(failure) || executed)
        config->done(config->userdata, pid, n == sizeof(failure) ? &failure : NULL);
}

static struct pending_exec *pending_new(struct spawner *spawner, int fd)
{
    struct pending_exec *pending = calloc(1, sizeof(*pending));

    if (!pending)
        return NULL;
    *pending = (struct pending_exec){
        .source = {.fd = fd, .ready = pending_ready},
        .spawner = spawner,
        .next = spawner->pending,
        .link = &spawner->pending,
    };
    if (pending->next)
        pending->next->link = &pending->next;
    spawner->pending = pending;
    return pending;
}

void spawner_settle(struct spawner *spawner, pid_t pid)
{
    for (struct pending_exec *pending = spawner->pending; pending; pending = pending->next)
        if (pending->pid == pid) {
            pending_ready(&pending->source, EPOLLIN);
            return;
        }
}

static bool wants_log(const struct exec_context *context)
{
    return context->std_output == OUTPUT_LOG || context->std_error == OUTPUT_LOG;
}

static int open_log(struct logs *logs, const struct unit *unit, int *ret_fd)
{
    struct log_rules rules = {
        .identifier = unit->exec.syslog_identifier,
        .level = unit->exec.syslog_level,
        .level_max = unit->exec.log_level_max,
        .level_prefix = unit->exec.syslog_level_prefix,
    };
    return logs_open_stream(logs, unit->name, &rules, ret_fd);
}

static int prepare_environment(const struct spawner *spawner, const struct spawn_request *request,
                               const struct spawn_place *place, struct preparation *preparation,
                               const char **ret_object)
{
    const struct unit *unit = request->unit->unit;
    struct exec_environment_source source = {
        .container = spawner->config.environment,
        .request = request->environment,
        .unit = unit,
        .credentials = &preparation->credentials,
        .invocation_id = place->invocation_id,
        .monitor_invocation_id = place->monitor_invocation_id,
        .notify_address = unit->service.notify_access == NOTIFY_NONE ? NULL : spawner->config.notify_address,
    };
    return exec_environment(&source, &preparation->environment, ret_object);
}

/* The settings that systemd gives a stage of their own; the child reports them as if it had tried itself. */
static void prepare_staged(struct spawner *spawner, const struct unit *unit, struct preparation *preparation,
                           struct exec_failure *failure)
{
    const struct exec_context *context = &unit->exec;
    enum exec_stage stage = EXEC_STAGE_USER;
    const char *object = NULL;
    int r = credentials_resolve(context, &spawner->dynamic_users, &preparation->credentials, &stage, &object);

    if (r == 0 && wants_log(context)) {
        stage = EXEC_STAGE_STDOUT;
        object = NULL;
        r = open_log(spawner->config.logs, unit, &preparation->log);
    }
    if (r < 0)
        exec_failure_set(failure, stage, r, object);
}

/* sd_listen_fds(3): LISTEN_FDS, LISTEN_FDNAMES, and room for LISTEN_PID. */
static int prepare_descriptors(const struct stored_fd *store, struct preparation *preparation,
                               struct exec_plan *plan)
{
    _cleanup_free_ char *names = NULL, *fds = NULL, *fd_names = NULL;
    int r = fd_store_list(store, &preparation->passed, &plan->n_passed, &names);

    if (r < 0 || plan->n_passed == 0)
        return r;
    fds = xasprintf("LISTEN_FDS=%zu", plan->n_passed);
    fd_names = xasprintf("LISTEN_FDNAMES=%s", names);
    r = fds && fd_names ? strv_env_set(&preparation->environment, fds) : -ENOMEM;
    if (r == 0)
        r = strv_env_set(&preparation->environment, fd_names);
    if (r == 0)
        r = strv_env_set(&preparation->environment, "LISTEN_PID=" SPAWN_OWN_PID);
    plan->passed = preparation->passed;
    return r;
}

/* The program's arguments; with "|" those of the user's shell, which is then the program. */
static int prepare_arguments(const struct exec_command *command, struct preparation *preparation,
                             struct exec_plan *plan)
{
    const char *shell = preparation->credentials.shell;
    _cleanup_strv_ char **argv = NULL;
    int r = exec_command_expand(command, preparation->environment, &argv);

    if (r < 0 || !(command->flags & EXEC_VIA_SHELL)) {
        preparation->argv = TAKE_PTR(argv);
        return r;
    }
    plan->path = shell && *shell ? shell : "/bin/sh";
    return shell_command(argv, plan->path, command->flags & EXEC_LOGIN_SHELL, &preparation->argv);
}

static int prepare_search_path(const struct exec_context *context, struct preparation *preparation)
{
    if (!context->search_path)
        return 0;
    preparation->search_path = strv_join(context->search_path, ":");
    return preparation->search_path ? 0 : -ENOMEM;
}

/* Where the child writes its own pid. */
static void find_own_pid(char **environment, struct exec_plan *plan)
{
    size_t n = 0;

    for (; *environment && n < ELEMENTSOF(plan->own_pid); environment++)
        if (streq(*environment, "LISTEN_PID=" SPAWN_OWN_PID) ||
            streq(*environment, "WATCHDOG_PID=" SPAWN_OWN_PID))
            plan->own_pid[n++] = *environment;
}

/* Everything the child needs that may take memory or reading. */
static int prepare(struct spawner *spawner, const struct spawn_request *request,
                   const struct spawn_place *place, struct preparation *preparation, struct exec_plan *plan,
                   const char **ret_object)
{
    prepare_staged(spawner, request->unit->unit, preparation, &plan->failure);
    int r = prepare_environment(spawner, request, place, preparation, ret_object);
    if (r == 0 && request->kind == COMMAND_START)
        r = prepare_descriptors(place->store, preparation, plan);
    if (r == 0)
        r = prepare_arguments(request->command, preparation, plan);
    if (r == 0)
        r = prepare_search_path(&request->unit->unit->exec, preparation);
    if (r == 0)
        find_own_pid(preparation->environment, plan);
    plan->argv = preparation->argv;
    plan->environment = preparation->environment;
    plan->search_path = preparation->search_path;
    plan->log = preparation->log;
    return r;
}

static void plan_init(const struct spawner *spawner, const struct spawn_request *request,
                      const struct credentials *credentials, struct exec_plan *plan)
{
    const struct spawn_config *config = &spawner->config;
    const struct unit *unit = request->unit->unit;
    bool is_main = config->main_command && streq(config->main_command, unit->name);

    *plan = (struct exec_plan){
        .context = &unit->exec,
        .credentials = credentials,
        .path = request->command->path,
        .root = unit->service.root_directory_start_only && request->kind != COMMAND_START
                    ? NULL
                    : unit->exec.root_directory,
        .mask = config->mask,
        .umask = config->umask,
        .exec_pipe = -EBADF,
        .log = -EBADF,
        .input = is_main ? config->input : -EBADF,
        .terminal = is_main ? config->terminal : TERMINAL_NONE,
        .cgroup = -EBADF,
        .idle = EBADF_PAIR,
        .privileged = request->command->flags & EXEC_FULL_PRIVILEGES,
        /* Not with "!!": every kernel that PID 1 runs on has ambient capabilities. */
        .keep_user = request->command->flags & EXEC_NO_SETUID,
    };
}

/* Born in its control group, in one step: no moment in which it is in another. Kernels without that (before
 * 5.7), and seccomp filters that do not know clone3, let the child move itself: who signals the unit
 * meanwhile has to think of it (unit-runtime.c). */
static pid_t fork_into(int cgroup, struct exec_plan *plan)
{
    struct clone_args args = {
        .flags = cgroup < 0 ? 0 : CLONE_INTO_CGROUP,
        .exit_signal = SIGCHLD,
        .cgroup = cgroup < 0 ? 0 : (uint64_t)cgroup,
    };
    pid_t pid = sys_clone3(&args, sizeof(args));

    if (pid >= 0 || (errno != ENOSYS && errno != EINVAL && errno != E2BIG && errno != EPERM))
        return pid < 0 ? -errno : pid;
    plan->cgroup = cgroup;
    pid = fork();
    return pid < 0 ? -errno : pid;
}

static int open_idle(struct spawner *spawner, struct exec_plan *plan)
{
    if (spawner->idle[0] < 0 && pipe2(spawner->idle, O_CLOEXEC) < 0)
        return -errno;
    memcpy(plan->idle, spawner->idle, sizeof(plan->idle));
    return 0;
}

void spawner_release_idle(struct spawner *spawner)
{
    spawner->idle[0] = close_fd(spawner->idle[0]);
    spawner->idle[1] = close_fd(spawner->idle[1]);
}

int spawner_spawn(struct spawner *spawner, const struct spawn_request *request,
                  const struct spawn_place *place, pid_t *ret_pid, const char **ret_object)
{
    _cleanup_preparation_ struct preparation preparation = {.log = -EBADF};
    _cleanup_close_pair_ int exec_pipe[2] = EBADF_PAIR;
    struct exec_plan plan;
    struct pending_exec *pending;

    plan_init(spawner, request, &preparation.credentials, &plan);
    int r = prepare(spawner, request, place, &preparation, &plan, ret_object);
    if (r < 0)
        return r;
    if (request->idle)
        r = open_idle(spawner, &plan);
    if (r < 0)
        return r;
    if (pipe2(exec_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    plan.exec_pipe = exec_pipe[1];
    pending = pending_new(spawner, exec_pipe[0]);
    if (!pending)
        return -ENOMEM;
    (void)TAKE_FD(exec_pipe[0]);
    r = loop_add(spawner->config.loop, &pending->source, EPOLLIN);
    pid_t pid = r < 0 ? r : fork_into(place->cgroup, &plan);
    if (pid == 0)
        exec_child(&plan);
    if (pid < 0) {
        pending_free(pending);
        return pid;
    }
    pending->pid = *ret_pid = pid;
    return 0;
}

int spawner_new(const struct spawn_config *config, struct spawner **ret)
{
    struct spawner *spawner = calloc(1, sizeof(*spawner));

    if (!spawner)
        return -ENOMEM;
    spawner->config = *config;
    spawner->idle[0] = spawner->idle[1] = -EBADF;
    *ret = spawner;
    return 0;
}

struct spawner *spawner_free(struct spawner *spawner)
{
    if (!spawner)
        return NULL;
    while (spawner->pending)
        pending_free(spawner->pending);
    dynamic_users_done(&spawner->dynamic_users);
    spawner_release_idle(spawner);
    free(spawner);
    return NULL;
}

void spawner_set_environment(struct spawner *spawner, char *const *environment)
{
    spawner->config.environment = environment;
}
