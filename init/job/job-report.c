/* The report: opened before the job, written after it. */
#include "init/job/job-report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "init/job/reap.h"

#define REPORT_PATIENCE (5 * USEC_PER_SEC) /* with a reader that does not read */

static bool is_stdout(const struct job_options *options)
{
    return streq(options->report, "-");
}

static int open_stdout(void)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);

    if (flags < 0)
        return -errno;
    if ((flags & O_PATH) || (flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return fd < 0 ? -errno : fd;
}

int job_report_open(const struct job_options *options)
{
    if (!options->report)
        return -ENOENT;
    if (is_stdout(options))
        return open_stdout();
    _cleanup_close_ int fd =
        open(options->report, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    if (fd > STDERR_FILENO)
        return TAKE_FD(fd);
    /* We were started with one of them closed, and the job would inherit the report in its place. */
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return higher < 0 ? -errno : higher;
}

/* The line that -v asks for; peers have none. */
static bool is_line_asked(const struct job_options *options)
{
    return options->verbosity > 0 && !options->manner;
}

void job_report_begin(const struct job_options *options, struct job_account *account)
{
    usage_mark(&account->before, options->report || is_line_asked(options) || options->time_limit > 0);
}

bool job_report_watch_memory(struct job_account *account)
{
    _cleanup_close_ int dirfd = usage_open_cgroup();

    if (dirfd < 0)
        return false;
    uint64_t kills = usage_oom_kills(dirfd);
    account->oom_kills_before = kills == USAGE_UNKNOWN ? 0 : kills;
    return usage_has_memory_limit(dirfd);
}

/* The kernel kills the command, or what a shell runs as its last one: the shell then exits with 128 + 9. */
static bool may_be_out_of_memory(const struct job_account *account)
{
    return !account->killed && reap_exit_status(account->status) == EXIT_SIGNAL_BASE + SIGKILL;
}

enum job_cause job_settled_cause(const struct job_account *account, uint64_t oom_kills)
{
    bool grown = oom_kills > 0 && oom_kills != USAGE_UNKNOWN;
    return grown && may_be_out_of_memory(account) ? JOB_CAUSE_OUT_OF_MEMORY : account->cause;
}

static void summarize(const struct job_options *options, struct job_account *account, struct job_summary *ret)
{
    struct usage_mark now;

    usage_mark(&now, true);
    *ret = (struct job_summary){
        .options = options,
        .account = account,
        .oom_kills = now.oom_kills,
        .memory_max = now.memory_max,
    };
    if (ret->oom_kills != USAGE_UNKNOWN)
        ret->oom_kills -= MIN(account->oom_kills_before, ret->oom_kills);
    usage_between(&account->before, &now, &ret->usage);
    account->cause = job_settled_cause(account, ret->oom_kills);
}

/* In pieces that go into a pipe at once or not at all: a blocking one, too, then never keeps us. */
static int write_patiently(int fd, const char *data, size_t size)
{
    usec_t deadline = usec_add(now_monotonic(), REPORT_PATIENCE);

    while (size > 0) {
        int r = wait_for_fd(fd, POLLOUT, deadline);
        if (r < 0)
            return r;
        ssize_t n = write(fd, data, MIN(size, (size_t)PIPE_BUF));
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        if (n == 0)
            return -EIO;
        data += MAX(n, 0);
        size -= (size_t)MAX(n, 0);
    }
    return 0;
}

/* Some file systems tell only when a file is closed that there was no room for it. */
static int flush(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (copy < 0)
        return -errno;
    return close(copy) < 0 && errno != EINTR ? -errno : 0;
}

static int write_report(const struct job_summary *summary, int fd)
{
    _cleanup_free_ char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return -ENOMEM;
    job_report_json(summary, stream);
    bool complete = !ferror(stream);
    if (fclose(stream) != 0 || !complete)
        return -ENOMEM;
    int r = write_patiently(fd, text, size);
    return r < 0 ? r : flush(fd);
}

/* Programs that we stand in for print no such line; but none of them has a time limit, and of the lack of
 * memory nobody else tells. */
static bool line_is_due(const struct job_options *options, enum job_cause cause)
{
    return cause == JOB_CAUSE_TIME_LIMIT || cause == JOB_CAUSE_OUT_OF_MEMORY || is_line_asked(options);
}

int job_report(const struct job_options *options, struct job_account *account, int fd)
{
    struct job_summary summary;
    char line[JOB_LINE_MAX];

    /* In the common case nobody asks, and nothing is looked at. */
    if (fd < 0 && !line_is_due(options, account->cause) && !may_be_out_of_memory(account))
        return 0;
    summarize(options, account, &summary);
    if (line_is_due(options, account->cause))
        log_line(account->cause >= JOB_CAUSE_TIME_LIMIT ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "%s",
                 job_report_line(&summary, line));
    int r = fd < 0 ? 0 : write_report(&summary, fd);
    if (r < 0)
        log_warning_errno(r, "cannot write the report to %s",
                          is_stdout(options) ? "standard output" : options->report);
    return r;
}
