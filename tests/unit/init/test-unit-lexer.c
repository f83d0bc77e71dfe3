/* Lines of a unit file. */
#include "tests/unit/init/unit-fixture.h"

#include "init/unit/lexer.h"

/* "TOKEN@LINE key=value" a token, joined by "|". */
static char *tokens(const char *text, size_t size)
{
    static char result[1024];
    struct lexer lexer;
    enum lexer_token token;

    result[0] = 0;
    assert_int_equal(lexer_init(&lexer, text, size, UNIT_FILE_MAX), 0);
    while ((token = lexer_next(&lexer)) != LEXER_END) {
        char *end = result + strlen(result);
        size_t left = sizeof(result) - (size_t)(end - result);
        if (token == LEXER_SECTION)
            (void)snprintf(end, left, "|%u[%s]", lexer.line, lexer.key);
        else if (token == LEXER_ASSIGNMENT)
            (void)snprintf(end, left, "|%u %s=%s", lexer.line, lexer.key, lexer.value);
        else
            (void)snprintf(end, left, "|%u %s", lexer.line, token == LEXER_BROKEN ? "broken" : "bad");
        if (token == LEXER_BROKEN)
            break;
    }
    lexer_done(&lexer);
    return result;
}

#define assert_tokens(text, expected) assert_string_equal(tokens(text, sizeof(text) - 1), expected)

static void sections_and_assignments_have_their_lines(void **state)
{
    assert_tokens("[Unit]\nA=1\n\n# note\n[Service]\n B = x y \n", "|1[Unit]|2 A=1|5[Service]|6 B=x y");
}

static void the_last_line_needs_no_newline(void **state)
{
    assert_tokens("[A]\nB=c", "|1[A]|2 B=c");
}

static void both_kinds_of_comments_are_skipped(void **state)
{
    assert_tokens("# a=b\n; c=d\n  # e\nx=y", "|4 x=y");
}

static void a_hash_behind_a_value_belongs_to_it(void **state)
{
    assert_tokens("a=b # c", "|1 a=b # c");
}

static void a_backslash_joins_lines_with_one_blank(void **state)
{
    assert_tokens("a=b\\\n   c\nd=e", "|1 a=b c|3 d=e");
}

static void a_continuation_line_may_hold_comments(void **state)
{
    assert_tokens("a=b \\\n# no\n; no\nc\nd=e", "|1 a=b  c|5 d=e");
}

static void an_empty_line_ends_a_continuation(void **state)
{
    assert_tokens("a=b \\\n\nc=d", "|1 a=b|3 c=d");
}

static void two_backslashes_do_not_continue(void **state)
{
    assert_tokens("a=b\\\\\nc=d", "|1 a=b\\\\|2 c=d");
}

static void a_backslash_at_the_end_of_the_file_is_harmless(void **state)
{
    assert_tokens("a=b\\", "|1 a=b");
    assert_tokens("\\", "");
}

static void files_from_windows_are_read(void **state)
{
    assert_tokens("[A]\r\nb=c\\\r\nd\r\n", "|1[A]|2 b=c d");
}

static void a_byte_order_mark_is_skipped(void **state)
{
    assert_tokens("\xef\xbb\xbf[A]\nb=c", "|1[A]|2 b=c");
}

static void the_first_equals_sign_divides(void **state)
{
    assert_tokens("a=b=c", "|1 a=b=c");
    assert_tokens("a=", "|1 a=");
}

static void a_line_without_key_or_equals_sign_is_bad(void **state)
{
    assert_tokens("a\n=b\nc=d", "|1 bad|2 bad|3 c=d");
}

static void a_line_that_is_not_utf8_is_bad(void **state)
{
    assert_tokens("a=\xff\nb=\xc3\xa4\nc=\xed\xa0\x80\n", "|1 bad|2 b=\xc3\xa4|3 bad");
}

static void an_open_section_header_breaks_the_file(void **state)
{
    assert_tokens("[A\nb=c", "|1 broken");
    assert_tokens("[", "|1 broken");
}

static void a_nul_byte_is_refused(void **state)
{
    struct lexer lexer;
    assert_int_equal(lexer_init(&lexer, "a=\0b", 4, UNIT_FILE_MAX), -EILSEQ);
    lexer_done(&lexer);
}

static void a_file_over_the_limit_is_refused(void **state)
{
    struct lexer lexer;
    assert_int_equal(lexer_init(&lexer, "a=bc", 4, 3), -EFBIG);
    lexer_done(&lexer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_assignments_have_their_lines),
        cmocka_unit_test(the_last_line_needs_no_newline),
        cmocka_unit_test(both_kinds_of_comments_are_skipped),
        cmocka_unit_test(a_hash_behind_a_value_belongs_to_it),
        cmocka_unit_test(a_backslash_joins_lines_with_one_blank),
        cmocka_unit_test(a_continuation_line_may_hold_comments),
        cmocka_unit_test(an_empty_line_ends_a_continuation),
        cmocka_unit_test(two_backslashes_do_not_continue),
        cmocka_unit_test(a_backslash_at_the_end_of_the_file_is_harmless),
        cmocka_unit_test(files_from_windows_are_read),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(the_first_equals_sign_divides),
        cmocka_unit_test(a_line_without_key_or_equals_sign_is_bad),
        cmocka_unit_test(a_line_that_is_not_utf8_is_bad),
        cmocka_unit_test(an_open_section_header_breaks_the_file),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(a_file_over_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
