/* How the child is born: on memory that it borrows, or by a fork. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "common/clone-borrowing.h"
#include "common/fd.h"
#include "common/syscalls.h"
#include "init/platform/spawn-internal.h"

#define SLOT_MAX 64 /* beyond that many descriptors a slot is not worth its while */

struct trial {
    int slot;
    bool ran;       /* in our memory */
    bool has_table; /* close_range(2) gave it one of its own */
};

static _noreturn_ void try_to_borrow(void *userdata)
{
    struct trial *trial = userdata;

    trial->ran = true;
    trial->has_table = sys_close_range((unsigned)trial->slot + 1, ~0U, CLOSE_RANGE_UNSHARE) == 0;
    _exit(0);
}

/* Emulators take this way of cloning for an ordinary fork, and older kernels cannot let go of descriptors. */
void spawn_find_ways(struct spawner *spawner)
{
    struct trial trial = {.slot = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    pid_t pid = clone_borrowing(-EBADF, 0, try_to_borrow, &trial);

    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    spawner->can_borrow = pid > 0 && trial.ran;
    spawner->slot = trial.slot;
    if (!trial.has_table || trial.slot >= SLOT_MAX)
        spawner->slot = close_fd(spawner->slot);
}

/* Puts what the child needs of our descriptors at the front of them. */
static void lend_descriptors(const struct spawner *spawner, struct exec_plan *plan)
{
    if (spawner->slot < 0 || plan->n_passed > 0 || plan->input >= 0 || plan->error_log >= 0)
        return;
    if (plan->log >= 0 && dup3(plan->log, spawner->slot, O_CLOEXEC) < 0)
        return;
    plan->log = plan->log >= 0 ? spawner->slot : plan->log;
    plan->lent = (unsigned)spawner->slot + 1;
}

static void take_descriptors_back(const struct spawner *spawner, struct exec_plan *plan, int log)
{
    if (plan->lent > 0)
        (void)dup3(STDIN_FILENO, spawner->slot, O_CLOEXEC);
    plan->lent = 0;
    plan->log = log;
}

/* Most say only that their program comes next. Without memory for more, that is what is kept; a child that
 * failed shows it by its end as well. */
static void keep_messages(struct pending_exec *pending, const struct exec_messages *messages)
{
    if (messages->n == 0)
        return; /* killed before */
    const struct exec_failure *last = &messages->of[messages->n - 1];
    pending->reached_exec = last->stage == EXEC_STAGE_NONE && !*last->object;
    if (pending->reached_exec && messages->n == 1)
        return;
    size_t size = offsetof(struct exec_messages, of) + messages->n * sizeof(messages->of[0]);
    pending->messages = malloc(size);
    if (pending->messages)
        memcpy(pending->messages, messages, size);
}

/* The child borrows our memory until its program runs: no page tables are copied only for exec to throw them
 * away, and what it says needs no pipe. And it is born in its control group, in one step: no moment in which
 * it is in another. */
static pid_t borrow(struct spawner *spawner, int cgroup, struct exec_plan *plan, struct pending_exec *pending)
{
    struct exec_messages messages; /* mostly one of many: not to be cleared */

    messages.n = 0;
    plan->messages = &messages;
    int log = plan->log;
    lend_descriptors(spawner, plan);
    pid_t pid = clone_borrowing(cgroup, plan->lent > 0 ? CLONE_FILES : 0, exec_child, plan);
    take_descriptors_back(spawner, plan, log);
    plan->messages = NULL;
    if (pid < 0)
        return pid;
    keep_messages(pending, &messages);
    (void)!write(spawner->told.fd, &(uint64_t){1}, sizeof(uint64_t));
    return pid;
}

static bool is_unknown_call(int r)
{
    return r == -ENOSYS || r == -EINVAL || r == -E2BIG || r == -EPERM;
}

/* Who cannot be cloned into its control group moves itself: who signals the unit meanwhile has to think of it
 * (unit-runtime.c). */
static pid_t fork_into(const struct spawn_place *place, struct exec_plan *plan)
{
    int cgroup = place->moves_in ? -EBADF : place->cgroup;
    struct clone_args args = {
        .flags = cgroup < 0 ? 0 : CLONE_INTO_CGROUP,
        .exit_signal = SIGCHLD,
        .cgroup = cgroup < 0 ? 0 : (uint64_t)cgroup,
    };
    plan->cgroup = place->moves_in ? place->cgroup : -EBADF;
    pid_t pid = sys_clone3(&args, sizeof(args));

    if (pid < 0 && is_unknown_call(-errno)) {
        plan->cgroup = place->cgroup;
        pid = fork();
    }
    if (pid == 0)
        exec_child(plan);
    return pid < 0 ? -errno : pid;
}

static pid_t fork_with_pipe(struct spawner *spawner, const struct spawn_place *place, struct exec_plan *plan,
                            struct pending_exec *pending)
{
    _cleanup_close_pair_ int exec_pipe[2] = EBADF_PAIR;

    if (pipe2(exec_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    plan->exec_pipe = exec_pipe[1];
    pending->source.fd = exec_pipe[0];
    int r = loop_add(spawner->config.loop, &pending->source, EPOLLIN);
    pid_t pid = r < 0 ? r : fork_into(place, plan);
    if (pid < 0) {
        if (r == 0)
            loop_remove(spawner->config.loop, &pending->source);
        pending->source.fd = -EBADF;
        return pid;
    }
    (void)TAKE_FD(exec_pipe[0]);
    return pid;
}

/* Kernels without CLONE_INTO_CGROUP (before 5.7), and filters that do not know clone3, leave only the fork.
 */
pid_t spawn_child(struct spawner *spawner, const struct spawn_place *place, struct exec_plan *plan,
                  struct pending_exec *pending)
{
    pid_t pid = -ENOSYS;

    if (spawner->can_borrow && !place->may_stall && !place->moves_in && exec_may_borrow(plan))
        pid = borrow(spawner, place->cgroup, plan, pending);
    return is_unknown_call(pid) ? fork_with_pipe(spawner, place, plan, pending) : pid;
}
