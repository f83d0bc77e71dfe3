/* The control server with a manager of the test's own: what clients get, and what hostile ones cannot do. The
 * server and its clients share the test's one thread, so nothing here may wait. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/record.h"
#include "common/text.h"
#include "init/control/server.h"

#define DEADLINE (10 * USEC_PER_SEC)
#define N_UNITS  400

#define DESCRIPTORS 64 /* RLIMIT_NOFILE while they are exhausted */

/* --- the manager: units named u0.service ..., a job number for each request -------------------------------
 */

static struct unit_draft files[N_UNITS];
static struct manager_unit units[N_UNITS];
static char names[N_UNITS][32];
static size_t n_units;
static uint32_t last_job;
static bool finish_at_once;
static struct {
    int shutdown, loads;
    int exit_status;
    int kill_signal;
    int reload_result;
    uint32_t canceled;
    enum job_type type;
    enum job_mode mode;
} seen;

static struct loop *loop;
static struct logs *logs;
static struct control_server *server;
static struct sockaddr_un address;
static socklen_t address_size;

struct manager_unit *manager_find(const struct manager *manager, const char *name)
{
    for (size_t i = 0; i < n_units; i++)
        if (streq(names[i], name))
            return &units[i];
    return NULL;
}

int manager_load_unit(struct manager *manager, const char *name, struct manager_unit **ret)
{
    static struct unit missing = {.name = (char *)"missing.service", .load_state = UNIT_NOT_FOUND};
    static struct manager_unit unit = {.unit = &missing};

    seen.loads++;
    *ret = &unit;
    return 0;
}

struct manager_unit *manager_next_unit(const struct manager *manager, size_t *cursor)
{
    return *cursor < n_units ? &units[(*cursor)++] : NULL;
}

const char *manager_refusal(const struct manager *manager)
{
    return NULL;
}

int manager_enqueue(struct manager *manager, usec_t now, const char *name, enum job_type type,
                    enum job_mode mode, uint32_t *ret_job)
{
    *ret_job = ++last_job;
    seen.type = type;
    seen.mode = mode;
    if (finish_at_once)
        control_server_job_finished(
            server, &(struct job_report){.id = last_job, .unit = name, .type = type, .result = JOB_DONE});
    return 0;
}

void manager_gather(struct manager *manager)
{
}

void manager_go(struct manager *manager)
{
}

void manager_times_of(const struct manager_unit *unit, struct service_times *ret)
{
    *ret = (struct service_times){0};
}

int manager_reset_failed(struct manager *manager, const char *name)
{
    return 0;
}

bool manager_can_reload(const struct manager_unit *unit)
{
    return unit == &units[0];
}

bool manager_job_of(const struct manager_unit *unit, struct job_status *ret)
{
    *ret = (struct job_status){.id = unit->job_id, .type = JOB_START, .running = true};
    return unit->job_id != 0;
}

int manager_cancel_job(struct manager *manager, usec_t now, uint32_t id)
{
    seen.canceled = id;
    return id == 7 ? 0 : -ENOENT;
}

const struct manager_unit *manager_next_neighbour(const struct manager_unit *unit, size_t *cursor,
                                                  uint32_t *ret_kinds)
{
    *ret_kinds = UINT32_C(1) << UNIT_AFTER;
    return unit == &units[0] && (*cursor)++ == 0 ? &units[1] : NULL;
}

const char *job_type_to_string(enum job_type type)
{
    return type == JOB_START ? "start" : "other";
}

void manager_shutdown(struct manager *manager, usec_t now, enum shutdown_kind kind, int exit_status)
{
    seen.shutdown++;
    seen.exit_status = exit_status;
}

unsigned manager_count_units(const struct manager *manager, enum active_state state)
{
    return state == UNIT_ACTIVE ? (unsigned)n_units : 0;
}

static const char *system_state = "running";

const char *manager_system_state(const struct manager *manager)
{
    return system_state;
}

const char *manager_unit_sub_state(const struct manager_unit *unit)
{
    return unit->active == UNIT_FAILED ? "failed" : "running";
}

const char *active_state_to_string(enum active_state state)
{
    return state == UNIT_ACTIVE ? "active" : state == UNIT_FAILED ? "failed" : "inactive";
}

const char *service_state_to_string(enum service_state state)
{
    return "dead";
}

const char *service_result_to_string(enum service_result result)
{
    return result == RESULT_SUCCESS ? "success" : "exit-code";
}

static const char *fake_tracking(void *userdata)
{
    return "process groups";
}

static const char *fake_target(void *userdata)
{
    return "multi-user.target";
}

static void fake_usage(void *userdata, const struct manager_unit *unit, struct unit_usage *ret)
{
    ret->memory_current = 4096;
}

static const char *fake_cgroup_path(void *userdata, const struct manager_unit *unit)
{
    return NULL;
}

static int fake_kill(void *userdata, struct manager_unit *unit, enum kill_who who, int signal)
{
    seen.kill_signal = signal;
    return 0;
}

static int fake_reload(void *userdata)
{
    return seen.reload_result;
}

static char **environment;

static char *const *fake_environment(void *userdata)
{
    return environment;
}

static int fake_change_environment(void *userdata, const char *word, bool set)
{
    if (!set)
        strv_env_unset(environment, word);
    return set ? strv_env_set(&environment, word) : 0;
}

static const struct control_server_ops ops = {
    .environment = fake_environment,
    .change_environment = fake_change_environment,
    .tracking = fake_tracking,
    .target = fake_target,
    .usage = fake_usage,
    .cgroup_path = fake_cgroup_path,
    .kill = fake_kill,
    .reload = fake_reload,
};

/* --- the world ---------------------------------------------------------------------------------------------
 */

static void add_units(size_t n)
{
    for (n_units = 0; n_units < n; n_units++) {
        (void)snprintf(names[n_units], sizeof(names[0]), "u%zu.service", n_units);
        struct unit_draft *file = &files[n_units];
        *file = (struct unit_draft){.unit = {.name = names[n_units],
                                             .description = names[n_units],
                                             .policy = &file->policy,
                                             .exec = &file->exec,
                                             .kill = &file->kill,
                                             .cgroup = &file->cgroup,
                                             .service = &file->service,
                                             .commands = &file->commands,
                                             .dependencies = &file->dependencies}};
        units[n_units] = (struct manager_unit){.unit = &file->unit, .active = UNIT_ACTIVE};
    }
}

static int setup(void **state)
{
    memset(&seen, 0, sizeof(seen));
    finish_at_once = false;
    add_units(3);
    assert_int_equal(loop_new(&loop), 0);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    *state = (void *)(intptr_t)null;
    assert_int_equal(logs_new(loop, null, &logs), 0);
    assert_int_equal(control_server_new(loop, NULL, logs, &ops, NULL, &server), 0);

    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    address = (struct sockaddr_un){.sun_family = AF_UNIX};
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    address_size = sizeof(address);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &address_size), 0);
    assert_int_equal(listen(fd, 1024), 0);
    assert_int_equal(control_server_listen(server, fd, false), 0);
    return 0;
}

static int teardown(void **state)
{
    server = control_server_free(server);
    logs = logs_free(logs);
    loop = loop_free(loop);
    close((int)(intptr_t)*state);
    return 0;
}

/* Lets the server work until it has nothing to do. */
static void settle(void)
{
    while (loop_wait(loop, 0) > 0)
        ;
}

static int dial(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, address_size), 0);
    return fd;
}

static int ask(const char *packet, size_t size)
{
    int fd = dial();
    assert_int_equal(send(fd, packet, size, MSG_NOSIGNAL), size);
    return fd;
}
#define ASK(text) ask(text, sizeof(text) - 1)

/* The next packet, NUL-terminated, the server working meanwhile. 0: the server closed. */
static size_t next_packet(int fd, char packet[static CONTROL_PACKET_MAX + 1])
{
    usec_t deadline = now_monotonic() + DEADLINE;

    for (;;) {
        ssize_t n = recv(fd, packet, CONTROL_PACKET_MAX, MSG_DONTWAIT);
        if (n >= 0) {
            packet[n] = 0;
            return (size_t)n;
        }
        if (errno == ECONNRESET)
            return 0;
        assert_int_equal(errno, EAGAIN);
        assert_true(loop_wait(loop, deadline) > 0 && now_monotonic() < deadline);
    }
}

/* Reads to the result and gives it; *ret_records counts what came before. Closes fd. */
static void expect(int fd, const char *result, int exit_status, size_t records)
{
    static char packet[CONTROL_PACKET_MAX + 1];
    char wanted[64];
    size_t n = 0, size;

    while ((size = next_packet(fd, packet)) > 0 && !startswith(packet, "Result="))
        n++;
    assert_true(size > 0);
    (void)snprintf(wanted, sizeof(wanted), "Result=%s\n", result);
    assert_non_null(startswith(packet, wanted));
    (void)snprintf(wanted, sizeof(wanted), "ExitStatus=%d\n", exit_status);
    assert_non_null(strstr(packet, wanted));
    assert_int_equal(n, records);
    assert_int_equal(next_packet(fd, packet), 0);
    close(fd);
}

/* --- what users get ----------------------------------------------------------------------------------------
 */

static void test_status_tells_of_the_manager_and_each_unit(void **state)
{
    expect(ASK("status\0"), "done", 0, 4);
    expect(ASK("status\0u1\0"), "done", 0, 1);
    units[2].active = UNIT_FAILED;
    expect(ASK("status\0u1\0u2.service\0"), "done", 3, 2);
    expect(ASK("status\0nobody\0"), "no-such-unit", 4, 1);
}

static void test_is_active_and_is_failed_exit_as_systemctl_does(void **state)
{
    units[1].active = UNIT_FAILED;
    units[2].active = UNIT_INACTIVE;
    expect(ASK("is-active\0u0\0"), "done", 0, 1);
    expect(ASK("is-active\0u1\0u2\0"), "done", 3, 2);
    expect(ASK("is-active\0u1\0u0\0"), "done", 0, 2);
    expect(ASK("is-active\0nobody\0"), "done", 4, 1);
    expect(ASK("is-failed\0u1\0"), "done", 0, 1);
    expect(ASK("is-failed\0u0\0"), "done", 1, 1);
}

static void test_a_template_is_no_unit_to_ask_for(void **state)
{
    expect(ASK("is-active\0t@.service\0"), "invalid", 1, 0);
    expect(ASK("is-active\0u0\0t@.service\0u1\0"), "invalid", 1, 1);
    expect(ASK("is-failed\0t@.service\0"), "invalid", 1, 0);
    expect(ASK("status\0t@.service\0"), "invalid", 1, 0);
    expect(ASK("show\0t@.service\0"), "invalid", 1, 0);
    expect(ASK("graph\0t@.service\0"), "invalid", 1, 0);
    expect(ASK("cat\0t@.service\0"), "done", 0, 1); /* its files are the client's to find */
}

static void test_start_is_answered_when_the_last_job_has_ended(void **state)
{
    static char packet[CONTROL_PACKET_MAX + 1];
    int fd = ASK("start\0u0\0u1\0");

    settle();
    control_server_job_finished(server, &(struct job_report){.id = last_job, .result = JOB_DONE});
    settle();
    assert_int_equal(recv(fd, packet, sizeof(packet), MSG_DONTWAIT), -1);
    control_server_job_finished(server, &(struct job_report){.id = last_job - 1, .result = JOB_DONE});
    expect(fd, "done", 0, 0);
}

static void test_each_unit_that_failed_is_named_with_its_reason(void **state)
{
    static char packet[CONTROL_PACKET_MAX + 1];
    int fd = ASK("restart\0u0\0u1\0");

    settle();
    units[1].result = RESULT_EXIT_CODE;
    units[1].main_exit = (struct process_exit){.code = CLD_EXITED, .status = 7};
    control_server_job_finished(server, &(struct job_report){.id = last_job, .result = JOB_FAILED});
    control_server_job_finished(server, &(struct job_report){.id = last_job - 1, .result = JOB_DONE});
    assert_true(next_packet(fd, packet) > 0);
    assert_non_null(strstr(packet, "Unit=u1.service\n"));
    assert_non_null(strstr(packet, "Message=exit code 7\n"));
    expect(fd, "failed", 1, 0);
}

static void test_every_result_of_a_job_is_an_answer(void **state)
{
    for (enum job_result result = 0; result < JOB_RESULT_MAX; result++) {
        static char packet[CONTROL_PACKET_MAX + 1];
        int fd = ASK("restart\0u0\0");

        settle();
        control_server_job_finished(server, &(struct job_report){.id = last_job, .result = result});
        assert_true(next_packet(fd, packet) > 0);
        close(fd);
    }
}

static void test_a_job_that_ends_at_once_is_not_waited_for(void **state)
{
    finish_at_once = true;
    expect(ASK("stop\0u0\0u1\0"), "done", 0, 0);
}

static void test_no_block_does_not_wait(void **state)
{
    expect(ASK("--no-block\0start\0u0\0"), "done", 0, 0);
}

static void test_unknown_units_verbs_and_arguments_get_their_own_answers(void **state)
{
    expect(ASK("start\0nobody\0"), "no-such-unit", 5, 1);
    expect(ASK("dance\0"), "unknown-verb", 1, 0);
    expect(ASK("start\0"), "invalid", 1, 0);
    expect(ASK("poweroff\0now\0"), "invalid", 1, 0);
    expect(ASK("exit\0"
               "256\0"),
           "invalid", 1, 0);
    assert_int_equal(seen.shutdown, 0);
    expect(ASK("exit\0"
               "42\0"),
           "done", 0, 0);
    assert_int_equal(seen.exit_status, 42);
}

static void test_kill_sends_the_signal_that_was_asked_for(void **state)
{
    expect(ASK("--signal=USR1\0kill\0u0\0"), "done", 0, 0);
    assert_int_equal(seen.kill_signal, SIGUSR1);
}

static void test_daemon_reload_says_whether_all_was_read(void **state)
{
    expect(ASK("daemon-reload\0"), "done", 0, 0);
    seen.reload_result = -EIO;
    expect(ASK("daemon-reload\0"), "failed", 1, 0);
}

static void test_logs_shows_the_last_lines_and_follows(void **state)
{
    static char packet[CONTROL_PACKET_MAX + 1];

    logs_write(logs, "u0.service", "one");
    logs_write(logs, "u0.service", "two");
    expect(ASK("--lines=1\0logs\0u0\0"), "done", 0, 1);
    int fd = ASK("--lines=1\0--follow\0logs\0u0\0");
    assert_true(next_packet(fd, packet) > 0);
    assert_non_null(strstr(packet, "Line=two\n"));
    logs_write(logs, "u0.service", "three");
    assert_true(next_packet(fd, packet) > 0);
    assert_non_null(strstr(packet, "Line=three\n"));
    close(fd);
    settle();
    logs_write(logs, "u0.service", "four");
}

static void test_patterns_stand_for_the_units_that_match(void **state)
{
    units[1].active = UNIT_INACTIVE;
    expect(ASK("is-active\0u[0-9].*\0"), "done", 0, 3);
    expect(ASK("list-units\0u?.service\0"), "done", 0, 3);
    expect(ASK("list-units\0x*\0"), "done", 0, 0);
    expect(ASK("status\0x*\0"), "done", 0, 0);
    expect(ASK("--no-block\0stop\0u*\0"), "done", 0, 0);
    assert_int_equal(seen.type, JOB_STOP);
    expect(ASK("stop\0x*\0"), "done", 0, 0);
    expect(ASK("list-units\0u*\0*.service\0u1\0"), "done", 0, 4); /* each once, behind the words */
    logs_write(logs, "u0.service", "not for nobody's pattern");
    expect(ASK("logs\0x*\0"), "done", 0, 0);
    expect(ASK("--follow\0logs\0x*\0"), "done", 0, 0);
    expect(ASK("list-units\0*\0*\0*\0*\0*\0*\0*\0*\0*\0*\0*\0*\0*\0*\0*\0*\0*\0"), "invalid", 1, 0);
}

static void test_reload_or_restart_does_what_the_unit_can(void **state)
{
    finish_at_once = true;
    expect(ASK("reload-or-restart\0u0\0"), "done", 0, 0);
    assert_int_equal(seen.type, JOB_RELOAD);
    expect(ASK("reload-or-restart\0u1\0"), "done", 0, 0);
    assert_int_equal(seen.type, JOB_RESTART);
    units[1].active = UNIT_INACTIVE;
    expect(ASK("reload-or-restart\0u1\0"), "done", 0, 0);
    assert_int_equal(seen.type, JOB_START);
    expect(ASK("try-reload-or-restart\0u1\0"), "done", 0, 0);
    assert_int_equal(seen.type, JOB_TRY_RESTART);
    expect(ASK("isolate\0u1\0"), "done", 0, 0);
    assert_int_equal(seen.type, JOB_START);
    assert_int_equal(seen.mode, JOB_ISOLATE);
}

static void test_jobs_are_listed_and_cancelled_by_their_number(void **state)
{
    static char packet[CONTROL_PACKET_MAX + 1];

    units[1].job_id = 7;
    int fd = ASK("list-jobs\0");
    assert_true(next_packet(fd, packet) > 0);
    assert_non_null(strstr(packet, "Id=7\nUnit=u1.service\nJobType=start\nState=running\n"));
    expect(fd, "done", 0, 0);
    expect(ASK("cancel\0"
               "7\0"),
           "done", 0, 0);
    assert_int_equal(seen.canceled, 7);
    expect(ASK("cancel\0"
               "8\0"),
           "failed", 1, 0);
    expect(ASK("cancel\0u1\0"), "failed", 1, 0);
}

static void test_start_with_wait_is_answered_when_the_unit_is_down(void **state)
{
    static char packet[CONTROL_PACKET_MAX + 1];
    int fd = ASK("--wait\0start\0u0\0");

    settle();
    control_server_job_finished(server, &(struct job_report){.id = last_job, .result = JOB_DONE});
    settle();
    assert_int_equal(recv(fd, packet, sizeof(packet), MSG_DONTWAIT), -1);
    units[0].active = UNIT_FAILED;
    units[0].result = RESULT_EXIT_CODE;
    control_server_unit_changed(server, &units[0]);
    expect(fd, "failed", 1, 1);
}

static void test_who_waits_for_the_end_of_the_boot_hears_of_it_or_of_the_stop(void **state)
{
    static const char *const ends[] = {"running", "degraded", "stopping"};
    char packet[64];

    FOREACH_ARRAY (end, ends, ELEMENTSOF(ends)) {
        system_state = "starting";
        expect(ASK("is-system-running\0"), "done", 1, 1);
        int fd = ASK("--wait\0is-system-running\0");
        settle();
        control_server_unit_changed(server, &units[0]);
        assert_int_equal(recv(fd, packet, sizeof(packet), MSG_DONTWAIT), -1);
        system_state = *end;
        if (streq(*end, "stopping"))
            control_server_unit_changed(server, &units[0]);
        else
            control_server_jobs_done(server);
        expect(fd, "done", !streq(*end, "running"), 1);
    }
    system_state = "running";
    expect(ASK("--wait\0is-system-running\0"), "done", 0, 1);
}

static void test_show_tells_of_dependencies_and_without_a_unit_of_the_manager(void **state)
{
    static char packet[CONTROL_PACKET_MAX + 1];
    int fd = ASK("show\0u0\0");

    assert_true(next_packet(fd, packet) > 0);
    assert_non_null(strstr(packet, "\nAfter=u1.service\n"));
    assert_non_null(strstr(packet, "\nCanReload=yes\n"));
    expect(fd, "done", 0, 0);
    fd = ASK("show\0");
    assert_true(next_packet(fd, packet) > 0);
    assert_non_null(startswith(packet, "Record=manager\n"));
    expect(fd, "done", 0, 0);
    expect(ASK("graph\0"), "done", 0, 4);
    expect(ASK("is-system-running\0"), "done", 0, 1);
}

static void test_variables_are_set_only_if_all_words_are_good(void **state)
{
    expect(ASK("set-environment\0A=1\0B=2\0"), "done", 0, 0);
    expect(ASK("set-environment\0C=1\0=2\0"), "invalid", 1, 0);
    expect(ASK("set-environment\0C\0"), "invalid", 1, 0);
    expect(ASK("unset-environment\0"
               "1A\0"),
           "invalid", 1, 0);
    expect(ASK("unset-environment\0A\0"), "done", 0, 0);
    expect(ASK("show-environment\0"), "done", 0, 1);
    environment = strv_free(environment);
}

static void write_numbered(unsigned from, unsigned to)
{
    char text[300];

    for (unsigned i = from; i < to; i++) {
        (void)snprintf(text, sizeof(text), "%0250u", i); /* a long line */
        logs_write(logs, i % 2 ? "u0.service" : "u1.service", text);
    }
}

static void test_logs_of_several_units_come_in_order_to_a_client_that_reads_late(void **state)
{
    static char packet[CONTROL_PACKET_MAX + 1];
    unsigned next = 0;
    int fd;

    write_numbered(0, 200);
    logs_write(logs, "u2.service", "of no interest");
    fd = ASK("--follow\0--lines=150\0logs\0u1\0u0\0");
    while (next < 400) {
        if (next == 100)
            write_numbered(200, 250);
        else if (next == 250)
            write_numbered(250, 400);
        assert_true(next_packet(fd, packet) > 0);
        assert_null(strstr(packet, "of no interest"));
        const char *line = strstr(packet, "Line=");
        assert_non_null(line);
        next = next == 0 ? 50 : next;
        assert_int_equal(strtoul(line + strlen("Line="), NULL, 10), next++);
    }
    close(fd);
    settle();
}

static void test_many_units_reach_a_client_that_reads_late(void **state)
{
    add_units(N_UNITS);
    int fd = ASK("list-units\0");
    settle();
    expect(fd, "done", 0, N_UNITS);
}

/* --- what nobody gets --------------------------------------------------------------------------------------
 */

static void test_hostile_packets_are_answered_and_do_no_harm(void **state)
{
    static char packet[CONTROL_PACKET_MAX];

    expect(ask(packet, sizeof(packet)), "invalid", 1, 0);
    for (size_t i = 0; i < 20000; i++)
        packet[i] = i % 2 ? 0 : 'a';
    expect(ask(packet, 20000), "invalid", 1, 0);
    memset(packet, 0xff, sizeof(packet));
    expect(ask(packet, sizeof(packet)), "invalid", 1, 0);
    expect(ask("", 0), "invalid", 1, 0);
    expect(ASK("start\0../../etc/passwd\0"), "invalid", 1, 1);
    expect(ASK("status\0u0\0"), "done", 0, 1);
}

static void test_descriptors_that_come_along_are_closed(void **state)
{
    int pipes[2], fd = dial();

    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(send_with_fds(fd, "status\0u0", 10, &pipes[1], 1), 0);
    close(pipes[1]);
    expect(fd, "done", 0, 1);
    char byte;
    assert_int_equal(read(pipes[0], &byte, 1), 0);
    close(pipes[0]);
}

static void test_silent_clients_do_not_keep_others_out(void **state)
{
    int silent[200];

    for (size_t i = 0; i < ELEMENTSOF(silent); i++) {
        silent[i] = dial();
        settle();
    }
    expect(ASK("status\0u0\0"), "done", 0, 1);
    for (size_t i = 0; i < ELEMENTSOF(silent); i++)
        close(silent[i]);
    settle();
}

static void test_a_client_that_hangs_up_while_it_waits_is_forgotten(void **state)
{
    int fd = ASK("start\0u0\0");

    settle();
    close(fd);
    settle();
    control_server_job_finished(server, &(struct job_report){.id = last_job, .result = JOB_DONE});
    expect(ASK("status\0u0\0"), "done", 0, 1);
}

static void test_a_follower_that_does_not_read_loses_lines_and_is_told(void **state)
{
    static char packet[CONTROL_PACKET_MAX + 1], text[2001];
    int fd = ASK("--follow\0--lines=0\0logs\0");
    bool told = false;

    settle();
    memset(text, 'x', sizeof(text) - 1);
    for (unsigned i = 0; i < 2000; i++)
        logs_write(logs, "u0.service", text);
    while (!told && next_packet(fd, packet) > 0)
        told = strstr(packet, "Skipped=") != NULL;
    assert_true(told);
    logs_write(logs, "u0.service", "and on");
    while (next_packet(fd, packet) > 0 && !strstr(packet, "Line=and on\n"))
        ;
    assert_non_null(strstr(packet, "Line=and on\n"));
    close(fd);
    settle();
}

static void test_a_client_that_only_closes_its_half_does_not_keep_the_server_awake(void **state)
{
    int fd = ASK("start\0u0\0");

    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    settle(); /* ends only if the server comes to rest */
    control_server_job_finished(server, &(struct job_report){.id = last_job, .result = JOB_DONE});
    expect(fd, "done", 0, 0);
}

/* Takes all descriptors that are left, but for n. */
static void exhaust_descriptors(int fds[static DESCRIPTORS], size_t *n_fds, size_t n_left)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = DESCRIPTORS;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (*n_fds = 0; (fds[*n_fds] = dup(STDERR_FILENO)) >= 0; ++*n_fds)
        ;
    assert_int_equal(errno, EMFILE);
    while (n_left-- > 0)
        close(fds[--*n_fds]);
}

static void test_without_free_descriptors_one_client_at_a_time_is_served(void **state)
{
    struct rlimit limit;
    int fds[DESCRIPTORS];
    size_t n_fds;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    exhaust_descriptors(fds, &n_fds, 1);
    expect(ASK("status\0"), "done", 0, 4);
    expect(ASK("is-active\0u0\0"), "done", 0, 1);
    FOREACH_ARRAY (fd, fds, n_fds)
        close(*fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_status_tells_of_the_manager_and_each_unit),
        TEST(test_is_active_and_is_failed_exit_as_systemctl_does),
        TEST(test_a_template_is_no_unit_to_ask_for),
        TEST(test_start_is_answered_when_the_last_job_has_ended),
        TEST(test_each_unit_that_failed_is_named_with_its_reason),
        TEST(test_a_job_that_ends_at_once_is_not_waited_for),
        TEST(test_every_result_of_a_job_is_an_answer),
        TEST(test_no_block_does_not_wait),
        TEST(test_unknown_units_verbs_and_arguments_get_their_own_answers),
        TEST(test_kill_sends_the_signal_that_was_asked_for),
        TEST(test_daemon_reload_says_whether_all_was_read),
        TEST(test_logs_shows_the_last_lines_and_follows),
        TEST(test_patterns_stand_for_the_units_that_match),
        TEST(test_reload_or_restart_does_what_the_unit_can),
        TEST(test_jobs_are_listed_and_cancelled_by_their_number),
        TEST(test_start_with_wait_is_answered_when_the_unit_is_down),
        TEST(test_who_waits_for_the_end_of_the_boot_hears_of_it_or_of_the_stop),
        TEST(test_show_tells_of_dependencies_and_without_a_unit_of_the_manager),
        TEST(test_variables_are_set_only_if_all_words_are_good),
        TEST(test_logs_of_several_units_come_in_order_to_a_client_that_reads_late),
        TEST(test_many_units_reach_a_client_that_reads_late),
        TEST(test_hostile_packets_are_answered_and_do_no_harm),
        TEST(test_descriptors_that_come_along_are_closed),
        TEST(test_silent_clients_do_not_keep_others_out),
        TEST(test_without_free_descriptors_one_client_at_a_time_is_served),
        TEST(test_a_client_that_hangs_up_while_it_waits_is_forgotten),
        TEST(test_a_follower_that_does_not_read_loses_lines_and_is_told),
        TEST(test_a_client_that_only_closes_its_half_does_not_keep_the_server_awake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
