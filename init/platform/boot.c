/* Boot mode: PID 1 with services. Sets the world up, sleeps in one loop, ends when the manager is done. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "berth/environment.h"
#include "berth/exit-codes.h"
#include "berth/paths.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "init/job/job-descriptors.h"
#include "init/job/job-notify.h"
#include "init/job/job-signals.h"
#include "init/platform/boot-sockets.h"
#include "init/platform/exec-environment.h"
#include "init/platform/handover.h"
#include "init/platform/host.h"
#include "init/platform/leftovers.h"
#include "init/platform/memory.h"
#include "init/platform/progress.h"
#include "init/platform/runtime-dir.h"
#include "init/platform/signals.h"
#include "init/platform/takeover.h"

#define REST_AFTER       (100 * USEC_PER_MSEC)
#define SERVICE_UMASK    0022
#define SIGNAL_BATCH_MAX 16
#define SAME_ORDER_WITHIN                                                                                    \
    USEC_PER_SEC /* two orders that come from one wish: systemd's SIGTERM and the launcher's */

#define DEFAULT_TIMEOUT              (90 * USEC_PER_SEC) /* systemd-system.conf(5), as the rest here */
#define DEFAULT_RESTART              (100 * USEC_PER_MSEC)
#define DEFAULT_START_LIMIT_INTERVAL (10 * USEC_PER_SEC)
#define DEFAULT_START_LIMIT_BURST    5

/* Children inherit what PID 1 has: with default actions here, no spawn needs to reset any. */
static void default_signal_actions(void)
{
    for (int signal = 1; signal <= JOB_SIGNAL_MAX; signal++)
        (void)sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

/* Reads nothing, and takes nothing; a root without /dev has no null device. */
static int open_null(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
    return fd >= 0 ? fd : memfd_create("null", MFD_CLOEXEC);
}

/* Services read nothing: PID 1's own input becomes the null device, the container's is kept for the command.
 */
static int detach_input(struct platform *platform)
{
    _cleanup_close_ int null = open_null();

    if (null < 0)
        return -errno;
    platform->input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return dup2(null, STDIN_FILENO) < 0 ? -errno : 0;
}

/* What the container was given, which a PID 1 does once. */
static int take_inheritance(struct platform *platform, int *ret_control)
{
    *ret_control = descriptors_take_socket(ENV_CONTROL_FD);
    platform->upward = descriptors_take_socket(ENV_NOTIFY_FD);
    descriptors_close_others((int[]){*ret_control, platform->upward}, 2);
    if (platform->options->command)
        platform->terminal = job_terminal_release(&(struct job_options){});
    platform->inherited_mask = platform->options->inherited_mask;
    platform->command_directory = getcwd(NULL, 0);
    if (!platform->command_directory && !(platform->command_directory = strdup("/")))
        return -ENOMEM;
    return detach_input(platform);
}

static int prepare_process(struct platform *platform, struct takeover *takeover, int *ret_control)
{
    default_signal_actions();
    descriptors_fill_stdio();
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        (void)fcntl(fd, F_SETFD, 0); /* what was filled in is closed at exec: services inherit it instead */
    takeover_open(takeover);
    if (takeover->given && !(platform->given.cgroup = strdup("")))
        return -ENOMEM;
    int r = takeover->readable ? handover_take_process(platform, &takeover->reader)
                               : take_inheritance(platform, ret_control);
    if (r < 0)
        return r;
    platform->is_init = getpid() == 1;
    if (!platform->is_init && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return -errno;
    (void)umask(SERVICE_UMASK);
    return chdir("/") < 0 ? -errno : 0; /* whoever stays elsewhere pins a mount */
}

static void read_clocks(struct platform *platform)
{
    platform->boot_realtime = now_realtime();
    if (getrandom(&platform->seed, sizeof(platform->seed), GRND_NONBLOCK) != sizeof(platform->seed))
        platform->seed = platform->boot_realtime;
}

/* For programs that ask which container they are in (systemd's container interface), and whether systemctl
 * works, which is a name of this program: sd_booted(3). Scripts of packages run no init scripts then. */
static void tell_programs(const struct platform *platform)
{
    const char *type = getenv(ENV_CONTAINER);

    if (platform->is_init)
        (void)make_dirs_at(AT_FDCWD, "/run/systemd/system", 0755);
    if (type && make_dirs_at(AT_FDCWD, "/run/systemd", 0755) >= 0)
        (void)replace_file_at(AT_FDCWD, "/run/systemd/container", type, 0644);
}

static int open_loader(struct platform *platform)
{
    static const char *const standard[] = {UNIT_SEARCH_PATH};

    platform->search_path = strv_copy(platform->options->unit_path);
    for (size_t i = 0; i < ELEMENTSOF(standard); i++) {
        int r = strv_append(&platform->search_path, standard[i]);
        if (r < 0)
            return r;
    }
    platform->files.is_own = true;
    platform->files.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (platform->files.root_fd < 0)
        return -errno;
    platform->files.search_path = platform->search_path;
    platform->loader = (struct unit_loader){
        .ops = &root_files_ops,
        .files = &platform->files,
        .search_path = platform->search_path,
        .report = platform_report,
        .report_userdata = platform,
    };
    host_read(&platform->host, &platform->loader);
    return 0;
}

static int open_spawner(struct platform *platform)
{
    struct spawn_config config = {
        .loop = platform->loop,
        .logs = platform->logs,
        .environment = platform->environment,
        .given = platform->offered,
        .notify_address = platform->notify ? notify_socket_address(platform->notify) : NULL,
        .mask = platform->inherited_mask,
        .umask = SERVICE_UMASK,
        .main_command = platform->options->command ? COMMAND_UNIT : NULL,
        .terminal = platform->terminal,
        .input = platform->input,
        .done = platform_spawn_done,
        .note = platform_spawn_note,
        .userdata = platform,
    };
    int r = spawner_new(&config, &platform->spawner);
    if (r == 0 && platform->cgroups)
        cgroup_tree_set_users(platform->cgroups, spawner_dynamic_users(platform->spawner));
    return r;
}

static int open_manager(struct platform *platform)
{
    const struct boot_options *options = platform->options;
    struct manager_config config = {
        .default_timeout_start = DEFAULT_TIMEOUT,
        .default_timeout_stop = DEFAULT_TIMEOUT,
        .default_timeout_abort = TIMEOUT_ABORT_AS_STOP,
        .default_restart = DEFAULT_RESTART,
        .default_start_limit_interval = DEFAULT_START_LIMIT_INTERVAL,
        .default_start_limit_burst = DEFAULT_START_LIMIT_BURST,
        .random_seed = platform->seed,
        .stop_timeout = options->stop_timeout,
        .main_unit = options->main_unit ? options->main_unit
                     : options->command ? COMMAND_UNIT
                                        : NULL,
        .exit_when_idle = options->exit_when_idle,
    };
    return manager_new(&platform_ops, platform, &config, &platform->manager);
}

static void take_order(struct platform *platform, enum signal_order order);

static void say_refused(struct platform *platform, const struct signalfd_siginfo *info)
{
    const char *verb = signal_verb((int)info->ssi_signo);

    platform_say(platform, "ignored %s of process %u: %s%s%s", signal_to_string((int)info->ssi_signo),
                 info->ssi_pid, verb ? "what it asks for is done with `berthctl " : "it may not give orders",
                 verb ? verb : "", verb ? "`" : "");
}

/* A service's last words come before its end. */
static void take_ends(struct platform *platform, const pid_t *pids, size_t n)
{
    if (n > 0 && platform->notify)
        notify_socket_drain(platform->notify);
    FOREACH_ARRAY (pid, pids, n)
        children_signalled(platform->children, *pid);
    if (n > 0 && !platform->cgroups)
        platform_check_empty(platform);
}

/* Orders before ends: when the host stops everything at once, services die of the same signal, and must not
 * be restarted. */
static void take_signals(struct platform *platform)
{
    struct signalfd_siginfo infos[SIGNAL_BATCH_MAX];
    pid_t ended[SIGNAL_BATCH_MAX];
    ssize_t size = read(platform->signals.fd, infos, sizeof(infos));
    size_t n = size > 0 ? (size_t)size / sizeof(infos[0]) : 0, n_ended = 0;

    FOREACH_ARRAY (info, infos, n) {
        enum signal_order order = signal_judge(info, platform->is_init);
        if (order == ORDER_REFUSED)
            say_refused(platform, info);
        else if (order == ORDER_REAP)
            ended[n_ended++] = (pid_t)info->ssi_pid;
        else
            take_order(platform, order);
    }
    take_ends(platform, ended, n_ended);
}

static void signals_ready(struct loop_source *source, uint32_t events)
{
    take_signals(CONTAINER_OF(source, struct platform, signals));
}

static void before_ends(void *userdata)
{
    struct platform *platform = userdata;

    take_signals(platform);
    if (platform->notify)
        notify_socket_drain(platform->notify);
}

static void before_group_is_empty(void *userdata, void *owner)
{
    struct platform *platform = userdata;
    const struct manager_unit *unit = owner;

    if (!unit) {
        before_ends(platform);
        return;
    }
    children_settle(platform->children, unit->main_pid);
    children_settle(platform->children, unit->control_pid);
}

static int open_children(struct platform *platform)
{
    const struct children_config config = {
        .loop = platform->loop,
        .before = before_ends,
        .ended = platform_child_ended,
        .userdata = platform,
    };
    return children_new(&config, &platform->children);
}

static void order_stop(struct platform *platform, enum shutdown_kind kind, bool now)
{
    usec_t time = now_monotonic();
    bool again = platform->stop_ordered != 0 && time >= usec_add(platform->stop_ordered, SAME_ORDER_WITHIN);

    if (platform->stop_ordered == 0) {
        platform->stop_ordered = time;
        (void)job_notify(platform->upward, "STOPPING=1");
    }
    manager_shutdown(platform->manager, time, kind, kind == SHUTDOWN_REBOOT ? EXIT_REBOOT : 0);
    if (again || now)
        manager_shutdown_now(platform->manager, time);
}

static void order_reload(struct platform *platform)
{
    root_files_forget(&platform->files);
    int r = manager_reload(platform->manager, now_monotonic());

    if (r < 0)
        platform_say(platform, "unit files were not read again: %s", strerror(-r));
}

static void take_order(struct platform *platform, enum signal_order order)
{
    switch (order) {
    case ORDER_STOP:
    case ORDER_STOP_NOW:
        order_stop(platform, SHUTDOWN_EXIT, order == ORDER_STOP_NOW);
        break;
    case ORDER_REBOOT:
    case ORDER_REBOOT_NOW:
        order_stop(platform, SHUTDOWN_REBOOT, order == ORDER_REBOOT_NOW);
        break;
    case ORDER_RELOAD:
        order_reload(platform);
        break;
    case ORDER_DUMP:
        progress_dump(platform);
        break;
    case ORDER_DEBUG_ON:
        log_set_level(LOG_LEVEL_DEBUG);
        break;
    case ORDER_DEBUG_OFF:
        log_set_level(LOG_LEVEL_INFO);
        break;
    default:
        break;
    }
}

static int open_signals(struct platform *platform)
{
    platform->signals = (struct loop_source){.fd = job_signals_open(SFD_NONBLOCK), .ready = signals_ready};
    if (platform->signals.fd < 0)
        return platform->signals.fd;
    return loop_add(platform->loop, &platform->signals, EPOLLIN);
}

static int open_notify(struct platform *platform)
{
    if (platform->given.notify >= 0 && platform->given.notify_address &&
        notify_socket_take_over(platform->loop, &platform->given.notify, platform->given.notify_address,
                                platform_notified, platform, &platform->notify) == 0)
        return 0;
    return notify_socket_new(platform->loop, platform->runtime_dir, platform_notified, platform,
                             &platform->notify);
}

/* What PID 1 can do without is said and left out. */
static void open_optional(struct platform *platform)
{
    int r = runtime_dir_open(&platform->runtime_dir, &platform->runtime_dir_fd);

    if (r < 0)
        platform_say(platform, "no writable %s or $%s (%s): sockets are abstract", CONTAINER_RUNTIME_DIR,
                     ENV_RUNTIME_DIR, strerror(-r));
    r = open_notify(platform);
    if (r < 0)
        platform_say(platform, "no notification socket: %s; services of Type=notify cannot start",
                     strerror(-r));
    r = cgroup_tree_new(platform->loop, platform_cgroup_event, before_group_is_empty, platform,
                        platform->given.cgroup, &platform->cgroups);
    if (r < 0 && r != -EOPNOTSUPP)
        platform_say(platform, "cgroups are not used: %s", strerror(-r));
    tell_programs(platform);
}

/* That of the services may have come from the PID 1 before, with what was changed since. */
static int open_environment(struct platform *platform)
{
    bool clean = platform->options->clean_env, is_there = platform->environment != NULL;
    int r = 0;

    if (clean || !is_there)
        r = container_environment(environ, clean ? &platform->offered : &platform->environment);
    return r == 0 && clean && !is_there ? clean_environment(&platform->environment) : r;
}

static int open_platform(struct platform *platform, struct takeover *takeover, int control_fd)
{
    struct handover_reader *reader = takeover->readable ? &takeover->reader : NULL;
    int r = loop_new(&platform->loop);

    if (r == 0)
        r = logs_new(platform->loop, STDOUT_FILENO, &platform->logs);
    if (r < 0)
        return r;
    logs_set_style(platform->logs, platform->options->log_format, platform->options->log_time);
    if (reader)
        logs_take_over(platform->logs, reader); /* before we say something ourselves */
    open_optional(platform);
    r = open_children(platform);
    if (r == 0)
        r = open_environment(platform);
    if (r == 0)
        r = open_loader(platform);
    if (r == 0)
        r = open_spawner(platform);
    if (r == 0)
        r = open_manager(platform);
    if (r == 0)
        r = open_signals(platform);
    if (r == 0)
        r = boot_sockets_open(platform, control_fd, reader);
    return r;
}

static const char *choose_target(struct platform *platform)
{
    struct manager_unit *unit;

    if (platform->options->target)
        return platform->options->target;
    if (manager_load_unit(platform->manager, "default.target", &unit) == 0 &&
        unit->unit->load_state == UNIT_LOADED)
        return "default.target";
    return "multi-user.target";
}

static int enqueue(struct platform *platform, const char *name, uint32_t *ret_job)
{
    struct manager_unit *unit;
    int r = manager_enqueue(platform->manager, now_monotonic(), name, JOB_START, JOB_REPLACE, ret_job);

    if (r >= 0)
        return 0;
    unit = manager_find(platform->manager, name);
    platform_say(platform, "cannot start %s: %s", name,
                 unit && unit->unit->load_error ? unit->unit->load_error
                 : r == -ENOENT                 ? "there is no such unit"
                                                : strerror(-r));
    return r;
}

/* Enqueues what is to be up. What cannot even be tried ends the container with a status that says so. */
static void order_start(struct platform *platform)
{
    uint32_t job = 0;
    struct manager_unit *unit;

    platform->target = choose_target(platform);
    int r = enqueue(platform, platform->target, &platform->boot_job);
    if (r == 0) {
        unit = manager_find(platform->manager, platform->target);
        if (!unit || unit->job_id != platform->boot_job) /* it has ended already */
            platform->booted = platform->progress_changed = true;
    }
    if (r == 0 && platform->options->command)
        r = enqueue(platform, COMMAND_UNIT, &job);
    if (r < 0)
        manager_shutdown(platform->manager, now_monotonic(), SHUTDOWN_EXIT, EXIT_BERTH_FAILED);
}

/* Units out of a text that says which services run. */
static void adopt_services(struct platform *platform)
{
    struct handover guess;
    struct handover_reader reader;
    unsigned n = 0;

    handover_begin(&guess);
    if (platform->cgroups)
        n = takeover_guess(platform->cgroups, &guess);
    platform_say(platform,
                 "what the PID 1 before has handed over cannot be read; %u running services are known by "
                 "their control groups",
                 n);
    if (handover_end(&guess) == 0 && handover_read(&reader, guess.data, guess.size) == 0) {
        (void)handover_take_units(platform, &reader);
        handover_catch_up(platform);
        handover_reader_done(&reader);
    }
    handover_done(&guess);
}

static void go_on(struct platform *platform, struct takeover *takeover)
{
    struct handover_reader *reader = &takeover->reader;
    int r = handover_take_units(platform, reader);
    unsigned n_bad = reader->n_bad, n_unknown = reader->n_unknown;

    takeover_close(takeover);
    boot_sockets_listen(platform); /* a line may have been lost */
    if (r < 0)
        platform_say(platform, "not all units could be taken over: %s", strerror(-r));
    handover_catch_up(platform);
    platform_say(platform, "goes on as berth-init " BERTH_VERSION);
    if (n_bad > 0)
        platform_say(platform, "%u lines of what was handed over could not be read", n_bad);
    if (n_unknown > 0 && log_get_level() >= LOG_LEVEL_DEBUG)
        platform_say(platform, "%u lines of what was handed over are not known to this version", n_unknown);
}

static void begin(struct platform *platform, struct takeover *takeover)
{
    platform->may_rest = takeover->given; /* all of it has been read */
    if (takeover->readable) {
        go_on(platform, takeover);
        return;
    }
    if (takeover->given)
        adopt_services(platform);
    takeover_close(takeover);
    (void)job_notify(platform->upward, "X_SYSTEMD_SIGNALS_LEVEL=2");
    order_start(platform);
}

/* A command that could not be executed ends as it would in a shell. */
static int command_status(const struct platform *platform, int status)
{
    const struct manager_unit *unit = manager_find(platform->manager, COMMAND_UNIT);

    if (!platform->options->command || !unit || unit->exec_stage == EXEC_STAGE_NONE)
        return status;
    return unit->exec_stage == EXEC_STAGE_EXEC && unit->exec_errno == ENOENT ? EXIT_NOT_FOUND
                                                                             : EXIT_CANNOT_EXECUTE;
}

static usec_t next_deadline(const struct platform *platform)
{
    usec_t deadline = MIN(manager_next_deadline(platform->manager), logs_next_deadline(platform->logs));
    usec_t reexec = reexec_next_deadline(platform);

    deadline = MIN(deadline, reexec);
    return platform->may_rest ? MIN(deadline, usec_add(now_monotonic(), REST_AFTER)) : deadline;
}

/* Nothing has happened for a while since units were read: what that took is not needed while they run. */
static void rest(struct platform *platform)
{
    platform->may_rest = false;
    memory_give_back();
}

static int run(struct platform *platform)
{
    int status = 0;

    while (!manager_finished(platform->manager, &status)) {
        usec_t sweep = children_next_sweep(platform->children);
        progress_update(platform);
        root_files_forget(&platform->files);
        if (loop_wait(platform->loop, MIN(sweep, next_deadline(platform))) == 0 && platform->may_rest)
            rest(platform);
        usec_t now = now_monotonic();
        logs_tick(platform->logs, now);
        if (sweep <= now)
            children_sweep(platform->children);
        if (manager_next_deadline(platform->manager) <= now)
            platform_event(platform, &(struct event){.type = EVENT_TIME});
        reexec_step(platform);
    }
    return command_status(platform, status);
}

static void close_platform(struct platform *platform)
{
    reexec_done(platform);
    control_server_free(platform->control);
    manager_free(platform->manager);
    spawner_free(platform->spawner);
    children_free(platform->children);
    notify_socket_free(platform->notify);
    cgroup_tree_free(platform->cgroups);
    logs_free(platform->logs);
    if (platform->signals.fd >= 0 && platform->loop)
        loop_remove(platform->loop, &platform->signals);
    close_fd(platform->signals.fd);
    loop_free(platform->loop);
    host_done(&platform->host);
    root_files_forget(&platform->files);
    strv_free(platform->search_path);
    strv_free(platform->environment);
    strv_free(platform->offered);
    free(platform->command_directory);
    free(platform->kept_target);
    free(platform->given.notify_address);
    free(platform->given.cgroup);
    close_fd(platform->given.notify);
    free(platform->runtime_dir);
    close_fd(platform->runtime_dir_fd);
    close_fd(platform->files.root_fd);
    close_fd(platform->input);
    close_fd(platform->upward);
}

int boot_main(const struct boot_options *options)
{
    struct platform platform = {
        .options = options,
        .signals.fd = -EBADF,
        .runtime_dir_fd = -EBADF,
        .files.root_fd = -EBADF,
        .input = -EBADF,
        .upward = -EBADF,
        .given.notify = -EBADF,
    };
    struct takeover takeover;
    int control_fd = -EBADF, status = EXIT_BERTH_FAILED;

    read_clocks(&platform);
    int r = prepare_process(&platform, &takeover, &control_fd);
    if (r == 0)
        r = open_platform(&platform, &takeover, control_fd);
    if (r < 0) {
        log_errno(r, "PID 1 cannot start");
    } else {
        begin(&platform, &takeover);
        status = run(&platform);
        leftovers_end(&platform);
        logs_drain(platform.logs);
    }
    close_platform(&platform);
    return status;
}
