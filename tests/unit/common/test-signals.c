/* Names of signals, and of the exit statuses that services report. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "berth/exit-codes.h"
#include "common/signals.h"
#include "common/text.h"

static void every_signal_reads_back_from_its_name(void **state)
{
    for (int signal = 1; signal < _NSIG; signal++) {
        const char *name = signal_to_string(signal);
        assert_non_null(name);
        assert_int_equal(signal_from_string(name), signal);
        const char *bare = startswith(name, "SIG");
        assert_int_equal(signal_from_string(bare ? bare : name), signal);
    }
}

static void realtime_signals_count_as_systemd_counts(void **state)
{
    assert_string_equal(signal_to_string(37), "SIGRTMIN+3");
    assert_int_equal(signal_from_string("SIGRTMIN+3"), 37);
    assert_int_equal(signal_from_string("RTMIN"), 34);
    assert_int_equal(signal_from_string("SIGRTMAX-1"), 63);
    assert_int_equal(signal_from_string("SIGRTMAX"), 64);
}

static void names_numbers_and_any_case_are_taken(void **state)
{
    assert_int_equal(signal_from_string("SIGTERM"), SIGTERM);
    assert_int_equal(signal_from_string("term"), SIGTERM);
    assert_int_equal(signal_from_string("15"), SIGTERM);
    assert_int_equal(signal_from_string("SIGPOLL"), SIGIO);
}

static void what_is_no_signal_is_refused(void **state)
{
    static const char *const bad[] = {
        "",           "SIG",        "SIGSIGTERM", "FOO",      "0",          "65",
        "-1",         "+15",        "15x",        " 15",      "SIGRTMIN-1", "SIGRTMIN+31",
        "SIGRTMAX+1", "SIGRTMIN3",  "RTMIN+",     "RTMIN+-3", "RTMIN++3",   "SIGRTMAX-99999999999",
        "TERM ",      "4294967311",
    };
    FOREACH_ARRAY (text, bad, ELEMENTSOF(bad))
        assert_int_equal(signal_from_string(*text), -EINVAL);
    assert_null(signal_to_string(0));
    assert_null(signal_to_string(-1));
    assert_null(signal_to_string(_NSIG));
}

static void exit_statuses_have_the_names_of_systemd(void **state)
{
    assert_string_equal(exec_stage_to_string(203), "EXEC");
    assert_string_equal(exec_stage_to_string(216), "GROUP");
    assert_string_equal(exec_stage_to_string(241), "CONFIGURATION_DIRECTORY");
    assert_null(exec_stage_to_string(0));
    assert_null(exec_stage_to_string(255));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_signal_reads_back_from_its_name),
        cmocka_unit_test(realtime_signals_count_as_systemd_counts),
        cmocka_unit_test(names_numbers_and_any_case_are_taken),
        cmocka_unit_test(what_is_no_signal_is_refused),
        cmocka_unit_test(exit_statuses_have_the_names_of_systemd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
