/* What a person reads when a step of the launcher fails. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* launcher/failure.h has its own */

#include "launcher/failure.h"

static void test_first_cause_is_what_the_user_reads(void **state)
{
    struct failure failure = {0};

    assert_int_equal(fail(&failure, -ENOENT, "root %s: missing", "/srv/a"), -ENOENT);
    assert_int_equal(fail(&failure, -EIO, "start failed"), -EIO);
    assert_int_equal(failure.error, -ENOENT);
    assert_string_equal(failure.text, "root /srv/a: missing");
}

static void test_errno_in_the_sentence_is_the_failure_s_own(void **state)
{
    struct failure failure = {0};

    errno = EPERM;
    fail(&failure, -ENOSPC, "upper: %m");
    assert_string_equal(failure.text, "upper: No space left on device");
}

static void test_foreign_words_cannot_break_the_line_or_the_terminal(void **state)
{
    struct failure failure = {0};

    fail(&failure, -EIO, "%s", "one\ntwo\033[2Jthree\x7f");
    assert_string_equal(failure.text, "one two [2Jthree ");
}

static void test_a_long_sentence_is_cut_not_overflowed(void **state)
{
    struct failure failure = {0};
    char path[4096];

    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    fail(&failure, -ENAMETOOLONG, "%s", path);
    assert_int_equal(strlen(failure.text), sizeof(failure.text) - 1);
}

static void test_callers_without_a_failure_get_the_errno(void **state)
{
    assert_int_equal(fail(NULL, -EBUSY, "busy"), -EBUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_cause_is_what_the_user_reads),
        cmocka_unit_test(test_errno_in_the_sentence_is_the_failure_s_own),
        cmocka_unit_test(test_foreign_words_cannot_break_the_line_or_the_terminal),
        cmocka_unit_test(test_a_long_sentence_is_cut_not_overflowed),
        cmocka_unit_test(test_callers_without_a_failure_get_the_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
