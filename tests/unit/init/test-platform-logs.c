/* What becomes of the lines that services print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/logs.h"

#define DEADLINE (5 * USEC_PER_SEC)

struct world {
    struct loop *loop;
    struct logs *logs;
    int output[2]; /* the container's standard output */
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    assert_int_equal(pipe2(world->output, O_CLOEXEC), 0);
    assert_int_equal(loop_new(&world->loop), 0);
    assert_int_equal(logs_new(world->loop, world->output[1], &world->logs), 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    logs_free(world->logs);
    loop_free(world->loop);
    close_fd(world->output[0]);
    close_fd(world->output[1]);
    free(world);
    return 0;
}

/* Serves the loop until the output holds so many bytes, and reads them. */
static void expect_output(struct world *world, const char *expected, size_t size)
{
    _cleanup_free_ char *got = malloc(size);
    usec_t deadline = usec_add(now_monotonic(), DEADLINE);

    assert_non_null(got);
    for (size_t used = 0; used < size;) {
        struct pollfd ready = {.fd = world->output[0], .events = POLLIN};
        while (poll(&ready, 1, 0) == 0)
            assert_true(loop_wait(world->loop, deadline) > 0);
        ssize_t n = read(world->output[0], got + used, size - used);
        assert_true(n > 0);
        used += (size_t)n;
    }
    assert_memory_equal(got, expected, size);
}

static int stream_of(struct world *world, const char *unit, const char *identifier)
{
    int fd = -EBADF;

    assert_int_equal(logs_open_stream(world->logs, unit, &(struct log_rules){.identifier = identifier}, &fd),
                     0);
    return fd;
}

static void lines_carry_the_name_of_their_service(void **state)
{
    struct world *world = *state;
    _cleanup_close_ int web = stream_of(world, "web.service", NULL),
                        db = stream_of(world, "db.service", "postgres");

    assert_int_equal(write_all(web, "hello\nworld\n", 12), 0);
    expect_output(world, "web: hello\nweb: world\n", 22);
    assert_int_equal(write_all(db, "ready\n", 6), 0);
    expect_output(world, "postgres: ready\n", 16);
}

static void a_line_written_in_pieces_is_one_line(void **state)
{
    struct world *world = *state;
    _cleanup_close_ int web = stream_of(world, "web.service", NULL);

    assert_int_equal(write_all(web, "one ", 4), 0);
    assert_int_equal(loop_wait(world->loop, usec_add(now_monotonic(), DEADLINE)), 1);
    assert_int_equal(write_all(web, "line\n", 5), 0);
    expect_output(world, "web: one line\n", 14);
}

static void a_last_line_without_newline_is_not_lost(void **state)
{
    struct world *world = *state;
    int web = stream_of(world, "web.service", NULL);

    assert_int_equal(write_all(web, "fatal", 5), 0);
    close_fd(web);
    expect_output(world, "web: fatal\n", 11);
}

static void bytes_that_are_no_text_come_through_unchanged(void **state)
{
    struct world *world = *state;
    _cleanup_close_ int web = stream_of(world, "web.service", NULL);

    assert_int_equal(write_all(web, "\0\xff\x1b\r\n", 5), 0);
    expect_output(world, "web: \0\xff\x1b\r\n", 10);
}

static void a_line_that_is_too_long_is_cut_into_pieces(void **state)
{
    struct world *world = *state;
    _cleanup_close_ int web = stream_of(world, "web.service", NULL);
    char line[LOG_LINE_MAX + 11], expected[LOG_LINE_MAX + 22];

    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    assert_int_equal(write_all(web, line, sizeof(line)), 0);
    char *p = mempcpy(expected, "web: ", 5);
    p = mempcpy(p, line, LOG_LINE_MAX);
    p = mempcpy(p, "\nweb: ", 6);
    p = mempcpy(p, line, 10);
    *p++ = '\n';
    expect_output(world, expected, (size_t)(p - expected));
}

struct collected {
    size_t n;
    char text[256];
};

static int collect(void *userdata, const struct log_line *line)
{
    struct collected *collected = userdata;
    size_t used = strlen(collected->text);

    collected->n++;
    (void)snprintf(collected->text + used, sizeof(collected->text) - used, "%.*s;", (int)line->size,
                   line->text);
    return 0;
}

static void the_last_lines_can_be_read_again(void **state)
{
    struct world *world = *state;
    _cleanup_close_ int web = stream_of(world, "web.service", NULL);
    struct collected some = {0}, all = {0}, none = {0};

    assert_int_equal(write_all(web, "a\nb\nc\n", 6), 0);
    logs_settle(world->logs, "web.service");
    logs_write(world->logs, "db.service", "d");
    assert_int_equal(logs_tail(world->logs, "web.service", 2, collect, &some), 0);
    assert_string_equal(some.text, "b;c;");
    assert_int_equal(logs_tail(world->logs, NULL, 3, collect, &all), 0);
    assert_string_equal(all.text, "b;c;d;");
    logs_forget(world->logs, "db.service");
    assert_int_equal(logs_tail(world->logs, "db.service", 10, collect, &none), 0);
    assert_int_equal(none.n, 0);
}

static void the_ring_keeps_the_newest_lines_only(void **state)
{
    struct world *world = *state;
    struct collected last = {0}, all = {0};

    for (unsigned i = 0; i < LOG_RING_MAX / 16; i++) {
        char text[64], drop[4096];
        (void)snprintf(text, sizeof(text), "a line with the number %08u in it", i);
        logs_write(world->logs, "web.service", text);
        if (i % 32 == 31)
            assert_true(read(world->output[0], drop, sizeof(drop)) > 0);
    }
    assert_int_equal(logs_tail(world->logs, "web.service", 1, collect, &last), 0);
    assert_string_equal(last.text, "a line with the number 00002047 in it;");
    assert_int_equal(logs_tail(world->logs, "web.service", SIZE_MAX, collect, &all), 0);
    assert_in_range(all.n, 100, LOG_RING_MAX / 34);
}

static void a_full_output_blocks_nobody_and_says_what_was_dropped(void **state)
{
    struct world *world = *state;
    char line[1000], drop[65536];
    bool told = false;

    memset(line, 'y', sizeof(line) - 1);
    line[sizeof(line) - 1] = 0;
    for (unsigned i = 0; i < 500; i++) /* far more than pipe and buffer take; would hang if it blocked */
        logs_write(world->logs, "web.service", line);
    for (unsigned i = 0; i < 100 && !told; i++) {
        ssize_t n = read(world->output[0], drop, sizeof(drop) - 1);
        assert_true(n > 0);
        drop[n] = 0;
        told = strstr(drop, "lines dropped") != NULL;
        (void)loop_wait(world->loop, 0);
        logs_write(world->logs, "web.service", "go on");
    }
    assert_true(told);
}

static void a_closed_output_ends_nothing(void **state)
{
    struct world *world = *state;
    struct collected all = {0};

    signal(SIGPIPE, SIG_IGN);
    world->output[0] = close_fd(world->output[0]);
    logs_write(world->logs, "web.service", "x");
    logs_write(world->logs, "web.service", "y");
    assert_int_equal(logs_tail(world->logs, "web.service", 10, collect, &all), 0);
    assert_string_equal(all.text, "x;y;");
}

static int refuse(void *userdata, const struct log_line *line)
{
    ++*(unsigned *)userdata;
    return -EPIPE;
}

static void followers_hear_new_lines_until_they_leave(void **state)
{
    struct world *world = *state;
    struct collected heard = {0};
    unsigned refused = 0;
    struct log_follower one = {.unit = "web.service", .fn = collect, .userdata = &heard};
    struct log_follower two = {.fn = refuse, .userdata = &refused};

    logs_follow(world->logs, &one);
    logs_follow(world->logs, &two);
    logs_write(world->logs, "web.service", "1");
    logs_write(world->logs, "db.service", "2");
    logs_write(world->logs, "web.service", "3");
    logs_unfollow(world->logs, &one);
    logs_write(world->logs, "web.service", "4");
    assert_string_equal(heard.text, "1;3;");
    assert_int_equal(refused, 1);
}

static void what_is_in_the_pipes_at_the_end_is_written(void **state)
{
    struct world *world = *state;
    _cleanup_close_ int web = stream_of(world, "web.service", NULL);

    assert_int_equal(write_all(web, "last\nwords", 10), 0);
    logs_drain(world->logs);
    expect_output(world, "web: last\n", 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_carry_the_name_of_their_service),
        TEST(a_line_written_in_pieces_is_one_line),
        TEST(a_last_line_without_newline_is_not_lost),
        TEST(bytes_that_are_no_text_come_through_unchanged),
        TEST(a_line_that_is_too_long_is_cut_into_pieces),
        TEST(the_last_lines_can_be_read_again),
        TEST(the_ring_keeps_the_newest_lines_only),
        TEST(a_full_output_blocks_nobody_and_says_what_was_dropped),
        TEST(a_closed_output_ends_nothing),
        TEST(followers_hear_new_lines_until_they_leave),
        TEST(what_is_in_the_pipes_at_the_end_is_written),
    };
    return cmocka_run_group_tests_name("platform-logs", tests, NULL, NULL);
}
