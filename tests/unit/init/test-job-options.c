/* What a user gets for the words behind berth-init. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text.h"
#include "init/options.h"

#define PARSE(options, ...)                                                                                  \
    ({                                                                                                       \
        static const char *const words[] = {"berth-init", __VA_ARGS__, NULL};                                \
        init_options_parse(options, ELEMENTSOF(words) - 1, (char *const *)words);                            \
    })

static void test_options_stop_at_the_command(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "-v", "sh", "-c", "--help"), 0);
    assert_int_equal(options.mode, MODE_JOB);
    assert_true(options.verbose);
    assert_string_equal(options.words[0], "sh");
    assert_string_equal(options.words[2], "--help");
    init_options_done(&options);
}

static void test_two_dashes_make_any_word_a_command(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "--", "verify"), 0);
    assert_int_equal(options.mode, MODE_JOB);
    assert_string_equal(options.words[0], "verify");
    assert_int_equal(PARSE(&options, "--single", "--", "--boot"), 0);
    assert_int_equal(options.mode, MODE_JOB);
    assert_string_equal(options.words[0], "--boot");
}

static void test_values_stand_behind_equals_or_in_the_next_word(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "--user=www:33", "-w", "/srv", "--stop-timeout", "2min", "x"), 0);
    assert_string_equal(options.user, "www:33");
    assert_string_equal(options.workdir, "/srv");
    assert_int_equal(options.stop_timeout, 2 * USEC_PER_MINUTE);
    assert_string_equal(options.words[0], "x");
    assert_int_equal(PARSE(&options, "-unobody", "x"), 0);
    assert_string_equal(options.user, "nobody");
}

static void test_boot_takes_its_unit_paths_in_order(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "--boot", "--unit-path=/a", "--unit-path", "/b", "--main=x.service"), 0);
    assert_int_equal(options.mode, MODE_BOOT);
    assert_int_equal(strv_length(options.unit_path), 2);
    assert_string_equal(options.unit_path[0], "/a");
    assert_string_equal(options.unit_path[1], "/b");
    assert_string_equal(options.main_unit, "x.service");
    assert_null(options.words);
    assert_false(options.stop_timeout_set);
    init_options_done(&options);
}

static void test_verify_takes_a_root_and_units(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "verify", "--root=/r", "a.service"), 0);
    assert_int_equal(options.mode, MODE_VERIFY);
    assert_string_equal(options.root, "/r");
    assert_string_equal(options.words[0], "a.service");
}

static void test_what_is_wrong_is_said_by_name(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "--nonsense", "x"), -EINVAL);
    assert_non_null(strstr(options.error, "--nonsense"));
    assert_int_equal(PARSE(&options, "--single=yes", "x"), -EINVAL);
    assert_non_null(strstr(options.error, "--single"));
    assert_int_equal(PARSE(&options, "--stop-timeout=soon", "x"), -EINVAL);
    assert_non_null(strstr(options.error, "soon"));
    assert_int_equal(PARSE(&options, "--user"), -EINVAL);
    assert_non_null(strstr(options.error, "USER"));
    assert_int_equal(PARSE(&options, "--unit-path=relative", "x"), -EINVAL);
    assert_int_equal(PARSE(&options, "-v"), -EINVAL);
    assert_non_null(strstr(options.error, "no command"));
    assert_int_equal(PARSE(&options, "--", ""), -EINVAL);
}

static void test_help_fits_a_screen(void **state)
{
    char *text = NULL;
    size_t size = 0, lines = 0, column = 0;
    FILE *out = open_memstream(&text, &size);

    init_options_help(out);
    assert_int_equal(fclose(out), 0);
    for (const char *c = text; *c; c++) {
        column = *c == '\n' ? 0 : column + 1;
        lines += *c == '\n';
        assert_true(column <= 100);
    }
    assert_in_range(lines, 10, 24);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_stop_at_the_command),
        cmocka_unit_test(test_two_dashes_make_any_word_a_command),
        cmocka_unit_test(test_values_stand_behind_equals_or_in_the_next_word),
        cmocka_unit_test(test_boot_takes_its_unit_paths_in_order),
        cmocka_unit_test(test_verify_takes_a_root_and_units),
        cmocka_unit_test(test_what_is_wrong_is_said_by_name),
        cmocka_unit_test(test_help_fits_a_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
