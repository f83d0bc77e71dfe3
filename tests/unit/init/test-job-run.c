/* berth-init with real commands, as PID 1 of a pid namespace and as an ordinary process: what a user sees.
 * The program is in $BERTH_INIT. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"

#define DEADLINE (20 * USEC_PER_SEC)

static bool as_pid_1; /* else below this test, as a subreaper */
static const char *self;

struct run {
    pid_t pid;
    int output;       /* of the job, and of berth-init's messages */
    int passed;       /* before the start: becomes descriptor 3, or negative */
    const char *name; /* NULL: berth-init */
    bool ignore_children;
};

static _noreturn_ void become_init(const struct run *run, char *const *argv, int output)
{
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(output, STDERR_FILENO);
    if (run->passed == 3)
        (void)fcntl(3, F_SETFD, 0);
    else if (run->passed >= 0)
        (void)dup2(run->passed, 3);
    if (run->ignore_children)
        (void)signal(SIGCHLD, SIG_IGN);
    /* LeakSanitizer needs a /proc of its pid namespace; leaks are found in the other runs. */
    if (as_pid_1)
        (void)setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
    (void)execv(getenv("BERTH_INIT"), argv);
    _exit(99);
}

/* argv without the name. */
static void start(struct run *run, char *const *words)
{
    struct clone_args args = {.flags = as_pid_1 ? CLONE_NEWPID : 0, .exit_signal = SIGCHLD};
    char *argv[16] = {(char *)(run->name ? run->name : "berth-init")};
    int pipes[2];

    for (size_t i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    run->pid = sys_clone3(&args, sizeof(args));
    assert_true(run->pid >= 0);
    if (run->pid == 0)
        become_init(run, argv, pipes[1]);
    close(pipes[1]);
    run->output = pipes[0];
}
#define START(run, ...) start(run, (char *[]){__VA_ARGS__, NULL})

/* Reads until text is there, or to the end when text is NULL. The caller frees. */
static char *read_until(struct run *run, const char *text)
{
    usec_t deadline = now_monotonic() + DEADLINE;
    char *all = calloc(1, 4096);
    size_t used = 0;

    while (used < 4095 && !(text && strstr(all, text))) {
        assert_int_equal(wait_for_fd(run->output, POLLIN, deadline), 0);
        ssize_t n = read(run->output, all + used, 1);
        assert_true(n >= 0);
        if (n == 0)
            break;
        used += (size_t)n;
    }
    return all;
}

static int finish(struct run *run)
{
    int status;
    free(read_until(run, NULL));
    close(run->output);
    assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect(struct run *run, const char *text)
{
    char *seen = read_until(run, text);
    assert_non_null(strstr(seen, text));
    free(seen);
}

/* Each test runs twice: state is not NULL for the run as PID 1, which needs privileges. */
static struct run begin(void **state)
{
    as_pid_1 = *state != NULL;
    if (as_pid_1 && geteuid() != 0)
        skip();
    return (struct run){.passed = -EBADF};
}

static void test_it_exits_as_the_job_exits(void **state)
{
    struct run run = begin(state);

    START(&run, (char *)"--", (char *)"sh", (char *)"-c", (char *)"exit 7");
    assert_int_equal(finish(&run), 7);
    START(&run, (char *)"--", (char *)"sh", (char *)"-c", (char *)"kill -9 $$");
    assert_int_equal(finish(&run), 137);
    run.ignore_children = true;
    START(&run, (char *)"--", (char *)"sh", (char *)"-c", (char *)"exit 8");
    assert_int_equal(finish(&run), 8);
}

static void test_a_command_that_cannot_run_is_named_with_the_reason(void **state)
{
    struct run run = begin(state);

    START(&run, (char *)"--", (char *)"no-such-command");
    expect(&run, "berth-init: cannot execute no-such-command: No such file");
    assert_int_equal(finish(&run), 127);
    START(&run, (char *)"--", (char *)"/etc/passwd");
    expect(&run, "berth-init: cannot execute /etc/passwd: Permission denied");
    assert_int_equal(finish(&run), 126);
    START(&run, (char *)"--workdir=/no/such", (char *)"true");
    expect(&run, "/no/such");
    assert_int_equal(finish(&run), 125);
}

static void test_a_signal_reaches_the_whole_group_or_the_child_only(void **state)
{
    /* The shell has its traps before it starts the one that says so. */
    static char script[] =
        "trap 'wait; exit 3' TERM; trap 'kill $!; wait; exit 4' USR1; "
        "(trap 'echo grandchild; exit' TERM; echo ready; while :; do sleep 0.02; done) & wait";
    struct run run = begin(state);

    START(&run, (char *)"--", (char *)"sh", (char *)"-c", script);
    expect(&run, "ready");
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    expect(&run, "grandchild");
    assert_int_equal(finish(&run), 3);
    START(&run, (char *)"--single", (char *)"sh", (char *)"-c", script);
    expect(&run, "ready");
    assert_int_equal(kill(run.pid, SIGUSR1), 0);
    assert_int_equal(finish(&run), 4);
}

static void test_pause_holds_nothing_and_ends_at_a_stop_signal(void **state)
{
    static const int stops[] = {SIGTERM, SIGINT, SIGPWR, 37 /* SIGRTMIN+3, whatever this libc says */};
    struct run run = begin(state);

    FOREACH_ARRAY (stop, stops, ELEMENTSOF(stops)) {
        START(&run, (char *)"--pause");
        char *seen = read_until(&run, NULL);
        assert_string_equal(seen, "");
        free(seen);
        assert_int_equal(kill(run.pid, SIGHUP), 0);
        assert_int_equal(kill(run.pid, *stop), 0);
        assert_int_equal(finish(&run), 0);
    }
}

static void test_pause_reaps(void **state)
{
    struct run run = begin(state);

    START(&run, (char *)"sh", (char *)"-c", (char *)"(exit 6) & exec \"$BERTH_INIT\" -Pw");
    expect(&run, "exited with status 6");
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    assert_int_equal(finish(&run), 0);
}

static void test_the_name_it_is_called_by_decides_what_it_is(void **state)
{
    static const struct {
        const char *name, *version;
    } rows[] = {
        {"berth-init", "berth-init "},
        {"tini", "tini version 0.19.0"},
        {"/sbin/tini-static", "tini version 0."},
        {"/usr/bin/docker-init", "tini version 0.19.0"},
        {"./dumb-init", "dumb-init v1.2.5"},
        {"catatonit", "tini version 0.1.7_catatonit"},
        {"/dev/init", "berth-init "},
        {"berthctl", "berthctl"},
    };
    struct run run = begin(state);

    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        run.name = row->name;
        START(&run, (char *)"--version");
        expect(&run, row->version);
        assert_int_equal(finish(&run), 0);
    }
}

static void test_the_value_of_a_queued_signal_arrives(void **state)
{
    struct run run = begin(state);

    START(&run, (char *)"--", (char *)self, (char *)"print-queued-value");
    expect(&run, "ready");
    assert_int_equal(sigqueue(run.pid, SIGRTMIN + 7, (union sigval){.sival_int = 4711}), 0);
    expect(&run, as_pid_1 ? "value 4711 from uid 0" : "value 4711 from uid");
    assert_int_equal(finish(&run), 0);
}

static void test_a_reader_sees_the_end_when_the_job_closes_its_output(void **state)
{
    struct run run = begin(state);

    START(&run, (char *)"--", (char *)"sh", (char *)"-c",
          (char *)"trap 'exit 5' TERM; exec >&- 2>&-; while :; do sleep 0.02; done");
    char *seen = read_until(&run, NULL);
    assert_string_equal(seen, "");
    free(seen);
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    assert_int_equal(finish(&run), 5);
}

static void test_what_the_job_leaves_gets_sigterm_then_sigkill(void **state)
{
    struct run run = begin(state);

    START(&run, (char *)"--", (char *)"sh", (char *)"-c",
          (char *)"trap 'exit 6' USR1; "
                  "(trap 'echo left; exit' TERM; kill -USR1 $$; while :; do sleep 0.02; done) & wait");
    expect(&run, "left");
    assert_int_equal(finish(&run), 6);
    START(&run, (char *)"--stop-timeout=50ms", (char *)"--", (char *)"sh", (char *)"-c",
          (char *)"trap 'exit 6' USR1; (trap '' TERM; kill -USR1 $$; while :; do sleep 0.02; done) & wait");
    assert_int_equal(finish(&run), 6);
}

static void test_a_container_manager_s_shutdown_signal_ends_an_ordinary_program_in_order(void **state)
{
    struct run run = begin(state);

    START(&run, (char *)"--", (char *)"sh", (char *)"-c",
          (char *)"trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.02; done");
    expect(&run, "ready");
    assert_int_equal(kill(run.pid, 34 + 3), 0);
    expect(&run, "bye");
    assert_int_equal(finish(&run), 4);
    START(&run, (char *)"--stop-timeout=50ms", (char *)"sh", (char *)"-c",
          (char *)"trap '' TERM; echo ready; while :; do sleep 0.02; done");
    expect(&run, "ready");
    assert_int_equal(kill(run.pid, SIGPWR), 0);
    assert_int_equal(finish(&run), 137);
}

static void test_a_job_that_ignores_an_order_to_stop_has_the_time_that_was_asked_for(void **state)
{
    static char deaf[] =
        "trap 'echo stay' TERM; trap 'exit 6' USR1; echo ready; while :; do sleep 0.02; done";
    struct run run = begin(state);

    START(&run, (char *)"--stop-timeout=50ms", (char *)"sh", (char *)"-c", deaf);
    expect(&run, "ready");
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    expect(&run, "stay");
    assert_int_equal(finish(&run), 137);
    START(&run, (char *)"--stop-timeout=infinity", (char *)"sh", (char *)"-c", deaf);
    expect(&run, "ready");
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    expect(&run, "stay");
    assert_int_equal(kill(run.pid, SIGUSR1), 0);
    assert_int_equal(finish(&run), 6);
}

static void test_ready_is_said_when_the_program_runs_and_not_before(void **state)
{
    struct run run = begin(state);
    char text[64] = "";
    int pair[2];

    assert_int_equal(setenv(ENV_NOTIFY_FD, "3", 1), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
    run.passed = pair[1];
    START(&run, (char *)"--", (char *)"no-such-command");
    assert_int_equal(finish(&run), 127);
    assert_int_equal(recv(pair[0], text, sizeof(text) - 1, MSG_DONTWAIT), -1);
    START(&run, (char *)"--", (char *)"sh", (char *)"-c",
          (char *)"env | grep -c NOTIFY_FD; test -e /proc/self/fd/3 || echo closed");
    char *seen = read_until(&run, NULL);
    assert_string_equal(seen, "0\nclosed\n");
    free(seen);
    assert_int_equal(finish(&run), 0);
    assert_true(recv(pair[0], text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
    assert_string_equal(text, "READY=1\n");
    close(pair[0]);
    close(pair[1]);
    unsetenv(ENV_NOTIFY_FD);
}

/* One request over a new connection; the answer's packets one behind the other. */
static char *ask(const struct sockaddr_un *address, socklen_t size, const char *packet, size_t packet_size)
{
    usec_t deadline = now_monotonic() + DEADLINE;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    char *all = calloc(1, 4096);
    size_t used = 0;
    ssize_t n;

    assert_int_equal(connect(fd, (const struct sockaddr *)address, size), 0);
    assert_int_equal(send(fd, packet, packet_size, 0), packet_size);
    do {
        assert_int_equal(wait_for_fd(fd, POLLIN, deadline), 0);
        n = recv(fd, all + used, 4095 - used, 0);
        used += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
    return all;
}

static void test_the_launcher_s_socket_tells_of_the_job_and_refuses_the_rest(void **state)
{
    struct run run = begin(state);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(address);

    run.passed = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(run.passed, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    assert_int_equal(getsockname(run.passed, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(run.passed, 8), 0);
    assert_int_equal(setenv(ENV_CONTROL_FD, "3", 1), 0);
    START(&run, (char *)"--", (char *)"sh", (char *)"-c",
          (char *)"trap 'exit 5' TERM; echo ready; while :; do sleep 0.02; done");
    expect(&run, "ready");
    char *answer = ask(&address, size, "status", 7);
    assert_non_null(strstr(answer, "Record=job\nActiveState=active\nMainPID="));
    assert_non_null(strstr(answer, "ExecStart=sh -c \"trap"));
    assert_non_null(strstr(answer, "Result=done\n"));
    free(answer);
    answer = ask(&address, size, "stop\0x", 7);
    assert_non_null(startswith(answer, "Result=invalid\n"));
    free(answer);
    answer = ask(&address, size, "\xff\xff", 2);
    assert_non_null(startswith(answer, "Result=invalid\n"));
    free(answer);
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    assert_int_equal(finish(&run), 5);
    close(run.passed);
    unsetenv(ENV_CONTROL_FD);
}

/* What the job does in test_the_value_of_a_queued_signal_arrives. */
static _noreturn_ void print_queued_value(void)
{
    sigset_t all;
    siginfo_t info;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    dprintf(STDOUT_FILENO, "ready\n");
    sigwaitinfo(&all, &info);
    dprintf(STDOUT_FILENO, "value %d from uid %u\n", info.si_value.sival_int, info.si_uid);
    _exit(0); /* at once: a leak check at exit needs a /proc of this pid namespace */
}

/* clang-format off */
#define AS_PID_1(test) {.name = #test "_as_pid_1", .test_func = test, .initial_state = (void *)&self}
#define BOTH(test)     {.name = #test, .test_func = test}, AS_PID_1(test)
/* clang-format on */

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_it_exits_as_the_job_exits),
        BOTH(test_a_command_that_cannot_run_is_named_with_the_reason),
        BOTH(test_a_signal_reaches_the_whole_group_or_the_child_only),
        BOTH(test_pause_holds_nothing_and_ends_at_a_stop_signal),
        BOTH(test_pause_reaps),
        BOTH(test_the_name_it_is_called_by_decides_what_it_is),
        BOTH(test_the_value_of_a_queued_signal_arrives),
        BOTH(test_a_reader_sees_the_end_when_the_job_closes_its_output),
        BOTH(test_what_the_job_leaves_gets_sigterm_then_sigkill),
        /* Only a pid namespace tells who is outside. */
        AS_PID_1(test_a_container_manager_s_shutdown_signal_ends_an_ordinary_program_in_order),
        AS_PID_1(test_a_job_that_ignores_an_order_to_stop_has_the_time_that_was_asked_for),
        BOTH(test_ready_is_said_when_the_program_runs_and_not_before),
        BOTH(test_the_launcher_s_socket_tells_of_the_job_and_refuses_the_rest),
    };

    if (argc > 1 && streq(argv[1], "print-queued-value"))
        print_queued_value();
    self = argv[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
