/* daemon-reexec, the side that goes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/parse.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "init/platform/handover.h"

#define ANSWER         "berth-init handover "
#define ANSWER_TIMEOUT (10 * USEC_PER_SEC)
#define CANNOT_EXECUTE "!" /* in front of an errno, instead of an answer */
#define DELETED        " (deleted)"
#define ALL_SEALS      (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int reexec_print_version(void)
{
    return printf(ANSWER "%d\n", HANDOVER_VERSION) < 0;
}

/* --- which program --- */

/* What PID 1 was started from, as it lies there now: an upgrade has put another file in its place. Where
 * there is none any more (a copy that was deleted, a memfd), the program that runs is executed once more. */
static int open_own(char **ret_file)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (n < 0)
        return -errno;
    path[n] = 0;
    char *deleted = endswith(path, DELETED);
    if (deleted)
        *deleted = 0;
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;
    bool is_file = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (!is_file) {
        close_fd(fd);
        fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    }
    *ret_file = strdup(is_file ? path : "/proc/self/exe");
    return fd < 0 ? -errno : fd;
}

static int open_file(const char *file, char **ret_message)
{
    struct stat st;
    _cleanup_close_ int fd = open(file, O_PATH | O_CLOEXEC);

    if (fd < 0) {
        int r = -errno;
        *ret_message = xasprintf("%s: %s", file, strerror(errno));
        return r;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return TAKE_FD(fd);
    *ret_message = xasprintf("%s: is no file", file);
    return -EINVAL;
}

/* --- whether it can take over --- */

/* It is reaped as any child. */
static void end_probe(struct platform *platform)
{
    loop_remove(platform->loop, &platform->reexec.probe);
    if (platform->reexec.pidfd >= 0)
        (void)sys_pidfd_send_signal(platform->reexec.pidfd, SIGKILL, NULL, 0);
}

static void forget(struct platform *platform)
{
    struct reexec *reexec = &platform->reexec;

    if (reexec->pid == 0)
        return;
    if (!reexec->answered)
        end_probe(platform);
    close_fd(reexec->probe.fd);
    close_fd(reexec->pidfd);
    close_fd(reexec->program);
    free(reexec->file);
    *reexec = (struct reexec){0};
}

void reexec_done(struct platform *platform)
{
    forget(platform);
}

static void fail(struct platform *platform, const char *why)
{
    _cleanup_free_ char *message = xasprintf("%s: %s; PID 1 stays what it is", platform->reexec.file, why);

    forget(platform);
    control_server_reexec_failed(platform->control, message ? message : why);
    platform_say(platform, "daemon-reexec: %s", message ? message : why);
}

static _noreturn_ void ask(int program, int output)
{
    static char name[] = "berth-init", option[] = "--handover-version";
    char *const argv[] = {name, option, NULL}, *const environment[] = {NULL};
    char text[32];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);

    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(null >= 0 ? null : output, STDERR_FILENO);
    (void)syscall(SYS_execveat, program, "", argv, environment, AT_EMPTY_PATH);
    int n = snprintf(text, sizeof(text), CANNOT_EXECUTE "%d", errno);
    (void)!write(STDOUT_FILENO, text, (size_t)n);
    _exit(EXIT_FAILURE);
}

/* The end of the pipe is the end of the answer. */
static void probe_ready(struct loop_source *source, uint32_t events)
{
    struct platform *platform = CONTAINER_OF(source, struct platform, reexec.probe);
    struct reexec *reexec = &platform->reexec;
    ssize_t n = read(source->fd, reexec->answer + reexec->size, sizeof(reexec->answer) - 1 - reexec->size);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    reexec->size += (size_t)MAX(n, (ssize_t)0);
    reexec->answer[reexec->size] = 0;
    if (n > 0 && reexec->size < sizeof(reexec->answer) - 1)
        return;
    end_probe(platform); /* who has not ended says too much */
    reexec->answered = true;
}

static int start_probe(struct platform *platform, int program)
{
    struct reexec *reexec = &platform->reexec;
    _cleanup_close_pair_ int output[2] = EBADF_PAIR;

    if (pipe2(output, O_CLOEXEC) < 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    reexec->probe = (struct loop_source){.fd = output[0], .ready = probe_ready};
    int r = loop_add(platform->loop, &reexec->probe, EPOLLIN);
    if (r < 0)
        return r;
    pid_t pid = fork();
    if (pid == 0)
        ask(program, output[1]);
    if (pid < 0) {
        r = -errno;
        loop_remove(platform->loop, &reexec->probe);
        return r;
    }
    (void)TAKE_FD(output[0]);
    reexec->pid = pid;
    reexec->pidfd = sys_pidfd_open(pid, 0);
    return 0;
}

int reexec_begin(struct platform *platform, const char *file, char **ret_message)
{
    struct reexec *reexec = &platform->reexec;
    _cleanup_free_ char *name = NULL;

    if (manager_is_shutting_down(platform->manager)) {
        *ret_message = strdup("the container is ending, PID 1 stays what it is");
        return -ESHUTDOWN;
    }
    if (reexec->pid != 0) {
        *ret_message = strdup("PID 1 is being replaced already");
        return -EBUSY;
    }
    if (file && file[0] != '/') {
        *ret_message = xasprintf("%s: is no absolute path", file);
        return -EINVAL;
    }
    _cleanup_close_ int program = file ? open_file(file, ret_message) : open_own(&name);
    if (file)
        name = strdup(file);
    if (program < 0 || !name) {
        if (!file)
            *ret_message = strdup("the program of PID 1 cannot be found: name a FILE");
        return program < 0 ? program : -ENOMEM;
    }
    int r = start_probe(platform, program);
    if (r < 0)
        return r;
    reexec->program = TAKE_FD(program);
    reexec->file = TAKE_PTR(name);
    reexec->deadline = usec_add(now_monotonic(), ANSWER_TIMEOUT);
    return 0;
}

/* NULL: it can. */
static const char *judge(const struct reexec *reexec)
{
    const char *number = startswith(reexec->answer, ANSWER),
               *error = startswith(reexec->answer, CANNOT_EXECUTE);
    char version[REEXEC_ANSWER_MAX];
    uint64_t n;
    int code;

    if (error && parse_int(error, &code) == 0 && code > 0)
        return strerror(code);
    if (!number)
        return "is no berth-init that can take over";
    (void)snprintf(version, sizeof(version), "%.*s", (int)strcspn(number, "\n"), number);
    if (parse_u64(version, &n) < 0 || n < HANDOVER_VERSION)
        return "is a berth-init that cannot read what this one hands over";
    return NULL;
}

/* --- the exec --- */

/* A file of which nobody can change a byte any more. Its descriptor, which outlives the exec. */
static int seal(const struct handover *handover)
{
    _cleanup_close_ int fd = memfd_create("berth-handover", MFD_ALLOW_SEALING);

    if (fd < 0)
        return -errno;
    int r = write_all(fd, handover->data, handover->size);
    if (r < 0)
        return r;
    if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static void set_cloexec(const struct handover *handover, int flags)
{
    for (size_t i = 0; i < handover->n_fds; i++)
        (void)fcntl(handover->fds[i], F_SETFD, flags);
}

/* Returns only when it failed: -errno, and all is as before. */
static int execute(struct platform *platform, const struct handover *handover)
{
    _cleanup_strv_ char **environment = strv_copy(environ);
    _cleanup_close_ int memory = seal(handover);
    _cleanup_free_ char *variable = xasprintf(ENV_HANDOVER_FD "=%d", memory);

    if (memory < 0)
        return memory;
    if (!environment || !variable || strv_env_set(&environment, variable) < 0)
        return -ENOMEM;
    set_cloexec(handover, 0);
    (void)syscall(SYS_execveat, platform->reexec.program, "", platform->options->argv, environment,
                  AT_EMPTY_PATH);
    int r = -errno;
    set_cloexec(handover, FD_CLOEXEC);
    return r;
}

static int go(struct platform *platform)
{
    struct handover handover;

    handover_begin(&handover);
    int r = platform_hand_over(platform, &handover);
    if (r == 0)
        r = handover_end(&handover);
    if (r == 0)
        r = execute(platform, &handover);
    handover_done(&handover);
    return r;
}

usec_t reexec_next_deadline(const struct platform *platform)
{
    const struct reexec *reexec = &platform->reexec;
    return reexec->pid == 0 ? USEC_INFINITY : reexec->answered ? 0 : reexec->deadline;
}

void reexec_step(struct platform *platform)
{
    struct reexec *reexec = &platform->reexec;
    const char *why;

    if (reexec->pid == 0)
        return;
    if (manager_is_shutting_down(platform->manager))
        fail(platform, "the container is ending");
    else if (!reexec->answered && now_monotonic() >= reexec->deadline)
        fail(platform, "does not say what it is");
    else if (reexec->answered && (why = judge(reexec)))
        fail(platform, why);
    else if (reexec->answered && !spawner_has_news(platform->spawner))
        fail(platform, strerror(-go(platform)));
}
