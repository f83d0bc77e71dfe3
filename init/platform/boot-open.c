/* Opens all that boot mode works with, in the order in which one needs the other. */
#include "init/platform/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "berth/environment.h"
#include "berth/paths.h"
#include "common/fd.h"
#include "common/text.h"
#include "init/platform/boot-sockets.h"
#include "init/platform/exec-environment.h"
#include "init/platform/handover.h"
#include "init/platform/host.h"
#include "init/platform/orders.h"
#include "init/platform/runtime-dir.h"

#define DEFAULT_TIMEOUT              (90 * USEC_PER_SEC) /* systemd-system.conf(5), as the rest here */
#define DEFAULT_RESTART              (100 * USEC_PER_MSEC)
#define DEFAULT_START_LIMIT_INTERVAL (10 * USEC_PER_SEC)
#define DEFAULT_START_LIMIT_BURST    5

static int open_notify(struct platform *platform)
{
    if (platform->given.notify >= 0 && platform->given.notify_address &&
        notify_socket_take_over(platform->loop, &platform->given.notify, platform->given.notify_address,
                                platform_notified, platform, &platform->notify) == 0)
        return 0;
    return notify_socket_new(platform->loop, platform->runtime_dir, platform_notified, platform,
                             &platform->notify);
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
    r = cgroup_tree_new(platform->loop, platform_cgroup_event, orders_before_group_is_empty, platform,
                        platform->given.cgroup, &platform->cgroups);
    if (r < 0 && r != -EOPNOTSUPP)
        platform_say(platform, "cgroups are not used: %s", strerror(-r));
    tell_programs(platform);
}

static int open_children(struct platform *platform)
{
    const struct children_config config = {
        .loop = platform->loop,
        .before = orders_before_ends,
        .ended = platform_child_ended,
        .userdata = platform,
    };
    return children_new(&config, &platform->children);
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

int boot_open(struct platform *platform, struct takeover *takeover, int control_fd)
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
        r = orders_open(platform);
    if (r == 0)
        r = boot_sockets_open(platform, control_fd, reader);
    return r;
}
