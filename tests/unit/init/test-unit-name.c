/* Names of units; the expected escapes are what systemd-escape(1) prints. */
#include "tests/unit/init/unit-fixture.h"

#include "init/unit/name.h"

static void names_with_a_known_type_are_valid(void **state)
{
    assert_true(unit_name_is_valid("nginx.service"));
    assert_true(unit_name_is_valid("getty@tty1.service"));
    assert_true(unit_name_is_valid("getty@.service"));
    assert_true(unit_name_is_valid("-.slice"));
    assert_true(unit_name_is_valid("a:b_c\\x2d.d.socket"));
    assert_true(unit_name_is_valid("a@b@c.service"));
}

static void other_names_are_not(void **state)
{
    assert_false(unit_name_is_valid(""));
    assert_false(unit_name_is_valid("nginx"));
    assert_false(unit_name_is_valid(".service"));
    assert_false(unit_name_is_valid("@x.service"));
    assert_false(unit_name_is_valid("a/b.service"));
    assert_false(unit_name_is_valid("a b.service"));
    assert_false(unit_name_is_valid("x.conf"));
    char name[300];
    memset(name, 'a', sizeof(name));
    strcpy(name + 248, ".service");
    assert_false(unit_name_is_valid(name));
    assert_true(unit_name_is_valid(name + 1));
}

static void a_template_is_told_from_its_instance(void **state)
{
    assert_true(unit_name_is_template("a@.service"));
    assert_false(unit_name_is_template("a@b.service"));
    assert_true(unit_name_is_instance("a@b.service"));
    assert_false(unit_name_is_instance("a.service"));
}

static void only_types_that_run_have_a_number(void **state)
{
    assert_int_equal(unit_name_type("a.service"), UNIT_SERVICE);
    assert_int_equal(unit_name_type("a.slice"), UNIT_SLICE);
    assert_int_equal(unit_name_type("a.socket"), -EINVAL);
}

static void assert_taken(int r, char *text, const char *expected)
{
    _cleanup_free_ char *taken = text;
    assert_int_equal(r, 0);
    assert_string_equal(taken, expected);
}

#define assert_makes(function, text, expected)                                                               \
    do {                                                                                                     \
        char *made = NULL;                                                                                   \
        int result = function(text, &made);                                                                  \
        assert_taken(result, made, expected);                                                                \
    } while (0)

static void the_parts_of_a_name(void **state)
{
    assert_makes(unit_name_prefix, "a-b@c.service", "a-b");
    assert_makes(unit_name_prefix, "a.b.service", "a.b");
    assert_makes(unit_name_instance, "a@b.c@d.service", "b.c@d");
    assert_makes(unit_name_instance, "a.service", "");
    assert_makes(unit_name_template, "a@b.service", "a@.service");
    char *none = NULL;
    assert_int_equal(unit_name_template("a.service", &none), -EINVAL);
}

static void text_is_escaped_as_systemd_does(void **state)
{
    assert_makes(unit_name_escape, "a b/c.d-e\\", "a\\x20b-c.d\\x2de\\x5c");
    assert_makes(unit_name_escape, ".foo", "\\x2efoo");
    assert_makes(unit_name_escape, "", "");
    assert_makes(unit_name_unescape, "a\\x20b-c", "a b/c");
    char *none = NULL;
    assert_int_equal(unit_name_unescape("a\\x2", &none), -EINVAL);
    assert_int_equal(unit_name_unescape("a\\n", &none), -EINVAL);
}

static void paths_are_escaped_as_systemd_does(void **state)
{
    assert_makes(unit_name_escape_path, "/var/lib//x/", "var-lib-x");
    assert_makes(unit_name_escape_path, "/", "-");
    assert_makes(unit_name_escape_path, "/.x", "\\x2ex");
    char *none = NULL;
    assert_int_equal(unit_name_escape_path("/a/../b", &none), -EINVAL);
}

static void what_a_user_types_becomes_a_name(void **state)
{
    assert_makes(unit_name_mangle, "nginx", "nginx.service");
    assert_makes(unit_name_mangle, "foo bar", "foo\\x20bar.service");
    assert_makes(unit_name_mangle, "a@b", "a@b.service");
    assert_makes(unit_name_mangle, "x.target", "x.target");
    char *none = NULL;
    assert_int_equal(unit_name_mangle("", &none), -EINVAL);
    assert_int_equal(unit_name_mangle("@", &none), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_with_a_known_type_are_valid),
        cmocka_unit_test(other_names_are_not),
        cmocka_unit_test(a_template_is_told_from_its_instance),
        cmocka_unit_test(only_types_that_run_have_a_number),
        cmocka_unit_test(the_parts_of_a_name),
        cmocka_unit_test(text_is_escaped_as_systemd_does),
        cmocka_unit_test(paths_are_escaped_as_systemd_does),
        cmocka_unit_test(what_a_user_types_becomes_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
