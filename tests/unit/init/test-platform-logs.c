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
    struct log_stream_options options = LOG_STREAM_DEFAULTS;
    int fd = -EBADF;

    options.identifier = identifier;
    assert_int_equal(logs_open_stream(world->logs, unit, &options, &fd), 0);
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
        told = strstr(drop, "lines were dropped") != NULL;
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

static void format_with(struct world *world, enum log_format format, enum log_time time)
{
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    logs_set_style(world->logs, format, time);
}

/* The output so far, NUL-terminated; the loop is served while it has something to do. */
static char *take_output(struct world *world)
{
    static char text[256 * 1024];
    struct pollfd ready = {.fd = world->output[0], .events = POLLIN};
    size_t used = 0;

    while (loop_wait(world->loop, 0) > 0 || poll(&ready, 1, 0) > 0) {
        ssize_t n = poll(&ready, 1, 0) > 0 ? read(world->output[0], text + used, sizeof(text) - 1 - used) : 0;
        assert_true(n >= 0);
        used += (size_t)n;
    }
    text[used] = 0;
    return text;
}

static void plain_lines_have_no_name_and_none_are_kept_only(void **state)
{
    struct world *world = *state;
    struct collected all = {0};

    format_with(world, LOG_FORMAT_PLAIN, LOG_TIME_NONE);
    logs_write(world->logs, "web.service", "hello");
    expect_output(world, "hello\n", 6);
    format_with(world, LOG_FORMAT_NONE, LOG_TIME_NONE);
    logs_write(world->logs, "web.service", "silent");
    assert_string_equal(take_output(world), "");
    assert_int_equal(logs_tail(world->logs, NULL, 9, collect, &all), 0);
    assert_string_equal(all.text, "hello;silent;");
}

static const char *format(enum log_format format, enum log_time time, const struct log_line *line)
{
    static char text[8 * LOG_LINE_MAX];
    struct log_style style = {.format = format, .time = time};

    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    size_t size = (size_t)(log_format_line(&style, line, text) - text);
    assert_true(size <= log_format_bound(&style, line));
    text[size] = 0;
    return text;
}

#define LINE(literal)                                                                                        \
    {                                                                                                        \
        .unit = "web.service", .name = "web", .realtime = 1000000042, .level = LOG_INFO, .text = (literal),  \
        .size = sizeof(literal) - 1                                                                          \
    }

static void times_stand_in_front_of_lines(void **state)
{
    struct log_line line = LINE("hello");

    assert_string_equal(format(LOG_FORMAT_NAME, LOG_TIME_ISO, &line),
                        "1970-01-01T00:16:40.000042Z web: hello\n");
    assert_string_equal(format(LOG_FORMAT_PLAIN, LOG_TIME_SHORT, &line), "Jan 01 00:16:40 hello\n");
}

static void json_has_all_that_is_known_of_a_line(void **state)
{
    struct log_line said = LINE("hello"), started = LINE("Started");

    said.origin = LOG_BY_STDERR;
    said.pid = 4711;
    said.level = LOG_ERR;
    said.partial = true;
    assert_string_equal(
        format(LOG_FORMAT_JSON, LOG_TIME_NONE, &said),
        "{\"time\":\"1970-01-01T00:16:40.000042Z\",\"unit\":\"web.service\",\"stream\":"
        "\"stderr\",\"pid\":4711,\"level\":\"err\",\"partial\":true,\"message\":\"hello\"}\n");
    assert_string_equal(format(LOG_FORMAT_JSON, LOG_TIME_NONE, &started),
                        "{\"time\":\"1970-01-01T00:16:40.000042Z\",\"unit\":\"web.service\","
                        "\"level\":\"info\",\"message\":\"Started\"}\n");
}

static void json_escapes_what_is_no_text(void **state)
{
    struct log_line line = LINE("a\0\"\\\t\x1b\xff\xc3\xa4\xe2\x82"), worst = {.unit = "\x1b", .name = "x"};
    char text[LOG_LINE_MAX];

    assert_non_null(strstr(format(LOG_FORMAT_JSON, LOG_TIME_NONE, &line),
                           "\"message\":\"a\\u0000\\\"\\\\\\u0009\\u001b\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef"
                           "\xbf\xbd\"}\n"));
    memset(text, 0, sizeof(text));
    worst.text = text;
    worst.size = sizeof(text);
    assert_true(strlen(format(LOG_FORMAT_JSON, LOG_TIME_NONE, &worst)) > 6 * sizeof(text));
}

static void prefixes_of_levels_are_told_from_text(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        uint8_t level;
    } cases[] = {
        {"<3>x", 3, 3}, {"<11>x", 4, 3}, {"<191>", 5, 7}, {"<192>x", 0, 9},  {"<>x", 0, 9},   {"<3", 0, 9},
        {"<a>x", 0, 9}, {"3>x", 0, 9},   {"", 0, 9},      {"<0000>x", 0, 9}, {"< 3>x", 0, 9}, {"<-1>x", 0, 9},
    };

    FOREACH_ARRAY (c, cases, ELEMENTSOF(cases)) {
        uint8_t level = 9;
        assert_int_equal(log_parse_prefix(c->text, strlen(c->text), &level), c->size);
        assert_int_equal(level, c->level);
    }
}

static int collect_levels(void *userdata, const struct log_line *line)
{
    struct collected *collected = userdata;
    size_t used = strlen(collected->text);

    (void)snprintf(collected->text + used, sizeof(collected->text) - used, "%u%s%.*s;", line->level,
                   line->partial ? "+" : "", (int)MIN(line->size, (size_t)3), line->text);
    return 0;
}

static void levels_of_lines_are_kept_and_too_much_is_left_out(void **state)
{
    struct world *world = *state;
    struct log_stream_options options = LOG_STREAM_DEFAULTS;
    static char text[LOG_LINE_MAX + 100];
    struct collected all = {0};
    int fd;

    options.level = LOG_NOTICE;
    options.level_max = LOG_INFO;
    assert_int_equal(logs_open_stream(world->logs, "web.service", &options, &fd), 0);
    assert_int_equal(write_all(fd, "<3>bad\nyes\n<7>debug\n<6>\n", 24), 0);
    memset(text, 'x', sizeof(text));
    memcpy(text, "<2>", 3);
    text[sizeof(text) - 1] = '\n';
    assert_int_equal(write_all(fd, text, sizeof(text)), 0);
    close_fd(fd);
    logs_settle(world->logs, "web.service");
    assert_int_equal(logs_tail(world->logs, "web.service", 9, collect_levels, &all), 0);
    assert_string_equal(all.text, "3bad;5yes;6;2+xxx;2xxx;");
    options.level_prefix = false;
    assert_int_equal(logs_open_stream(world->logs, "db.service", &options, &fd), 0);
    assert_int_equal(write_all(fd, "<3>as it is\n", 12), 0);
    close_fd(fd);
    take_output(world);
    logs_settle(world->logs, "db.service");
    assert_int_equal(logs_tail(world->logs, "db.service", 1, collect, &all), 0);
    assert_non_null(strstr(all.text, "<3>as it is;"));
}

/* Fills the service's pipe as far as it goes; returns the number of lines. */
static unsigned fill(int fd, const char *line)
{
    unsigned lines = 0;
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (write(fd, line, strlen(line)) == (ssize_t)strlen(line))
        lines++;
    return lines;
}

static unsigned count(const char *text, const char *piece)
{
    unsigned n = 0;
    for (; (text = strstr(text, piece)); text += strlen(piece))
        n++;
    return n;
}

static void a_slow_reader_gets_every_line(void **state)
{
    struct world *world = *state;
    _cleanup_close_ int web = stream_of(world, "web.service", NULL);
    unsigned written = 0, seen = 0;

    for (unsigned round = 0; round < 20; round++) {
        written += fill(web, "a line of web\n");
        while (loop_wait(world->loop, 0) > 0) /* until nothing moves but the patience */
            ;
        char part[4096];
        ssize_t n = read(world->output[0], part, sizeof(part) - 1);
        assert_true(n > 0);
        part[n] = 0;
        seen += count(part, "\n");
    }
    seen += count(take_output(world), "\n");
    assert_int_equal(seen, written);
    assert_int_equal(logs_dropped(world->logs, "web.service"), 0);
    assert_true(logs_next_deadline(world->logs) == USEC_INFINITY);
}

/* Nobody reads for longer than anybody is made to wait. */
static void lose_patience(struct world *world)
{
    while (loop_wait(world->loop, 0) > 0)
        ;
    usec_t deadline = logs_next_deadline(world->logs);
    assert_true(deadline != USEC_INFINITY);
    (void)loop_wait(world->loop, deadline);
    logs_tick(world->logs, now_monotonic());
}

static void nobody_waits_for_long_and_each_is_told_what_it_lost(void **state)
{
    struct world *world = *state;
    _cleanup_close_ int web = stream_of(world, "web.service", NULL),
                        db = stream_of(world, "db.service", NULL);
    unsigned written = 0, lost;
    struct collected last = {0};
    char expected[64];

    written += fill(web, "a line of web\n");
    while (loop_wait(world->loop, 0) > 0)
        written += fill(web, "a line of web\n");
    lose_patience(world);
    for (unsigned i = 0; i < 50; i++) { /* it could go on like this for ever */
        written += fill(web, "a line of web\n");
        while (loop_wait(world->loop, 0) > 0)
            ;
    }
    assert_int_equal(write_all(web, "the newest of web\n", 18), 0);
    /* The other one, who says little, has room. */
    assert_int_equal(write_all(db, "a word of db\n", 13), 0);
    while (loop_wait(world->loop, 0) > 0)
        ;
    assert_int_equal(logs_dropped(world->logs, "db.service"), 0);
    lost = (unsigned)logs_dropped(world->logs, "web.service");
    assert_true(lost > 0);
    assert_int_equal(logs_tail(world->logs, "web.service", 1, collect, &last), 0);
    assert_string_equal(last.text, "the newest of web;");

    char *text = take_output(world);
    (void)snprintf(expected, sizeof(expected), "web: %u lines were dropped", lost);
    assert_non_null(strstr(text, expected));
    assert_int_equal(count(text, "db: a word of db\n"), 1);
    assert_int_equal(count(text, "web: a line of web\n") + lost, written + 1);
    /* Somebody reads again: from here on all is as before. */
    logs_write(world->logs, "web.service", "and on");
    expect_output(world, "web: and on\n", 12);
}

static void those_who_say_too_much_leave_room_for_others(void **state)
{
    struct world *world = *state;
    int noisy[3] = {stream_of(world, "a.service", NULL), stream_of(world, "b.service", NULL),
                    stream_of(world, "c.service", NULL)};
    int quiet = stream_of(world, "quiet.service", NULL);

    for (unsigned i = 0; i < 40; i++) {
        FOREACH_ARRAY (fd, noisy, ELEMENTSOF(noisy))
            (void)fill(*fd, "too much of it\n");
        while (loop_wait(world->loop, 0) > 0)
            ;
        if (i == 10)
            lose_patience(world);
    }
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(write_all(quiet, "a quiet word\n", 13), 0);
    while (loop_wait(world->loop, 0) > 0)
        ;
    logs_write(world->logs, "a.service", "what we have to say of it");
    assert_int_equal(logs_dropped(world->logs, "quiet.service"), 0);
    char *text = take_output(world);
    assert_int_equal(count(text, "quiet: a quiet word\n"), 100);
    assert_int_equal(count(text, "a: what we have to say of it\n"), 1);
    FOREACH_ARRAY (fd, noisy, ELEMENTSOF(noisy))
        close_fd(*fd);
    close_fd(quiet);
}

static void a_service_that_ends_while_it_waits_loses_nothing(void **state)
{
    struct world *world = *state;
    int web = stream_of(world, "web.service", NULL);
    unsigned written = fill(web, "a line of web\n");

    while (loop_wait(world->loop, 0) > 0)
        written += fill(web, "a line of web\n");
    (void)!write(web, "its last", 8); /* if its pipe still has room */
    close_fd(web);
    logs_settle(world->logs, "web.service");
    logs_forget(world->logs, "web.service");
    assert_true(count(take_output(world), "web: a line of web\n") >= written);
}

static void rings_grow_with_their_lines_and_within_their_budget(void **state)
{
    struct log_ring rings[3] = {{0}};
    struct log_ring_budget budget = {.max = 3 * LOG_RING_MIN + LOG_RING_MAX};
    char text[200], scratch[LOG_LINE_MAX];
    struct log_line line = {.text = text, .size = sizeof(text)}, back;
    size_t cursor = 0;

    memset(text, 'r', sizeof(text));
    assert_int_equal(log_ring_add(&rings[0], &budget, &line), 0);
    assert_in_range(budget.used, sizeof(text), sizeof(text) + 32);
    assert_int_equal(log_ring_add(&rings[0], &budget, &line), 0);
    assert_int_equal(budget.used, LOG_RING_MIN);
    FOREACH_ARRAY (ring, rings, ELEMENTSOF(rings))
        for (line.sequence = 0; line.sequence < 1000; line.sequence++)
            assert_int_equal(log_ring_add(ring, &budget, &line), 0);
    assert_int_equal(rings[0].capacity, LOG_RING_MAX);
    assert_true(rings[2].capacity < LOG_RING_MAX && rings[2].n_lines > 0);
    assert_true(budget.used <= budget.max + ELEMENTSOF(rings) * LOG_RING_MIN);
    log_ring_next(&rings[0], &cursor, scratch, &back);
    assert_int_equal(back.sequence, 1000 - rings[0].n_lines);
    assert_int_equal(back.size, sizeof(text));
    assert_memory_equal(back.text, text, sizeof(text));
    FOREACH_ARRAY (ring, rings, ELEMENTSOF(rings))
        log_ring_done(ring, &budget);
    assert_int_equal(budget.used, 0);
}

static void lines_of_several_units_come_in_order_and_in_portions(void **state)
{
    struct world *world = *state;
    char a[] = "a.service", b[] = "b.service", *units[] = {a, b, NULL};
    struct collected some = {0};
    uint64_t sequence;

    for (unsigned i = 0; i < 6; i++) {
        const char text[2] = {(char)('0' + i)};
        logs_write(world->logs, i % 3 == 0 ? "c.service" : i % 2 ? "a.service" : "b.service", text);
    }
    assert_int_equal(logs_find_tail(world->logs, units, 3, &sequence), 0);
    assert_int_equal(logs_read(world->logs, units, &sequence, 2, collect, &some), 2);
    logs_write(world->logs, "b.service", "6");
    assert_int_equal(logs_read(world->logs, units, &sequence, 9, collect, &some), 2);
    assert_string_equal(some.text, "2;4;5;6;");
    assert_int_equal(logs_read(world->logs, units, &sequence, 9, collect, &some), 0);
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
        TEST(plain_lines_have_no_name_and_none_are_kept_only),
        cmocka_unit_test(times_stand_in_front_of_lines),
        cmocka_unit_test(json_has_all_that_is_known_of_a_line),
        cmocka_unit_test(json_escapes_what_is_no_text),
        cmocka_unit_test(prefixes_of_levels_are_told_from_text),
        TEST(levels_of_lines_are_kept_and_too_much_is_left_out),
        TEST(a_slow_reader_gets_every_line),
        TEST(nobody_waits_for_long_and_each_is_told_what_it_lost),
        TEST(those_who_say_too_much_leave_room_for_others),
        TEST(a_service_that_ends_while_it_waits_loses_nothing),
        cmocka_unit_test(rings_grow_with_their_lines_and_within_their_budget),
        TEST(lines_of_several_units_come_in_order_and_in_portions),
        TEST(what_is_in_the_pipes_at_the_end_is_written),
    };
    return cmocka_run_group_tests_name("platform-logs", tests, NULL, NULL);
}
