/* Records of the control protocol: what is written is what is read, whatever was sent. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/record.h"
#include "common/text.h"

static struct record record;

static void expect_next(char **cursor, size_t *size, const char *key, const char *value)
{
    char *k, *v;
    assert_int_equal(record_next(cursor, size, &k, &v), 1);
    assert_string_equal(k, key);
    assert_string_equal(v, value);
}

static void a_record_is_readable_lines(void **state)
{
    record_begin(&record, "unit");
    record_add(&record, "Id", "web.service");
    record_add(&record, "Missing", NULL);
    record_add(&record, "Empty", "");
    record_addf(&record, "Text", "%d\n%s", 7, "\x1b\\");
    record_add_u64(&record, "MainPID", 12);
    record_add_u64(&record, "MemoryCurrent", UINT64_MAX);
    record_add_bool(&record, "Ready", true);
    static const char expected[] = "Record=unit\nId=web.service\nEmpty=\nText=7\\n\\x1b\\\\\nMainPID=12\n"
                                   "MemoryCurrent=infinity\nReady=yes\n";
    assert_int_equal(record.size, strlen(expected));
    assert_memory_equal(record.data, expected, record.size);
    assert_false(record.truncated);
}

static void every_byte_comes_back(void **state)
{
    char all[256];
    for (size_t i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = 0;
    record_begin(&record, NULL);
    record_add(&record, "All", all);
    _cleanup_free_ char *copy = record_get(record.data, record.size, "All");
    assert_string_equal(copy, all);
    char *cursor = record.data;
    size_t size = record.size;
    expect_next(&cursor, &size, "All", all);
    assert_int_equal(size, 0);
}

static void random_values_come_back(void **state)
{
    uint64_t seed = 7;

    for (unsigned i = 0; i < 5000; i++) {
        char value[64];
        size_t n = test_random(&seed) % sizeof(value);
        for (size_t k = 0; k < n; k++)
            value[k] = (char)(test_random(&seed) % 255 + 1);
        value[n] = 0;
        record_begin(&record, "x");
        record_add(&record, "A", value);
        record_add(&record, "B", "end");
        char *cursor = record.data;
        size_t size = record.size;
        expect_next(&cursor, &size, "Record", "x");
        expect_next(&cursor, &size, "A", value);
        expect_next(&cursor, &size, "B", "end");
    }
}

static void a_long_value_is_cut_at_a_whole_character(void **state)
{
    for (size_t shift = 0; shift < 8; shift++) {
        char *value = malloc(CONTROL_PACKET_MAX * 2 + 1);
        assert_non_null(value);
        memset(value, 'x', shift);
        for (size_t i = shift; i + 3 <= CONTROL_PACKET_MAX * 2; i += 3)
            memcpy(value + i, "\xe2\x82\xac", 4);
        record_begin(&record, "log");
        record_add(&record, "Line", value);
        record_add(&record, "After", "no room");
        assert_true(record.truncated);
        assert_true(record.size <= CONTROL_PACKET_MAX && record.size > CONTROL_PACKET_MAX - 4);
        _cleanup_free_ char *line = record_get(record.data, record.size, "Line");
        assert_true(startswith(value, line));
        assert_int_equal((strlen(line) - shift) % 3, 0);
        free(value);
    }
}

static void an_escape_is_not_cut(void **state)
{
    static char value[CONTROL_PACKET_MAX];
    memset(value, '\x01', sizeof(value) - 1);

    record_begin(&record, NULL);
    record_add(&record, "L", value);
    assert_int_equal((record.size - strlen("L=\n")) % strlen("\\x01"), 0);
    _cleanup_free_ char *line = record_get(record.data, record.size, "L");
    assert_int_equal(strspn(line, "\x01"), strlen(line));
}

static void lines_that_are_none_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {
        {"no equals\n", 10}, {"Key=no newline", 14}, {"=value\n", 7},
        {"\n", 1},           {"Key=a\0b\n", 8},      {"K\0y=a\n", 6},
    };
    FOREACH_ARRAY (b, bad, ELEMENTSOF(bad)) {
        /* of exactly that size, so that a sanitizer sees what reads past it */
        _cleanup_free_ char *packet = malloc(b->size);
        memcpy(packet, b->bytes, b->size);
        char *cursor = packet, *key, *value;
        size_t size = b->size;
        assert_null(record_get(packet, b->size, "Key"));
        assert_int_equal(record_next(&cursor, &size, &key, &value), -EBADMSG);
    }
}

static void strange_escapes_stay_as_they_stand(void **state)
{
    char packet[] = "A=\\q \\x \\x4 \\xg1 \\x00 \\\nB=\\x41\n";
    char *cursor = packet;
    size_t size = strlen(packet);
    expect_next(&cursor, &size, "A", "\\q \\x \\x4 \\xg1 \\x00 \\");
    expect_next(&cursor, &size, "B", "A");
}

static void only_the_whole_key_is_found(void **state)
{
    static const char packet[] = "IdX=1\nId=2\nId=3\n";
    _cleanup_free_ char *value = record_get(packet, strlen(packet), "Id");
    assert_string_equal(value, "2");
    assert_null(record_get(packet, strlen(packet), "I"));
    assert_null(record_get(packet, strlen(packet), ""));
}

static void random_packets_are_survived(void **state)
{
    uint64_t seed = 11;

    for (unsigned i = 0; i < 20000; i++) {
        size_t size = test_random(&seed) % 48;
        _cleanup_free_ char *packet = malloc(size + 1);
        for (size_t k = 0; k < size; k++)
            packet[k] = "A=\n\\x0z\0"[test_random(&seed) % 8];
        free(record_get(packet, size, "A"));
        char *cursor = packet, *key, *value;
        size_t left = size;
        int r;
        while ((r = record_next(&cursor, &left, &key, &value)) > 0)
            assert_true(*key && cursor + left == packet + size);
        assert_true(r == -EBADMSG || (r == 0 && left == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_readable_lines),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(random_values_come_back),
        cmocka_unit_test(a_long_value_is_cut_at_a_whole_character),
        cmocka_unit_test(an_escape_is_not_cut),
        cmocka_unit_test(lines_that_are_none_are_refused),
        cmocka_unit_test(strange_escapes_stay_as_they_stand),
        cmocka_unit_test(only_the_whole_key_is_found),
        cmocka_unit_test(random_packets_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
