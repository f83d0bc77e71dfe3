/* Walks the table of directives: each that is applied has a test, named in tests/covered-directives, and that
 * test uses it. $BERTH_TESTS is the directory of the tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/unit/directive.h"

#define FILE_MAX (1024 * 1024)

/* "NAME=" or "NAME" in quotes; not as the end of a longer word, but behind the "\n" of a string. */
static bool uses(const char *text, const char *name)
{
    size_t size = strlen(name);

    for (const char *p = text; (p = strstr(p, name)); p += size) {
        char before = p > text ? p[-1] : ' ', behind = p[size];
        bool is_begin = !isalnum((unsigned char)before) || (before == 'n' && p - 1 > text && p[-2] == '\\');
        if (is_begin && (behind == '=' || (before == '"' && behind == '"')))
            return true;
    }
    return false;
}

static char *read_test_file(const char *name)
{
    const char *directory = getenv("BERTH_TESTS");
    char *text = NULL;

    assert_non_null(directory);
    _cleanup_free_ char *path = xasprintf("%s/%s", directory, name);
    if (read_file_at(AT_FDCWD, path, FILE_MAX, &text, NULL) < 0)
        fail_msg("%s cannot be read", path);
    return text;
}

/* One line, "Section.Directive FILE"; the row that it speaks of. */
static const struct directive *check_line(char *line)
{
    char *save = NULL, *section = strtok_r(line, ".", &save), *name = strtok_r(NULL, " ", &save);
    const char *file = strtok_r(NULL, " ", &save);

    if (!file)
        fail_msg("\"%s\" is not \"Section.Directive FILE\"", line);
    const struct directive *directive = directive_find(section_from_string(section), name);
    if (!directive || directive->disposition != DIRECTIVE_APPLIED)
        fail_msg("%s.%s is not a directive that is applied", section, name);
    if (startswith(file, "unit/init/test-unit-"))
        fail_msg("%s shows the value of %s=, not what it does", file, name);
    _cleanup_free_ char *text = read_test_file(file);
    if (!uses(text, name))
        fail_msg("%s does not use %s=", file, name);
    return directive;
}

static void each_applied_directive_has_a_test(void **state)
{
    _cleanup_free_ char *text = read_test_file("covered-directives");
    _cleanup_free_ bool *covered = calloc(n_directives, sizeof(*covered));
    char *rest = text, *line;
    unsigned n_missing = 0;

    assert_non_null(covered);
    while ((line = strsep(&rest, "\n")))
        if (*line && *line != '#')
            covered[check_line(line) - directives] = true;
    for (size_t i = 0; i < n_directives; i++)
        if (directives[i].disposition == DIRECTIVE_APPLIED && !covered[i]) {
            print_error("%s= is applied, and tests/covered-directives names no test of it\n",
                        directives[i].name);
            n_missing++;
        }
    assert_int_equal(n_missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_applied_directive_has_a_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
