/* berth run: options, start, monitor, end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "launcher/detach.h"
#include "launcher/monitor.h"
#include "launcher/run-options.h"
#include "launcher/start.h"
#include "launcher/verbs.h"

#define LAST_LINE_MAX 512 /* bytes of the log's end in which its last line is looked for */

struct run {
    struct container_config *config;
    struct container container;
    struct monitor monitor;
    int report_fd; /* --detach: who waits for the container to run */
};

static void cleanup_config_freep(struct container_config **config)
{
    config_free(*config);
}

static void container_init(struct container *container, const struct container_config *config)
{
    *container = (struct container){
        .config = config,
        .state = STATE_INIT,
        .console = CONSOLE_INIT,
        .upper = UPPER_INIT,
        .init_fd = -EBADF,
        .control_fd = -EBADF,
        .monitor_fd = -EBADF,
        .notify_fd = -EBADF,
        .notify_child_fd = -EBADF,
        .pid_fd = -EBADF,
        .start_fd = -EBADF,
        .stage_fd = -EBADF,
        .root_fd = -EBADF,
        .dev_fd = -EBADF,
        .init_copy_fd = -EBADF,
    };
}

static void on_ready(struct monitor *monitor, void *userdata)
{
    struct run *run = userdata;
    detach_report(&run->report_fd, &(const struct detach_report){.outcome = DETACH_RUNNING});
}

/* The last line of the log, for the one who waits for a container that is gone already. */
static void read_last_line(const struct container *container, char text[static LAST_LINE_MAX + 1])
{
    text[0] = 0;
    _cleanup_close_ int fd = openat(container->state.dir_fd, "log", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, text, LAST_LINE_MAX, MAX(size - LAST_LINE_MAX, (off_t)0));
    text[MAX(n, (ssize_t)0)] = 0;
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = 0;
    const char *line = strrchr(text, '\n');
    if (line)
        memmove(text, line + 1, strlen(line + 1) + 1);
}

/* Why it ended: looked up while its cgroup and its log are still there. */
static void make_end_report(const struct run *run, struct detach_report *report)
{
    char verdict[256], last[LAST_LINE_MAX + 1] = "";

    *report = (struct detach_report){.outcome = DETACH_ENDED, .exit_status = run->monitor.exit_status};
    monitor_verdict(&run->monitor, verdict);
    if (run->report_fd >= 0 && !verdict[0])
        read_last_line(&run->container, last);
    if (verdict[0] || last[0])
        (void)fail(&report->failure, -ECHILD, "%s", verdict[0] ? verdict : last);
}

static void report_end(struct run *run, const struct detach_report *report)
{
    if (run->report_fd >= 0)
        detach_report(&run->report_fd, report);
    else if (report->failure.error != 0 && !run->config->quiet)
        log_error("%s: %s", run->config->name, report->failure.text);
}

static int report_start_failure(struct run *run, const struct failure *failure)
{
    if (run->report_fd < 0)
        return report_failure(failure);
    detach_report(&run->report_fd,
                  &(const struct detach_report){.outcome = DETACH_FAILED, .failure = *failure});
    return EXIT_BERTH_FAILED;
}

static int start_and_watch(struct run *run)
{
    struct detach_report end;
    struct failure failure = {};

    int r = start_container(&run->container, &failure);
    if (r < 0)
        return report_start_failure(run, &failure);
    run->monitor.on_ready = on_ready;
    run->monitor.userdata = run;
    r = monitor_run(&run->monitor, &run->container, &failure);
    make_end_report(run, &end);
    /* All is gone before the first one who waits is told: the name is free then. */
    start_undo(&run->container);
    if (r < 0)
        (void)report_start_failure(run, &failure);
    else
        report_end(run, &end);
    monitor_dismiss_clients(&run->monitor);
    loop_free(run->monitor.loop);
    return r < 0 ? EXIT_BERTH_FAILED : run->monitor.exit_status;
}

int cmd_run(int argc, char **argv)
{
    _cleanup_(cleanup_config_freep) struct container_config *config = config_new();
    struct run run = {.config = config, .report_fd = -EBADF};
    struct failure failure = {};
    sigset_t set;
    int exit_status;

    if (!config)
        return report_failure(&(const struct failure){.text = "out of memory"});
    int r = run_options_parse(config, argc, argv, &failure);
    if (r == -ECANCELED)
        return 0;
    if (r < 0)
        return report_failure(&failure);

    /* From here on no signal ends us half-way: they wait for the monitor's loop. */
    monitor_signal_set(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTTOU);
    sigaddset(&set, SIGPIPE);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGCHLD, SIG_DFL); /* a caller that ignores it would have our children vanish */
    if (config->detach && (r = detach_fork(config, &run.report_fd, &exit_status)) > 0)
        return exit_status;
    if (r < 0) {
        (void)fail(&failure, r, "cannot go to the background: %s", strerror(-r));
        return report_failure(&failure);
    }

    container_init(&run.container, config);
    return start_and_watch(&run);
}
