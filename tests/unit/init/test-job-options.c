/* What a user gets for the words behind berth-init, and for the variables around it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text.h"
#include "init/options.h"

static const char *const no_environment[] = {NULL};

#define PARSE_IN(options, environment, ...)                                                                  \
    ({                                                                                                       \
        static const char *const words[] = {"berth-init", __VA_ARGS__, NULL};                                \
        init_options_parse(options, ELEMENTSOF(words) - 1, (char *const *)words,                             \
                           (char *const *)(environment));                                                    \
    })
#define PARSE(options, ...) PARSE_IN(options, no_environment, __VA_ARGS__)
#define ENVIRONMENT(...)    ((const char *const[]){__VA_ARGS__, NULL})

static void test_options_stop_at_the_command(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "-v", "sh", "-c", "--help"), 0);
    assert_int_equal(options.mode, MODE_JOB);
    assert_int_equal(options.job.verbosity, 1);
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

    assert_int_equal(PARSE(&options, "--user=www:33", "--workdir", "/srv", "--stop-timeout", "2min", "x"), 0);
    assert_string_equal(options.job.user, "www:33");
    assert_string_equal(options.job.workdir, "/srv");
    assert_int_equal(options.job.stop_timeout, 2 * USEC_PER_MINUTE);
    assert_string_equal(options.words[0], "x");
    assert_int_equal(PARSE(&options, "-unobody", "x"), 0);
    assert_string_equal(options.job.user, "nobody");
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
    assert_false(options.job.limits_sigterm);
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

static void test_letters_stand_together_in_one_word(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "-svc", "-vvw", "-e143", "-unobody", "x", "-v"), 0);
    assert_int_equal(options.job.verbosity, 3);
    assert_int_equal(options.job.subreaper, JOB_SUBREAPER_ASKED);
    assert_int_equal(options.job.audience, JOB_TO_CHILD);
    assert_true(options.job.tell_reaped);
    assert_true(job_options_expects(&options.job, 143));
    assert_string_equal(options.job.user, "nobody");
    assert_int_equal(PARSE(&options, "-ve", "7", "x"), 0);
    assert_true(job_options_expects(&options.job, 7));
    assert_int_equal(PARSE(&options, "-vx", "x"), -EINVAL);
    assert_non_null(strstr(options.error, "-x in -vx"));
}

static void test_the_last_of_single_and_group_wins(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "-cg", "x"), 0);
    assert_int_equal(options.job.audience, JOB_TO_GROUP);
    assert_int_equal(PARSE(&options, "-g", "--single-child", "x"), 0);
    assert_int_equal(options.job.audience, JOB_TO_CHILD);
}

static void test_what_is_given_several_times_adds_up(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "-e", "0", "-e", "255", "--success-exit-status=3,4", "-r",
                           "TERM:USR1,1:0", "-rRTMIN+3:SIGINT", "--time-limit=1h", "--warn=USR1@2min",
                           "--warn", "USR2@10", "x"),
                     0);
    const uint8_t expected[] = {0, 3, 4, 255};
    FOREACH_ARRAY (status, expected, ELEMENTSOF(expected))
        assert_true(job_options_expects(&options.job, *status));
    assert_false(job_options_expects(&options.job, 5));
    assert_int_equal(options.job.rules[SIGTERM].send, SIGUSR1);
    assert_int_equal(options.job.rules[SIGHUP].send, JOB_SIGNAL_DROP);
    assert_int_equal(options.job.rules[37].send, SIGINT);
    assert_int_equal(options.job.n_warnings, 2);
    assert_int_equal(options.job.warnings[0].signal, SIGUSR1);
    assert_int_equal(options.job.warnings[0].before, 2 * USEC_PER_MINUTE);
    assert_int_equal(options.job.warnings[1].before, 10 * USEC_PER_SEC);
}

/* Whether value does what it should, behind the option and as its variable. False for an option that this
 * does not know. */
static bool try_both_forms(const char *name, struct init_options *options)
{
    char variable[INIT_OPTIONS_VARIABLE_MAX], assignment[128], word[128];
    char *environment[] = {assignment, NULL};
    char *in_environment[] = {(char *)"berth-init", (char *)"--", (char *)"x", NULL};
    char *in_words[] = {
        (char *)"berth-init", (char *)"--time-limit=1h", word, (char *)"--", (char *)"x", NULL};
    int without_command = streq(name, "pause") ? 2 : 0;
    struct job_options *job = &options->job;

#define TRY(option, value, condition)                                                                        \
    if (streq(name, option)) {                                                                               \
        bool ok;                                                                                             \
        (void)snprintf(assignment, sizeof(assignment), "%s=%s", init_options_variable(variable, option),     \
                       value);                                                                               \
        (void)init_options_parse(options, 3 - without_command, in_environment, environment);                 \
        ok = condition;                                                                                      \
        init_options_done(options);                                                                          \
        (void)snprintf(word, sizeof(word), streq(value, "yes") ? "--%s" : "--%s=%s", option, value);         \
        (void)init_options_parse(options, 5 - without_command, in_words, (char *const *)no_environment);     \
        ok &= condition;                                                                                     \
        init_options_done(options);                                                                          \
        return ok;                                                                                           \
    }
    TRY("user", "www:33", streq(job->user, "www:33"))
    TRY("workdir", "/srv", streq(job->workdir, "/srv"))
    TRY("success-exit-status", "3,143", job_options_expects(job, 3) && job_options_expects(job, 143))
    TRY("exit-at-once", "yes", job->rest == JOB_REST_LEAVE)
    TRY("report", "-", streq(job->report, "-"))
    TRY("pause", "yes", options->mode == MODE_PAUSE)
    TRY("single", "yes", job->audience == JOB_TO_CHILD)
    TRY("group", "yes", job->audience == JOB_TO_GROUP)
    TRY("rewrite", "TERM:INT,15:USR1,HUP:0",
        job->rules[SIGTERM].send == SIGUSR1 && job->rules[SIGHUP].send == JOB_SIGNAL_DROP)
    TRY("delay", "TERM:15s,INT:100ms",
        job->rules[SIGTERM].delay == 15 * USEC_PER_SEC && job->rules[SIGINT].delay == 100 * USEC_PER_MSEC)
    TRY("on-signal", "USR1:echo a, b:c",
        job->rules[SIGUSR1].command && streq(job->rules[SIGUSR1].command, "echo a, b:c"))
    TRY("clear-signals", "yes", options->clear_signals)
    TRY("stop-timeout", "2min", job->limits_sigterm && job->stop_timeout == 2 * USEC_PER_MINUTE)
    TRY("stop-is-success", "yes", job->stop_is_success)
    TRY("notice", "USR1@30s", job->notice == SIGUSR1 && job->notice_grace == 30 * USEC_PER_SEC)
    TRY("time-limit", "90", job->time_limit == 90 * USEC_PER_SEC)
    TRY("warn", "USR1@2min,INT@5", job->n_warnings == 2 && job->warnings[1].signal == SIGINT)
    TRY("boot", "yes", options->mode == MODE_BOOT)
    TRY("target", "a.target", streq(options->target, "a.target"))
    TRY("main", "a.service", streq(options->main_unit, "a.service"))
    TRY("unit-path", "/a", strv_length(options->unit_path) == 1 && streq(options->unit_path[0], "/a"))
    TRY("clean-env", "yes", options->clean_env)
    TRY("exit-when-idle", "yes", options->exit_when_idle)
    TRY("root", "/r", streq(options->root, "/r"))
    TRY("subreaper", "yes", job->subreaper == JOB_SUBREAPER_ASKED)
    TRY("parent-death-signal", "SIGTERM", job->parent_death_signal == SIGTERM)
    TRY("warn-reaped", "yes", job->tell_reaped)
    TRY("log-format", "json", options->log_format == LOG_FORMAT_JSON)
    TRY("log-time", "iso", options->log_time == LOG_TIME_ISO)
    TRY("verbose", "yes", job->verbosity == 1)
    return false;
}

static void test_every_option_has_a_variable(void **state)
{
    struct init_options options;
    const char *name;
    size_t n = 0;

    for (; (name = init_options_name(n)); n++)
        if (!try_both_forms(name, &options))
            fail_msg("--%s or its variable does not do what it says", name);
    assert_true(n >= 28);
}

static void test_the_command_line_wins_over_a_variable(void **state)
{
    struct init_options options;

    assert_int_equal(
        PARSE_IN(&options, ENVIRONMENT("BERTH_SINGLE=yes", "BERTH_SUCCESS_EXIT_STATUS=3"), "-g", "-e4", "x"),
        0);
    assert_int_equal(options.job.audience, JOB_TO_GROUP);
    assert_true(job_options_expects(&options.job, 4));
    assert_false(job_options_expects(&options.job, 3));
    assert_int_equal(PARSE_IN(&options, ENVIRONMENT("BERTH_VERBOSE=3", "TINI_VERBOSITY=9"), "-v", "x"), 0);
    assert_int_equal(options.job.verbosity, 1);
    assert_int_equal(PARSE_IN(&options, ENVIRONMENT("BERTH_STOP_TIMEOUT=soon"), "--stop-timeout=1", "x"), 0);
    assert_int_equal(options.job.stop_timeout, USEC_PER_SEC);
}

static void test_a_variable_can_say_no(void **state)
{
    struct init_options options;

    assert_int_equal(
        PARSE_IN(&options, ENVIRONMENT("BERTH_SINGLE=no", "BERTH_BOOT=0", "BERTH_VERBOSE=off"), "x"), 0);
    assert_int_equal(options.mode, MODE_JOB);
    assert_int_equal(options.job.audience, JOB_TO_GROUP);
    assert_int_equal(options.job.verbosity, 0);
}

static void test_a_wrong_variable_is_named(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE_IN(&options, ENVIRONMENT("BERTH_STOP_TIMEOUT=soon"), "x"), -EINVAL);
    assert_string_equal(options.error, "BERTH_STOP_TIMEOUT: soon is no valid value, it takes SPAN");
    assert_int_equal(PARSE_IN(&options, ENVIRONMENT("BERTH_SINGLE=maybe"), "x"), -EINVAL);
    assert_non_null(strstr(options.error, "BERTH_SINGLE: maybe"));
    assert_int_equal(PARSE_IN(&options, ENVIRONMENT("BERTH_REWRITE=TERM:USR1,TERM"), "x"), -EINVAL);
    assert_non_null(strstr(options.error, "BERTH_REWRITE: TERM is"));
    assert_int_equal(PARSE_IN(&options, ENVIRONMENT("BERTH_SINGLE=maybe"), "--help"), 0);
}

static void test_commands_in_a_variable_stand_on_lines(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE_IN(&options, ENVIRONMENT("BERTH_ON_SIGNAL=USR1:a, b\nTERM:c:d\n"), "x"), 0);
    assert_string_equal(options.job.rules[SIGUSR1].command, "a, b");
    assert_string_equal(options.job.rules[SIGTERM].command, "c:d");
    init_options_done(&options);
}

static void test_variables_of_the_peers_are_the_weakest(void **state)
{
    struct init_options options;

    assert_int_equal(
        PARSE_IN(&options, ENVIRONMENT("TINI_SUBREAPER=", "TINI_VERBOSITY=3", "DUMB_INIT_SETSID=0"), "x"), 0);
    assert_int_equal(options.job.subreaper, JOB_SUBREAPER_ASKED);
    assert_int_equal(options.job.verbosity, 2);
    assert_int_equal(options.job.session, JOB_SESSION_SHARED);
    assert_int_equal(options.job.audience, JOB_TO_CHILD);
    assert_int_equal(
        PARSE_IN(&options, ENVIRONMENT("TINI_KILL_PROCESS_GROUP=", "DUMB_INIT_DEBUG=1", "BERTH_SINGLE=yes"),
                 "x"),
        0);
    assert_int_equal(options.job.audience, JOB_TO_CHILD);
    assert_int_equal(options.job.verbosity, 1);
    assert_int_equal(PARSE_IN(&options, ENVIRONMENT("TINI_VERBOSITY=0", "DUMB_INIT_DEBUG=yes"), "x"), 0);
    assert_int_equal(options.job.verbosity, 0);
}

/* Each line: a value that is refused, and what the message says of the form. */
static void test_the_form_that_is_wanted_is_said(void **state)
{
    static const struct {
        const char *word, *form;
    } wrong[] = {
        {"--rewrite=TERM", "FROM:TO"},
        {"--rewrite=KILL:TERM", "FROM:TO"},
        {"--rewrite=TERM:", "FROM:TO"},
        {"--rewrite=NONE:TERM", "FROM:TO"},
        {"--rewrite=TERM:65", "FROM:TO"},
        {"--rewrite=", "FROM:TO"},
        {"--delay=TERM", "SIG:SPAN"},
        {"--delay=TERM:later", "SIG:SPAN"},
        {"--delay=TERM:0", "SIG:SPAN"},
        {"--delay=CHLD:1s", "SIG:SPAN"},
        {"--on-signal=USR1", "SIG:COMMAND"},
        {"--on-signal=USR1:", "SIG:COMMAND"},
        {"--on-signal=:x", "SIG:COMMAND"},
        {"--warn=USR1", "SIG@SPAN"},
        {"--warn=USR1:5", "SIG@SPAN"},
        {"--warn=USR1@infinity", "SIG@SPAN"},
        {"--notice=@5", "SIG[@SPAN]"},
        {"--notice=USR1@", "SIG[@SPAN]"},
        {"--notice=", "SIG[@SPAN]"},
        {"-e256", "CODE"},
        {"-e-1", "CODE"},
        {"-e1,x", "CODE"},
        {"-pFOO", "SIG"},
        {"-p0", "SIG"},
        {"--time-limit=soon", "SPAN"},
    };
    struct init_options options;

    FOREACH_ARRAY (row, wrong, ELEMENTSOF(wrong)) {
        const char *words[] = {"berth-init", row->word, "x", NULL};
        assert_int_equal(init_options_parse(&options, 3, (char *const *)words, (char *const *)no_environment),
                         -EINVAL);
        assert_non_null(strstr(options.error, row->form));
    }
}

static void test_what_does_not_go_together_is_refused(void **state)
{
    struct init_options options;

    assert_int_equal(PARSE(&options, "--warn=USR1@5", "x"), -EINVAL);
    assert_non_null(strstr(options.error, "--time-limit"));
    assert_int_equal(PARSE(&options, "-P", "x"), -EINVAL);
    assert_non_null(strstr(options.error, "--pause"));
    assert_int_equal(PARSE(&options, "-P"), 0);
    assert_int_equal(options.mode, MODE_PAUSE);
}

static void test_more_warnings_than_there_is_room_for_are_refused(void **state)
{
    struct init_options options;
    char list[JOB_WARNINGS_MAX * 7 + 16] = "BERTH_WARN=";
    char *environment[] = {list, NULL};

    for (int i = 0; i < JOB_WARNINGS_MAX; i++)
        strcat(list, "USR1@1,");
    assert_int_equal(PARSE_IN(&options, environment, "--time-limit=9", "x"), 0);
    strcat(list, "1@1");
    assert_int_equal(PARSE_IN(&options, environment, "--time-limit=9", "x"), -EINVAL);
    assert_non_null(strstr(options.error, "no room"));
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
        assert_true(column <= 80);
    }
    assert_in_range(lines, 10, 45);
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
        cmocka_unit_test(test_letters_stand_together_in_one_word),
        cmocka_unit_test(test_the_last_of_single_and_group_wins),
        cmocka_unit_test(test_what_is_given_several_times_adds_up),
        cmocka_unit_test(test_every_option_has_a_variable),
        cmocka_unit_test(test_the_command_line_wins_over_a_variable),
        cmocka_unit_test(test_a_variable_can_say_no),
        cmocka_unit_test(test_a_wrong_variable_is_named),
        cmocka_unit_test(test_commands_in_a_variable_stand_on_lines),
        cmocka_unit_test(test_variables_of_the_peers_are_the_weakest),
        cmocka_unit_test(test_the_form_that_is_wanted_is_said),
        cmocka_unit_test(test_what_does_not_go_together_is_refused),
        cmocka_unit_test(test_more_warnings_than_there_is_room_for_are_refused),
        cmocka_unit_test(test_help_fits_a_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
