/* Variables in command lines, and the files they come from; expectations were measured on systemd 252. */
#include "tests/unit/init/unit-fixture.h"

#include "init/unit/expand.h"

static const char *const environment[] = {"A=one", "B=two  words", "E=", "Q='a b' c\\ d", "M=x", NULL};

static void assert_expands(const char *command_line, const char *expected)
{
    _cleanup_free_ char *text = xasprintf("[Service]\nExecStart=%s\n", command_line);
    _cleanup_unit_ struct unit *unit = load_text_as("x.service", text);
    _cleanup_strv_ char **argv = NULL;

    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_int_equal(
        exec_command_expand(unit->commands->of[COMMAND_START], (char *const *)environment, &argv), 0);
    assert_strv(argv, expected);
}

static void a_variable_as_a_word_splits(void **state)
{
    assert_expands("/x $B", "[/x] [two] [words]");
}

static void quotes_do_not_keep_it_together(void **state)
{
    assert_expands("/x \"$B\"", "[/x] [two] [words]");
}

static void braces_keep_it_together(void **state)
{
    assert_expands("/x ${B} a${A}b", "[/x] [two  words] [aoneb]");
}

static void an_unset_variable_vanishes_and_in_braces_is_empty(void **state)
{
    assert_expands("/x $U ${U} $E", "[/x] []");
}

static void inside_a_word_only_braces_expand(void **state)
{
    assert_expands("/x x$A x$Uy", "[/x] [x$A] [x$Uy]");
}

static void two_dollars_are_one(void **state)
{
    assert_expands("/x $$A a$$b $${A}", "[/x] [$A] [a$b] [${A}]");
}

static void an_open_brace_is_text(void **state)
{
    assert_expands("/x ${A", "[/x] [${A]");
}

static void defaults_are_the_shells(void **state)
{
    assert_expands("/x ${U:-x} ${A:+y}${A}", "[/x] [${U:-x}] [${A:+y}one]");
}

static void quotes_in_the_value_count_when_it_splits(void **state)
{
    assert_expands("/x $Q ${Q}", "[/x] [a b] [c d] ['a b' c\\ d]");
}

static void a_colon_leaves_dollars_alone(void **state)
{
    assert_expands(":/x $A ${A} $$", "[/x] [$A] [${A}] [$$]");
}

static void assert_file(const char *text, const char *expected)
{
    _cleanup_strv_ char **env = NULL;
    assert_int_equal(environment_file_parse(text, strlen(text), &env), 0);
    assert_strv(env, expected);
}

static void assignments_and_comments(void **state)
{
    assert_file("# c\n; c\nA=1\n  B = 2  \n\nC=", "[A=1] [B=2] [C=]");
}

static void a_hash_behind_a_value_stays(void **state)
{
    assert_file("A=b # c\n", "[A=b # c]");
}

static void export_and_odd_keys_are_dropped(void **state)
{
    assert_file("export A=1\n2B=1\nC-D=1\nnothing\nE=1\n", "[E=1]");
}

static void quotes_in_environment_files(void **state)
{
    assert_file("A=\"b c\"\nB='d \"e'\nC=\"f\" \"g\"\nD=h\"i\"\n", "[A=b c] [B=d \"e] [C=fg] [D=h\"i\"]");
}

static void escapes_in_environment_files(void **state)
{
    assert_file("A=\"\\\"\\$\\x\"\nB=a\\ b\\\\\nC=x\\\ny\nD=\"x\\\ny\"\nE=a\\ \n",
                "[A=\"$\\x] [B=a b\\] [C=xy] [D=xy] [E=a ]");
}

static void a_quoted_value_may_span_lines(void **state)
{
    assert_file("A=\"b\nc\"\nB='d\ne'\n", "[A=b\nc] [B=d\ne]");
}

static void the_last_assignment_wins(void **state)
{
    assert_file("A=1\nA=2\n", "[A=2]");
}

static void an_open_quote_ends_with_the_file(void **state)
{
    assert_file("A=\"b", "[A=b]");
    assert_file("A='b", "[A=b]");
    assert_file("A=b\\", "[A=b]");
}

static void a_shell_gets_the_command_as_one_quoted_text(void **state)
{
    static const struct {
        const char *words[4], *shell;
        bool login;
        const char *expected;
    } forms[] = {
        {{"echo", "two words", "it's", NULL},
         "/bin/sh",
         false,
         "[/bin/sh] [-c] [echo 'two words' 'it'\\''s']"},
        {{"/bin/a", "", "$x", NULL}, "/bin/bash", true, "[-bash] [-c] [/bin/a '' '$x']"},
        {{"", NULL}, "/bin/sh", true, "[-sh]"},
    };

    FOREACH_ARRAY (form, forms, ELEMENTSOF(forms)) {
        _cleanup_strv_ char **argv = NULL;
        assert_int_equal(shell_command((char *const *)form->words, form->shell, form->login, &argv), 0);
        assert_strv(argv, form->expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variable_as_a_word_splits),
        cmocka_unit_test(quotes_do_not_keep_it_together),
        cmocka_unit_test(braces_keep_it_together),
        cmocka_unit_test(an_unset_variable_vanishes_and_in_braces_is_empty),
        cmocka_unit_test(inside_a_word_only_braces_expand),
        cmocka_unit_test(two_dollars_are_one),
        cmocka_unit_test(an_open_brace_is_text),
        cmocka_unit_test(defaults_are_the_shells),
        cmocka_unit_test(quotes_in_the_value_count_when_it_splits),
        cmocka_unit_test(a_colon_leaves_dollars_alone),
        cmocka_unit_test(assignments_and_comments),
        cmocka_unit_test(a_hash_behind_a_value_stays),
        cmocka_unit_test(export_and_odd_keys_are_dropped),
        cmocka_unit_test(quotes_in_environment_files),
        cmocka_unit_test(escapes_in_environment_files),
        cmocka_unit_test(a_quoted_value_may_span_lines),
        cmocka_unit_test(the_last_assignment_wins),
        cmocka_unit_test(an_open_quote_ends_with_the_file),
        cmocka_unit_test(a_shell_gets_the_command_as_one_quoted_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
