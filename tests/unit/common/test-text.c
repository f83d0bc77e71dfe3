/* Strings, vectors of strings, environment blocks, and what of a text may reach a terminal. */
#include "test.h"

#include <errno.h>
#include <stdio.h>

#include "common/text.h"

static void prefixes_and_suffixes_are_found(void **state)
{
    assert_string_equal(startswith("web.service", "web"), ".service");
    assert_null(startswith("we", "web"));
    assert_string_equal(endswith("web.service", ".service"), ".service");
    assert_null(endswith("service", ".service"));
}

static void a_vector_keeps_its_strings_at_every_length(void **state)
{
    for (size_t length = 0; length < 40; length++) {
        _cleanup_strv_ char **strv = NULL;
        for (size_t i = 0; i < length; i++) {
            char text[16];
            snprintf(text, sizeof(text), "%zu", i);
            assert_int_equal(strv_append(&strv, text), 0);
        }
        _cleanup_strv_ char **copy = strv_copy(strv);
        assert_int_equal(strv_length(strv), length);
        assert_int_equal(strv_length(copy), length);
        for (size_t i = 0; i < length; i++)
            assert_string_equal(strv[i], copy[i]);
        assert_int_equal(strv_append(&copy, "one more"), 0);
        assert_true(strv_contains(copy, "one more"));
        assert_false(strv_contains(strv, "one more"));
    }
}

static void a_text_is_split_at_runs_of_separators(void **state)
{
    _cleanup_strv_ char **strv = NULL;
    assert_int_equal(strv_split("::a:b::c:", ":", &strv), 0);
    assert_int_equal(strv_length(strv), 3);
    assert_string_equal(strv[2], "c");
}

static void strings_are_sorted_and_kept_once(void **state)
{
    _cleanup_strv_ char **strv = NULL, **wanted = NULL;

    strv_sort(NULL);
    assert_int_equal(strv_split("b a-1 b a B b", " ", &strv), 0);
    assert_int_equal(strv_split("B a a-1 b", " ", &wanted), 0);
    strv_sort(strv);
    assert_true(strv_equal(strv, wanted));
}

static void a_variable_is_set_replaced_and_unset(void **state)
{
    _cleanup_strv_ char **env = NULL;
    assert_int_equal(strv_env_set(&env, "A=1"), 0);
    assert_int_equal(strv_env_set(&env, "AB=2"), 0);
    assert_int_equal(strv_env_set(&env, "A=3"), 0);
    assert_int_equal(strv_length(env), 2);
    assert_string_equal(strv_env_get(env, "A"), "3");
    assert_int_equal(strv_env_set(&env, "=x"), -EINVAL);
    assert_int_equal(strv_env_set(&env, "noassignment"), -EINVAL);
    strv_env_unset(env, "A");
    assert_null(strv_env_get(env, "A"));
    assert_string_equal(strv_env_get(env, "AB"), "2");
}

static void characters_are_told_from_bytes_that_are_none(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        uint32_t code;
    } cases[] = {
        {"a", 1, 'a'},
        {"\xc3\xa4", 2, 0xe4},
        {"\xe2\x82\xac", 3, 0x20ac},
        {"\xf0\x9f\x90\xb3", 4, 0x1f433},
        {"", 0, 0},
        {"\x80", 0, 0},
        {"\xc3", 0, 0},             /* cut off */
        {"\xc0\xaf", 0, 0},         /* overlong */
        {"\xe0\x80\xaf", 0, 0},     /* overlong */
        {"\xed\xa0\x80", 0, 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 0, 0}, /* past U+10FFFF */
        {"\xff", 0, 0},
    };
    FOREACH_ARRAY (c, cases, ELEMENTSOF(cases)) {
        uint32_t code = 0;
        assert_int_equal(utf8_decode(c->text, &code), c->length);
        assert_int_equal(code, c->code);
    }
}

static void nothing_that_a_terminal_acts_on_is_left(void **state)
{
    char text[] = "ok \x1b[31m \xc2\x9b \x7f \xff \xc3\xa4";
    blank_control_characters(text);
    assert_string_equal(text, "ok ?[31m ?? ? ? \xc3\xa4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_and_suffixes_are_found),
        cmocka_unit_test(a_vector_keeps_its_strings_at_every_length),
        cmocka_unit_test(a_text_is_split_at_runs_of_separators),
        cmocka_unit_test(strings_are_sorted_and_kept_once),
        cmocka_unit_test(a_variable_is_set_replaced_and_unset),
        cmocka_unit_test(characters_are_told_from_bytes_that_are_none),
        cmocka_unit_test(nothing_that_a_terminal_acts_on_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
