/* The text of a handover: what is written is read, and what is no line costs that line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/manager/handover.h"

#include <cmocka.h>

static void read_text(struct handover_reader *reader, char *text, int expected)
{
    assert_int_equal(handover_read(reader, text, strlen(text)), expected);
}

static void any_byte_is_read_as_it_was_written(void **state)
{
    char bytes[256];
    struct handover handover;
    struct handover_reader reader;
    struct handover_line line;
    size_t cursor = 0;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    handover_begin(&handover);
    handover_section(&handover, "unit", "a\\x2d.service");
    handover_add_bytes(&handover, "All", bytes, sizeof(bytes));
    handover_add(&handover, "Nothing", NULL);
    handover_add_u64(&handover, "Zero", 0);
    handover_add_u64(&handover, "Most", UINT64_MAX);
    assert_int_equal(handover_end(&handover), 0);
    assert_int_equal(handover_read(&reader, handover.data, handover.size), 0);
    struct handover_section *section = handover_find(&reader, "unit", &cursor);
    assert_non_null(section);
    assert_string_equal(section->name, "a\\x2d.service");
    assert_true(handover_next(&reader, section, &line));
    assert_string_equal(line.key, "All");
    assert_int_equal(line.size, sizeof(bytes));
    assert_memory_equal(line.value, bytes, sizeof(bytes));
    assert_true(handover_next(&reader, section, &line));
    assert_string_equal(line.key, "Most");
    assert_string_equal(line.value, "18446744073709551615");
    assert_false(handover_next(&reader, section, &line));
    assert_int_equal(reader.n_bad, 0);
    handover_reader_done(&reader);
    handover_done(&handover);
}

static void a_descriptor_is_given_once_and_only_if_it_was_handed_over(void **state)
{
    struct handover handover;
    struct handover_reader reader;
    const char *rest;

    handover_begin(&handover);
    handover_section(&handover, "x", NULL);
    handover_add_fd(&handover, "Stream", 17, "and more");
    handover_add_fd(&handover, "None", -EBADF, NULL);
    assert_int_equal(handover_end(&handover), 0);
    assert_int_equal(handover_read(&reader, handover.data, handover.size), 0);
    assert_int_equal(reader.n_fds, 1);
    assert_int_equal(handover_take_fd(&reader, "18", NULL), -EBADF);
    assert_int_equal(handover_take_fd(&reader, "17 and more", &rest), 17);
    assert_string_equal(rest, "and more");
    assert_int_equal(handover_take_fd(&reader, "17 and more", &rest), -EBADF);
    assert_int_equal(handover_take_fd(&reader, "", &rest), -EBADF);
    assert_int_equal(reader.n_bad, 3);
    handover_reader_done(&reader);
    handover_done(&handover);
}

static void standard_streams_are_never_handed_over(void **state)
{
    char text[] = "berth-handover 1\n[descriptors]\nKeep=0\nKeep=2\nKeep=-1\nKeep=x\nOther=7\n";
    struct handover_reader reader;

    read_text(&reader, text, 0);
    assert_int_equal(reader.n_fds, 0);
    assert_int_equal(reader.n_bad, 5);
    handover_reader_done(&reader);
}

static void what_is_no_line_costs_that_line(void **state)
{
    char text[] =
        "berth-handover 1\nlost=1\n[]\n[a b]\n=1\nno value\nbad=\\x0\ngood=1\n[a\n[a c]\nx=2\ncut off=";
    struct handover_reader reader;
    struct handover_line line;
    size_t cursor = 0;

    read_text(&reader, text, 0);
    struct handover_section *section = handover_find(&reader, "a", &cursor);
    assert_non_null(section);
    assert_string_equal(section->name, "b");
    assert_true(handover_next(&reader, section, &line));
    assert_string_equal(line.key, "good");
    assert_false(handover_next(&reader, section, &line));
    section = handover_find(&reader, "a", &cursor);
    assert_non_null(section);
    assert_string_equal(section->name, "c");
    assert_true(handover_next(&reader, section, &line));
    assert_string_equal(line.value, "2");
    assert_false(handover_next(&reader, section, &line));
    assert_null(handover_find(&reader, "a", &cursor));
    assert_true(reader.n_bad >= 6);
    handover_reader_done(&reader);
}

static void what_begins_otherwise_is_no_handover(void **state)
{
    char other[] = "something else\n[unit a.service]\n", none[] = "berth-handover",
         letter[] = "berth-handover x\n";
    struct handover_reader reader;

    read_text(&reader, other, -EBADMSG);
    handover_reader_done(&reader);
    read_text(&reader, none, -EBADMSG);
    handover_reader_done(&reader);
    read_text(&reader, letter, -EBADMSG);
    handover_reader_done(&reader);
}

static void numbers_are_read_one_behind_the_other(void **state)
{
    const char *text = "1 18446744073709551615 3", *bad = "1x", *many = "18446744073709551616";
    uint64_t number;

    assert_true(handover_number(&text, &number));
    assert_int_equal(number, 1);
    assert_true(handover_number(&text, &number));
    assert_true(number == UINT64_MAX);
    assert_true(handover_number(&text, &number));
    assert_string_equal(text, "");
    assert_false(handover_number(&text, &number));
    assert_false(handover_number(&bad, &number));
    assert_false(handover_number(&many, &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_byte_is_read_as_it_was_written),
        cmocka_unit_test(a_descriptor_is_given_once_and_only_if_it_was_handed_over),
        cmocka_unit_test(standard_streams_are_never_handed_over),
        cmocka_unit_test(what_is_no_line_costs_that_line),
        cmocka_unit_test(what_begins_otherwise_is_no_handover),
        cmocka_unit_test(numbers_are_read_one_behind_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
