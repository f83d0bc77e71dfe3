/* Signals to the processes of a unit, before they are in its group and after. Without control groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "init/platform/unit-runtime.h"

/* A child that does what one letter in its pipe says, and answers each with a letter. */
struct child {
    pid_t pid;
    int to, from;
};

struct world {
    struct manager_unit unit;
    struct unit_runtimes runtimes;
    struct unit_runtime *runtime;
    struct child child;
};

/* How often the queued signal has come. */
static char count_signals(const sigset_t *set)
{
    char n = '0';

    while (sigtimedwait(set, NULL, &(struct timespec){0}) > 0)
        n++;
    return n;
}

static _noreturn_ void live(int in, int out)
{
    sigset_t queued;
    char order, answer = '.';

    (void)sigemptyset(&queued);
    (void)sigaddset(&queued, SIGRTMIN);
    (void)sigprocmask(SIG_BLOCK, &queued, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (write(out, &answer, 1) == 1 && read(in, &order, 1) == 1) {
        if (order == 's')
            (void)setsid();
        answer = order == 'c' ? count_signals(&queued) : '.';
    }
    _exit(0);
}

static char tell(struct child *child, char order)
{
    char answer = 0;

    if (order)
        assert_int_equal(write(child->to, &order, 1), 1);
    assert_int_equal(read(child->from, &answer, 1), 1);
    return answer;
}

static void child_start(struct child *child)
{
    int to[2], from[2];

    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) {
        (void)close(to[1]);
        live(to[0], from[1]);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    child->to = to[1];
    child->from = from[0];
    (void)tell(child, 0);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->unit.unit = unit_new("x.service");
    assert_non_null(world->unit.unit);
    world->runtime = unit_runtime_get(&world->runtimes, &world->unit);
    assert_non_null(world->runtime);
    child_start(&world->child);
    assert_int_equal(process_group_add(&world->runtime->group, world->child.pid), 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    if (kill(world->child.pid, SIGKILL) == 0)
        (void)waitpid(world->child.pid, NULL, 0);
    close_fd(world->child.to);
    close_fd(world->child.from);
    unit_runtime_free(world->runtime);
    unit_free(world->unit.unit);
    free(world);
    return 0;
}

static void expect_killed_by(struct world *world, int signal)
{
    int status;

    assert_int_equal(waitpid(world->child.pid, &status, 0), world->child.pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal);
}

static void a_main_process_without_a_session_is_signalled(void **state)
{
    struct world *world = *state;

    world->unit.main_pid = world->child.pid;
    assert_int_equal(unit_runtime_kill(world->runtime, SIGTERM), 0);
    expect_killed_by(world, SIGTERM);
}

static void a_control_process_without_a_session_is_signalled(void **state)
{
    struct world *world = *state;

    world->unit.control_pid = world->child.pid;
    assert_int_equal(unit_runtime_kill(world->runtime, SIGKILL), 0);
    expect_killed_by(world, SIGKILL);
}

static void nobody_is_signalled_twice(void **state)
{
    struct world *world = *state;

    world->unit.main_pid = world->child.pid;
    (void)tell(&world->child, 's');
    assert_int_equal(unit_runtime_kill(world->runtime, SIGRTMIN), 0);
    assert_int_equal(tell(&world->child, 'c'), '1');
}

static void an_end_that_is_not_told_yet_is_waited_for(void **state)
{
    struct world *world = *state;
    siginfo_t info;

    world->unit.main_pid = world->child.pid;
    assert_int_equal(kill(world->child.pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)world->child.pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(unit_runtime_kill(world->runtime, SIGTERM), 0);
    assert_int_equal(waitpid(world->child.pid, NULL, 0), world->child.pid);
    assert_int_equal(unit_runtime_kill(world->runtime, SIGTERM), -ESRCH);
}

/* Signal 0 only asks, so that a failure of this test hits nobody. */
static void a_process_that_is_not_ours_is_left_alone(void **state)
{
    struct world *world = *state;

    world->unit.main_pid = getppid();
    assert_int_equal(unit_runtime_kill(world->runtime, 0), -ESRCH);
    world->unit.main_pid = 0;
    assert_int_equal(unit_runtime_kill(world->runtime, 0), -ESRCH);
}

static void a_session_that_is_yet_to_be_made_is_not_forgotten(void **state)
{
    struct world *world = *state;

    assert_false(unit_runtime_is_populated(world->runtime));
    (void)tell(&world->child, 's');
    assert_true(unit_runtime_is_populated(world->runtime));
}

static bool is_that_child(void *userdata, pid_t pid)
{
    return pid == *(const pid_t *)userdata;
}

/* As PID 1 sees a main process that was guessed, whose session was never told: what is below it is the
 * unit's. */
static void a_unit_with_a_child_in_another_session_is_not_gone(void **state)
{
    struct world *world = *state;
    struct process_group group = {0};
    struct child first;
    pid_t nobody = 0;

    child_start(&first);
    assert_int_equal(process_group_add(&group, first.pid), 0);
    assert_int_equal(kill(first.pid, SIGKILL), 0);
    assert_int_equal(waitpid(first.pid, NULL, 0), first.pid);
    assert_false(process_group_is_gone(&group, &(struct process_others){is_that_child, &nobody}));
    assert_true(process_group_is_gone(&group, &(struct process_others){is_that_child, &world->child.pid}));
    assert_true(process_group_is_gone(
        &group, &(struct process_others){is_that_child, &nobody})); /* nobody has come since */
    process_group_done(&group);
    close_fd(first.to);
    close_fd(first.from);
}

static void a_unit_with_a_living_session_is_not_gone(void **state)
{
    struct world *world = *state;

    (void)tell(&world->child, 's');
    assert_false(process_group_is_gone(&world->runtime->group,
                                       &(struct process_others){is_that_child, &world->child.pid}));
}

#define INVOCATION "0123456789abcdef0123456789abcdef"
#define LOOKS      300

static const char *self;

/* A child in a session of its own, which no group knows, that executes this program. */
static pid_t execute(const char *what, const char *variable)
{
    char *const environment[] = {(char *)variable, NULL};
    int executed[2];

    assert_int_equal(pipe2(executed, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)setsid();
        (void)execve(self, (char *[]){(char *)self, (char *)what, NULL}, environment);
        _exit(1);
    }
    (void)close(executed[1]);
    assert_int_equal(read(executed[0], &(char){0}, 1), 0);
    (void)close(executed[0]);
    return pid;
}

static size_t count(pid_t other)
{
    struct process_group group = {.invocation_id = {0x0123456789abcdef, 0x0123456789abcdef}};
    const struct process_others others = {is_that_child, &other};

    size_t n = process_group_kill(&group, 0, NULL, &others);
    process_group_done(&group);
    return n;
}

/* While a program takes the place of another one its environment reads as empty. */
static void a_process_between_two_programs_is_not_missed(void **state)
{
    pid_t pid = execute("again", "INVOCATION_ID=" INVOCATION);

    for (unsigned i = 0; i < LOOKS; i++)
        assert_int_equal(count(0), 1);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static void who_has_no_environment_or_is_known_is_nobody_of_ours(void **state)
{
    struct world *world = *state;
    pid_t bare = execute("stay", NULL), other = execute("stay", "INVOCATION_ID=" INVOCATION);

    assert_int_equal(count(0), 1);
    assert_int_equal(count(other), 0);
    (void)kill(bare, SIGKILL);
    (void)kill(other, SIGKILL);
    (void)waitpid(bare, NULL, 0);
    (void)waitpid(other, NULL, 0);
    assert_false(unit_runtime_is_populated(world->runtime));
}

/* What execute() has made of this program. */
static _noreturn_ void be_executed(char **argv)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (strcmp(argv[1], "again") == 0)
        (void)execv(argv[0], argv);
    for (;;)
        (void)pause();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_main_process_without_a_session_is_signalled, setup, teardown),
        cmocka_unit_test_setup_teardown(a_control_process_without_a_session_is_signalled, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_is_signalled_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_that_is_not_told_yet_is_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_process_that_is_not_ours_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_that_is_yet_to_be_made_is_not_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(a_unit_with_a_child_in_another_session_is_not_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_unit_with_a_living_session_is_not_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_process_between_two_programs_is_not_missed, setup, teardown),
        cmocka_unit_test_setup_teardown(who_has_no_environment_or_is_known_is_nobody_of_ours, setup,
                                        teardown),
    };
    self = argv[0];
    if (argc > 1)
        be_executed(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
