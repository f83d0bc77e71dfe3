/* What berth-init's options do: the table of all, and what takes the value of each. */
#include "init/options-table.h"

#include <errno.h>
#include <signal.h>

#include "common/parse.h"
#include "common/signals.h"
#include "common/text.h"

#define FLAG(name, field, to)                                                                                \
    static int apply_##name(struct init_options *options, const char *value)                                 \
    {                                                                                                        \
        options->field = to;                                                                                 \
        return 0;                                                                                            \
    }
FLAG(boot, boot_asked, true)
FLAG(pause, pause_asked, true)
FLAG(exit_when_idle, exit_when_idle, true)
FLAG(clean_env, clean_env, true)
FLAG(clear_signals, clear_signals, true)
FLAG(help, help, true)
FLAG(version, version, true)
FLAG(license, license, true)
FLAG(handover_version, handover_version, true)
FLAG(single, job.audience, JOB_TO_CHILD)
FLAG(group, job.audience, JOB_TO_GROUP)
FLAG(subreaper, job.subreaper, JOB_SUBREAPER_ASKED)
FLAG(exit_at_once, job.rest, JOB_REST_LEAVE)
FLAG(warn_reaped, job.tell_reaped, true)
FLAG(stop_is_success, job.stop_is_success, true)

#define TEXT(name, field)                                                                                    \
    static int apply_##name(struct init_options *options, const char *value)                                 \
    {                                                                                                        \
        if (!*value)                                                                                         \
            return -EINVAL;                                                                                  \
        options->field = value;                                                                              \
        return 0;                                                                                            \
    }
TEXT(target, target)
TEXT(main_unit, main_unit)
TEXT(root, root)
TEXT(user, job.user)
TEXT(workdir, job.workdir)
TEXT(report, job.report)

static int apply_unit_path(struct init_options *options, const char *value)
{
    return *value == '/' ? strv_append(&options->unit_path, value) : -EINVAL;
}

static int apply_log_format(struct init_options *options, const char *value)
{
    int format = log_format_from_string(value);
    options->log_format = (enum log_format)MAX(format, 0);
    return format;
}

static int apply_log_time(struct init_options *options, const char *value)
{
    int time = log_time_from_string(value);
    options->log_time = (enum log_time)MAX(time, 0);
    return time;
}

/* Each -v says a little more; the variable gives their number at once. */
static int apply_verbose(struct init_options *options, const char *value)
{
    uint64_t n;
    bool yes;

    if (!value) {
        options->job.verbosity++;
        return 0;
    }
    if (parse_u64(value, &n) < 0) {
        if (parse_bool(value, &yes) < 0)
            return -EINVAL;
        n = yes;
    }
    options->job.verbosity = (unsigned)MIN(n, UINT64_C(9));
    return 0;
}

static int parse_span(const char *text, usec_t *ret)
{
    return parse_timespan(text, USEC_PER_SEC, ret);
}

/* A span that has an end, and is one. */
static int parse_finite_span(const char *text, usec_t *ret)
{
    int r = parse_span(text, ret);
    return r < 0 ? r : *ret == 0 || *ret == USEC_INFINITY ? -EINVAL : 0;
}

static int apply_stop_timeout(struct init_options *options, const char *value)
{
    options->job.limits_sigterm = true;
    return parse_span(value, &options->job.stop_timeout);
}

static int apply_time_limit(struct init_options *options, const char *value)
{
    int r = parse_span(value, &options->job.time_limit);
    if (r == 0 && options->job.time_limit == USEC_INFINITY)
        options->job.time_limit = 0;
    return r;
}

static int apply_death_signal(struct init_options *options, const char *value)
{
    options->job.parent_death_signal = signal_from_string(value);
    return options->job.parent_death_signal;
}

static int apply_success(struct init_options *options, const char *value)
{
    uint64_t status;

    if (parse_u64(value, &status) < 0 || status > 255)
        return -EINVAL;
    job_options_expect(&options->job, (uint8_t)status);
    return 0;
}

/* The signal in front of separator, or in all of text when it is missing; *ret_rest is what stands behind, or
 * NULL. */
static int split_signal(const char *text, char separator, const char **ret_rest)
{
    char name[16];
    const char *end = strchrnul(text, separator);

    if ((size_t)(end - text) >= sizeof(name))
        return -EINVAL;
    *(char *)mempcpy(name, text, (size_t)(end - text)) = 0;
    *ret_rest = *end ? end + 1 : NULL;
    return signal_from_string(name);
}

/* "SIGNAL:..." of a signal that can be passed on. */
static struct job_rule *split_rule(struct init_options *options, const char *text, const char **ret_rest)
{
    int signal = split_signal(text, ':', ret_rest);

    if (signal < 0 || !*ret_rest || signal == SIGCHLD || signal == SIGKILL || signal == SIGSTOP)
        return NULL;
    return options->job.rules + signal;
}

static int apply_rewrite(struct init_options *options, const char *value)
{
    const char *to;
    struct job_rule *rule = split_rule(options, value, &to);

    if (!rule)
        return -EINVAL;
    int signal = streq(to, "0") ? JOB_SIGNAL_DROP : signal_from_string(to);
    if (signal == -EINVAL)
        return -EINVAL;
    rule->send = (int8_t)signal;
    return 0;
}

static int apply_delay(struct init_options *options, const char *value)
{
    const char *span;
    struct job_rule *rule = split_rule(options, value, &span);

    return rule ? parse_finite_span(span, &rule->delay) : -EINVAL;
}

static int apply_on_signal(struct init_options *options, const char *value)
{
    const char *command;
    struct job_rule *rule = split_rule(options, value, &command);

    if (!rule || !*command)
        return -EINVAL;
    rule->command = command;
    return 0;
}

static int apply_warn(struct init_options *options, const char *value)
{
    struct job_options *job = &options->job;
    struct job_warning warning;
    const char *span;

    warning.signal = split_signal(value, '@', &span);
    if (warning.signal < 0 || !span || parse_finite_span(span, &warning.before) < 0)
        return -EINVAL;
    if (job->n_warnings >= ELEMENTSOF(job->warnings))
        return -E2BIG;
    job->warnings[job->n_warnings++] = warning;
    return 0;
}

static int apply_notice(struct init_options *options, const char *value)
{
    const char *span;
    int signal = split_signal(value, '@', &span);

    if (signal < 0 || (span && parse_finite_span(span, &options->job.notice_grace) < 0))
        return -EINVAL;
    options->job.notice = signal;
    return 0;
}

const struct option options_table[] = {
    {"The job"},
    {"user", "u", "USER[:GROUP...]", apply_user, "run it as this user, names or numbers"},
    {"workdir", NULL, "DIR", apply_workdir, "start it in this directory"},
    {"success-exit-status", "e", "CODE", apply_success, "exit with 0 for this exit status", OPTION_LIST},
    {"exit-at-once", NULL, NULL, apply_exit_at_once, "exit with it, whatever it leaves behind"},
    {"report", NULL, "FILE|-", apply_report, "write at the end how and why it ended, in JSON"},
    {"pause", "P", NULL, apply_pause, "no job: reap orphans until SIGTERM or SIGINT"},
    {"Its signals"},
    {"single", "c", NULL, apply_single, "they go to the command, not to its group"},
    {"single-child", NULL, NULL, apply_single, NULL, OPTION_WORDS},
    {"group", "g", NULL, apply_group, "they go to its process group, as by default"},
    {"rewrite", "r", "FROM:TO", apply_rewrite, "pass FROM on as TO, not at all when TO is 0", OPTION_LIST},
    {"delay", NULL, "SIG:SPAN", apply_delay, "pass SIG on that much later", OPTION_LIST},
    {"on-signal", NULL, "SIG:COMMAND", apply_on_signal, "first run COMMAND, by a shell", OPTION_LINES},
    {"clear-signals", NULL, NULL, apply_clear_signals, "start with no signal blocked"},
    {"Its end"},
    {"stop-timeout", NULL, "SPAN", apply_stop_timeout, "SIGTERM to SIGKILL: 2min, infinity [10s]"},
    {"stop-is-success", NULL, NULL, apply_stop_is_success, "exit with 0 after a stop in time"},
    {"notice", NULL, "SIG[@SPAN]", apply_notice, "told to stop: first SIG, SIGTERM later"},
    {"time-limit", NULL, "SPAN", apply_time_limit, "stop it after this time"},
    {"warn", NULL, "SIG@SPAN", apply_warn, "send it SIG that long before the limit", OPTION_LIST},
    {"Services"},
    {"boot", NULL, NULL, apply_boot, "start services, and COMMAND beside them"},
    {"target", NULL, "UNIT", apply_target, "what to start [default.target]"},
    {"main", NULL, "UNIT", apply_main_unit, "end as this unit ends, with its exit code"},
    {"unit-path", NULL, "DIR", apply_unit_path, "look for unit files here first", OPTION_PATHS},
    {"clean-env", NULL, NULL, apply_clean_env, "services do not get the container's environment"},
    {"exit-when-idle", NULL, NULL, apply_exit_when_idle, "end when the last service has ended"},
    {"log-format", NULL, "FORMAT", apply_log_format, "of lines: name, plain, json, none [name]"},
    {"log-time", NULL, "TIME", apply_log_time, "in front of each: none, short, iso [none]"},
    {"root", NULL, "ROOT", apply_root, "verify: check the units of this root"},
    {"berth-init itself"},
    {"subreaper", "s", NULL, apply_subreaper, "fail when it cannot become one"},
    {"parent-death-signal", "p", "SIG", apply_death_signal, "get SIG when the parent dies"},
    {"warn-reaped", "w", NULL, apply_warn_reaped, "say which orphans were reaped"},
    {"verbose", "v", NULL, apply_verbose, "say what is done; twice: more of it", OPTION_COUNT},
    {"help", "h", NULL, apply_help, "show this text", OPTION_WORDS},
    {"version", "V", NULL, apply_version, "show the version", OPTION_WORDS},
    {"license", "lL", NULL, apply_license, "show the licence", OPTION_WORDS},
    {"handover-version", NULL, NULL, apply_handover_version, NULL, OPTION_WORDS},
};
_Static_assert(ELEMENTSOF(options_table) <= OPTIONS_MAX, "a set has a bit for each row");

const size_t options_table_size = ELEMENTSOF(options_table);
