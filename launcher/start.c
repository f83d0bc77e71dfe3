/* The table of steps, and the one way through it: running it, taking it back, telling what it did. */
#include "launcher/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/cgroup.h"
#include "launcher/devices.h"
#include "launcher/filesystems.h"
#include "launcher/guest.h"
#include "launcher/hint.h"
#include "launcher/layers.h"
#include "launcher/namespaces.h"
#include "launcher/privileges.h"
#include "launcher/root.h"
#include "launcher/seccomp.h"
#include "launcher/security-label.h"
#include "launcher/sysctl.h"
#include "launcher/upper.h"
#include "launcher/userns.h"

#define END_PATIENCE (10 * USEC_PER_SEC) /* for what was killed to be gone */

enum side { HOST, CONTAINER };

struct step {
    const char *name;
    enum side side;
    int (*run)(struct container *container, struct failure *failure);
    void (*undo)(struct container *container);
};

static int choose_uuid(struct container *container, struct failure *failure)
{
    const char *digits = container->config->machine_id;

    if (!digits)
        return getrandom(container->uuid, sizeof(container->uuid), 0) != sizeof(container->uuid)
                   ? fail(failure, -EIO, "random numbers: %m")
                   : 0;
    for (size_t i = 0; i < sizeof(container->uuid); i++)
        container->uuid[i] = (uint8_t)strtoul((const char[]){digits[2 * i], digits[2 * i + 1], 0}, NULL, 16);
    return 0;
}

static int step_claim(struct container *container, struct failure *failure)
{
    int r = state_claim(container->config->name, container->deadline, &container->state, failure);
    if (r < 0)
        return r;
    r = state_persistent_path(container->config->name, &container->persistent_path);
    if (r < 0)
        return fail(failure, r, "state directory of %s: %s", container->config->name, strerror(-r));
    r = choose_uuid(container, failure);
    if (r < 0)
        return r;
    container->record.monitor = getpid();
    container->record.boot = container->config->boot;
    return 0;
}

static void undo_claim(struct container *container)
{
    if (container->state.dir_fd < 0)
        return; /* the name is somebody else's */
    if (container->config->remove && container->config->overlay == OVERLAY_PERSISTENT)
        (void)remove_tree_at(AT_FDCWD, container->persistent_path);
    free(container->persistent_path);
    state_remove(&container->state);
    state_done(&container->state);
}

/* --machine-id is what systemd calls the container's UUID. */
/* The init's binary, the sockets and the streams: all that can be had before anything exists. */
static int step_prepare(struct container *container, struct failure *failure)
{
    int pair[2] = EBADF_PAIR;

    int r = process_raise_limits(&container->config->process, failure);
    if (r >= 0)
        r = namespaces_open(container, failure);
    if (r >= 0)
        r = security_label_check(container->config, failure);
    if (r < 0)
        return r;
    if (access("/proc/self/fd", X_OK) < 0)
        return fail(failure, -errno, "/proc/self/fd: %m: mount /proc first");
    r = guest_open_init(container, failure);
    if (r < 0)
        return r;
    container->control_fd = listen_at(container->state.dir_fd, "control", 0600);
    if (container->control_fd < 0)
        return fail(failure, container->control_fd, "control socket: %s", strerror(-container->control_fd));
    container->monitor_fd = listen_at(container->state.dir_fd, "monitor", 0600);
    if (container->monitor_fd < 0)
        return fail(failure, container->monitor_fd, "monitor socket: %s", strerror(-container->monitor_fd));
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
        return fail(failure, -errno, "notify socket: %m");
    container->notify_fd = pair[0];
    container->notify_child_fd = pair[1];
    return console_open(&container->console, container->config->interactive, container->config->tty,
                        container->config->detach, container->state.dir_fd, failure);
}

static void undo_prepare(struct container *container)
{
    namespaces_close(container);
    if (container->exec_fd > 0)
        container->exec_fd = close_fd(container->exec_fd);
    console_done(&container->console);
    container->init_fd = close_fd(container->init_fd);
    container->control_fd = close_fd(container->control_fd);
    container->monitor_fd = close_fd(container->monitor_fd);
    container->notify_fd = close_fd(container->notify_fd);
    container->notify_child_fd = close_fd(container->notify_child_fd);
}

static int step_scope(struct container *container, struct failure *failure)
{
    const struct container_config *config = container->config;
    _cleanup_free_ char *description = xasprintf("berth container %s", config->name);
    if (!description)
        return fail(failure, -ENOMEM, "out of memory");
    const struct scope_settings settings = {
        .name = config->unit_name,
        .slice = config->slice             ? config->slice
                 : container_is_rootless() ? "app.slice"
                                           : "machine.slice",
        .description = description,
        .limits = &config->limits,
        .properties = config->properties,
        .stop_timeout = usec_add(config->stop_timeout, END_PATIENCE),
        .manager = config->cgroup_manager,
        .user = container_is_rootless(),
    };
    return scope_request(&settings, container->deadline, &container->scope, failure);
}

static void undo_scope(struct container *container)
{
    container->scope = scope_destroy(container->scope, now_monotonic() + END_PATIENCE);
}

/* While the manager makes the scope. The cache lies beside the directories of the containers. */
static int step_seccomp(struct container *container, struct failure *failure)
{
    const struct container_config *config = container->config;
    _cleanup_close_ int cache = openat(container->state.dir_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (config->seccomp == SECCOMP_FILE)
        return seccomp_prepare_file(config->seccomp_file, container->capabilities, cache, &container->seccomp,
                                    failure);
    return seccomp_prepare(config->seccomp, container->capabilities, cache, &container->seccomp, failure);
}

static void undo_seccomp(struct container *container)
{
    seccomp_program_done(&container->seccomp);
}

static int step_scope_wait(struct container *container, struct failure *failure)
{
    return scope_wait(container->scope, container->deadline, failure);
}

static int step_device_policy(struct container *container, struct failure *failure)
{
    int fd = scope_payload_fd(container->scope);
    if (fd < 0 || container_is_rootless() || container->config->privileged)
        return 0; /* in a user namespace no node can be made in the first place */
    return device_policy_attach(fd, container->config, failure);
}

/* clone3(2) into the payload's cgroup: there is no moment in which the container runs outside of it. Its pid,
 * or 0 in the clone. With CLONE_PARENT the caller sits there already. */
static pid_t clone_leader(struct container *container, uint64_t parent, struct failure *failure)
{
    int payload = parent ? -EBADF : scope_payload_fd(container->scope);
    /* The cgroup namespace begins where its first process sits: the child makes it, once it sits in the
     * payload. */
    uint64_t namespaces = config_namespaces(container->config) & ~(uint64_t)CLONE_NEWCGROUP;
    struct clone_args args = {
        .flags = namespaces | parent | CLONE_PIDFD | (payload >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uintptr_t)&container->pid_fd,
        .exit_signal = parent ? 0 : SIGCHLD,
        .cgroup = payload >= 0 ? (uint64_t)payload : 0,
    };
    pid_t pid = sys_clone3(&args, sizeof(args));
    return pid < 0 ? fail(failure, -errno, "clone of the container: %m") : pid;
}

/* What the process between says: the pid of the container's leader, or a failure. */
struct joined_report {
    pid_t pid;
    struct failure failure;
};

static pid_t clone_between(const struct container *container)
{
    int payload = scope_payload_fd(container->scope);
    struct clone_args args = {
        .flags = payload >= 0 ? CLONE_INTO_CGROUP : 0,
        .exit_signal = SIGCHLD,
        .cgroup = payload >= 0 ? (uint64_t)payload : 0,
    };
    return sys_clone3(&args, sizeof(args));
}

static int read_joined_report(struct container *container, int fd, struct failure *failure)
{
    struct joined_report said = {};

    int r = wait_for_fd(fd, POLLIN, container->deadline);
    if (r < 0)
        return fail(failure, r, "the namespaces were not entered within their time: see --start-timeout");
    if (read(fd, &said, sizeof(said)) != sizeof(said))
        return fail(failure, -ECHILD, "the process that enters namespaces has died");
    if (said.pid <= 0) {
        *failure = said.failure;
        return MIN(said.failure.error, -1);
    }
    container->pid_fd = sys_pidfd_open(said.pid, 0);
    return container->pid_fd < 0 ? fail(failure, -errno, "pidfd of the container: %m") : said.pid;
}

/* The monitor stays in its own namespaces: a process between enters the others and clones the leader, which
 * CLONE_PARENT makes the monitor's child. Returns as clone_leader(). */
static pid_t clone_behind_joined(struct container *container, struct failure *failure)
{
    _cleanup_close_pair_ int pair[2] = EBADF_PAIR;
    struct joined_report said = {};
    siginfo_t info;

    if (pipe2(pair, O_CLOEXEC) < 0)
        return fail(failure, -errno, "pipe: %m");
    pid_t between = clone_between(container);
    if (between < 0)
        return fail(failure, -errno, "clone: %m");
    if (between == 0) {
        /* Who is in those namespaces already must not look at us: our file is the host's. */
        int r = prctl(PR_SET_DUMPABLE, 0) < 0 ? fail(&said.failure, -errno, "hiding: %m")
                                              : namespaces_enter(container, &said.failure);
        said.pid = r < 0 ? r : clone_leader(container, CLONE_PARENT, &said.failure);
        if (said.pid == 0)
            return 0;
        (void)write_all(pair[1], &said, sizeof(said));
        _exit(EXIT_BERTH_FAILED);
    }
    pair[1] = close_fd(pair[1]);
    pid_t pid = read_joined_report(container, pair[0], failure);
    (void)kill(between, SIGKILL); /* not waited for yet: nobody else has its number */
    (void)waitid(P_PID, (id_t)between, &info, WEXITED);
    return pid;
}

static void _noreturn_ run_container_side(struct container *container);

static int step_clone(struct container *container, struct failure *failure)
{
    _cleanup_close_pair_ int pair[2] = EBADF_PAIR;

    int r = packet_pair(pair);
    if (r < 0)
        return fail(failure, r, "socket pair: %s", strerror(-r));
    int score;
    r = process_set_oom_score(&container->config->process, &score, failure);
    if (r < 0)
        return r;
    r = namespaces_are_joined(container->config) ? clone_behind_joined(container, failure)
                                                 : clone_leader(container, 0, failure);
    if (r != 0) /* not in the container, whose own it is */
        process_restore_oom_score(&container->config->process, score);
    if (r < 0)
        return r;
    container->leader = r;
    container->start_fd = TAKE_FD(pair[container->leader == 0]);
    if (container->leader == 0) {
        close_fd(pair[0]);
        run_container_side(container);
    }
    container->notify_child_fd = close_fd(container->notify_child_fd);
    container->control_fd = close_fd(container->control_fd);
    console_close_child_ends(&container->console);
    container->record.leader = container->leader;
    return 0;
}

static void undo_clone(struct container *container)
{
    siginfo_t info;

    container->start_fd = close_fd(container->start_fd);
    if (container->pid_fd < 0)
        return;
    /* Fails when it has been waited for already: then there is nothing to do. */
    if (sys_pidfd_send_signal(container->pid_fd, SIGKILL, NULL, 0) >= 0)
        while (waitid(P_PIDFD, (id_t)container->pid_fd, &info, WEXITED) < 0 && errno == EINTR)
            ;
    container->pid_fd = close_fd(container->pid_fd);
}

static int step_maps(struct container *container, struct failure *failure)
{
    return container->config->userns == USERNS_HOST ? 0 : userns_map(container, failure);
}

static int step_started(struct container *container, struct failure *failure);

/* Written while the container's side works: whoever finds the name left behind by a monitor that was killed
 * has to know whom to wait for. */
static int step_record(struct container *container, struct failure *failure)
{
    struct state_record *record = &container->record;

    record->started = now_realtime();
    (void)state_process_started(container->leader, &record->leader_started);
    const char *unit = scope_unit(container->scope), *cgroup = scope_cgroup(container->scope);
    record->root = strv_join(container->config->lower, ":");
    record->command = container->config->command ? strv_join(container->config->command, " ") : NULL;
    record->unit = unit ? strdup(unit) : NULL;
    record->cgroup = cgroup ? strdup(cgroup) : NULL;
    record->upper = upper_name(&container->upper);
    record->work = container->upper.work_path ? strdup(container->upper.work_path) : NULL;
    record->scratch = container->config->scratch ? strdup(container->upper.base) : NULL;
    int r = layers_write(container->state.dir_fd, container->config->lower,
                         container->config->userns != USERNS_HOST);
    if (r >= 0)
        r = state_write(&container->state, record);
    return r < 0 ? fail(failure, r, "state of the container in %s: %s", container->state.path, strerror(-r))
                 : 0;
}

static void undo_record(struct container *container)
{
    state_record_done(&container->record);
}

static int step_register(struct container *container, struct failure *failure)
{
    const struct container_config *config = container->config;
    struct failure refused = {};

    if (config->register_machine == REGISTER_NO || container_is_rootless())
        return 0;
    int r = scope_register_machine(container->scope, config->name, container->leader, config->lower[0],
                                   container->uuid, container->deadline, &refused);
    if (r >= 0 || config->register_machine == REGISTER_AUTO)
        return 0;
    return fail(failure, r, "%s", refused.text[0] ? refused.text : strerror(-r));
}

/* Behind the container's exec, which does not wait for it. */
static int step_join(struct container *container, struct failure *failure)
{
    return scope_join(container->scope, failure);
}

/* In order. The container's steps run in the clone; the host's go on behind it. */
static const struct step steps[] = {
    {"claim", HOST, step_claim, undo_claim},
    {"upper", HOST, upper_prepare, upper_release},
    {"prepare", HOST, step_prepare, undo_prepare},
    {"scope", HOST, step_scope, undo_scope},
    {"capabilities", HOST, privileges_plan, NULL},
    {"seccomp", HOST, step_seccomp, undo_seccomp},
    {"scope-wait", HOST, step_scope_wait, NULL},
    {"device-policy", HOST, step_device_policy, NULL},
    {"clone", HOST, step_clone, undo_clone},
    {"record", HOST, step_record, undo_record},
    {"maps", HOST, step_maps, NULL},
    {"enter", CONTAINER, child_enter, NULL},
    {"sources", CONTAINER, filesystems_open_sources, NULL},
    {"root", CONTAINER, root_mount, NULL},
    {"filesystems", CONTAINER, filesystems_mount, NULL},
    {"terminal", CONTAINER, child_terminal, NULL},
    {"network", CONTAINER, child_network, NULL},
    {"sysctl", CONTAINER, sysctl_write, NULL},
    {"pivot", CONTAINER, root_pivot, NULL},
    {"identity", CONTAINER, child_identity, NULL},
    {"streams", CONTAINER, child_streams, NULL},
    {"privileges", CONTAINER, child_privileges, NULL},
    {"exec", CONTAINER, child_exec, NULL},
    {"started", HOST, step_started, NULL},
    {"register", HOST, step_register, NULL},
    {"join", HOST, step_join, NULL},
};

static void explain(const struct container *container, unsigned step, usec_t took)
{
    if (container->config->explain)
        log_info("%-13s %-9s %6llu µs", steps[step].name, steps[step].side == HOST ? "host" : "container",
                 (unsigned long long)took);
}

/* Runs one step and times it. BERTH_FAIL_STEP names a step that fails instead: for the tests of what is left
 * behind. */
static int run_step(struct container *container, unsigned index, usec_t *ret_took, struct failure *failure)
{
    const struct step *step = &steps[index];
    const char *broken = getenv("BERTH_FAIL_STEP");
    usec_t begin = now_monotonic();
    struct failure cause = {};

    int r = step->run(container, &cause);
    if (r >= 0 && broken && streq(broken, step->name))
        r = fail(&cause, -EIO, "failed on demand (BERTH_FAIL_STEP)");
    *ret_took = now_monotonic() - begin;
    if (r >= 0)
        return 0;
    *failure = cause;
    failure->error = r;
    hint_add(failure, step->name, container->config);
    return r;
}

static void _noreturn_ run_container_side(struct container *container)
{
    struct start_message message = {};
    for (unsigned i = 0; i < ELEMENTSOF(steps); i++) {
        if (steps[i].side != CONTAINER)
            continue;
        message.step = i;
        if (run_step(container, i, &message.took, &message.failure) < 0) {
            message.type = START_FAILED;
            (void)send_with_fds(container->start_fd, &message, sizeof(message), NULL, 0);
            _exit(EXIT_BERTH_FAILED);
        }
        message.type = START_STEP;
        if (container->config->explain)
            (void)send_with_fds(container->start_fd, &message, sizeof(message), NULL, 0);
    }
    _exit(EXIT_BERTH_FAILED); /* the last step executes the init, or fails */
}

/* Takes one message of the container's side: 1 when it was the end, -errno when it tells a failure. */
static int take_message(struct container *container, struct failure *failure)
{
    struct start_message message;
    int fds[1];
    size_t n_fds = 1;

    int r = now_monotonic() >= container->deadline
                ? -ETIMEDOUT
                : wait_for_fd(container->start_fd, POLLIN, container->deadline);
    if (r < 0)
        return fail(failure, r, "the container did not start within its time: see --start-timeout");
    ssize_t n = receive_with_fds(container->start_fd, &message, sizeof(message), fds, &n_fds);
    if (n <= 0)
        return n == 0 ? 1 : fail(failure, (int)n, "the container's side: %s", strerror((int)-n));
    _cleanup_close_ int fd = n_fds == 1 ? fds[0] : -EBADF;
    if (n != sizeof(message) || message.step >= ELEMENTSOF(steps))
        return fail(failure, -EPROTO, "the container's side sent nonsense");
    switch (message.type) {
    case START_FAILED:
        explain(container, message.step, message.took);
        message.failure.text[sizeof(message.failure.text) - 1] = 0;
        *failure = message.failure;
        return MIN(message.failure.error, -1);
    case START_TERMINAL:
        container->console.master_fd = TAKE_FD(fd);
        return 0;
    case START_UPPER: /* in the place of what kept its number free */
        if (fd < 0 || container->upper.upper_fd < 0 || dup3(fd, container->upper.upper_fd, O_CLOEXEC) < 0)
            return fail(failure, -EPROTO, "the container's side sent nonsense");
        return 0;
    case START_STEP:
        explain(container, message.step, message.took);
        return 0;
    case START_GO:
        break;
    }
    return fail(failure, -EPROTO, "the container's side sent nonsense");
}

/* Until the init was executed, which closes the container's end of the conversation. */
static int step_started(struct container *container, struct failure *failure)
{
    int r;
    do
        r = take_message(container, failure);
    while (r == 0);
    container->start_fd = close_fd(container->start_fd);
    container->ran = r > 0;
    return MIN(r, 0);
}

static void undo_from(struct container *container, unsigned end)
{
    for (unsigned i = end; i-- > 0;)
        if (steps[i].undo)
            steps[i].undo(container);
}

int start_container(struct container *container, struct failure *failure)
{
    container->deadline = usec_add(now_monotonic(), container->config->start_timeout);
    for (unsigned i = 0; i < ELEMENTSOF(steps); i++) {
        usec_t took;
        if (steps[i].side != HOST)
            continue;
        int r = run_step(container, i, &took, failure);
        explain(container, i, took);
        if (r < 0) {
            undo_from(container, i + 1);
            return r;
        }
    }
    return 0;
}

void start_undo(struct container *container)
{
    undo_from(container, ELEMENTSOF(steps));
}
