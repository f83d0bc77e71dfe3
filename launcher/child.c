/* The container's side of the start, where the other files have not got it: entering, names, streams, exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/devices.h"
#include "launcher/guest.h"
#include "launcher/mount.h"
#include "launcher/namespaces.h"
#include "launcher/privileges.h"
#include "launcher/security-label.h"
#include "launcher/start.h"
#include "launcher/userns.h"

/* The monitor's death is the container's: PID 1 dies, and the pid namespace with it. To be said after the
 * last change of ids, which the kernel takes as a reason to forget it (prctl(2)); a monitor that died before
 * is seen by its closed end. */
static int die_with_monitor(const struct container *container, struct failure *failure)
{
    char byte;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return fail(failure, -errno, "parent death signal: %m");
    if (recv(container->start_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
        return fail(failure, -ESRCH, "the monitor has died");
    return 0;
}

int child_enter(struct container *container, struct failure *failure)
{
    const struct container_config *config = container->config;

    if (setsid() < 0)
        return fail(failure, -errno, "new session: %m");
    /* Looked up while we still are who may look there. */
    container->stage_fd = open(container->state.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (container->stage_fd < 0)
        return fail(failure, -errno, "%s: %m", container->state.path);
    int r = config->userns != USERNS_HOST ? userns_wait(container, failure) : 0;
    if (r >= 0)
        r = security_label_apply(config, failure);
    if (r >= 0)
        r = namespaces_make_time(container, failure);
    if (r >= 0 && config->userns != USERNS_HOST)
        r = userns_become_root(container, failure);
    /* Others may see us in a pid namespace that is not ours alone: until execve(2) our file is the host's. */
    if (r >= 0 && prctl(PR_SET_DUMPABLE, 0) < 0)
        r = fail(failure, -errno, "hiding from other processes: %m");
    if (r >= 0)
        r = die_with_monitor(container, failure);
    if (r < 0)
        return r;
    /* Now that we sit in the payload's cgroup it becomes the root of what the container sees. */
    if (!config->host_cgroupns && unshare(CLONE_NEWCGROUP) < 0)
        return fail(failure, -errno, "cgroup namespace: %m");
    struct mount_attr private = {.propagation = MS_PRIVATE};
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) < 0)
        return fail(failure, -errno, "mount propagation: %m");
    umask(0);
    return 0;
}

/* A terminal of the container's own devpts: its master goes to the monitor, its slave becomes the job's. */
int child_terminal(struct container *container, struct failure *failure)
{
    struct start_message message = {.type = START_TERMINAL};
    char name[32];
    int number, unlock = 0;

    if (!container->config->tty)
        return 0;
    _cleanup_close_ int ptmx = root_open(container->root_fd, "/dev/pts/ptmx", O_NOFOLLOW);
    if (ptmx < 0)
        return fail(failure, ptmx, "/dev/pts/ptmx: %s", strerror(-ptmx));
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ptmx);
    _cleanup_close_ int master = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
        return fail(failure, -errno, "terminal of the container: %m");
    snprintf(name, sizeof(name), "/dev/pts/%d", number);
    console_copy_size(master); /* our own streams are still the caller's */
    int r = devices_bind_console(container, name, failure);
    if (r < 0)
        return r;
    r = send_with_fds(container->start_fd, &message, sizeof(message), &master, 1);
    return r < 0 ? fail(failure, r, "terminal of the container: %s", strerror(-r)) : 0;
}

int child_network(struct container *container, struct failure *failure)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK};

    if (container->config->network != NETWORK_NONE)
        return 0;
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        return fail(failure, -errno, "loopback interface: %m");
    return 0;
}

int child_identity(struct container *container, struct failure *failure)
{
    const char *hostname = container->config->hostname, *domain = container->config->domainname;
    if (!container->config->host_uts && sethostname(hostname, strlen(hostname)) < 0)
        return fail(failure, -errno, "host name %s: %m", hostname);
    if (domain && setdomainname(domain, strlen(domain)) < 0)
        return fail(failure, -errno, "--domainname=%s: %m", domain);
    return guest_set_machine_id(container, failure);
}

/* Puts a descriptor of the container's own at one of 0, 1, 2. */
static int open_stream(const char *path, int flags, int number, struct failure *failure)
{
    _cleanup_close_ int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0 || dup2(fd, number) < 0)
        return fail(failure, -errno, "%s: %m", path);
    if (fd == number)
        TAKE_FD(fd);
    return 0;
}

int child_streams(struct container *container, struct failure *failure)
{
    static const int open_flags[] = {O_RDONLY, O_WRONLY, O_WRONLY};

    for (int number = 0; number < 3; number++) {
        const struct console_stream *stream = &container->console.streams[number];
        int r = 0;
        if (stream->kind == STREAM_NULL)
            r = open_stream("/dev/null", open_flags[number], number, failure);
        else if (stream->kind == STREAM_TERMINAL)
            r = open_stream("/dev/console", O_RDWR | O_NOCTTY, number, failure);
        else if (stream->child_fd != number && dup2(stream->child_fd, number) < 0)
            r = fail(failure, -errno, "standard stream %d: %m", number);
        if (r < 0)
            return r;
    }
    return 0;
}

int child_privileges(struct container *container, struct failure *failure)
{
    int r = process_apply(&container->config->process, failure);
    return r < 0 ? r : privileges_drop(container, failure);
}

static int keep_across_exec(int fd)
{
    return fcntl(fd, F_SETFD, 0) < 0 ? -errno : 0;
}

/* PID 1 of a namespace loses a signal that it neither blocks nor handles (pid_namespaces(7)): until the init
 * can take them, they wait. What the caller blocked and ignored is the host's business: inside all begins
 * clean (--clear-signals). */
static void block_all_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL); /* fails for SIGKILL, SIGSTOP and those of libc, which have no other */
}

int child_exec(struct container *container, struct failure *failure)
{
    _cleanup_strv_ char **argv = NULL, **env = NULL;

    int r = guest_arguments(container, &argv, failure);
    if (r >= 0)
        r = guest_environment(container, &env, failure);
    if (r < 0)
        return r;
    umask(process_umask(&container->config->process));
    /* All descriptors are close-on-exec from birth; this is the belt to those braces. */
    close_descriptors(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (keep_across_exec(container->control_fd) < 0 || keep_across_exec(container->notify_child_fd) < 0)
        return fail(failure, -errno, "sockets of berth-init: %m");
    block_all_signals();
    syscall(SYS_execveat, container->init_copy_fd, "", argv, env, AT_EMPTY_PATH);
    return fail(failure, -errno, "executing berth-init: %m");
}
