/* A clone into exec.slice, into the namespaces of the leader by one setns(2), then one more clone. A process
 * between the monitor and the command makes the step, because a process that enters a pid namespace is not in
 * it: its children are. CLONE_PARENT makes the command the monitor's. */
#include "launcher/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "berth/environment.h"
#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/parse.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/cgroup.h"
#include "launcher/hint.h"
#include "launcher/options.h"
#include "launcher/privileges.h"
#include "launcher/security-label.h"
#include "launcher/userns.h"
#include "launcher/users.h"

#define EXEC_PATIENCE (10 * USEC_PER_SEC) /* for the command to be executed */
#define COPY_CHUNK    (16 * 1024 * 1024)
#define ERRNO_MAX     4095

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

struct exec_request {
    const struct container *container;
    char *user;
    char *workdir;
    char **environment;
    char *const *argv;
    const int *fds;
    int cgroup_fd;
    int report_fd; /* the child's end: a struct exec_report, or EOF when our own part was done */
    int error_fd;  /* an errno of the command's execution, or EOF: said from inside, and not believed further
                    */
};

/* What the way to the command says: first the pid, then a failure or nothing. */
struct exec_report {
    pid_t pid;
    struct failure failure;
};

static const struct option_spec exec_options[] = {
    {"user", 'u', "USER[:GROUP]", "who the command runs as", option_string,
     offsetof(struct exec_request, user)},
    {"workdir", 'w', "DIR", "its working directory", option_string, offsetof(struct exec_request, workdir)},
    {"env", 'e', "NAME=VALUE", "set an environment variable", option_strv,
     offsetof(struct exec_request, environment)},
};

static void _noreturn_ report(const struct exec_request *request, const struct exec_report *what,
                              int exit_status)
{
    (void)write_all(request->report_fd, what, sizeof(*what));
    _exit(exit_status);
}

static int exec_environment(const struct exec_request *request, const char *home, char ***ret)
{
    _cleanup_free_ char *home_text = xasprintf("HOME=%s", home ? home : "/root");
    const char *const defaults[] = {ENV_CONTAINER "=berth", "PATH=" CONTAINER_DEFAULT_PATH, home_text};
    char *const *const layers[] = {request->container->config->environment, request->environment};

    FOREACH_ARRAY (assignment, defaults, ELEMENTSOF(defaults)) {
        int r = *assignment ? strv_env_set(ret, *assignment) : -ENOMEM;
        if (r < 0)
            return r;
    }
    FOREACH_ARRAY (layer, layers, ELEMENTSOF(layers))
        for (char *const *assignment = *layer; assignment && *assignment; assignment++) {
            int r = strv_env_set(ret, *assignment);
            if (r < 0)
                return r;
        }
    return 0;
}

/* A link of the container may lead to /proc/self/fd, where descriptors of the host still are: no magic link
 * is followed. */
static int enter_workdir(const char *path, struct failure *failure)
{
    static const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                        .resolve = RESOLVE_NO_MAGICLINKS};
    _cleanup_close_ int fd = sys_openat2(AT_FDCWD, path, &how, sizeof(how));
    if (fd < 0 || fchdir(fd) < 0)
        return fail(failure, -errno, "working directory %s: %m", path);
    return 0;
}

/* Inside, as PID 1's equal: the command's own streams, directory, user, and nothing more than the container
 * may. */
static int become_command(const struct exec_request *request, const struct user_identity *identity,
                          struct failure *failure)
{
    sigset_t none;

    if (setsid() < 0)
        return fail(failure, -errno, "new session: %m");
    for (int number = 0; number < 3; number++)
        if (dup2(request->fds[number], number) < 0)
            return fail(failure, -errno, "standard stream %d: %m", number);
    int r = process_apply(&request->container->config->process, failure);
    if (r >= 0)
        r = privileges_drop(request->container, failure);
    if (r >= 0 && request->user)
        r = user_become(identity, failure);
    if (r < 0)
        return r;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) /* after the change of ids, which undoes it */
        return fail(failure, -errno, "parent death signal: %m");
    int r2 = request->workdir ? enter_workdir(request->workdir, failure) : 0;
    if (r2 < 0)
        return r2;
    (void)umask(process_umask(&request->container->config->process));
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        return fail(failure, -errno, "signal mask: %m");
    close_descriptors(3, ~0U, CLOSE_RANGE_CLOEXEC);
    return 0;
}

/* Not the command itself: a process inside whose file is the host's berth must execute nothing that the
 * container chose, as /proc/self/exe would lead there (CVE-2019-5736). A sealed copy of berth-init does it.
 */
static void execute(const struct exec_request *request, char *const *env, struct failure *failure)
{
    size_t n = strv_length((char *const *)request->argv);
    _cleanup_free_ char **argv = calloc(n + 3, sizeof(*argv)), *fd = xasprintf("%d", request->error_fd);

    if (!argv || !fd) {
        (void)fail(failure, -ENOMEM, "out of memory");
        return;
    }
    argv[0] = (char *)"berth-exec";
    argv[1] = fd;
    memcpy((void *)(argv + 2), (const void *)request->argv, n * sizeof(*argv));
    if (fcntl(request->error_fd, F_SETFD, 0) >= 0)
        syscall(SYS_execveat, request->container->exec_fd, "", argv, env, AT_EMPTY_PATH);
    (void)fail(failure, -errno, "executing the copy of berth-init: %m");
}

static void _noreturn_ run_command(const struct exec_request *request)
{
    struct exec_report last = {};
    _cleanup_user_identity_ struct user_identity identity = USER_IDENTITY_INIT;
    _cleanup_strv_ char **env = NULL;

    int r = request->user ? user_resolve(request->user, &identity, &last.failure) : 0;
    if (r >= 0 && (r = exec_environment(request, identity.home, &env)) < 0)
        (void)fail(&last.failure, r, "environment: %s", strerror(-r));
    if (r >= 0)
        r = become_command(request, &identity, &last.failure);
    if (r < 0)
        report(request, &last, EXIT_BERTH_FAILED);
    execute(request, env, &last.failure);
    report(request, &last, EXIT_BERTH_FAILED);
}

/* The process between: enters, clones, tells the pid as the monitor sees it, and is gone. */
static void _noreturn_ enter_and_clone(struct exec_request *request)
{
    struct exec_report report_pid = {};
    struct clone_args args = {.flags = CLONE_PARENT};

    /* Both are inherited, and written while /proc is the host's. */
    int ignored;
    if (process_set_oom_score(&request->container->config->process, &ignored, &report_pid.failure) < 0 ||
        security_label_apply(request->container->config, &report_pid.failure) < 0)
        report(request, &report_pid, EXIT_BERTH_FAILED);
    /* Nobody inside may look at this process, whose /proc/PID/exe is a file of the host: execve(2) makes it
     * visible again. */
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        _exit(EXIT_BERTH_FAILED);
    if (setns(request->container->pid_fd, (int)config_entered_namespaces(request->container->config)) < 0) {
        (void)fail(&report_pid.failure, -errno, "entering the container: %m");
        report(request, &report_pid, EXIT_BERTH_FAILED);
    }
    /* In a user namespace one is nobody until one says otherwise. */
    if (request->container->config->userns != USERNS_HOST)
        (void)(setgroups(0, NULL) | setresgid(0, 0, 0) | setresuid(0, 0, 0));
    pid_t pid = sys_clone3(&args, sizeof(args));
    if (pid == 0)
        run_command(request);
    report_pid.pid = pid;
    if (pid < 0)
        (void)fail(&report_pid.failure, -errno, "clone into the container: %m");
    report(request, &report_pid, 0);
}

/* Reads the reports until EOF; the pid comes before or after the command's own failure. */
static int read_reports(int fd, pid_t *ret_pid, struct failure *failure)
{
    usec_t deadline = now_monotonic() + EXEC_PATIENCE;
    for (;;) {
        struct exec_report one;
        int r = wait_for_fd(fd, POLLIN, deadline);
        if (r < 0)
            return fail(failure, r, "the command was not executed within its time");
        ssize_t n = read(fd, &one, sizeof(one));
        if (n == 0)
            return failure->error;
        if (n != sizeof(one))
            return fail(failure, -EPROTO, "the way into the container broke off");
        if (one.failure.error != 0)
            *failure = one.failure;
        else
            *ret_pid = one.pid;
    }
}

/* What the copy of berth-init said of the command. From the first moment on it is a process of the container,
 * which may have taken its descriptor: a number is all that is read. */
static int read_execution(int fd, const char *command, struct failure *failure)
{
    int error = 0;
    int r = wait_for_fd(fd, POLLIN, now_monotonic() + EXEC_PATIENCE);
    if (r < 0)
        return fail(failure, r, "the command was not executed within its time");
    if (read(fd, &error, sizeof(error)) != sizeof(error) || error <= 0 || error > ERRNO_MAX)
        return 0;
    failure->exit_status = error == ENOENT || error == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
    return fail(failure, -error, "cannot execute %s: %s", command, strerror(error));
}

static int make_exec_copy(struct container *container, struct failure *failure)
{
    _cleanup_close_ int fd = -EBADF;
    off_t offset = 0;
    ssize_t n;

    if (container->exec_fd > 0)
        return 0;
    fd = memfd_create("berth-exec", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) /* before 6.3 */
        fd = memfd_create("berth-exec", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    do
        n = fd < 0 ? -1 : sendfile(fd, container->init_fd, &offset, COPY_CHUNK);
    while (n > 0);
    if (n < 0 || fchmod(fd, 0555) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return fail(failure, -errno, "sealed copy of berth-init: %m");
    container->exec_fd = TAKE_FD(fd);
    return 0;
}

/* Born in the cgroup, by who may put it there: the container's root may not move anything across its own
 * border. */
static pid_t clone_into(int cgroup_fd)
{
    struct clone_args args = {
        .flags = cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0,
        .exit_signal = SIGCHLD,
        .cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
    };
    return sys_clone3(&args, sizeof(args));
}

static int open_exec_cgroup(const struct container *container, int *ret, struct failure *failure)
{
    int payload = scope_payload_fd(container->scope);
    if (payload < 0)
        return 0;
    int r = cgroup_make(payload, "exec.slice", ret);
    return r < 0 ? fail(failure, r, "cgroup exec.slice: %s", strerror(-r))
                 : userns_delegate(container, *ret, failure);
}

static void exec_request_done(struct exec_request *request)
{
    free(request->user);
    free(request->workdir);
    strv_free(request->environment);
    close_fd(request->cgroup_fd);
    close_fd(request->report_fd);
    close_fd(request->error_fd);
}

/* The client has checked the options; they are parsed here in their own right. */
static int parse_request(struct exec_request *request, char **argv, struct failure *failure)
{
    int n =
        options_parse(exec_options, ELEMENTSOF(exec_options), request, (int)strv_length(argv), argv, failure);
    if (n < 0)
        return n;
    request->argv = argv + n;
    return *request->argv ? 0 : fail(failure, -EINVAL, "exec needs a command");
}

static int start_command(struct container *container, char **argv, const int fds[static 3],
                         struct failure *failure)
{
    _cleanup_(exec_request_done) struct exec_request request = {
        .container = container, .fds = fds, .cgroup_fd = -EBADF, .report_fd = -EBADF, .error_fd = -EBADF};
    _cleanup_close_pair_ int pair[2] = EBADF_PAIR, errors[2] = EBADF_PAIR;
    pid_t pid = 0;
    siginfo_t info;

    int r = parse_request(&request, argv, failure);
    if (r >= 0)
        r = make_exec_copy(container, failure);
    if (r >= 0)
        r = open_exec_cgroup(container, &request.cgroup_fd, failure);
    if (r < 0)
        return r;
    if (pipe2(pair, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0)
        return fail(failure, -errno, "pipe: %m");
    pid_t between = clone_into(request.cgroup_fd);
    if (between == 0) {
        request.report_fd = pair[1];
        request.error_fd = errors[1];
        enter_and_clone(&request);
    }
    if (between < 0)
        return fail(failure, -errno, "clone: %m");
    pair[1] = close_fd(pair[1]);
    errors[1] = close_fd(errors[1]);
    r = read_reports(pair[0], &pid, failure);
    if (r >= 0)
        r = read_execution(errors[0], request.argv[0], failure);
    (void)waitid(P_PID, (id_t)between, &info, WEXITED);
    if (pid <= 0)
        return r < 0 ? r : fail(failure, -ECHILD, "the way into the container broke off");
    int fd = r < 0 ? -EBADF : sys_pidfd_open(pid, 0);
    if (fd >= 0)
        return fd;
    if (r >= 0)
        r = fail(failure, -errno, "pidfd of the command: %m");
    (void)kill(pid, SIGKILL); /* our child, and not waited for: nobody else has its number */
    (void)waitid(P_PID, (id_t)pid, &info, WEXITED);
    return r;
}

int exec_start(struct container *container, char **argv, const int fds[static 3], struct failure *failure)
{
    int r = start_command(container, argv, fds, failure);
    if (r < 0)
        hint_add(failure, HINT_EXEC_COMMAND, container->config);
    return r;
}
