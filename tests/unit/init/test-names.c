/* What the words and variables of tini, dumb-init and catatonit do under their names, measured at the
 * programs themselves, and the lines that their users' scripts look for. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/text.h"
#include "init/names/names.h"

/* What goes to standard output and error while a call runs, for that call. */
static struct {
    int fds[2], saved[2];
    char text[2][4096];
} streams;

static void streams_catch(void)
{
    for (int i = 0; i < 2; i++) {
        streams.fds[i] = memfd_create("stream", MFD_CLOEXEC);
        streams.saved[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 3);
        assert_true(streams.fds[i] >= 0 && dup2(streams.fds[i], i + 1) == i + 1);
    }
}

static void streams_release(void)
{
    for (int i = 0; i < 2; i++) {
        ssize_t n = pread(streams.fds[i], streams.text[i], sizeof(streams.text[i]) - 1, 0);
        assert_int_equal(dup2(streams.saved[i], i + 1), i + 1);
        close(streams.saved[i]);
        close(streams.fds[i]);
        assert_true(n >= 0);
        streams.text[i][n] = 0;
    }
}

static const char *output(void)
{
    return streams.text[0];
}

static const char *errors(void)
{
    return streams.text[1];
}

static char *const no_environment[] = {NULL};
static char *const *environment = no_environment;
static bool pause_asked;

static int catatonit(struct job_options *ret, int argc, char *const *argv, char *const *env)
{
    return catatonit_parse(ret, &pause_asked, argc, argv, env);
}

typedef int (*parse_fn)(struct job_options *ret, int argc, char *const *argv, char *const *env);

static int parse(parse_fn fn, struct job_options *ret, const char *const *words)
{
    int argc = 0;

    while (words[argc])
        argc++;
    streams_catch();
    int r = fn(ret, argc, (char *const *)words, environment);
    streams_release();
    return r;
}
#define TINI(ret, ...) parse(tini_parse, ret, (const char *const[]){"tini", ##__VA_ARGS__, NULL})
#define DUMB_INIT(ret, ...)                                                                                  \
    parse(dumb_init_parse, ret, (const char *const[]){"dumb-init", ##__VA_ARGS__, NULL})
#define CATATONIT(ret, ...) parse(catatonit, ret, (const char *const[]){"catatonit", ##__VA_ARGS__, NULL})
#define ENVIRONMENT(...)    ((char *const[]){__VA_ARGS__, NULL})

static int reset(void **state)
{
    environment = no_environment;
    return 0;
}

static void test_tini_defaults(void **state)
{
    struct job_options options;

    assert_int_equal(TINI(&options, "sh", "-c", "x"), NAMES_RUN);
    assert_string_equal(options.argv[0], "sh");
    assert_string_equal(options.argv[1], "-c");
    assert_int_equal(options.session, JOB_SESSION_GROUP);
    assert_int_equal(options.audience, JOB_TO_CHILD);
    assert_int_equal(options.rest, JOB_REST_LEAVE);
    assert_int_equal(options.subreaper, JOB_SUBREAPER_NEVER);
    assert_int_equal(options.verbosity, 1);
    assert_true(options.literal_signals);
    assert_false(options.suspends);
    assert_false(options.keep_output || options.keep_error);
    assert_int_equal(options.rules[SIGTTIN].send, JOB_SIGNAL_DROP);
    assert_int_equal(options.rules[SIGTSTP].send, 0);
}

static void test_tini_options(void **state)
{
    struct job_options options;

    assert_int_equal(TINI(&options, "-sgw", "-vv", "-e3", "-e", "143", "-p", "SIGKILL", "--", "-x"),
                     NAMES_RUN);
    assert_string_equal(options.argv[0], "-x");
    assert_int_equal(options.subreaper, JOB_SUBREAPER_ASKED);
    assert_int_equal(options.audience, JOB_TO_GROUP);
    assert_true(options.tell_reaped);
    assert_int_equal(options.verbosity, 3);
    assert_true(options.keep_output && options.keep_error);
    assert_true(job_options_expects(&options, 3) && job_options_expects(&options, 143));
    assert_false(job_options_expects(&options, 0));
    assert_int_equal(options.parent_death_signal, SIGKILL);
    /* As strtol(3) reads. */
    assert_int_equal(TINI(&options, "-e", "", "-e", " 5", "-e", "+6", "x"), NAMES_RUN);
    assert_true(job_options_expects(&options, 0) && job_options_expects(&options, 5));
    assert_true(job_options_expects(&options, 6));
}

static void test_tini_refuses(void **state)
{
    static const char *const codes[] = {"256", "-1", "abc", "3x", "0x3", "99999999999999999999"};
    static const char *const signals[] = {"TERM",     "sigterm", "9",     "SIGFOO",
                                          "SIGRTMIN", "SIGPWR",  "SIGIO", "SIGCLD"};
    struct job_options options;

    FOREACH_ARRAY (code, codes, ELEMENTSOF(codes)) {
        assert_int_equal(TINI(&options, "-e", *code, "true"), 1);
        assert_non_null(strstr(errors(), "Not a valid option for -e: "));
    }
    FOREACH_ARRAY (signal, signals, ELEMENTSOF(signals)) {
        assert_int_equal(TINI(&options, "-p", *signal, "true"), 1);
        assert_non_null(strstr(errors(), "Not a valid option for -p: "));
    }
    assert_int_equal(TINI(&options, "-q"), 1);
    assert_ptr_equal(strstr(errors(), "tini: invalid option -- 'q'\n"), errors());
    assert_int_equal(TINI(&options, "-p"), 1);
    assert_ptr_equal(strstr(errors(), "tini: option requires an argument -- 'p'\n"), errors());
    assert_int_equal(TINI(&options, "--help"), 1);
    assert_int_equal(TINI(&options, "-s", "--version"), 1);
    assert_int_equal(TINI(&options, "--version", "x"), 1);
    assert_int_equal(TINI(&options), 1);
    assert_int_equal(TINI(&options, "--"), 1);
    assert_non_null(strstr(errors(), "Usage: tini"));
    assert_string_equal(output(), "");
}

static void test_tini_shows(void **state)
{
    struct job_options options;

    assert_int_equal(TINI(&options, "--version"), 0);
    assert_ptr_equal(strstr(output(), "tini version 0.19.0"), output());
    assert_ptr_equal(strchr(output(), '\n'), output() + strlen(output()) - 1); /* docker takes all there is */
    assert_null(strstr(output(), " - "));                                      /* a commit would follow */
    assert_int_equal(TINI(&options, "-sh", "-q"), 0);
    assert_non_null(strstr(output(), "Usage: tini"));
    assert_int_equal(TINI(&options, "-l"), 0);
    assert_non_null(strstr(output(), "MIT"));
}

static void test_tini_variables(void **state)
{
    struct job_options options;

    environment = ENVIRONMENT((char *)"TINI_SUBREAPER=", (char *)"TINI_KILL_PROCESS_GROUP=0",
                              (char *)"TINI_VERBOSITY=0");
    assert_int_equal(TINI(&options, "-vvv", "-w", "x"), NAMES_RUN);
    assert_int_equal(options.subreaper, JOB_SUBREAPER_ASKED);
    assert_int_equal(options.audience, JOB_TO_GROUP);
    assert_int_equal(options.verbosity, 0);
    assert_false(options.keep_error);
    environment = ENVIRONMENT((char *)"TINI_VERBOSITY=x");
    assert_int_equal(TINI(&options, "x"), NAMES_RUN);
    assert_int_equal(options.verbosity, 0);
    environment = ENVIRONMENT((char *)"TINI_VERBOSITY=-1");
    assert_int_equal(TINI(&options, "x"), NAMES_RUN);
    assert_true(options.verbosity >= 4);
}

static void tell(const struct job_options *options, struct job_event event)
{
    streams_catch();
    job_tell(options, &event);
    streams_release();
}
#define TELL(options, ...) tell(options, (struct job_event){__VA_ARGS__})

static void test_tini_lines(void **state)
{
    const struct child_failure missing = {.step = CHILD_EXEC, .error = ENOENT};
    char *const argv[] = {(char *)"job\033x", NULL};
    struct job_options options = {.manner = &tini_manner, .argv = argv, .verbosity = 1, .tell_reaped = true};
    char expected[96];

    TELL(&options, .kind = JOB_EVENT_NOT_REAPING);
    assert_non_null(strstr(errors(), "zombie reaping won't work"));
    TELL(&options, .kind = JOB_EVENT_REAPED, .pid = 77);
    (void)snprintf(expected, sizeof(expected), "[WARN  tini (%d)] Reaped zombie process with pid=77\n",
                   getpid());
    assert_string_equal(errors(), expected);
    TELL(&options, .kind = JOB_EVENT_RECEIVED, .signal = SIGCHLD);
    assert_string_equal(output(), "");
    options.verbosity = 3;
    TELL(&options, .kind = JOB_EVENT_RECEIVED, .signal = SIGCHLD);
    (void)snprintf(expected, sizeof(expected), "[DEBUG tini (%d)] Received SIGCHLD\n", getpid());
    assert_string_equal(output(), expected);
    options.verbosity = 0;
    TELL(&options, .kind = JOB_EVENT_NOT_REAPING);
    TELL(&options, .kind = JOB_EVENT_REAPED, .pid = 77);
    assert_string_equal(errors(), "");
    TELL(&options, .kind = JOB_EVENT_EXEC_FAILED, .failure = &missing);
    (void)snprintf(expected, sizeof(expected),
                   "[FATAL tini (%d)] exec job?x failed: No such file or directory\n", getpid());
    assert_string_equal(errors(), expected);
}

static void test_exit_statuses_of_a_command_that_cannot_run(void **state)
{
    static const struct {
        int error, tini, dumb_init, catatonit, own;
    } rows[] = {{ENOENT, 127, 2, 1, 127}, {EACCES, 126, 2, 1, 126}, {ENOTDIR, 1, 2, 1, 126}};

    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        const struct child_failure failure = {.step = CHILD_EXEC, .error = row->error};
        assert_int_equal(tini_manner.exec_status(&failure), row->tini);
        assert_int_equal(dumb_init_manner.exec_status(&failure), row->dumb_init);
        assert_int_equal(catatonit_manner.exec_status(&failure), row->catatonit);
        assert_int_equal(job_own_manner.exec_status(&failure), row->own);
    }
    assert_int_equal(job_own_manner.exec_status(&(struct child_failure){.step = CHILD_WORKDIR}), 125);
}

static void test_dumb_init_defaults(void **state)
{
    struct job_options options;

    assert_int_equal(DUMB_INIT(&options, "sh", "-c", "x"), NAMES_RUN);
    assert_string_equal(options.argv[1], "-c");
    assert_int_equal(options.session, JOB_SESSION_OWN);
    assert_int_equal(options.audience, JOB_TO_GROUP);
    assert_int_equal(options.rest, JOB_REST_TERM);
    assert_int_equal(options.verbosity, 0);
    assert_int_equal(options.inherited_mask, 0);
    assert_true(options.literal_signals && options.suspends);
    assert_int_equal(options.rules[SIGTSTP].send, SIGSTOP);
    assert_int_equal(options.rules[SIGTTIN].send, SIGSTOP);
    assert_int_equal(options.rules[SIGTTOU].send, SIGSTOP);
    assert_string_equal(errors(), "");
}

static void test_dumb_init_single_child(void **state)
{
    static const char *const spellings[] = {"-c", "--single-child", "--single", "--s", "-cv"};
    struct job_options options;

    FOREACH_ARRAY (spelling, spellings, ELEMENTSOF(spellings)) {
        assert_int_equal(DUMB_INIT(&options, *spelling, "x"), NAMES_RUN);
        assert_int_equal(options.session, JOB_SESSION_SHARED);
        assert_int_equal(options.audience, JOB_TO_CHILD);
        assert_int_equal(options.rest, JOB_REST_LEAVE);
        assert_int_equal(options.rules[SIGTSTP].send, 0);
    }
    assert_true(options.keep_error);
}

static void test_dumb_init_rewrites(void **state)
{
    struct job_options options;

    assert_int_equal(
        DUMB_INIT(&options, "-r", "10:12", "--rewrite=1:0", "--rew", " 3: 4x", "-r20:20", "-r3:5", "x"),
        NAMES_RUN);
    assert_int_equal(options.rules[10].send, 12);
    assert_int_equal(options.rules[1].send, JOB_SIGNAL_DROP);
    assert_int_equal(options.rules[3].send, 5);
    assert_int_equal(options.rules[SIGTSTP].send, SIGTSTP);
    assert_int_equal(options.rules[SIGTTIN].send, SIGSTOP);
}

static void test_dumb_init_refuses_rewrites(void **state)
{
    static const char *const wrong[] = {
        "",    "herp", "herp:derp", "15",    "15::12", "15:derp", "0",  "1:32",     "32:1",
        "0:1", "-1:1", "1:-1",      "1 : 2", "15x:2",  ":1",      "1:", "TERM:INT", "1:99999999999999999999"};
    struct job_options options;

    FOREACH_ARRAY (text, wrong, ELEMENTSOF(wrong)) {
        assert_int_equal(DUMB_INIT(&options, "-r", *text, "x"), 1);
        assert_string_equal(errors(),
                            "Usage: -r option takes <signum>:<signum>, where <signum> is between 1 and 31.\n"
                            "This option can be specified multiple times.\n"
                            "Use --help for full usage.\n");
    }
}

static void test_dumb_init_refuses(void **state)
{
    struct job_options options;

    environment = ENVIRONMENT((char *)"DUMB_INIT_DEBUG=1", (char *)"DUMB_INIT_SETSID=0");
    assert_int_equal(DUMB_INIT(&options), 1);
    assert_string_equal(errors(), "Usage: dumb-init [option] program [args]\n"
                                  "Try dumb-init --help for full usage.\n");
    assert_int_equal(DUMB_INIT(&options, "--yolo", "/bin/true"), 1);
    assert_string_equal(errors(), "dumb-init: unrecognized option '--yolo'\n");
    assert_int_equal(DUMB_INIT(&options, "-x"), 1);
    assert_string_equal(errors(), "dumb-init: invalid option -- 'x'\n");
    assert_int_equal(DUMB_INIT(&options, "-r"), 1);
    assert_string_equal(errors(), "dumb-init: option requires an argument -- 'r'\n");
    assert_int_equal(DUMB_INIT(&options, "--ver", "x"), 1);
    assert_non_null(strstr(errors(), "ambiguous"));
    assert_int_equal(DUMB_INIT(&options, "--verbose=1", "x"), 1);
    assert_int_equal(DUMB_INIT(&options, "--rewrite"), 1);
}

static void test_dumb_init_shows(void **state)
{
    struct job_options options;

    assert_int_equal(DUMB_INIT(&options, "-V", "x"), 0);
    assert_string_equal(errors(), "dumb-init v1.2.5\n");
    assert_int_equal(DUMB_INIT(&options, "--version"), 0);
    assert_string_equal(errors(), "dumb-init v1.2.5\n");
    assert_int_equal(DUMB_INIT(&options, "-h", "-r", "99"), 0);
    assert_ptr_equal(strstr(errors(), "dumb-init v1.2.5\n"), errors());
    assert_string_equal(output(), "");
}

static void test_dumb_init_variables(void **state)
{
    struct job_options options;

    environment = ENVIRONMENT((char *)"DUMB_INIT_DEBUG=1", (char *)"DUMB_INIT_SETSID=0");
    assert_int_equal(DUMB_INIT(&options, "x"), NAMES_RUN);
    assert_int_equal(options.verbosity, 1);
    assert_int_equal(options.session, JOB_SESSION_SHARED);
    assert_string_equal(errors(),
                        "[dumb-init] Running in debug mode.\n[dumb-init] Not running in setsid mode.\n");
    environment = ENVIRONMENT((char *)"DUMB_INIT_DEBUG=11", (char *)"DUMB_INIT_SETSID=00");
    assert_int_equal(DUMB_INIT(&options, "x"), NAMES_RUN);
    assert_int_equal(options.verbosity, 0);
    assert_int_equal(options.session, JOB_SESSION_OWN);
}

static void test_dumb_init_lines(void **state)
{
    const struct child_failure missing = {.step = CHILD_EXEC, .error = ENOENT};
    char *const argv[] = {(char *)"nothere", NULL};
    struct job_options options = {.manner = &dumb_init_manner, .argv = argv};
    struct {
        struct job_event event;
        const char *line;
    } rows[] = {
        {{JOB_EVENT_TERMINAL, .error = ENOTTY},
         "[dumb-init] Unable to detach from controlling tty (errno=25 Inappropriate ioctl for device).\n"},
        {{JOB_EVENT_STARTED, .pid = 7}, "[dumb-init] Child spawned with PID 7.\n"},
        {{JOB_EVENT_SESSION},
         "[dumb-init] Unable to attach to controlling tty (errno=25 Inappropriate ioctl for device).\n"
         "[dumb-init] setsid complete.\n"},
        {{JOB_EVENT_RECEIVED, .signal = 10}, "[dumb-init] Received signal 10.\n"},
        {{JOB_EVENT_FORWARDED, .signal = 12},
         "[dumb-init] Translating signal 10 to 12.\n[dumb-init] Forwarded signal 12 to children.\n"},
        {{JOB_EVENT_RECEIVED, .signal = 1}, "[dumb-init] Received signal 1.\n"},
        {{JOB_EVENT_FORWARDED, .signal = 1}, "[dumb-init] Forwarded signal 1 to children.\n"},
        {{JOB_EVENT_SUSPENDS}, "[dumb-init] Suspending self due to TTY signal.\n"},
        {{JOB_EVENT_RECEIVED, .signal = SIGCHLD}, "[dumb-init] Received signal 17.\n"},
        {{JOB_EVENT_REAPED, .pid = 8, .status = SIGKILL},
         "[dumb-init] A child with PID 8 was terminated by signal 9.\n"},
        {{JOB_EVENT_ENDED, .pid = 7, .status = 3 << 8},
         "[dumb-init] A child with PID 7 exited with exit status 3.\n"},
        {{JOB_EVENT_FORWARDED, .signal = SIGTERM}, "[dumb-init] Forwarded signal 15 to children.\n"},
        {{JOB_EVENT_EXIT, .status = 3}, "[dumb-init] Child exited with status 3. Goodbye.\n"},
    };

    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        options.verbosity = 0;
        tell(&options, row->event);
        assert_string_equal(errors(), "");
        options.verbosity = 1;
        tell(&options, row->event);
        assert_string_equal(errors(), row->line);
    }
    TELL(&options, .kind = JOB_EVENT_HANDED_OVER, .signal = 18);
    assert_string_equal(errors(),
                        "[dumb-init] Received signal 18.\n[dumb-init] Ignoring tty hand-off signal 18.\n");
    options.verbosity = 0;
    TELL(&options, .kind = JOB_EVENT_EXEC_FAILED, .failure = &missing);
    assert_string_equal(errors(), "[dumb-init] nothere: No such file or directory\n");
}

static void test_catatonit_options(void **state)
{
    struct job_options options;

    assert_int_equal(CATATONIT(&options, "sh", "-g"), NAMES_RUN);
    assert_false(pause_asked);
    assert_string_equal(options.argv[1], "-g");
    assert_int_equal(options.session, JOB_SESSION_GROUP);
    assert_int_equal(options.audience, JOB_TO_CHILD);
    assert_int_equal(options.rest, JOB_REST_LEAVE);
    assert_int_equal(options.subreaper, JOB_SUBREAPER_AUTO);
    assert_true(options.literal_signals);
    assert_int_equal(options.rules[SIGTSTP].send, JOB_SIGNAL_DROP);
    assert_int_equal(options.rules[SIGTTIN].send, JOB_SIGNAL_DROP);
    assert_int_equal(options.rules[SIGTTOU].send, JOB_SIGNAL_DROP);
    assert_int_equal(CATATONIT(&options, "-g", "--", "-h"), NAMES_RUN);
    assert_int_equal(options.audience, JOB_TO_GROUP);
    assert_string_equal(options.argv[0], "-h");
    assert_int_equal(CATATONIT(&options, "-P"), NAMES_RUN);
    assert_true(pause_asked);
    assert_int_equal(CATATONIT(&options, "-P", "x"), NAMES_RUN);
    assert_true(pause_asked);
}

static void test_catatonit_shows_and_refuses(void **state)
{
    static const char *const version[] = {"-V", "--version", "--ver", "-Vh"};
    struct job_options options;

    FOREACH_ARRAY (spelling, version, ELEMENTSOF(version)) {
        assert_int_equal(CATATONIT(&options, *spelling), 0);
        assert_string_equal(output(), "tini version 0.1.7_catatonit\n");
    }
    assert_int_equal(CATATONIT(&options, "-gh"), 0);
    assert_ptr_equal(strstr(errors(), "usage: catatonit "), errors());
    assert_int_equal(CATATONIT(&options, "-L"), 0);
    assert_non_null(strstr(output(), "MIT"));
    assert_int_equal(CATATONIT(&options, "-g"), 1);
    assert_non_null(strstr(errors(), "): missing program name\nusage: catatonit "));
    assert_int_equal(CATATONIT(&options, "-x", "-V"), 1);
    assert_ptr_equal(strstr(errors(), "catatonit: invalid option -- 'x'\nusage: catatonit "), errors());
    assert_int_equal(CATATONIT(&options, "--help"), 1);
    assert_ptr_equal(strstr(errors(), "catatonit: unrecognized option '--help'\n"), errors());
}

static void test_catatonit_lines(void **state)
{
    const struct child_failure denied = {.step = CHILD_EXEC, .error = EACCES};
    char *const argv[] = {(char *)"x", NULL};
    struct job_options options;
    char expected[96];

    environment = ENVIRONMENT((char *)"CATATONIT_DEBUG=");
    assert_int_equal(CATATONIT(&options, "x"), NAMES_RUN);
    assert_int_equal(options.verbosity, 1);
    TELL(&options, .kind = JOB_EVENT_REAPED, .pid = 5);
    assert_non_null(strstr(errors(), "DEBUG (catatonit:"));
    options = (struct job_options){.manner = &catatonit_manner, .argv = argv};
    TELL(&options, .kind = JOB_EVENT_REAPED, .pid = 5);
    assert_string_equal(errors(), "");
    TELL(&options, .kind = JOB_EVENT_EXEC_FAILED, .failure = &denied);
    (void)snprintf(expected, sizeof(expected),
                   "ERROR (catatonit:%d): failed to exec pid1: Permission denied\n", getpid());
    assert_string_equal(errors(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_tini_defaults, reset),
        cmocka_unit_test_setup(test_tini_options, reset),
        cmocka_unit_test_setup(test_tini_refuses, reset),
        cmocka_unit_test_setup(test_tini_shows, reset),
        cmocka_unit_test_setup(test_tini_variables, reset),
        cmocka_unit_test_setup(test_tini_lines, reset),
        cmocka_unit_test_setup(test_exit_statuses_of_a_command_that_cannot_run, reset),
        cmocka_unit_test_setup(test_dumb_init_defaults, reset),
        cmocka_unit_test_setup(test_dumb_init_single_child, reset),
        cmocka_unit_test_setup(test_dumb_init_rewrites, reset),
        cmocka_unit_test_setup(test_dumb_init_refuses_rewrites, reset),
        cmocka_unit_test_setup(test_dumb_init_refuses, reset),
        cmocka_unit_test_setup(test_dumb_init_shows, reset),
        cmocka_unit_test_setup(test_dumb_init_variables, reset),
        cmocka_unit_test_setup(test_dumb_init_lines, reset),
        cmocka_unit_test_setup(test_catatonit_options, reset),
        cmocka_unit_test_setup(test_catatonit_shows_and_refuses, reset),
        cmocka_unit_test_setup(test_catatonit_lines, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
