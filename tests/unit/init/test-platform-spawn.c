/* Processes of services, really spawned: what they find, and how a failure is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "init/platform/exec-environment.h"
#include "init/platform/spawn.h"

#define DEADLINE (10 * USEC_PER_SEC)

struct world {
    struct loop *loop;
    struct logs *logs;
    struct spawner *spawner;
    struct manager_unit unit;
    char **environment;
    int output[2];
    struct stored_fd *store;
    bool told;
    pid_t pid;
    struct exec_failure failure;
};

static void told(void *userdata, pid_t pid, const struct exec_failure *failure)
{
    struct world *world = userdata;

    world->told = true;
    world->pid = pid;
    if (failure)
        world->failure = *failure;
}

static void noted(void *userdata, pid_t pid, const char *text)
{
    struct world *world = userdata;

    logs_write(world->logs, "note", text);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    char *const container[] = {(char *)"PATH=/usr/bin:/bin",  (char *)"GIVEN=by docker",   (char *)"LANG=C",
                               (char *)"NOTIFY_SOCKET=/host", (char *)"BERTH_NOTIFY_FD=9", NULL};

    assert_non_null(world);
    assert_int_equal(pipe2(world->output, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(loop_new(&world->loop), 0);
    assert_int_equal(logs_new(world->loop, world->output[1], &world->logs), 0);
    assert_int_equal(container_environment(container, &world->environment), 0);
    struct spawn_config config = {
        .loop = world->loop,
        .logs = world->logs,
        .environment = world->environment,
        .notify_address = "/run/berth/notify",
        .umask = 0022,
        .input = -EBADF,
        .done = told,
        .note = noted,
        .userdata = world,
    };
    assert_int_equal(spawner_new(&config, &world->spawner), 0);
    world->unit.unit = unit_new("x.service");
    assert_non_null(world->unit.unit);
    (void)umask(0022);
    assert_int_equal(sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), 0); /* as PID 1 does it for its own */
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    spawner_free(world->spawner);
    logs_free(world->logs);
    loop_free(world->loop);
    strv_free(world->environment);
    unit_free(world->unit.unit);
    (void)fd_store_remove(&world->store, NULL);
    close_fd(world->output[0]);
    close_fd(world->output[1]);
    free(world);
    return 0;
}

/* Spawns, waits until the exec pipe has spoken and the process has ended; its wait status. */
static int run(struct world *world, char *const *argv)
{
    /* The shell expands by itself. */
    struct exec_command command = {.path = argv[0], .argv = (char **)argv, .flags = EXEC_NO_EXPANSION};
    struct spawn_request request = {.unit = &world->unit, .command = &command, .kind = COMMAND_START};
    const char *object = NULL;
    pid_t pid;
    int status;
    usec_t deadline = usec_add(now_monotonic(), DEADLINE);

    assert_int_equal(
        spawner_spawn(world->spawner, &request,
                      &(struct spawn_place){.cgroup = -EBADF, .invocation_id = "0123", .store = world->store},
                      &pid, &object),
        0);
    while (!world->told)
        assert_true(loop_wait(world->loop, deadline) > 0);
    assert_int_equal(world->pid, pid);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    logs_settle(world->logs, "x.service");
    return status;
}

static void expect_log(struct world *world, const char *expected)
{
    char text[8192];
    ssize_t n = read(world->output[0], text, sizeof(text) - 1);

    text[MAX(n, 0)] = 0;
    assert_string_equal(text, expected);
}

static void run_shell(struct world *world, const char *script)
{
    int status = run(world, (char *[]){(char *)"/bin/sh", (char *)"-c", (char *)script, NULL});

    assert_int_equal(world->failure.stage, EXEC_STAGE_NONE);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void expect_failure(struct world *world, const char *path, enum exec_stage stage, int error,
                           const char *object)
{
    int status = run(world, (char *[]){(char *)path, NULL});

    assert_int_equal(world->failure.stage, stage);
    assert_int_equal(world->failure.error, error);
    assert_string_equal(world->failure.object, object);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == (int)stage);
}

static void output_and_error_go_to_the_log(void **state)
{
    run_shell(*state, "echo out; echo err >&2");
    expect_log(*state, "x: out\nx: err\n");
}

static void programs_are_found_along_the_path(void **state)
{
    struct world *world = *state;

    assert_int_equal(run(world, (char *[]){(char *)"true", NULL}), 0);
    assert_int_equal(world->failure.stage, EXEC_STAGE_NONE);
}

static void the_containers_environment_reaches_services_without_what_is_pid_1s(void **state)
{
    run_shell(*state, "echo \"$GIVEN ${BERTH_NOTIFY_FD-none} $INVOCATION_ID ${NOTIFY_SOCKET-none}\"");
    expect_log(*state, "x: by docker none 0123 none\n");
}

static void a_service_that_may_notify_knows_where(void **state)
{
    struct world *world = *state;

    world->unit.unit->service->notify_access = NOTIFY_MAIN;
    run_shell(world, "echo $NOTIFY_SOCKET");
    expect_log(world, "x: /run/berth/notify\n");
}

static void the_units_settings_win_over_the_containers(void **state)
{
    struct world *world = *state;

    assert_int_equal(strv_append(&world->unit.unit->exec->environment, "LANG=de"), 0);
    assert_int_equal(strv_append(&world->unit.unit->exec->unset_environment, "GIVEN"), 0);
    run_shell(world, "echo \"$LANG ${GIVEN-gone}\"");
    expect_log(world, "x: de gone\n");
}

static void services_lead_their_session_with_empty_input_and_no_other_descriptor(void **state)
{
    run_shell(*state, "read -r a b c d e f g < /proc/self/stat; [ $f = $$ ] || echo session $f of $$;"
                      "ls /proc/self/fd | tr '\\n' ' '");
    expect_log(*state, "x: 0 1 2 3 \n"); /* 3 is the directory that ls reads */
}

static void services_ignore_sigpipe_unless_told_otherwise(void **state)
{
    struct world *world = *state;

    run_shell(world, "grep SigIgn /proc/self/status | tr -d '\\t'");
    expect_log(world, "x: SigIgn:0000000000001000\n");
    world->unit.unit->exec->ignore_sigpipe = false;
    world->told = false;
    run_shell(world, "grep -E 'SigIgn|SigBlk' /proc/self/status | tr -d '\\t'");
    expect_log(world, "x: SigBlk:0000000000000000\nx: SigIgn:0000000000000000\n");
}

static void stored_descriptors_are_passed_from_3_on(void **state)
{
    struct world *world = *state;
    const struct fd_store_watch watch = {.loop = NULL};
    int fds[2] = {open("/dev/zero", O_RDONLY | O_CLOEXEC), open("/dev/null", O_RDONLY | O_CLOEXEC)};

    assert_int_equal(fd_store_add(&world->store, "zero", &fds[0], &watch), 1);
    assert_int_equal(fd_store_add(&world->store, "null", &fds[1], &watch), 1);
    run_shell(world, "echo $LISTEN_FDS $LISTEN_FDNAMES; [ $LISTEN_PID = $$ ] || echo $LISTEN_PID is not $$;"
                     "readlink /proc/$$/fd/3 /proc/$$/fd/4; [ ! -e /proc/$$/fd/5 ] || echo more");
    expect_log(world, "x: 2 zero:null\nx: /dev/zero\nx: /dev/null\n");
}

static void umask_nice_and_directory_are_applied(void **state)
{
    struct world *world = *state;

    world->unit.unit->exec->umask = 0077;
    world->unit.unit->exec->nice = 5;
    world->unit.unit->exec->working_directory = strdup("/usr");
    world->unit.unit->exec->no_new_privileges = true;
    run_shell(world, "umask; nice; pwd; grep NoNewPrivs /proc/self/status | tr -d '\\t'");
    expect_log(world, "x: 0077\nx: 5\nx: /usr\nx: NoNewPrivs:1\n");
}

static void output_can_go_to_a_file(void **state)
{
    struct world *world = *state;
    char path[] = "/tmp/test-spawn-XXXXXX", text[16] = "";
    _cleanup_close_ int fd = mkstemp(path);

    assert_true(fd >= 0);
    world->unit.unit->exec->std_output = OUTPUT_APPEND;
    world->unit.unit->exec->output_path = strdup(path);
    assert_int_equal(write_all(fd, "1\n", 2), 0);
    run_shell(world, "echo 2");
    assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), 4);
    assert_string_equal(text, "1\n2\n");
    assert_int_equal(unlink(path), 0);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    expect_failure(*state, "/no/such/program", EXEC_STAGE_EXEC, ENOENT, "/no/such/program");
}

static void a_word_that_is_nowhere_in_the_path_is_named(void **state)
{
    expect_failure(*state, "no-such-program", EXEC_STAGE_EXEC, ENOENT, "no-such-program");
}

static void a_directory_that_is_not_there_is_named(void **state)
{
    struct world *world = *state;

    world->unit.unit->exec->working_directory = strdup("/no/such/dir");
    expect_failure(world, "/bin/true", EXEC_STAGE_CHDIR, ENOENT, "/no/such/dir");
}

static void an_optional_directory_may_be_missing(void **state)
{
    struct world *world = *state;

    world->unit.unit->exec->working_directory = strdup("/no/such/dir");
    world->unit.unit->exec->working_directory_optional = true;
    run_shell(world, "true");
}

static void a_user_that_is_not_there_is_named(void **state)
{
    struct world *world = *state;

    world->unit.unit->exec->user = strdup("no-such-user");
    expect_failure(world, "/bin/true", EXEC_STAGE_USER, ESRCH, "no-such-user");
}

static void a_group_that_is_not_there_is_named(void **state)
{
    struct world *world = *state;

    world->unit.unit->exec->group = strdup("no-such-group");
    expect_failure(world, "/bin/true", EXEC_STAGE_GROUP, ESRCH, "no-such-group");
}

static void an_output_file_that_cannot_be_opened_is_named(void **state)
{
    struct world *world = *state;

    world->unit.unit->exec->std_output = OUTPUT_FILE;
    world->unit.unit->exec->output_path = strdup("/no/such/file");
    expect_failure(world, "/bin/true", EXEC_STAGE_STDOUT, ENOENT, "/no/such/file");
}

static void an_idle_program_runs_when_it_is_released(void **state)
{
    struct world *world = *state;
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo $MONITOR_INVOCATION_ID", NULL};
    struct exec_command command = {.path = argv[0], .argv = argv, .flags = EXEC_NO_EXPANSION};
    struct spawn_request request = {
        .unit = &world->unit, .command = &command, .kind = COMMAND_START, .idle = true};
    const struct spawn_place place = {.cgroup = -EBADF, .invocation_id = "", .monitor_invocation_id = "4567"};
    const char *object = NULL;
    pid_t pid;

    assert_int_equal(spawner_spawn(world->spawner, &request, &place, &pid, &object), 0);
    assert_int_equal(loop_wait(world->loop, 0), 0);
    assert_false(world->told);
    spawner_release_idle(world->spawner);
    while (!world->told)
        assert_true(loop_wait(world->loop, usec_add(now_monotonic(), DEADLINE)) > 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    logs_settle(world->logs, "x.service");
    expect_log(world, "x: 4567\n");
}

/* Its pipe closes as if the program had been executed. */
static void a_child_that_is_killed_before_its_program_has_not_executed_it(void **state)
{
    struct world *world = *state;
    struct exec_command command = {.path = (char *)"/bin/true", .argv = (char *[]){(char *)"true", NULL}};
    struct spawn_request request = {.unit = &world->unit, .command = &command, .kind = COMMAND_START};
    char fifo[] = "/tmp/test-spawn-XXXXXX";
    const char *object = NULL;
    pid_t pid;

    assert_int_equal(close(mkostemp(fifo, O_CLOEXEC)), 0);
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    world->unit.unit->exec->std_output = OUTPUT_FILE; /* nobody reads: the child waits here */
    world->unit.unit->exec->output_path = strdup(fifo);
    assert_int_equal(spawner_spawn(world->spawner, &request,
                                   &(struct spawn_place){.cgroup = -EBADF, .invocation_id = ""}, &pid,
                                   &object),
                     0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    spawner_settle(world->spawner, pid);
    assert_false(world->told);
    assert_int_equal(unlink(fifo), 0);
}

/* More than the kernel lets anybody have. */
static void what_a_child_could_not_do_is_noted_and_its_program_runs(void **state)
{
    struct world *world = *state;
    struct exec_limits *limits = calloc(1, sizeof(*limits));
    struct rlimit present;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &present), 0);
    assert_non_null(limits);
    limits->set = 1U << RLIMIT_NOFILE;
    limits->of[RLIMIT_NOFILE].soft = limits->of[RLIMIT_NOFILE].hard = INT_MAX;
    world->unit.unit->exec->limits = limits;
    run_shell(world, "ulimit -n");
    assert_int_equal(world->failure.stage, EXEC_STAGE_NONE);
    /* The child's own lines come by another way than what PID 1 says of it: in no order. */
    _cleanup_free_ char *note =
        xasprintf("note: LimitNOFILE=: 2147483647 is more than the container permits, %llu is set\n",
                  (unsigned long long)present.rlim_max);
    _cleanup_free_ char *line = xasprintf("x: %llu\n", (unsigned long long)present.rlim_max);
    char text[8192];
    ssize_t n = read(world->output[0], text, sizeof(text) - 1);
    text[MAX(n, 0)] = 0;
    assert_int_equal(strlen(text), strlen(note) + strlen(line));
    assert_non_null(strstr(text, note));
    assert_non_null(strstr(text, line));
}

static void expect_may_borrow(bool expected,
                              void (*change)(struct exec_plan *plan, struct exec_context *exec))
{
    struct unit *unit = unit_new("x.service");
    struct credentials credentials = {0};
    struct exec_plan plan = {.credentials = &credentials, .idle = EBADF_PAIR};

    assert_non_null(unit);
    plan.context = unit->exec;
    change(&plan, unit->exec);
    assert_int_equal(exec_may_borrow(&plan), expected);
    unit_free(unit);
}

static void change_nothing(struct exec_plan *plan, struct exec_context *exec)
{
}

static void change_user(struct exec_plan *plan, struct exec_context *exec)
{
    static const struct credentials nobody = {.set = true, .uid = 65534, .gid = 65534};

    plan->credentials = &nobody;
}

static void change_user_but_for_this_command(struct exec_plan *plan, struct exec_context *exec)
{
    change_user(plan, exec);
    plan->keep_user = true;
}

static void change_directories(struct exec_plan *plan, struct exec_context *exec)
{
    assert_int_equal(strv_append(&exec->directories[DIRECTORY_STATE].names, "x"), 0);
}

static void change_output(struct exec_plan *plan, struct exec_context *exec)
{
    exec->std_output = OUTPUT_APPEND;
}

static void change_error(struct exec_plan *plan, struct exec_context *exec)
{
    exec->std_error = OUTPUT_TTY;
}

static void change_input(struct exec_plan *plan, struct exec_context *exec)
{
    exec->std_input = INPUT_TTY;
}

static void change_priority(struct exec_plan *plan, struct exec_context *exec)
{
    exec->nice = 19;
}

static void change_policy(struct exec_plan *plan, struct exec_context *exec)
{
    exec->cpu_policy = SCHED_IDLE;
}

static void change_idle(struct exec_plan *plan, struct exec_context *exec)
{
    plan->idle[0] = STDIN_FILENO;
}

/* Nor on anybody who could be kept from going on by others. */
static void pid_1_does_not_wait_on_a_child_that_may_take_its_time(void **state)
{
    expect_may_borrow(true, change_nothing);
    expect_may_borrow(true, change_user_but_for_this_command);
    expect_may_borrow(false, change_user);
    expect_may_borrow(false, change_directories);
    expect_may_borrow(false, change_input);
    expect_may_borrow(false, change_output);
    expect_may_borrow(false, change_error);
    expect_may_borrow(false, change_priority);
    expect_may_borrow(false, change_policy);
    expect_may_borrow(false, change_idle);
}

static void a_missing_environment_file_starts_nothing(void **state)
{
    struct world *world = *state;
    struct exec_command command = {.path = (char *)"/bin/true", .argv = (char *[]){(char *)"true", NULL}};
    struct spawn_request request = {.unit = &world->unit, .command = &command, .kind = COMMAND_START};
    struct environment_file *file = calloc(1, sizeof(*file));
    const char *object = NULL;
    pid_t pid;

    file->path = strdup("/no/such.env");
    world->unit.unit->exec->environment_files = file;
    world->unit.unit->exec->n_environment_files = 1;
    assert_int_equal(spawner_spawn(world->spawner, &request,
                                   &(struct spawn_place){.cgroup = -EBADF, .invocation_id = ""}, &pid,
                                   &object),
                     -ENOENT);
    assert_string_equal(object, "/no/such.env");
    file->optional = true;
    run_shell(world, "true");
}

static void a_service_runs_as_its_user_with_its_groups_and_home(void **state)
{
    struct world *world = *state;

    if (geteuid() != 0)
        skip();
    world->unit.unit->exec->user = strdup("nobody");
    assert_int_equal(strv_append(&world->unit.unit->exec->supplementary_groups, "adm"), 0);
    run_shell(world, "id -un; id -Gn; echo $USER $LOGNAME $HOME");
    expect_log(world, "x: nobody\nx: nogroup adm\nx: nobody nobody\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(output_and_error_go_to_the_log),
        TEST(programs_are_found_along_the_path),
        TEST(the_containers_environment_reaches_services_without_what_is_pid_1s),
        TEST(a_service_that_may_notify_knows_where),
        TEST(the_units_settings_win_over_the_containers),
        TEST(services_lead_their_session_with_empty_input_and_no_other_descriptor),
        TEST(services_ignore_sigpipe_unless_told_otherwise),
        TEST(stored_descriptors_are_passed_from_3_on),
        TEST(what_a_child_could_not_do_is_noted_and_its_program_runs),
        cmocka_unit_test(pid_1_does_not_wait_on_a_child_that_may_take_its_time),
        TEST(umask_nice_and_directory_are_applied),
        TEST(output_can_go_to_a_file),
        TEST(a_program_that_is_not_there_is_named),
        TEST(a_word_that_is_nowhere_in_the_path_is_named),
        TEST(a_directory_that_is_not_there_is_named),
        TEST(an_optional_directory_may_be_missing),
        TEST(a_user_that_is_not_there_is_named),
        TEST(a_group_that_is_not_there_is_named),
        TEST(an_output_file_that_cannot_be_opened_is_named),
        TEST(an_idle_program_runs_when_it_is_released),
        TEST(a_child_that_is_killed_before_its_program_has_not_executed_it),
        TEST(a_missing_environment_file_starts_nothing),
        TEST(a_service_runs_as_its_user_with_its_groups_and_home),
    };
    return cmocka_run_group_tests_name("platform-spawn", tests, NULL, NULL);
}
