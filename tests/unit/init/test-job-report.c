/* The report of a job: both forms of it, where its numbers come from, and where it is written to. */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "init/job/job-report.h"

#define EXITED(code) ((code) << 8)
#define DIED(signal) (signal)
#define CORE_DUMPED  0x80
#define MIB          (UINT64_C(1024) * 1024)
#define UNKNOWN_COUNTERS                                                                                     \
    {                                                                                                        \
        USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN                            \
    }
#define SOME_DAY (UINT64_C(1785590096) * USEC_PER_SEC) /* 2026-08-01T13:14:56Z */

static const struct usage some_usage = {
    .memory_source = USAGE_OF_CGROUP,
    .cpu_source = USAGE_OF_CGROUP,
    .io_source = USAGE_OF_PROCESSES,
    .counters = {512 * MIB, 61 * USEC_PER_MINUTE, USEC_PER_MINUTE, 0, 3 * MIB / 2},
};
static const struct usage no_usage = {.counters = UNKNOWN_COUNTERS};

static char *json_of(char *const *argv, const struct job_account *account, const struct usage *usage)
{
    const struct job_options options = {.argv = argv};
    const struct job_summary summary = {
        .options = &options,
        .account = account,
        .usage = *usage,
        .oom_kills = usage == &no_usage ? USAGE_UNKNOWN : 1,
        .memory_max = usage == &no_usage ? USAGE_UNKNOWN : 512 * MIB,
    };
    char *text = NULL;
    size_t size;

    FILE *out = open_memstream(&text, &size);
    job_report_json(&summary, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_the_object_has_every_key(void **state)
{
    char *argv[] = {(char *)"sleep", (char *)"3h", NULL};
    const struct job_account account = {
        .pid = 2,
        .start = SOME_DAY,
        .end = SOME_DAY + 7380 * USEC_PER_SEC + 42,
        .runtime = 7380 * USEC_PER_SEC + 41,
        .status = DIED(SIGKILL),
        .exit_status = 137,
        .cause = JOB_CAUSE_OUT_OF_MEMORY,
        .stop_signal = SIGTERM,
        .stop_pid = 17,
        .stop_uid = 1000,
        .orphans_reaped = 3,
        .signals_forwarded = 1,
    };
    char *text = json_of(argv, &account, &some_usage);

    assert_string_equal(
        text, "{\"version\":\"" BERTH_VERSION "\",\"argv\":[\"sleep\",\"3h\"],\"pid\":2,"
              "\"start\":\"2026-08-01T13:14:56.000000Z\",\"end\":\"2026-08-01T15:17:56.000042Z\","
              "\"runtimeUSec\":7380000041,\"exitCode\":null,\"signal\":\"SIGKILL\",\"coreDumped\":false,"
              "\"exitStatus\":137,\"cause\":\"out-of-memory\","
              "\"stop\":{\"signal\":\"SIGTERM\",\"from\":\"inside\",\"pid\":17,\"uid\":1000},"
              "\"killed\":false,\"outOfMemoryKills\":1,\"memoryMaxBytes\":536870912,"
              "\"memoryPeakBytes\":536870912,\"memorySource\":\"cgroup\",\"cpuUserUSec\":3660000000,"
              "\"cpuSystemUSec\":60000000,\"cpuSource\":\"cgroup\",\"ioReadBytes\":0,"
              "\"ioWrittenBytes\":1572864,\"ioSource\":\"processes\",\"orphansReaped\":3,"
              "\"signalsForwarded\":1}\n");
    free(text);
}

static void test_what_nobody_knows_is_null(void **state)
{
    char *argv[] = {(char *)"true", NULL};
    const struct job_account account = {.pid = 2, .end = USEC_INFINITY, .status = EXITED(0)};
    char *text = json_of(argv, &account, &no_usage);

    assert_string_equal(
        text, "{\"version\":\"" BERTH_VERSION "\",\"argv\":[\"true\"],\"pid\":2,"
              "\"start\":\"1970-01-01T00:00:00.000000Z\",\"end\":null,\"runtimeUSec\":0,\"exitCode\":0,"
              "\"signal\":null,\"coreDumped\":false,\"exitStatus\":0,\"cause\":\"itself\",\"stop\":null,"
              "\"killed\":false,\"outOfMemoryKills\":null,\"memoryMaxBytes\":null,"
              "\"memoryPeakBytes\":null,\"memorySource\":null,\"cpuUserUSec\":null,"
              "\"cpuSystemUSec\":null,\"cpuSource\":null,\"ioReadBytes\":null,\"ioWrittenBytes\":null,"
              "\"ioSource\":null,\"orphansReaped\":0,\"signalsForwarded\":0}\n");
    free(text);
}

static void test_any_byte_of_a_command_line_makes_valid_json(void **state)
{
    char *argv[] = {(char *)"a\nb", (char *)"\xff\"\\", (char *)"\x1b[2J", (char *)"", NULL};
    const struct job_account account = {.status = EXITED(0)};
    char *text = json_of(argv, &account, &no_usage);

    assert_non_null(strstr(text, "\"argv\":[\"a\\nb\",\"\xef\xbf\xbd\\\"\\\\\",\"\\u001b[2J\",\"\"],"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

static void test_the_object_says_who_asked_for_the_stop(void **state)
{
    char *argv[] = {(char *)"true", NULL};
    struct job_account account = {
        .status = DIED(SIGSEGV) | CORE_DUMPED,
        .cause = JOB_CAUSE_STOP,
        .stop_signal = 37,
        .killed = true,
    };

    char *text = json_of(argv, &account, &no_usage);
    assert_non_null(strstr(text, "\"signal\":\"SIGSEGV\",\"coreDumped\":true,"));
    assert_non_null(strstr(text, "\"cause\":\"stop\",\"stop\":{\"signal\":\"SIGRTMIN+3\","
                                 "\"from\":\"outside\",\"pid\":null,\"uid\":0},\"killed\":true,"));
    free(text);
    account.stop_from_kernel = true;
    text = json_of(argv, &account, &no_usage);
    assert_non_null(strstr(text, "\"from\":\"terminal\",\"pid\":null,\"uid\":null}"));
    free(text);
}

static const struct job_options sleep_options = {
    .argv = (char *[]){(char *)"sleep", (char *)"3h", NULL},
    .time_limit = 2 * USEC_PER_HOUR,
};

static void expect_line(const struct job_summary *summary, const char *expected)
{
    char line[JOB_LINE_MAX];
    assert_string_equal(job_report_line(summary, line), expected);
}

static void test_the_line_says_how_it_ended(void **state)
{
    struct job_account account = {.status = EXITED(3), .exit_status = 3, .runtime = 12345};
    const struct job_summary summary = {&sleep_options, &account, no_usage, USAGE_UNKNOWN, USAGE_UNKNOWN};

    expect_line(&summary, "sleep ended: exit code 3, after 12ms");
    account.exit_status = 0;
    expect_line(&summary, "sleep ended: exit code 3 (taken as 0), after 12ms");
    account.status = DIED(SIGSEGV) | CORE_DUMPED;
    account.exit_status = 139;
    expect_line(&summary, "sleep ended: killed by SIGSEGV (core dumped), after 12ms");
}

static void test_the_line_says_who_stopped_it(void **state)
{
    struct job_account account = {
        .status = DIED(SIGTERM),
        .exit_status = 143,
        .runtime = 3456789,
        .cause = JOB_CAUSE_STOP,
        .stop_signal = SIGTERM,
    };
    const struct job_summary summary = {&sleep_options, &account, no_usage, USAGE_UNKNOWN, USAGE_UNKNOWN};

    expect_line(&summary, "sleep ended: killed by SIGTERM, told to stop by SIGTERM from outside, after 3.4s");
    account.stop_pid = 17;
    expect_line(&summary, "sleep ended: killed by SIGTERM, told to stop by SIGTERM from pid 17, after 3.4s");
    account.stop_pid = 0;
    account.stop_from_kernel = true;
    account.stop_signal = SIGINT;
    account.status = DIED(SIGKILL);
    account.exit_status = 137;
    account.killed = true;
    expect_line(&summary, "sleep ended: killed by SIGKILL as it did not end in time, "
                          "told to stop by SIGINT from the terminal, after 3.4s");
}

static void test_the_line_says_what_was_used_up(void **state)
{
    struct job_account account = {
        .status = DIED(SIGKILL),
        .exit_status = 137,
        .runtime = 2 * USEC_PER_HOUR + 3 * USEC_PER_MINUTE + 1,
        .cause = JOB_CAUSE_OUT_OF_MEMORY,
        .orphans_reaped = 3,
    };
    struct job_summary summary = {&sleep_options, &account, some_usage, 1, 512 * MIB};

    expect_line(&summary, "sleep ended: killed by SIGKILL, out of memory (limit 512.0M, 1 killed), "
                          "after 2h 3min; peak 512.0M, CPU 1h 2min, 1.5M written, 3 orphans");
    summary.memory_max = USAGE_UNKNOWN;
    summary.usage = no_usage;
    account.orphans_reaped = 1;
    expect_line(&summary,
                "sleep ended: killed by SIGKILL, out of memory (1 killed), after 2h 3min; 1 orphan");
    account.status = DIED(SIGTERM);
    account.exit_status = 143;
    account.cause = JOB_CAUSE_TIME_LIMIT;
    summary.oom_kills = 2;
    expect_line(&summary, "sleep ended: killed by SIGTERM, time limit of 2h reached, after 2h 3min; "
                          "2 processes killed out of memory, 1 orphan");
}

static void test_a_command_s_long_name_does_not_take_the_whole_line(void **state)
{
    char name[4 * JOB_LINE_MAX], line[JOB_LINE_MAX];
    const struct job_options options = {.argv = (char *[]){name, NULL}};
    const struct job_account account = {.status = EXITED(0)};
    const struct job_summary summary = {&options, &account, some_usage, 0, USAGE_UNKNOWN};

    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = 0;
    job_report_line(&summary, line);
    assert_non_null(endswith(line, "x ended: exit code 0, after 0; peak 512.0M, CPU 1h 2min, 1.5M written"));
}

static void test_only_a_sigkill_that_was_not_ours_can_be_the_lack_of_memory(void **state)
{
    struct job_account account = {.status = DIED(SIGKILL), .cause = JOB_CAUSE_STOP};

    assert_int_equal(job_settled_cause(&account, 1), JOB_CAUSE_OUT_OF_MEMORY);
    assert_int_equal(job_settled_cause(&account, 0), JOB_CAUSE_STOP);
    assert_int_equal(job_settled_cause(&account, USAGE_UNKNOWN), JOB_CAUSE_STOP);
    account.status = EXITED(137); /* a shell of its command */
    assert_int_equal(job_settled_cause(&account, 1), JOB_CAUSE_OUT_OF_MEMORY);
    account.status = EXITED(1);
    assert_int_equal(job_settled_cause(&account, 1), JOB_CAUSE_STOP);
    account.status = DIED(SIGKILL);
    account.killed = true;
    assert_int_equal(job_settled_cause(&account, 1), JOB_CAUSE_STOP);
}

static void expect_path(const char *text, const char *expected)
{
    size_t length = 0;
    const char *path = usage_parse_path(text, &length);

    if (!expected) {
        assert_null(path);
        return;
    }
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(path, expected, length);
}

static void test_the_cgroup_is_found_among_older_hierarchies(void **state)
{
    expect_path("0::/\n", "/");
    expect_path("12:memory:/0::/x\n1:name=systemd:/\n0::/a b/c\n", "/a b/c");
    expect_path("0::/..x\n", "/..x");
    expect_path("0::/..\n", NULL);
    expect_path("0::/../other\n", NULL);
    expect_path("0::relative\n", NULL);
    expect_path("0:://etc\n", NULL);
    expect_path("1:memory:/\n", NULL);
    expect_path("", NULL);
}

static void test_numbers_are_read_whole_or_not_at_all(void **state)
{
    assert_int_equal(usage_parse_number("0\n"), 0);
    assert_int_equal(usage_parse_number("18446744073709551614"), UINT64_MAX - 1);
    assert_int_equal(usage_parse_number("18446744073709551616"), USAGE_UNKNOWN);
    assert_int_equal(usage_parse_number("99999999999999999999999"), USAGE_UNKNOWN);
    assert_int_equal(usage_parse_number("max\n"), USAGE_UNKNOWN);
    assert_int_equal(usage_parse_number("-1\n"), USAGE_UNKNOWN);
    assert_int_equal(usage_parse_number("12x\n"), USAGE_UNKNOWN);
    assert_int_equal(usage_parse_number(""), USAGE_UNKNOWN);
}

static void test_a_key_is_a_whole_word_at_the_begin_of_a_line(void **state)
{
    static const char events[] = "oom_group_kill 5\nx oom_kill 4\noom_kill 3\noom 2";

    assert_int_equal(usage_parse_key(events, "oom_kill"), 3);
    assert_int_equal(usage_parse_key(events, "oom"), 2);
    assert_int_equal(usage_parse_key(events, "max"), USAGE_UNKNOWN);
    assert_int_equal(usage_parse_key("", "oom"), USAGE_UNKNOWN);
}

static void test_input_and_output_are_summed_over_devices(void **state)
{
    static const char stat[] = "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=7\n"
                               "8:0 rbytes=90430464 wbytes=x rios=8950\n8:32 \n253:0 rbytes=4";

    assert_int_equal(usage_parse_io(stat, "rbytes"), 1459200 + 90430464 + 4);
    assert_int_equal(usage_parse_io(stat, "wbytes"), 314773504);
    assert_int_equal(usage_parse_io("", "rbytes"), 0);
    assert_int_equal(usage_parse_io("1:0 r=18446744073709551614 r=2\n", "r"), USAGE_UNKNOWN);
}

/* A directory with what is asked for in it. */
struct world {
    char path[64];
    int fd;
};

static void put_file(const struct world *world, const char *name, const char *format, ...) _printf_(3, 4);
static void put_file(const struct world *world, const char *name, const char *format, ...)
{
    int fd = openat(world->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    va_list ap;

    assert_true(fd >= 0);
    va_start(ap, format);
    assert_true(vdprintf(fd, format, ap) >= 0);
    va_end(ap);
    close(fd);
}

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    (void)snprintf(world->path, sizeof(world->path), "/tmp/test-report-XXXXXX");
    if (!mkdtemp(world->path))
        return -1;
    world->fd = open(world->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    *state = world;
    return world->fd < 0;
}

static int remove_world(void **state)
{
    struct world *world = *state;
    int r = remove_tree_at(AT_FDCWD, world->path);

    close(world->fd);
    free(world);
    return r;
}

static void put_cgroup(const struct world *world, unsigned factor)
{
    put_file(world, "cgroup.procs", "%d\n", (int)getpid());
    put_file(world, "cgroup.stat", "nr_descendants 0\nnr_dying_descendants 4\n");
    put_file(world, "cpu.stat", "usage_usec %u\nuser_usec %u\nsystem_usec %u\n", factor * 3, factor * 2,
             factor);
    put_file(world, "io.stat", "8:0 rbytes=%u wbytes=%u rios=1\n", factor * 4, factor * 5);
    put_file(world, "memory.peak", "%u\n", factor * 6);
    put_file(world, "memory.max", "max\n");
    put_file(world, "memory.events", "low 0\nhigh 0\nmax 9\noom 8\noom_kill %u\n", factor);
}

static struct usage_mark mark(const struct world *world)
{
    struct usage_mark mark = {};
    usage_mark_cgroup(&mark, world->fd);
    return mark;
}

static void test_a_cgroup_of_our_own_tells_what_was_used_since(void **state)
{
    struct world *world = *state;
    struct usage usage;

    put_cgroup(world, 100);
    struct usage_mark before = mark(world);
    assert_true(before.alone);
    assert_int_equal(before.oom_kills, 100);
    assert_int_equal(before.memory_max, USAGE_UNKNOWN);
    put_cgroup(world, 1100);
    put_file(world, "cgroup.procs", "%d\n77\n", (int)getpid()); /* entered from outside: the container's */
    struct usage_mark after = mark(world);
    usage_between(&before, &after, &usage);
    assert_int_equal(usage.memory_source, USAGE_OF_CGROUP);
    assert_int_equal(usage.cpu_source, USAGE_OF_CGROUP);
    assert_int_equal(usage.io_source, USAGE_OF_CGROUP);
    assert_int_equal(usage.counters.memory_peak, 6600);
    assert_int_equal(usage.counters.cpu_user, 2000);
    assert_int_equal(usage.counters.cpu_system, 1000);
    assert_int_equal(usage.counters.io_read, 4000);
    assert_int_equal(usage.counters.io_written, 5000);
}

static void test_a_cgroup_with_strangers_is_not_believed(void **state)
{
    struct world *world = *state;

    put_cgroup(world, 1);
    assert_true(mark(world).alone);
    put_file(world, "cgroup.procs", "0\n%d\n", (int)getpid());
    assert_false(mark(world).alone);
    put_file(world, "cgroup.procs", "%d\n%d\n", (int)getpid(), (int)getppid());
    assert_false(mark(world).alone);
    put_file(world, "cgroup.procs", "%s", ""); /* another one than ours is mounted */
    assert_false(mark(world).alone);
    put_cgroup(world, 1);
    put_file(world, "cgroup.stat", "nr_descendants 1\n");
    assert_false(mark(world).alone);

    struct usage_mark before = mark(world), after;
    before.of_processes = (struct usage_counters){};
    put_cgroup(world, 1000);
    after = mark(world);
    after.of_processes = (struct usage_counters){4096, 10, 20, 512, 1024};
    struct usage usage;
    usage_between(&before, &after, &usage);
    assert_int_equal(usage.memory_source, USAGE_OF_PROCESSES);
    assert_int_equal(usage.counters.memory_peak, 4096);
    assert_int_equal(usage.counters.cpu_user, 10);
    assert_int_equal(usage.counters.io_written, 1024);
}

static void test_a_peak_from_before_us_is_not_ours(void **state)
{
    struct world *world = *state;
    struct usage usage;

    put_cgroup(world, 7);
    struct usage_mark before = mark(world), after = before;
    after.of_cgroup.cpu_user += 5;
    usage_between(&before, &after, &usage);
    assert_int_equal(usage.memory_source, USAGE_OF_NOBODY);
    assert_int_equal(usage.counters.memory_peak, USAGE_UNKNOWN);
    assert_int_equal(usage.cpu_source, USAGE_OF_CGROUP);
    assert_int_equal(usage.counters.cpu_user, 5);
}

static void test_after_a_move_to_another_cgroup_the_processes_tell(void **state)
{
    struct world *world = *state;
    struct usage usage;

    put_cgroup(world, 7);
    struct usage_mark before = mark(world), after = before;
    after.cgroup++;
    after.of_processes.cpu_user = 3;
    usage_between(&before, &after, &usage);
    assert_int_equal(usage.cpu_source, USAGE_OF_PROCESSES);
    assert_int_equal(usage.counters.cpu_user, 3);
}

static void test_each_missing_controller_is_replaced_by_what_the_processes_tell(void **state)
{
    struct world *world = *state;
    struct usage usage;

    put_cgroup(world, 7);
    assert_int_equal(unlinkat(world->fd, "memory.peak", 0), 0);
    assert_int_equal(unlinkat(world->fd, "memory.events", 0), 0);
    assert_int_equal(unlinkat(world->fd, "io.stat", 0), 0);
    struct usage_mark before = mark(world), after = before;
    assert_int_equal(before.oom_kills, USAGE_UNKNOWN);
    after.of_processes = (struct usage_counters){4096, 10, 20, 512, 1024};
    usage_between(&before, &after, &usage);
    assert_int_equal(usage.memory_source, USAGE_OF_PROCESSES);
    assert_int_equal(usage.cpu_source, USAGE_OF_CGROUP);
    assert_int_equal(usage.counters.cpu_user, 0);
    assert_int_equal(usage.io_source, USAGE_OF_PROCESSES);
    assert_int_equal(usage.counters.io_read, 512);
}

static void test_a_child_that_was_waited_for_counts(void **state)
{
    struct usage_mark before, after;
    struct usage usage;
    int status;

    usage_mark(&before, false);
    assert_int_equal(before.cgroup, 0);
    pid_t pid = fork();
    if (pid == 0) {
        usec_t end = now_monotonic() + 20 * USEC_PER_MSEC;
        while (now_monotonic() < end)
            ;
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    usage_mark(&after, false);
    usage_between(&before, &after, &usage);
    assert_int_equal(usage.cpu_source, USAGE_OF_PROCESSES);
    assert_true(usage.counters.cpu_user + usage.counters.cpu_system > 0);
}

/* job_report() as job mode calls it. What it says on standard error is in said. */
static char said[4096];

static int report(const struct job_options *options, struct job_account *account, int fd)
{
    int pipes[2];

    assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
    log_set_fd(pipes[1]);
    int r = job_report(options, account, fd);
    log_set_fd(STDERR_FILENO);
    close(pipes[1]);
    ssize_t n = read(pipes[0], said, sizeof(said) - 1);
    said[MAX(n, 0)] = 0;
    close(pipes[0]);
    return r;
}

static void test_a_file_gets_the_report_in_place_of_an_older_one(void **state)
{
    struct world *world = *state;
    char path[128], *text;
    struct job_options options = {.argv = sleep_options.argv, .report = path};
    struct job_account account = {.status = EXITED(7), .exit_status = 7};
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/report", world->path);
    put_file(world, "report", "%8000d\n", 1);
    int fd = job_report_open(&options);
    assert_true(fd > STDERR_FILENO);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(report(&options, &account, fd), 0);
    assert_string_equal(said, "");
    assert_int_equal(fstat(fd, &st), 0);
    close(fd);
    assert_int_equal(read_file_at(world->fd, "report", 65536, &text, NULL), 0);
    assert_int_equal(strlen(text), st.st_size);
    assert_non_null(startswith(text, "{\"version\":"));
    assert_non_null(strstr(text, "\"exitCode\":7,"));
    assert_non_null(endswith(text, "}\n"));
    free(text);
}

static void test_a_path_that_cannot_be_written_is_told_before_the_job(void **state)
{
    struct world *world = *state;
    char path[128];
    struct job_options options = {.report = path};

    assert_int_equal(job_report_open(&(struct job_options){}), -ENOENT);
    (void)snprintf(path, sizeof(path), "%s/no/such", world->path);
    assert_int_equal(job_report_open(&options), -ENOENT);
    (void)snprintf(path, sizeof(path), "%s", world->path);
    assert_int_equal(job_report_open(&options), -EISDIR);
    (void)snprintf(path, sizeof(path), "%s/fifo", world->path);
    assert_int_equal(mkfifoat(world->fd, "fifo", 0600), 0);
    assert_int_equal(job_report_open(&options), -ENXIO);
}

static void test_a_closed_standard_descriptor_does_not_become_the_report(void **state)
{
    struct world *world = *state;
    char path[128];
    struct job_options options = {.report = path};
    int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);

    (void)snprintf(path, sizeof(path), "%s/report", world->path);
    close(STDIN_FILENO);
    int fd = job_report_open(&options);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
    (void)dup2(saved, STDIN_FILENO);
    close(saved);
    assert_true(fd > STDERR_FILENO);
    close(fd);
}

static void test_a_dash_is_standard_output_if_that_can_be_written(void **state)
{
    struct job_options options = {.report = "-"};
    int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);

    int fd = job_report_open(&options);
    int flags = fcntl(fd, F_GETFD);
    close(fd);
    close(STDOUT_FILENO);
    int closed = job_report_open(&options);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)dup2(nothing, STDOUT_FILENO);
    int read_only = job_report_open(&options);
    (void)dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_true(fd > STDERR_FILENO);
    assert_true(flags & FD_CLOEXEC);
    assert_int_equal(closed, -EBADF);
    assert_int_equal(read_only, -EBADF);
    if (nothing != STDOUT_FILENO)
        close(nothing);
}

static void test_a_full_disk_costs_a_line_and_no_exit_status(void **state)
{
    struct job_options options = {.argv = sleep_options.argv, .report = "/dev/full"};
    struct job_account account = {.status = EXITED(0)};

    int fd = job_report_open(&options);
    assert_true(fd >= 0);
    assert_int_equal(report(&options, &account, fd), -ENOSPC);
    close(fd);
    assert_string_equal(said, "berth: cannot write the report to /dev/full: No space left on device\n");
    assert_int_equal(account.exit_status, 0);
}

static void test_a_reader_that_has_gone_costs_a_line(void **state)
{
    struct job_options options = {.argv = sleep_options.argv, .report = "-"};
    struct job_account account = {.status = EXITED(0)};
    int pipes[2];

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    close(pipes[0]);
    assert_int_equal(report(&options, &account, pipes[1]), -EPIPE);
    close(pipes[1]);
    assert_string_equal(said, "berth: cannot write the report to standard output: Broken pipe\n");
}

/* Longer than a pipe is: goes through in pieces as they are read, whether or not writes would wait. */
static void large_report_through_pipe(int flags)
{
    static char word[300000];
    char *argv[] = {word, NULL}, last = 0, buffer[4096];
    struct job_options options = {.argv = argv, .report = "-"};
    struct job_account account = {.status = EXITED(0)};
    int pipes[2], status;

    memset(word, 'x', sizeof(word) - 1);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    assert_int_equal(fcntl(pipes[1], F_SETFL, flags), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        _exit(job_report(&options, &account, pipes[1]) != 0);
    }
    close(pipes[1]);
    size_t size = 0;
    for (ssize_t n; (n = read(pipes[0], buffer, sizeof(buffer))) > 0; size += (size_t)n)
        last = buffer[n - 1];
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(size > sizeof(word));
    assert_int_equal(last, '\n');
}

static void test_a_long_report_gets_through_a_pipe(void **state)
{
    large_report_through_pipe(0);
    large_report_through_pipe(O_NONBLOCK);
}

static void test_the_line_is_written_when_it_is_due(void **state)
{
    const struct job_manner *another = (const struct job_manner *)said; /* never looked into */
    struct job_options options = {.argv = sleep_options.argv};
    struct job_account account = {.status = EXITED(0)};

    assert_int_equal(report(&options, &account, -EBADF), 0);
    assert_string_equal(said, "");
    options.verbosity = 1;
    assert_int_equal(report(&options, &account, -EBADF), 0);
    assert_non_null(startswith(said, "berth: sleep ended: exit code 0, after 0"));
    options.manner = another;
    assert_int_equal(report(&options, &account, -EBADF), 0);
    assert_string_equal(said, "");
    options.verbosity = 0;
    options.time_limit = USEC_PER_SEC;
    account.cause = JOB_CAUSE_TIME_LIMIT;
    assert_int_equal(report(&options, &account, -EBADF), 0);
    assert_non_null(strstr(said, "time limit of 1s reached"));
}

#define in_world(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_object_has_every_key),
        cmocka_unit_test(test_what_nobody_knows_is_null),
        cmocka_unit_test(test_any_byte_of_a_command_line_makes_valid_json),
        cmocka_unit_test(test_the_object_says_who_asked_for_the_stop),
        cmocka_unit_test(test_the_line_says_how_it_ended),
        cmocka_unit_test(test_the_line_says_who_stopped_it),
        cmocka_unit_test(test_the_line_says_what_was_used_up),
        cmocka_unit_test(test_a_command_s_long_name_does_not_take_the_whole_line),
        cmocka_unit_test(test_only_a_sigkill_that_was_not_ours_can_be_the_lack_of_memory),
        cmocka_unit_test(test_the_cgroup_is_found_among_older_hierarchies),
        cmocka_unit_test(test_numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(test_a_key_is_a_whole_word_at_the_begin_of_a_line),
        cmocka_unit_test(test_input_and_output_are_summed_over_devices),
        in_world(test_a_cgroup_of_our_own_tells_what_was_used_since),
        in_world(test_a_cgroup_with_strangers_is_not_believed),
        in_world(test_a_peak_from_before_us_is_not_ours),
        in_world(test_after_a_move_to_another_cgroup_the_processes_tell),
        in_world(test_each_missing_controller_is_replaced_by_what_the_processes_tell),
        cmocka_unit_test(test_a_child_that_was_waited_for_counts),
        in_world(test_a_file_gets_the_report_in_place_of_an_older_one),
        in_world(test_a_path_that_cannot_be_written_is_told_before_the_job),
        in_world(test_a_closed_standard_descriptor_does_not_become_the_report),
        cmocka_unit_test(test_a_dash_is_standard_output_if_that_can_be_written),
        cmocka_unit_test(test_a_full_disk_costs_a_line_and_no_exit_status),
        cmocka_unit_test(test_a_reader_that_has_gone_costs_a_line),
        cmocka_unit_test(test_a_long_report_gets_through_a_pipe),
        cmocka_unit_test(test_the_line_is_written_when_it_is_due),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
