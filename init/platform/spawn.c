/* How a process of a unit comes to be: systemd.exec(5). */
#include "init/platform/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "common/clone-borrowing.h"
#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "init/manager/handover.h"
#include "init/platform/exec-environment.h"
#include "init/unit/expand.h"

#define SLOT_MAX 64 /* beyond that many descriptors a slot is not worth its while */

/* A child of whose program nobody has been told yet: it is on its way there, or it borrowed our memory and
 * has said all that it had to say. */
struct pending_exec {
    struct loop_source source; /* the exec pipe of a forked child, or no descriptor */
    struct spawner *spawner;
    pid_t pid;
    bool reached_exec;              /* it said so */
    struct exec_messages *messages; /* said without a pipe, but for that; NULL: nothing */
    struct pending_exec *next, **link;
};

/* Few, and short-lived. */
struct pending_list {
    struct pending_exec *first, **last;
};

struct spawner {
    struct spawn_config config;
    struct pending_list forked, borrowed;
    struct loop_source told; /* an eventfd: some of the borrowed ones are there */
    bool can_borrow;
    int slot; /* a low descriptor that is kept free for a child's, or -EBADF: none can be lent */
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
    int error_log; /* when the log tells standard error apart */
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
    close_fd(preparation->error_log);
}
#define _cleanup_preparation_ _cleanup_(preparation_done)

static struct pending_list *list_of(struct pending_exec *pending)
{
    return pending->source.fd >= 0 ? &pending->spawner->forked : &pending->spawner->borrowed;
}

static void pending_free(struct pending_exec *pending)
{
    struct pending_list *list = list_of(pending);

    *pending->link = pending->next;
    if (pending->next)
        pending->next->link = pending->link;
    else
        list->last = pending->link;
    if (pending->source.fd >= 0)
        loop_remove(pending->spawner->config.loop, &pending->source);
    close_fd(pending->source.fd);
    free(pending->messages);
    free(pending);
}

/* Whether it was the last one: a failure. */
static bool pending_hear(struct pending_exec *pending, struct exec_failure *message)
{
    const struct spawn_config *config = &pending->spawner->config;

    message->object[sizeof(message->object) - 1] = 0;
    if (message->stage != EXEC_STAGE_NONE)
        return true;
    if (*message->object)
        config->note(config->userdata, pending->pid, message->object);
    else
        pending->reached_exec = true;
    return false;
}

/* Killed before its program: its end says all there is to say. */
static void pending_done(struct pending_exec *pending, const struct exec_failure *failure)
{
    const struct spawn_config *config = &pending->spawner->config;
    bool executed = pending->reached_exec;
    pid_t pid = pending->pid;

    pending_free(pending);
    if (failure || executed)
        config->done(config->userdata, pid, failure);
}

/* Of a forked child: notes first, then one failure, or the end of the pipe: the program runs. */
static void pending_ready(struct loop_source *source, uint32_t events)
{
    struct pending_exec *pending = CONTAINER_OF(source, struct pending_exec, source);
    struct exec_failure message;
    ssize_t n;

    while ((n = read(source->fd, &message, sizeof(message))) == sizeof(message))
        if (pending_hear(pending, &message))
            break;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    pending_done(pending, n == sizeof(message) ? &message : NULL);
}

static void pending_tell(struct pending_exec *pending)
{
    struct exec_messages *messages = pending->messages;
    struct exec_failure failure;
    bool failed = false;

    for (size_t i = 0; messages && !failed && i < messages->n; i++) {
        failure = messages->of[i];
        failed = pending_hear(pending, &failure);
    }
    pending_done(pending, failed ? &failure : NULL);
}

/* What is told may lead to new ones; those come with a wake-up of their own. */
static void told_ready(struct loop_source *source, uint32_t events)
{
    struct spawner *spawner = CONTAINER_OF(source, struct spawner, told);
    uint64_t n = 0;

    (void)!read(source->fd, &n, sizeof(n));
    while (n-- > 0 && spawner->borrowed.first)
        pending_tell(spawner->borrowed.first);
}

static struct pending_exec *pending_new(struct spawner *spawner)
{
    struct pending_exec *pending = calloc(1, sizeof(*pending));

    if (pending)
        *pending = (struct pending_exec){
            .source = {.fd = -EBADF, .ready = pending_ready},
            .spawner = spawner,
        };
    return pending;
}

static void pending_link(struct pending_exec *pending, pid_t pid)
{
    struct pending_list *list = list_of(pending);

    pending->pid = pid;
    pending->link = list->last;
    *list->last = pending;
    list->last = &pending->next;
}

void spawner_settle(struct spawner *spawner, pid_t pid)
{
    for (struct pending_exec *pending = spawner->borrowed.first; pending; pending = pending->next)
        if (pending->pid == pid) {
            pending_tell(pending);
            return;
        }
    for (struct pending_exec *pending = spawner->forked.first; pending; pending = pending->next)
        if (pending->pid == pid) {
            pending_ready(&pending->source, EPOLLIN);
            return;
        }
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

static bool is_unknown_call(int r)
{
    return r == -ENOSYS || r == -EINVAL || r == -E2BIG || r == -EPERM;
}

/* Most say only that their program comes next. Without memory for more, that is what is kept; a child that
 * failed shows it by its end as well. */
static void keep_messages(struct pending_exec *pending, const struct exec_messages *messages)
{
    if (messages->n == 0)
        return; /* killed before */
    const struct exec_failure *last = &messages->of[messages->n - 1];
    pending->reached_exec = last->stage == EXEC_STAGE_NONE && !*last->object;
    if (pending->reached_exec && messages->n == 1)
        return;
    size_t size = offsetof(struct exec_messages, of) + messages->n * sizeof(messages->of[0]);
    pending->messages = malloc(size);
    if (pending->messages)
        memcpy(pending->messages, messages, size);
}

struct trial {
    int slot;
    bool ran;       /* in our memory */
    bool has_table; /* close_range(2) gave it one of its own */
};

static _noreturn_ void try_to_borrow(void *userdata)
{
    struct trial *trial = userdata;

    trial->ran = true;
    trial->has_table = sys_close_range((unsigned)trial->slot + 1, ~0U, CLOSE_RANGE_UNSHARE) == 0;
    _exit(0);
}

/* Emulators take this way of cloning for an ordinary fork, and older kernels cannot let go of descriptors. */
static void find_ways(struct spawner *spawner)
{
    struct trial trial = {.slot = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    pid_t pid = clone_borrowing(-EBADF, 0, try_to_borrow, &trial);

    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    spawner->can_borrow = pid > 0 && trial.ran;
    spawner->slot = trial.slot;
    if (!trial.has_table || trial.slot >= SLOT_MAX)
        spawner->slot = close_fd(spawner->slot);
}

/* Puts what the child needs of our descriptors at the front of them. */
static void lend_descriptors(const struct spawner *spawner, struct exec_plan *plan)
{
    if (spawner->slot < 0 || plan->n_passed > 0 || plan->input >= 0 || plan->error_log >= 0)
        return;
    if (plan->log >= 0 && dup3(plan->log, spawner->slot, O_CLOEXEC) < 0)
        return;
    plan->log = plan->log >= 0 ? spawner->slot : plan->log;
    plan->lent = (unsigned)spawner->slot + 1;
}

static void take_descriptors_back(const struct spawner *spawner, struct exec_plan *plan, int log)
{
    if (plan->lent > 0)
        (void)dup3(STDIN_FILENO, spawner->slot, O_CLOEXEC);
    plan->lent = 0;
    plan->log = log;
}

/* The child borrows our memory until its program runs: no page tables are copied only for exec to throw them
 * away, and what it says needs no pipe. And it is born in its control group, in one step: no moment in which
 * it is in another. */
static pid_t borrow(struct spawner *spawner, int cgroup, struct exec_plan *plan, struct pending_exec *pending)
{
    struct exec_messages messages; /* mostly one of many: not to be cleared */

    messages.n = 0;
    plan->messages = &messages;
    int log = plan->log;
    lend_descriptors(spawner, plan);
    pid_t pid = clone_borrowing(cgroup, plan->lent > 0 ? CLONE_FILES : 0, exec_child, plan);
    take_descriptors_back(spawner, plan, log);
    plan->messages = NULL;
    if (pid < 0)
        return pid;
    keep_messages(pending, &messages);
    (void)!write(spawner->told.fd, &(uint64_t){1}, sizeof(uint64_t));
    return pid;
}

/* Who cannot be cloned into its control group moves itself: who signals the unit meanwhile has to think of it
 * (unit-runtime.c). */
static pid_t fork_into(const struct spawn_place *place, struct exec_plan *plan)
{
    int cgroup = place->moves_in ? -EBADF : place->cgroup;
    struct clone_args args = {
        .flags = cgroup < 0 ? 0 : CLONE_INTO_CGROUP,
        .exit_signal = SIGCHLD,
        .cgroup = cgroup < 0 ? 0 : (uint64_t)cgroup,
    };
    plan->cgroup = place->moves_in ? place->cgroup : -EBADF;
    pid_t pid = sys_clone3(&args, sizeof(args));

    if (pid < 0 && is_unknown_call(-errno)) {
        plan->cgroup = place->cgroup;
        pid = fork();
    }
    if (pid == 0)
        exec_child(plan);
    return pid < 0 ? -errno : pid;
}

static pid_t fork_with_pipe(struct spawner *spawner, const struct spawn_place *place, struct exec_plan *plan,
                            struct pending_exec *pending)
{
    _cleanup_close_pair_ int exec_pipe[2] = EBADF_PAIR;

    if (pipe2(exec_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    plan->exec_pipe = exec_pipe[1];
    pending->source.fd = exec_pipe[0];
    int r = loop_add(spawner->config.loop, &pending->source, EPOLLIN);
    pid_t pid = r < 0 ? r : fork_into(place, plan);
    if (pid < 0) {
        if (r == 0)
            loop_remove(spawner->config.loop, &pending->source);
        pending->source.fd = -EBADF;
        return pid;
    }
    (void)TAKE_FD(exec_pipe[0]);
    return pid;
}

/* Kernels without CLONE_INTO_CGROUP (before 5.7), and filters that do not know clone3, leave only the fork.
 */
static pid_t start_child(struct spawner *spawner, const struct spawn_place *place, struct exec_plan *plan,
                         struct pending_exec *pending)
{
    pid_t pid = -ENOSYS;

    if (spawner->can_borrow && !place->may_stall && !place->moves_in && exec_may_borrow(plan))
        pid = borrow(spawner, place->cgroup, plan, pending);
    return is_unknown_call(pid) ? fork_with_pipe(spawner, place, plan, pending) : pid;
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
    _cleanup_preparation_ struct preparation preparation = {.log = -EBADF, .error_log = -EBADF};
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
    pending = pending_new(spawner);
    if (!pending)
        return -ENOMEM;
    pid_t pid = start_child(spawner, place, &plan, pending);
    if (pid < 0) {
        free(pending);
        return pid;
    }
    pending_link(pending, pid);
    *ret_pid = pid;
    logs_set_writer(spawner->config.logs, request->unit->unit->name, pid);
    return 0;
}

int spawner_new(const struct spawn_config *config, struct spawner **ret)
{
    struct spawner *spawner = calloc(1, sizeof(*spawner));

    if (!spawner)
        return -ENOMEM;
    spawner->config = *config;
    spawner->idle[0] = spawner->idle[1] = -EBADF;
    spawner->slot = -EBADF;
    spawner->forked.last = &spawner->forked.first;
    spawner->borrowed.last = &spawner->borrowed.first;
    spawner->told = (struct loop_source){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = told_ready};
    int r = spawner->told.fd < 0 ? -errno : loop_add(config->loop, &spawner->told, EPOLLIN);
    if (r < 0) {
        close_fd(spawner->told.fd);
        free(spawner);
        return r;
    }
    find_ways(spawner);
    *ret = spawner;
    return 0;
}

struct spawner *spawner_free(struct spawner *spawner)
{
    if (!spawner)
        return NULL;
    while (spawner->forked.first)
        pending_free(spawner->forked.first);
    while (spawner->borrowed.first)
        pending_free(spawner->borrowed.first);
    loop_remove(spawner->config.loop, &spawner->told);
    close_fd(spawner->told.fd);
    close_fd(spawner->slot);
    dynamic_users_done(&spawner->dynamic_users);
    spawner_release_idle(spawner);
    free(spawner);
    return NULL;
}

void spawner_set_environment(struct spawner *spawner, char *const *environment)
{
    spawner->config.environment = environment;
}

struct dynamic_users *spawner_dynamic_users(struct spawner *spawner)
{
    return &spawner->dynamic_users;
}

/* --- daemon-reexec --- */

bool spawner_has_news(const struct spawner *spawner)
{
    return spawner->borrowed.first != NULL;
}

void spawner_hand_over(const struct spawner *spawner, struct handover *handover)
{
    char rest[32];

    handover_section(handover, "spawner", NULL);
    for (const struct pending_exec *pending = spawner->forked.first; pending; pending = pending->next) {
        (void)snprintf(rest, sizeof(rest), "%d %d", (int)pending->pid, pending->reached_exec);
        handover_add_fd(handover, "Pending", pending->source.fd, rest);
    }
    handover_add_fd(handover, "IdleRead", spawner->idle[0], NULL);
    handover_add_fd(handover, "IdleWrite", spawner->idle[1], NULL);
    for (size_t i = 0; i < spawner->dynamic_users.n; i++) {
        const struct dynamic_user *user = &spawner->dynamic_users.users[i];
        handover_addf(handover, "DynamicUser", "%u %s", (unsigned)user->uid, user->name);
    }
}

/* "FD PID REACHED" */
static void take_pending(struct spawner *spawner, struct handover_reader *reader, const char *value)
{
    uint64_t pid, reached;
    const char *rest;
    _cleanup_close_ int fd = handover_take_fd(reader, value, &rest);

    if (fd < 0 || !handover_number(&rest, &pid) || pid <= 1 || pid > INT32_MAX ||
        !handover_number(&rest, &reached))
        return;
    struct pending_exec *pending = pending_new(spawner);
    if (!pending)
        return;
    pending->source.fd = fd;
    pending->reached_exec = reached != 0;
    if (loop_add(spawner->config.loop, &pending->source, EPOLLIN) < 0) {
        free(pending);
        return;
    }
    (void)TAKE_FD(fd);
    pending_link(pending, (pid_t)pid);
}

/* "UID NAME" */
static void take_dynamic_user(struct spawner *spawner, struct handover_reader *reader, const char *value)
{
    uint64_t uid;

    if (!handover_number(&value, &uid) || !*value || uid < DYNAMIC_UID_MIN || uid > DYNAMIC_UID_MAX ||
        dynamic_users_add(&spawner->dynamic_users, value, (uid_t)uid) < 0)
        reader->n_bad++;
}

static void take_idle(struct handover_reader *reader, const char *value, int *fd)
{
    if (*fd < 0)
        *fd = handover_take_fd(reader, value, NULL);
}

void spawner_take_over(struct spawner *spawner, struct handover_reader *reader)
{
    struct handover_section *section;
    struct handover_line line;
    size_t cursor = 0;

    while ((section = handover_find(reader, "spawner", &cursor)))
        while (handover_next(reader, section, &line)) {
            if (streq(line.key, "Pending"))
                take_pending(spawner, reader, line.value);
            else if (streq(line.key, "IdleRead"))
                take_idle(reader, line.value, &spawner->idle[0]);
            else if (streq(line.key, "IdleWrite"))
                take_idle(reader, line.value, &spawner->idle[1]);
            else if (streq(line.key, "DynamicUser"))
                take_dynamic_user(spawner, reader, line.value);
            else
                reader->n_unknown++;
        }
}
