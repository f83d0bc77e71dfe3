/* Lines on standard error, also when nobody reads them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"

static int pipes[2];

/* All that is in the pipe. */
static char *drain(void)
{
    static char text[128 * 1024];
    size_t used = 0;
    ssize_t n;

    while ((n = read(pipes[0], text + used, sizeof(text) - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = 0;
    return text;
}

static int set_up(void **state)
{
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    assert_int_equal(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
    log_set_fd(pipes[1]);
    return 0;
}

static int tear_down(void **state)
{
    log_set_fd(STDERR_FILENO);
    close_fd(pipes[0]);
    close_fd(pipes[1]);
    return 0;
}

static void test_line_names_the_program_and_the_reason(void **state)
{
    log_errno(-ENOENT, "cannot open %s", "/x");
    assert_string_equal(drain(), "berth: cannot open /x: No such file or directory\n");
}

static void test_line_of_a_hostile_name_stays_one_line(void **state)
{
    log_error("no %s", "a\nb\033[31m");
    char *line = drain();
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_null(strchr(line, '\033'));
}

static void test_reader_that_does_not_read_loses_lines_and_hears_how_many(void **state)
{
    char long_line[1024];

    log_never_wait();
    memset(long_line, 'x', sizeof(long_line) - 1);
    long_line[sizeof(long_line) - 1] = 0;
    for (int i = 0; i < 100; i++)
        log_error("%s", long_line); /* comes back, although a pipe has room for 64 KiB only */
    char *text = drain();
    assert_non_null(strchr(text, '\n'));
    assert_null(strstr(text, "were lost"));
    log_error("again");
    text = drain();
    assert_non_null(strstr(text, " lines were lost"));
    assert_non_null(strstr(text, "berth: again\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line_names_the_program_and_the_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_line_of_a_hostile_name_stays_one_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reader_that_does_not_read_loses_lines_and_hears_how_many, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
