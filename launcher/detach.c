/* The fork, and the conversation between the two halves. */
#include "launcher/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "launcher/verbs.h"

/* What the caller's shell sees. */
static int tell_user(const struct container_config *config, const struct detach_report *report)
{
    switch (report->outcome) {
    case DETACH_RUNNING:
        if (!config->quiet)
            puts(config->name);
        return 0;
    case DETACH_FAILED:
        return report_failure(&report->failure);
    case DETACH_ENDED:
        if (!config->quiet && (report->failure.text[0] || report->exit_status != 0))
            log_error("%s ended at once with status %d%s%s", config->name, report->exit_status,
                      report->failure.text[0] ? ": " : "", report->failure.text);
        return report->exit_status;
    }
    return EXIT_BERTH_FAILED;
}

static int wait_for_report(const struct container_config *config, int fd)
{
    struct detach_report report;

    int r = wait_for_fd(fd, POLLIN, usec_add(now_monotonic(), usec_add(config->start_timeout, USEC_PER_SEC)));
    if (r == -ETIMEDOUT) {
        log_warning("%s is still starting: see `berth status %s`", config->name, config->name);
        return 0;
    }
    if (r < 0 || read(fd, &report, sizeof(report)) != sizeof(report)) {
        log_error("%s: the monitor died before the container ran", config->name);
        return EXIT_BERTH_FAILED;
    }
    return tell_user(config, &report);
}

/* All descriptors but the standard streams, which are let go later, and this one. */
static void close_all_but(int fd)
{
    close_descriptors(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
    close_descriptors((unsigned)fd + 1, ~0U, 0);
}

int detach_fork(const struct container_config *config, int *ret_report_fd, int *ret_exit_status)
{
    _cleanup_close_pair_ int pair[2] = EBADF_PAIR;

    if (pipe2(pair, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid > 0) {
        pair[1] = close_fd(pair[1]);
        *ret_exit_status = wait_for_report(config, pair[0]);
        return 1;
    }
    /* The session of the caller's terminal is left at once: its end is not ours. Nor is what the caller holds
     * open. */
    if (setsid() < 0 || chdir("/") < 0)
        return -errno;
    pair[0] = close_fd(pair[0]);
    *ret_report_fd = TAKE_FD(pair[1]);
    close_all_but(*ret_report_fd);
    return 0;
}

void detach_report(int *report_fd, const struct detach_report *report)
{
    if (*report_fd < 0)
        return;
    (void)write_all(*report_fd, report, sizeof(*report));
    *report_fd = close_fd(*report_fd);
    /* From here on nothing of the caller's is held: no terminal, no pipe that a script waits for. */
    _cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int number = 0; null >= 0 && number < 3; number++)
        (void)dup2(null, number);
}
