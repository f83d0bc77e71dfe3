/* What a child needs that takes memory or reading: all of it is there before the fork. */
#include <errno.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/exec-environment.h"
#include "init/platform/spawn-internal.h"
#include "init/unit/expand.h"

void preparation_done(struct preparation *preparation)
{
    credentials_done(&preparation->credentials);
    strv_free(preparation->environment);
    strv_free(preparation->argv);
    free(preparation->search_path);
    free(preparation->passed);
    close_fd(preparation->log);
    close_fd(preparation->error_log);
}

static bool wants_log(const struct exec_context *context)
{
    return context->std_output == OUTPUT_LOG || context->std_error == OUTPUT_LOG;
}

/* One pipe for both keeps the order of what is said; the log asks for two when it names them. */
static int open_log(const struct spawner *spawner, const struct unit *unit, struct preparation *preparation)
{
    const struct exec_context *context = unit->exec;
    struct logs *logs = spawner->config.logs;
    bool output = context->std_output == OUTPUT_LOG;
    bool error = context->std_error == OUTPUT_LOG || (output && context->std_error == OUTPUT_INHERIT);
    struct log_stream_options options = {
        .identifier = context->syslog_identifier,
        .origin = output && error ? LOG_BY_SERVICE
                  : output        ? LOG_BY_STDOUT
                                  : LOG_BY_STDERR,
        .level = (uint8_t)context->syslog_level,
        .level_max = (uint8_t)context->log_level_max,
        .level_prefix = context->syslog_level_prefix,
    };

    if (!output || !error || !logs_name_streams(logs))
        return logs_open_stream(logs, unit->name, &options, &preparation->log);
    options.origin = LOG_BY_STDERR;
    int r = logs_open_stream(logs, unit->name, &options, &preparation->error_log);
    options.origin = LOG_BY_STDOUT;
    return r < 0 ? r : logs_open_stream(logs, unit->name, &options, &preparation->log);
}

/* The unit that the container's own command became. */
static bool is_main_command(const struct spawn_config *config, const struct unit *unit)
{
    return config->main_command && streq(config->main_command, unit->name);
}

static int prepare_environment(const struct spawner *spawner, const struct spawn_request *request,
                               const struct spawn_place *place, struct preparation *preparation,
                               const char **ret_object)
{
    const struct unit *unit = request->unit->unit;
    const struct spawn_config *config = &spawner->config;
    struct exec_environment_source source = {
        .container = config->given && is_main_command(config, unit) ? config->given : config->environment,
        .given = config->given,
        .request = request->environment,
        .unit = unit,
        .credentials = &preparation->credentials,
        .invocation_id = place->invocation_id,
        .monitor_invocation_id = place->monitor_invocation_id,
        .notify_address = unit->service->notify_access == NOTIFY_NONE ? NULL : config->notify_address,
    };
    return exec_environment(&source, &preparation->environment, ret_object);
}

/* The settings that systemd gives a stage of their own; the child reports them as if it had tried itself. */
static void prepare_staged(struct spawner *spawner, const struct unit *unit, struct preparation *preparation,
                           struct exec_failure *failure)
{
    const struct exec_context *context = unit->exec;
    enum exec_stage stage = EXEC_STAGE_USER;
    const char *object = NULL;
    int r = credentials_resolve(context, &spawner->dynamic_users, &preparation->credentials, &stage, &object);

    if (r == 0 && wants_log(context)) {
        stage = EXEC_STAGE_STDOUT;
        object = NULL;
        r = open_log(spawner, unit, preparation);
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
            streq(*environment, "WATCHDOG_PID=" SPAWN_OWN_PID) ||
            streq(*environment, "SYSTEMD_EXEC_PID=" SPAWN_OWN_PID))
            plan->own_pid[n++] = *environment;
}

static void plan_init(const struct spawner *spawner, const struct spawn_request *request,
                      const struct credentials *credentials, struct exec_plan *plan)
{
    const struct spawn_config *config = &spawner->config;
    const struct unit *unit = request->unit->unit;
    bool is_main = is_main_command(config, unit);

    *plan = (struct exec_plan){
        .context = unit->exec,
        .credentials = credentials,
        .path = request->command->path,
        .root = unit->service->root_directory_start_only && request->kind != COMMAND_START
                    ? NULL
                    : unit->exec->root_directory,
        .mask = config->mask,
        .umask = config->umask,
        .exec_pipe = -EBADF,
        .log = -EBADF,
        .error_log = -EBADF,
        .input = is_main ? config->input : -EBADF,
        .terminal = is_main ? config->terminal : TERMINAL_NONE,
        .cgroup = -EBADF,
        .idle = EBADF_PAIR,
        .optional = request->command->flags & EXEC_IGNORE_FAILURE,
        .privileged = request->command->flags & EXEC_FULL_PRIVILEGES,
        /* Not with "!!": every kernel that PID 1 runs on has ambient capabilities. */
        .keep_user = request->command->flags & EXEC_NO_SETUID,
    };
}

/* Only socket units pass them, and there are none yet: systemd, too, starts nothing then. */
static int check_passed_streams(const struct exec_context *context, const char **ret_object)
{
    if (context->std_input != INPUT_PASSED && context->std_output != OUTPUT_PASSED &&
        context->std_error != OUTPUT_PASSED)
        return 0;
    *ret_object =
        "the descriptor of a socket unit that StandardInput=, StandardOutput= or StandardError= names";
    return -ENOENT;
}

int spawn_prepare(struct spawner *spawner, const struct spawn_request *request,
                  const struct spawn_place *place, struct preparation *preparation, struct exec_plan *plan,
                  const char **ret_object)
{
    int r = check_passed_streams(request->unit->unit->exec, ret_object);
    if (r < 0)
        return r;
    plan_init(spawner, request, &preparation->credentials, plan);
    prepare_staged(spawner, request->unit->unit, preparation, &plan->failure);
    r = prepare_environment(spawner, request, place, preparation, ret_object);
    if (r == 0 && request->kind == COMMAND_START)
        r = prepare_descriptors(place->store, preparation, plan);
    if (r == 0)
        r = prepare_arguments(request->command, preparation, plan);
    if (r == 0)
        r = prepare_search_path(request->unit->unit->exec, preparation);
    if (r == 0)
        find_own_pid(preparation->environment, plan);
    plan->argv = preparation->argv;
    plan->environment = preparation->environment;
    plan->search_path = preparation->search_path;
    plan->log = preparation->log;
    plan->error_log = preparation->error_log;
    return r;
}
