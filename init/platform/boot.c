/* Boot mode: PID 1 with services. Sets the world up, sleeps in one loop, ends when the manager is done. */
#include "init/platform/boot.h"

#include <errno.h>
#include <sys/random.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "init/platform/host.h"
#include "init/platform/leftovers.h"
#include "init/platform/memory.h"
#include "init/platform/orders.h"
#include "init/platform/progress.h"

#define REST_AFTER       (100 * USEC_PER_MSEC)
#define LOOK_AGAIN_AFTER (50 * USEC_PER_MSEC) /* at units of which a process is between two programs */

static void read_clocks(struct platform *platform)
{
    platform->boot_realtime = now_realtime();
    if (getrandom(&platform->seed, sizeof(platform->seed), GRND_NONBLOCK) != sizeof(platform->seed))
        platform->seed = platform->boot_realtime;
}

/* A command that could not be executed ends as it would in a shell. */
static int command_status(const struct platform *platform, int status)
{
    const struct manager_unit *unit = manager_find(platform->manager, COMMAND_UNIT);

    if (!platform->options->command || !unit)
        return status;
    const struct unit_report *report = manager_report_of(unit);
    if (report->exec_stage == EXEC_STAGE_NONE)
        return status;
    return report->exec_stage == EXEC_STAGE_EXEC && report->exec_errno == ENOENT ? EXIT_NOT_FOUND
                                                                                 : EXIT_CANNOT_EXECUTE;
}

static usec_t next_deadline(const struct platform *platform)
{
    usec_t deadline = MIN(manager_next_deadline(platform->manager), logs_next_deadline(platform->logs));
    usec_t reexec = reexec_next_deadline(platform);

    deadline = MIN(deadline, reexec);
    if (platform->runtimes.unclear)
        deadline = MIN(deadline, usec_add(now_monotonic(), LOOK_AGAIN_AFTER));
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
        if (platform->runtimes.unclear)
            platform_check_empty(platform);
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
    orders_close(platform);
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
    int r = boot_prepare_process(&platform, &takeover, &control_fd);
    if (r == 0)
        r = boot_open(&platform, &takeover, control_fd);
    if (r < 0) {
        log_errno(r, "PID 1 cannot start");
    } else {
        boot_begin(&platform, &takeover);
        status = run(&platform);
        leftovers_end(&platform);
        logs_drain(platform.logs);
    }
    close_platform(&platform);
    return status;
}
