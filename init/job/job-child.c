/* The child's way from fork to exec, and what it says when it does not get there. */
#include "init/job/job-child.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "berth/environment.h"
#include "berth/exit-codes.h"
#include "common/clone-borrowing.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "init/job/job-cgroup.h"
#include "init/job/job-signals.h"
#include "init/job/job-terminal.h"
#include "init/job/job-voice.h"

/* The next file that name can mean: *place goes through PATH, and is NULL at the end. A name with a slash is
 * looked for nowhere else. False when there is none. */
static bool next_candidate(const char **place, const char *name, char *path, size_t size)
{
    bool has_slash = strchr(name, '/') != NULL;

    while (*place) {
        const char *begin = *place, *end = strchrnul(begin, ':');
        size_t length = has_slash ? 0 : (size_t)(end - begin);
        const char *between = has_slash ? "" : length ? "/" : "./";
        *place = *end && !has_slash ? end + 1 : NULL;
        if (length + strlen(between) + strlen(name) >= size)
            continue;
        char *end_of_directory = mempcpy(mempcpy(path, begin, length), between, strlen(between));
        memcpy(end_of_directory, name, strlen(name) + 1);
        return true;
    }
    return false;
}

/* POSIX' execvp(3): what the kernel does not know as a program is a script for the shell. */
static void exec_script(const char *path, char *const *argv)
{
    size_t n = strv_length(argv);
    /* Our memory is the parent's: nothing may stay. As long as argv, which fits into a quarter of the stack.
     */
    /* cppcheck-suppress allocaCalled; it would rather have a variable length array, which is no better */
    const char **words = alloca((n + 2) * sizeof(*words));

    words[0] = "sh";
    words[1] = path;
    memcpy(words + 2, argv + 1, n * sizeof(*words)); /* with the NULL */
    (void)execv("/bin/sh", (char *const *)words);
}

/* Returns only when that file could not be executed. */
static void exec_file(const char *path, char *const *argv, struct child_failure *failure)
{
    (void)execv(path, argv);
    int error = errno;
    if (error == ENOEXEC)
        exec_script(path, argv);
    /* "Not here" says less than any other reason. */
    if (error != ENOENT && (error != ENOTDIR || strchr(argv[0], '/')))
        failure->error = error;
}

/* As execvp(3) searches; returns only when nothing could be executed. */
static void exec_command(char *const *argv, struct child_failure *failure)
{
    const char *search = getenv("PATH"), *place;

    search = search ? search : CONTAINER_DEFAULT_PATH;
    size_t size = MIN(strlen(search) + sizeof("/") + strlen(argv[0]), (size_t)PATH_MAX);
    /* No larger than it can be: an idle PID 1 keeps the stack as deep as it was here. */
    /* cppcheck-suppress allocaCalled; as above */
    char *path = alloca(size);
    *failure = (struct child_failure){.step = CHILD_EXEC, .error = ENOENT};
    if (!*argv[0])
        return;
    for (place = search; next_candidate(&place, argv[0], path, size);)
        exec_file(path, argv, failure);
    if (failure->error != ENOENT)
        return;
    for (place = search; next_candidate(&place, argv[0], path, size);)
        failure->interpreter_missing |= access(path, F_OK) == 0;
}

static int step_failed(struct child_failure *failure, enum child_step step)
{
    failure->step = step;
    failure->error = errno;
    return -errno;
}

static int become_user(const struct credentials *user, struct child_failure *failure)
{
    if (setgroups(user->n_groups, user->groups) < 0)
        return step_failed(failure, CHILD_GROUPS);
    if (setresgid(user->gid, user->gid, user->gid) < 0)
        return step_failed(failure, CHILD_GID);
    if (setresuid(user->uid, user->uid, user->uid) < 0)
        return step_failed(failure, CHILD_UID);
    if (user->home && *user->home)
        (void)setenv("HOME", user->home, 0);
    return 0;
}

int job_child_prepare(const struct job_child *child, struct child_failure *failure)
{
    const char *workdir = child->options->workdir;

    if (child->user.set && become_user(&child->user, failure) < 0)
        return -failure->error;
    if (workdir && chdir(workdir) < 0)
        return step_failed(failure, CHILD_WORKDIR);
    (void)sigaction(SIGCHLD, &child->inherited_sigchld, NULL);
    job_signals_set_mask(child->options->inherited_mask);
    return 0;
}

/* sd_listen_fds(3): sockets are for the process that is named. */
static void pass_sockets(void)
{
    char pid[16];

    (void)snprintf(pid, sizeof(pid), "%d", getpid());
    (void)setenv("LISTEN_PID", pid, 1);
}

struct start {
    struct job_child *child;
    enum terminal_plan plan;
    int *ret_exec_status;
};

/* Not inlined: its locals must lie below the frame that the parent comes back to. */
static __attribute__((noinline)) _noreturn_ void child_main(void *userdata)
{
    const struct start *start = userdata;
    const struct job_child *child = start->child;
    struct child_failure failure = {};

    job_terminal_take(start->plan);
    if (child->sockets_passed)
        pass_sockets();
    if (job_child_prepare(child, &failure) == 0)
        exec_command(child->options->argv, &failure);
    job_tell(child->options, &(struct job_event){.kind = JOB_EVENT_EXEC_FAILED, .failure = &failure});
    *start->ret_exec_status = job_exec_status(child->options, &failure);
    _exit(*start->ret_exec_status);
}

static pid_t start_in_own_cgroup(struct start *start)
{
    bool wanted = start->child->options->rest == JOB_REST_STOP && getpid() != 1;
    _cleanup_close_ int cgroup = wanted ? job_cgroup_make() : -EOPNOTSUPP;

    if (cgroup < 0)
        return cgroup;
    pid_t pid = clone_borrowing(cgroup, 0, child_main, start);
    start->child->has_cgroup = pid >= 0;
    if (pid < 0)
        job_cgroup_remove();
    return pid;
}

int job_child_start(struct job_child *child, pid_t *ret_pid, int *ret_exec_status)
{
    struct start start = {child, job_terminal_release(child->options), ret_exec_status};

    *ret_exec_status = 0;
    /* The child borrows our memory while we sleep: no page tables are copied only for exec to throw them
     * away, and how it failed needs no pipe. What it leaves there besides is errno and environment variables
     * of the job's. Emulators that fork(2) instead keep *ret_exec_status from us: the job then seems to have
     * run and to have ended with the same status. */
    pid_t pid = start_in_own_cgroup(&start);
    if (pid < 0)
        pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): as said */
    if (pid < 0)
        return -errno;
    if (pid == 0)
        child_main(&start); /* NOLINT(clang-analyzer-unix.Vfork) */
    *ret_pid = pid;
    return 0;
}
