/* From the fork to the program, one step per row of a table. */
#include "init/platform/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "init/job/job-signals.h"
#include "init/platform/exec-steps.h"

#define IDLE_TIMEOUT_MS 5000

/* A table with the few that are needed costs less than a copy of them all, which execve(2) then closes. */
static int step_descriptors(const struct exec_plan *plan, const char **object)
{
    return plan->lent == 0 ? 0 : negative_errno(sys_close_range(plan->lent, ~0U, CLOSE_RANGE_UNSHARE));
}

static int step_cgroup(const struct exec_plan *plan, const char **object)
{
    return plan->cgroup < 0 ? 0 : write_file_at(plan->cgroup, "cgroup.procs", "0");
}

static int step_session(const struct exec_plan *plan, const char **object)
{
    return plan->terminal == TERMINAL_NONE ? negative_errno(setsid()) : 0;
}

/* The main command of the container gets its terminal, which PID 1 has let go. */
static int step_terminal(const struct exec_plan *plan, const char **object)
{
    if (plan->terminal != TERMINAL_NONE)
        job_terminal_take(plan->terminal);
    return 0;
}

/* Before the first file is made, and after the directories, whose modes are settings of their own. */
static int step_umask(const struct exec_plan *plan, const char **object)
{
    if (plan->umask != plan->context->umask)
        (void)umask(plan->context->umask);
    return 0;
}

static bool is_refusal(int r)
{
    return r == -EPERM || r == -EACCES;
}

static int step_oom_adjust(const struct exec_plan *plan, const char **object)
{
    char text[16];

    if (plan->context->oom_score_adjust == 0)
        return 0;
    (void)snprintf(text, sizeof(text), "%d", plan->context->oom_score_adjust);
    *object = "/proc/self/oom_score_adj";
    int r = write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", text);
    if (!is_refusal(r))
        return r;
    exec_note(plan, "OOMScoreAdjust=: %s is not permitted in the container, and not set", text);
    return 0;
}

/* As near as LimitNICE=, getrlimit(2), lets it come. */
static int set_nearest_nice(const struct exec_plan *plan)
{
    const int middle = 20;
    struct rlimit limit;
    int present = getpriority(PRIO_PROCESS, 0), nearest;

    if (present <= plan->context->nice || getrlimit(RLIMIT_NICE, &limit) < 0)
        return present == plan->context->nice ? 0 : -EPERM;
    nearest = middle - (int)MIN(limit.rlim_cur, (rlim_t)(2 * middle));
    if (nearest < present && setpriority(PRIO_PROCESS, 0, nearest) == 0)
        present = nearest;
    exec_note(plan, "Nice=: %d is not permitted in the container, %d is set", plan->context->nice, present);
    return 0;
}

static int step_nice(const struct exec_plan *plan, const char **object)
{
    int nice = plan->context->nice;

    if (nice == INT_MIN)
        return 0;
    int r = negative_errno(setpriority(PRIO_PROCESS, 0, nice));
    return is_refusal(r) ? set_nearest_nice(plan) : r;
}

bool exec_keeps_user(const struct exec_plan *plan)
{
    return plan->privileged || plan->keep_user || !plan->credentials->set;
}

static int step_group(const struct exec_plan *plan, const char **object)
{
    const struct credentials *credentials = plan->credentials;

    if (exec_keeps_user(plan))
        return 0;
    *object = plan->context->group ? plan->context->group : plan->context->user;
    if (setgroups(credentials->n_groups, credentials->groups) < 0)
        return -errno;
    return negative_errno(setresgid(credentials->gid, credentials->gid, credentials->gid));
}

static int step_user(const struct exec_plan *plan, const char **object)
{
    const struct credentials *credentials = plan->credentials;

    if (exec_keeps_user(plan))
        return 0;
    *object = plan->context->user;
    return negative_errno(setresuid(credentials->uid, credentials->uid, credentials->uid));
}

static int step_chroot(const struct exec_plan *plan, const char **object)
{
    if (!plan->root)
        return 0;
    *object = plan->root;
    return chroot(plan->root) < 0 || chdir("/") < 0 ? -errno : 0;
}

/* A command that stays outside of the service's root finds the same directory from there. */
static int enter_root_from_outside(const struct exec_plan *plan, const char **path)
{
    const char *root = plan->context->root_directory;

    if (!root || plan->root)
        return 0;
    *path = *path ? *path + strspn(*path, "/") : NULL;
    if (chdir(root) < 0)
        return -errno;
    if (*path && !**path)
        *path = NULL;
    return 0;
}

/* Without User= that of PID 1's own user, as far as it is known. */
static const char *home_of(const struct exec_plan *plan)
{
    const char *own = strv_env_get(plan->environment, "HOME");

    return plan->credentials->home ? plan->credentials->home : own ? own : geteuid() == 0 ? "/root" : NULL;
}

static int step_chdir(const struct exec_plan *plan, const char **object)
{
    const struct exec_context *context = plan->context;
    const char *path = context->working_directory;

    if (path && streq(path, "~"))
        path = home_of(plan);
    *object = path ? path : context->root_directory;
    int r = enter_root_from_outside(plan, &path);
    if (r < 0)
        return r;
    if (!path || chdir(path) == 0 || context->working_directory_optional)
        return 0;
    return -errno;
}

static int step_no_new_privileges(const struct exec_plan *plan, const char **object)
{
    if (!plan->context->no_new_privileges || plan->privileged)
        return 0;
    return negative_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* The last step before the program: until here nothing from outside interrupts. PID 1 has default actions for
 * all signals, so those need no words. */
static int step_signal_mask(const struct exec_plan *plan, const char **object)
{
    if (plan->context->ignore_sigpipe && signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    job_signals_set_mask(plan->mask);
    return 0;
}

/* As execvp(3), but along the service's PATH and without allocation. */
static int exec_along_path(const struct exec_plan *plan)
{
    const char *search = plan->search_path ? plan->search_path : strv_env_get(plan->environment, "PATH");
    int result = -ENOENT;

    for (const char *p = search ? search : CONTAINER_DEFAULT_PATH; *p;) {
        char file[PATH_MAX];
        size_t length = strcspn(p, ":");
        int n = snprintf(file, sizeof(file), "%.*s/%s", (int)length, p, plan->path);
        if (length > 0 && n > 0 && (size_t)n < sizeof(file)) {
            execve(file, plan->argv, plan->environment);
            if (errno != ENOENT && errno != ENOTDIR)
                result = -errno;
        }
        p += length + (p[length] == ':');
    }
    return result;
}

/* Descriptors of PID 1 lie where those of the service belong: all are put above first. */
static int move_above(int *fd, int limit)
{
    if (*fd < 0 || *fd >= limit)
        return 0;
    int higher = fcntl(*fd, F_DUPFD_CLOEXEC, limit);
    if (higher < 0)
        return -errno;
    *fd = higher;
    return 0;
}

/* sd_listen_fds(3): from 3 on, without close-on-exec. */
static int pass_descriptors(struct exec_plan *plan)
{
    int limit = STDERR_FILENO + 1 + (int)plan->n_passed, r = move_above(&plan->exec_pipe, limit);

    for (size_t i = 0; r == 0 && i < plan->n_passed; i++)
        r = move_above(&plan->passed[i], limit);
    for (size_t i = 0; r == 0 && i < plan->n_passed; i++)
        r = negative_errno(dup2(plan->passed[i], STDERR_FILENO + 1 + (int)i));
    return r;
}

/* $LISTEN_PID and $WATCHDOG_PID, which nobody knew before. */
static void fill_in_own_pid(struct exec_plan *plan)
{
    FOREACH_ARRAY (assignment, plan->own_pid, ELEMENTSOF(plan->own_pid))
        if (*assignment)
            (void)snprintf(strchr(*assignment, '=') + 1, sizeof(SPAWN_OWN_PID), "%d", (int)getpid());
}

/* Until PID 1 has no job left and lets go of the pipe; no longer than systemd.service(5) says. */
static void wait_until_idle(struct exec_plan *plan)
{
    struct pollfd pipe = {.fd = plan->idle[0]};

    if (plan->idle[0] < 0)
        return;
    close_fd(plan->idle[1]); /* ours */
    (void)poll(&pipe, 1, IDLE_TIMEOUT_MS);
}

static int step_exec(const struct exec_plan *plan, const char **object)
{
    *object = plan->path;
    if (!strchr(plan->path, '/'))
        return exec_along_path(plan);
    execve(plan->path, plan->argv, plan->environment);
    return -errno;
}

static const struct {
    enum exec_stage stage;
    exec_step_fn step;
} exec_steps[] = {
    {EXEC_STAGE_FDS, step_descriptors}, /* until then they are PID 1's */
    {EXEC_STAGE_CGROUP, step_cgroup},
    {EXEC_STAGE_SETSID, step_session},
    {EXEC_STAGE_RUNTIME_DIRECTORY, exec_step_runtime_directories},
    {EXEC_STAGE_STATE_DIRECTORY, exec_step_state_directories},
    {EXEC_STAGE_CACHE_DIRECTORY, exec_step_cache_directories},
    {EXEC_STAGE_LOGS_DIRECTORY, exec_step_logs_directories},
    {EXEC_STAGE_CONFIGURATION_DIRECTORY, exec_step_configuration_directories},
    {EXEC_STAGE_SIGNAL_MASK, step_umask},
    {EXEC_STAGE_STDIN, exec_step_stdin},
    {EXEC_STAGE_STDOUT, exec_step_stdout},
    {EXEC_STAGE_STDERR, exec_step_stderr},
    {EXEC_STAGE_SETSID, step_terminal},
    {EXEC_STAGE_OOM_ADJUST, step_oom_adjust},
    {EXEC_STAGE_NICE, step_nice},
    {EXEC_STAGE_SETSCHEDULER, exec_step_scheduler},
    {EXEC_STAGE_CPUAFFINITY, exec_step_affinity},
    {EXEC_STAGE_IOPRIO, exec_step_io_priority},
    {EXEC_STAGE_TIMERSLACK, exec_step_timer_slack},
    {EXEC_STAGE_LIMITS, exec_step_limits},
    {EXEC_STAGE_GROUP, step_group},
    {EXEC_STAGE_CAPABILITIES, exec_step_bounding_set},
    {EXEC_STAGE_CAPABILITIES, exec_step_ambient_set},
    {EXEC_STAGE_CHROOT, step_chroot},
    {EXEC_STAGE_USER, exec_step_keep_capabilities},
    {EXEC_STAGE_USER, step_user},
    {EXEC_STAGE_CAPABILITIES, exec_step_ambient_set_of_user},
    {EXEC_STAGE_CHDIR, step_chdir},
    {EXEC_STAGE_SECUREBITS, exec_step_secure_bits},
    {EXEC_STAGE_NO_NEW_PRIVILEGES, step_no_new_privileges},
    {EXEC_STAGE_SIGNAL_MASK, step_signal_mask},
    {EXEC_STAGE_EXEC, step_exec},
};

/* Files and terminals may let whoever opens them wait, for a reader or for a signal on the line. */
static bool opens_what_may_wait(const struct exec_context *context)
{
    static const bool output_may_wait[EXEC_OUTPUT_MAX] = {
        [OUTPUT_TTY] = true,
        [OUTPUT_FILE] = true,
        [OUTPUT_APPEND] = true,
        [OUTPUT_TRUNCATE] = true,
    };

    return (context->std_input != INPUT_NULL && context->std_input != INPUT_DATA) ||
           output_may_wait[context->std_output] || output_may_wait[context->std_error] ||
           context->tty_reset || context->tty_vhangup;
}

static bool makes_directories(const struct exec_context *context)
{
    FOREACH_ARRAY (directory, context->directories, EXEC_DIRECTORY_MAX)
        if (directory->names)
            return true;
    return false;
}

/* Another user could stop it or look into it, a lower priority lets it wait for all others, and the tree of a
 * directory may be large. */
bool exec_may_borrow(const struct exec_plan *plan)
{
    const struct exec_context *context = plan->context;

    return exec_keeps_user(plan) && plan->terminal == TERMINAL_NONE && plan->idle[0] < 0 &&
           context->nice == INT_MIN && context->cpu_policy == CPU_POLICY_UNSET && !context->cpus &&
           !opens_what_may_wait(context) && !makes_directories(context);
}

void exec_failure_set(struct exec_failure *failure, enum exec_stage stage, int error, const char *object)
{
    failure->stage = stage;
    failure->error = error < 0 ? -error : error;
    (void)snprintf(failure->object, sizeof(failure->object), "%s", object ? object : "");
}

/* Into the pipe smaller than its buffer: it cannot block, and arrives whole. */
static int tell(const struct exec_plan *plan, const struct exec_failure *failure)
{
    struct exec_messages *messages = plan->messages;

    if (plan->exec_pipe >= 0)
        return write_all(plan->exec_pipe, failure, sizeof(*failure));
    if (messages->n == ELEMENTSOF(messages->of))
        return -ENOBUFS;
    messages->of[messages->n++] = *failure;
    return 0;
}

void exec_note(const struct exec_plan *plan, const char *format, ...)
{
    struct exec_failure note = {.stage = EXEC_STAGE_NONE};
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(note.object, sizeof(note.object), format, ap);
    va_end(ap);
    (void)tell(plan, &note);
}

/* The last words of our own code: PID 1 knows from them that there was an execve(2), and that the child was
 * not killed on the way there. */
static int prepare_exec(struct exec_plan *plan)
{
    int r;

    wait_until_idle(plan);
    fill_in_own_pid(plan);
    r = pass_descriptors(plan);
    return r < 0 ? r : tell(plan, &plan->failure);
}

/* With the prefix "-" a program that is missing is passed over. */
static bool is_passed_over(const struct exec_plan *plan)
{
    return plan->optional && plan->failure.stage == EXEC_STAGE_EXEC && plan->failure.error == ENOENT;
}

void exec_child(void *userdata)
{
    struct exec_plan *plan = userdata;
    struct exec_failure *failure = &plan->failure;

    for (size_t i = 0; failure->stage == EXEC_STAGE_NONE && i < ELEMENTSOF(exec_steps); i++) {
        const char *object = NULL;
        enum exec_stage stage = exec_steps[i].stage;
        int r = stage == EXEC_STAGE_EXEC ? prepare_exec(plan) : 0;
        if (r < 0)
            stage = EXEC_STAGE_FDS;
        else
            r = exec_steps[i].step(plan, &object);
        if (r < 0)
            exec_failure_set(failure, stage, r, object);
    }
    if (is_passed_over(plan)) {
        exec_note(plan, "%s is missing, passed over", plan->path);
        _exit(EXIT_SUCCESS);
    }
    (void)tell(plan, failure);
    _exit(failure->stage);
}
