/* Command lines of services. */
#include "tests/unit/init/unit-fixture.h"

static struct unit *command_line(const char *value)
{
    _cleanup_free_ char *text = xasprintf("[Service]\nType=oneshot\nExecStart=%s\n", value);
    return load_text_as("x@in\\x2dst.service", text);
}

static void assert_command(const char *value, const char *path, const char *argv, unsigned flags)
{
    _cleanup_unit_ struct unit *unit = command_line(value);
    const struct exec_command *command = unit->commands->of[COMMAND_START];

    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_non_null(command);
    assert_string_equal(command->path, path);
    assert_strv(command->argv, argv);
    assert_int_equal(command->flags, flags);
}

static void assert_refused(const char *value, const char *reason)
{
    _cleanup_unit_ struct unit *unit = command_line(value);
    _cleanup_free_ char *expected = xasprintf("/etc/x:3: ExecStart=: %s", reason);
    assert_int_equal(unit->load_state, UNIT_BAD_SETTING);
    assert_string_equal(unit->load_error, expected);
}

static void words_are_split_and_quotes_taken_off(void **state)
{
    assert_command("/bin/a 'b c' \"d e\" f\"g h\"i", "/bin/a", "[/bin/a] [b c] [d e] [fg hi]", 0);
    assert_command("/bin/a '' \"\"", "/bin/a", "[/bin/a] [] []", 0);
}

static void escapes_are_decoded(void **state)
{
    assert_command("/a \"x\\ty\" \\x41\\102\\u00e4 a\\sb '\\\\'", "/a", "[/a] [x\ty] [AB\xc3\xa4] [a b] [\\]",
                   0);
}

static void specifiers_are_expanded_after_splitting(void **state)
{
    assert_command("/a %i %I %% %- x%", "/a", "[/a] [in\\x2dst] [in-st] [%] [%-] [x%]", 0);
    assert_refused("/a %z", "a % specifier cannot be expanded");
}

static void an_unknown_escape_stays(void **state)
{
    assert_command("/a x\\qy \"\\d+\"", "/a", "[/a] [x\\qy] [\\d+]", 0);
}

static void each_prefix_has_its_meaning(void **state)
{
    assert_command("-/a", "/a", "[/a]", EXEC_IGNORE_FAILURE);
    assert_command("+/a", "/a", "[/a]", EXEC_FULL_PRIVILEGES);
    assert_command("!/a", "/a", "[/a]", EXEC_NO_SETUID);
    assert_command("!!/a", "/a", "[/a]", EXEC_AMBIENT_MAGIC);
    assert_command(":/a", "/a", "[/a]", EXEC_NO_EXPANSION);
    assert_command("@/a b c", "/a", "[b] [c]", 0);
    assert_command("|a b", "a", "[a] [b]", EXEC_VIA_SHELL);
    assert_command("|@./a//b c", "./a//b", "[./a//b] [c]", EXEC_VIA_SHELL | EXEC_LOGIN_SHELL);
    assert_command("@|", "", "[]", EXEC_VIA_SHELL | EXEC_LOGIN_SHELL);
    assert_command("-@:+/a b", "/a", "[b]", EXEC_IGNORE_FAILURE | EXEC_NO_EXPANSION | EXEC_FULL_PRIVILEGES);
}

static void a_semicolon_alone_divides_commands(void **state)
{
    _cleanup_unit_ struct unit *unit = command_line("/a b; c ; -/d \\; e ;");
    const struct exec_command *first = unit->commands->of[COMMAND_START], *second = first->next;

    assert_strv(first->argv, "[/a] [b;] [c]");
    assert_strv(second->argv, "[/d] [;] [e]");
    assert_int_equal(second->flags, EXEC_IGNORE_FAILURE);
    assert_null(second->next);
}

static void a_plain_name_is_looked_up_later(void **state)
{
    assert_command("find / -x", "find", "[find] [/] [-x]", 0);
}

static void doubled_slashes_go(void **state)
{
    assert_command("/usr//bin/./a", "/usr/bin/a", "[/usr/bin/a]", 0);
}

static void the_line_is_in_the_error(void **state)
{
    assert_refused("bin/a", "the program is neither an absolute path nor a plain name");
    assert_refused("/bin/", "the program is a directory");
}

static void an_open_quote_is_bad_setting(void **state)
{
    assert_refused("/a 'b", "a quote is not closed");
    assert_refused("@/a", "no name for the process behind \"@\"");
}

static void what_may_fail_may_also_be_wrong(void **state)
{
    _cleanup_unit_ struct unit *unit =
        load_text_as("x.service", "[Service]\nExecStartPre=-'open\nExecStartPre=-bin/x\nExecStart=/a\n");
    assert_non_null(strstr(reports, "/etc/x:3: warning: ExecStartPre=: "));
    assert_null(unit->commands->of[COMMAND_START_PRE]);
}

static void an_empty_assignment_resets_the_list(void **state)
{
    _cleanup_unit_ struct unit *unit =
        load_text_as("x.service", "[Service]\nExecStart=/a\nExecStart=\nExecStart=/b\n");
    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_string_equal(unit->commands->of[COMMAND_START]->path, "/b");
    assert_null(unit->commands->of[COMMAND_START]->next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_and_quotes_taken_off),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(specifiers_are_expanded_after_splitting),
        cmocka_unit_test(an_unknown_escape_stays),
        cmocka_unit_test(each_prefix_has_its_meaning),
        cmocka_unit_test(a_semicolon_alone_divides_commands),
        cmocka_unit_test(a_plain_name_is_looked_up_later),
        cmocka_unit_test(doubled_slashes_go),
        cmocka_unit_test(the_line_is_in_the_error),
        cmocka_unit_test(an_open_quote_is_bad_setting),
        cmocka_unit_test(what_may_fail_may_also_be_wrong),
        cmocka_unit_test(an_empty_assignment_resets_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
