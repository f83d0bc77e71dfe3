/* Values as people write them. */
#include "test.h"

#include <errno.h>
#include <stdio.h>

#include "common/macro.h"
#include "common/parse.h"

#define UNTOUCHED 4711

static void numbers_are_whole_and_fit(void **state)
{
    static const struct {
        const char *text;
        int result;
        uint64_t value;
    } cases[] = {
        {"0", 0, 0},
        {"007", 0, 7},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", -ERANGE, UNTOUCHED},
        {"99999999999999999999999x", -EINVAL, UNTOUCHED},
        {"", -EINVAL, UNTOUCHED},
        {"-1", -EINVAL, UNTOUCHED},
        {"+1", -EINVAL, UNTOUCHED},
        {" 1", -EINVAL, UNTOUCHED},
        {"1 ", -EINVAL, UNTOUCHED},
        {"0x10", -EINVAL, UNTOUCHED},
    };
    FOREACH_ARRAY (c, cases, ELEMENTSOF(cases)) {
        uint64_t value = UNTOUCHED;
        assert_int_equal(parse_u64(c->text, &value), c->result);
        assert_int_equal(value, c->value);
    }
}

static void signed_numbers_keep_their_limits(void **state)
{
    int value = 0;
    assert_int_equal(parse_int("-2147483648", &value), 0);
    assert_int_equal(value, INT32_MIN);
    assert_int_equal(parse_int("+2147483647", &value), 0);
    assert_int_equal(value, INT32_MAX);
    assert_int_equal(parse_int("2147483648", &value), -ERANGE);
    assert_int_equal(parse_int("-2147483649", &value), -ERANGE);
    assert_int_equal(parse_int("--1", &value), -EINVAL);
    assert_int_equal(parse_int("-", &value), -EINVAL);
}

static void yes_and_no_have_the_words_of_systemd(void **state)
{
    static const char *const yes[] = {"1", "yes", "Y", "TRUE", "t", "on"};
    static const char *const no[] = {"0", "no", "N", "False", "f", "OFF"};
    bool value;

    for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
        assert_int_equal(parse_bool(yes[i], &value), 0);
        assert_true(value);
        assert_int_equal(parse_bool(no[i], &value), 0);
        assert_false(value);
    }
    assert_int_equal(parse_bool("", &value), -EINVAL);
    assert_int_equal(parse_bool("2", &value), -EINVAL);
    assert_int_equal(parse_bool("yess", &value), -EINVAL);
}

static void modes_are_octal(void **state)
{
    mode_t mode;
    assert_int_equal(parse_mode("0755", &mode), 0);
    assert_int_equal(mode, 0755);
    assert_int_equal(parse_mode("7777", &mode), 0);
    assert_int_equal(mode, 07777);
    assert_int_equal(parse_mode("10000", &mode), -ERANGE);
    assert_int_equal(parse_mode("99", &mode), -EINVAL);
    assert_int_equal(parse_mode("", &mode), -EINVAL);
    assert_int_equal(parse_mode("-1", &mode), -EINVAL);
}

static void sizes_count_in_1024(void **state)
{
    static const struct {
        const char *text;
        int result;
        uint64_t value;
    } cases[] = {
        {"512", 0, 512},
        {"512B", 0, 512},
        {"64M", 0, 64 << 20},
        {"1.5G", 0, 1610612736},
        {".5K", 0, 512},
        {"0.1K", 0, 102},
        {"15E", 0, UINT64_C(15) << 60},
        {"15.999999999E", 0, UINT64_C(18446744072556630111)},
        {"16E", -ERANGE, UNTOUCHED},
        {"1.5", -EINVAL, UNTOUCHED},
        {"1.K", -EINVAL, UNTOUCHED},
        {"K", -EINVAL, UNTOUCHED},
        {"1KB", -EINVAL, UNTOUCHED},
        {"1k", -EINVAL, UNTOUCHED},
        {"1 M", -EINVAL, UNTOUCHED},
        {"-1", -EINVAL, UNTOUCHED},
        {"", -EINVAL, UNTOUCHED},
        {"infinity", -EINVAL, UNTOUCHED},
    };
    FOREACH_ARRAY (c, cases, ELEMENTSOF(cases)) {
        uint64_t value = UNTOUCHED;
        assert_int_equal(parse_size(c->text, &value), c->result);
        assert_int_equal(value, c->value);
    }
}

static void no_number_is_taken_for_infinity(void **state)
{
    uint64_t value;
    assert_int_equal(parse_size_or_infinity("infinity", &value), 0);
    assert_int_equal(value, UINT64_MAX);
    assert_int_equal(parse_size_or_infinity("18446744073709551615", &value), -ERANGE);
    assert_int_equal(parse_size_or_infinity("1G", &value), 0);
    assert_int_equal(value, 1 << 30);
    usec_t span;
    assert_int_equal(parse_timespan("18446744073709551615us", USEC_PER_SEC, &span), -ERANGE);
}

static void percentages_have_two_decimals(void **state)
{
    unsigned value;
    assert_int_equal(parse_permyriad("12.5%", &value), 0);
    assert_int_equal(value, 1250);
    assert_int_equal(parse_permyriad("250%", &value), 0);
    assert_int_equal(value, 25000);
    assert_int_equal(parse_permyriad("0.01%", &value), 0);
    assert_int_equal(value, 1);
    assert_int_equal(parse_permyriad("0.001%", &value), -EINVAL);
    assert_int_equal(parse_permyriad("12", &value), -EINVAL);
    assert_int_equal(parse_permyriad("%", &value), -EINVAL);
    assert_int_equal(parse_permyriad("-1%", &value), -EINVAL);
    assert_int_equal(parse_permyriad("99999999999%", &value), -ERANGE);
}

/* The values are systemd-analyze's (timespan). */
static void time_spans_mean_what_systemd_says(void **state)
{
    static const struct {
        const char *text;
        int result;
        usec_t value;
    } cases[] = {
        {"5", 0, 5000000},
        {"+5", 0, 5000000},
        {".5", 0, 500000},
        {"5 6", 0, 11000000},
        {"5 s", 0, 5000000},
        {"1.5h", 0, UINT64_C(5400000000)},
        {"5min 20s", 0, 320000000},
        {"55s500ms", 0, 55500000},
        {"300ms20s 5day", 0, UINT64_C(432020300000)},
        {"1y 12month", 0, UINT64_C(63115200000000)},
        {"5month", 0, UINT64_C(13149000000000)},
        {" 3 min ", 0, 180000000},
        {"12.34s.56", 0, 12900000},
        {"1.123456789s", 0, 1123456},
        {"5ms3", 0, 3005000},
        {"5\xc2\xb5s", 0, 5},
        {"5\xce\xbcs", 0, 5},
        {"0", 0, 0},
        {" infinity ", 0, USEC_INFINITY},
        {"", -EINVAL, UNTOUCHED},
        {"  ", -EINVAL, UNTOUCHED},
        {"1.", -EINVAL, UNTOUCHED},
        {"1.h", -EINVAL, UNTOUCHED},
        {"1e3", -EINVAL, UNTOUCHED},
        {"0x5", -EINVAL, UNTOUCHED},
        {"12.34.56", -EINVAL, UNTOUCHED},
        {"infinity s", -EINVAL, UNTOUCHED},
        {"5S", -EINVAL, UNTOUCHED},
        {"5ns", -EINVAL, UNTOUCHED},
        {"1h,2", -EINVAL, UNTOUCHED},
        {"h", -EINVAL, UNTOUCHED},
        {"-1", -ERANGE, UNTOUCHED},
        {"9999999y", -ERANGE, UNTOUCHED},
        {"584542y 1y", -ERANGE, UNTOUCHED},
    };
    FOREACH_ARRAY (c, cases, ELEMENTSOF(cases)) {
        usec_t value = UNTOUCHED;
        assert_int_equal(parse_timespan(c->text, USEC_PER_SEC, &value), c->result);
        assert_int_equal(value, c->value);
    }
}

static void a_bare_number_takes_the_unit_of_its_option(void **state)
{
    usec_t value;
    assert_int_equal(parse_timespan("20", USEC_PER_MSEC, &value), 0);
    assert_int_equal(value, 20000);
    assert_int_equal(parse_timespan("20s", USEC_PER_MSEC, &value), 0);
    assert_int_equal(value, 20000000);
}

static void time_spans_are_printed_short(void **state)
{
    static const struct {
        usec_t span;
        const char *text;
    } cases[] = {
        {0, "0"},
        {USEC_INFINITY, "infinity"},
        {1, "1us"},
        {1500, "1.5ms"},
        {1500000, "1.5s"},
        {90 * USEC_PER_SEC, "1min 30s"},
        {90 * USEC_PER_MINUTE, "1h 30min"},
        {USEC_PER_DAY + 1, "1d 1us"},
        {USEC_PER_HOUR + 30000000 + 1, "1h 30.000001s"},
    };
    FOREACH_ARRAY (c, cases, ELEMENTSOF(cases)) {
        char text[FORMAT_TIMESPAN_MAX];
        assert_string_equal(format_timespan(text, c->span), c->text);
    }
}

static void every_time_span_reads_back_from_its_text(void **state)
{
    uint64_t seed = 42;

    for (unsigned i = 0; i < 200000; i++) {
        char text[FORMAT_TIMESPAN_MAX];
        usec_t back, span = test_random(&seed) >> (i % 64);
        format_timespan(text, span);
        assert_int_equal(parse_timespan(text, USEC_PER_SEC, &back), 0);
        assert_int_equal(back, span);
    }
}

static void sizes_are_printed_for_a_person(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0B"},
        {1023, "1023B"},
        {1024, "1.0K"},
        {1536, "1.5K"},
        {12897485, "12.3M"},
        {(1 << 20) - 1, "1023.9K"},
        {UINT64_MAX - 1, "15.9E"},
        {UINT64_MAX, "infinity"},
    };
    FOREACH_ARRAY (c, cases, ELEMENTSOF(cases)) {
        char text[FORMAT_SIZE_MAX];
        assert_string_equal(format_size(text, c->bytes), c->text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_whole_and_fit),
        cmocka_unit_test(signed_numbers_keep_their_limits),
        cmocka_unit_test(yes_and_no_have_the_words_of_systemd),
        cmocka_unit_test(modes_are_octal),
        cmocka_unit_test(sizes_count_in_1024),
        cmocka_unit_test(no_number_is_taken_for_infinity),
        cmocka_unit_test(percentages_have_two_decimals),
        cmocka_unit_test(time_spans_mean_what_systemd_says),
        cmocka_unit_test(a_bare_number_takes_the_unit_of_its_option),
        cmocka_unit_test(time_spans_are_printed_short),
        cmocka_unit_test(every_time_span_reads_back_from_its_text),
        cmocka_unit_test(sizes_are_printed_for_a_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
