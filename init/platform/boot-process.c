/* What PID 1 is and has before anything is opened: its signals, its streams, what the container was given. */
#include "init/platform/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "init/job/job-descriptors.h"
#include "init/job/job-signals.h"
#include "init/platform/handover.h"

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

int boot_prepare_process(struct platform *platform, struct takeover *takeover, int *ret_control)
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
