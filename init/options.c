/* berth-init's options: the table, its parser, its variables, its help. */
#include "init/options.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/signals.h"
#include "common/text.h"

/* How often an option may be given, and what its variable looks like then. */
enum option_kind {
    OPTION_ONCE,
    OPTION_LIST,  /* separated by commas */
    OPTION_LINES, /* one on each line: its text may have any character */
    OPTION_WORDS, /* has no variable */
};

struct option {
    const char *name;
    const char *letters; /* "" or NULL: none */
    const char *value;   /* what stands behind "=", NULL: takes none */
    int (*apply)(struct init_options *options, const char *value); /* 0 or -errno for a bad value */
    const char *help;                                              /* NULL: another spelling */
    enum option_kind kind;
};

#define VARIABLE_PREFIX "BERTH_"

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

/* A row with a name only begins a group of the help. */
static const struct option options_table[] = {
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
    {"unit-path", NULL, "DIR", apply_unit_path, "look for unit files here first", OPTION_LIST},
    {"clean-env", NULL, NULL, apply_clean_env, "services do not get the container's environment"},
    {"exit-when-idle", NULL, NULL, apply_exit_when_idle, "end when the last service has ended"},
    {"log-format", NULL, "FORMAT", apply_log_format, "of lines: name, plain, json, none [name]"},
    {"log-time", NULL, "TIME", apply_log_time, "in front of each: none, short, iso [none]"},
    {"root", NULL, "ROOT", apply_root, "verify: check the units of this root"},
    {"berth-init itself"},
    {"subreaper", "s", NULL, apply_subreaper, "fail when it cannot become one"},
    {"parent-death-signal", "p", "SIG", apply_death_signal, "get SIG when the parent dies"},
    {"warn-reaped", "w", NULL, apply_warn_reaped, "say which orphans were reaped"},
    {"verbose", "v", NULL, apply_verbose, "say what is done; twice: more of it"},
    {"help", "h", NULL, apply_help, "show this text", OPTION_WORDS},
    {"version", "V", NULL, apply_version, "show the version", OPTION_WORDS},
    {"license", "lL", NULL, apply_license, "show the licence", OPTION_WORDS},
    {"handover-version", NULL, NULL, apply_handover_version, NULL, OPTION_WORDS},
};

/* One run over the command line, or over the variables. */
struct parser {
    struct init_options *options;
    int argc;
    char *const *argv;
    int i;
    bool apply;    /* else only look which options there are */
    uint64_t seen; /* on the command line, by row */
    bool verify;
};

_Static_assert(ELEMENTSOF(options_table) <= 64, "seen has a bit for each row");

static int _printf_(2, 3) reject(struct init_options *options, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(options->error, sizeof(options->error), format, ap);
    va_end(ap);
    return -EINVAL;
}

static uint64_t row_bit(const struct option *option)
{
    return UINT64_C(1) << (option - options_table);
}

/* "name" or "name=VALUE"; *ret_value is what stands behind "=", or NULL. */
static const struct option *find_name(const char *word, const char **ret_value)
{
    FOREACH_ARRAY (option, options_table, ELEMENTSOF(options_table)) {
        const char *rest = option->apply ? startswith(word, option->name) : NULL;
        if (rest && (!*rest || *rest == '=')) {
            *ret_value = *rest ? rest + 1 : NULL;
            return option;
        }
    }
    return NULL;
}

static const struct option *find_letter(char letter)
{
    FOREACH_ARRAY (option, options_table, ELEMENTSOF(options_table))
        if (option->letters && strchr(option->letters, letter))
            return option;
    return NULL;
}

/* where: what the user knows the value by, "--delay" or "BERTH_DELAY". */
static int apply_value(struct init_options *options, const struct option *option, const char *where,
                       const char *value)
{
    int r = option->apply(options, value);

    if (r == -E2BIG || r == -ENOMEM)
        return reject(options, "%.48s: no room for %.80s", where, value);
    if (r < 0)
        return reject(options, "%.48s: %.80s is no valid value, it takes %.40s", where, value ? value : "",
                      option->value ? option->value : "yes, no or a number");
    return 0;
}

/* Pieces between commas, each a value. */
static int apply_list(struct init_options *options, const struct option *option, const char *where,
                      const char *value)
{
    _cleanup_strv_ char **pieces = NULL;
    int r = strv_split(value, ",", &pieces);

    if (r >= 0 && !pieces)
        return apply_value(options, option, where, value);
    for (char **piece = pieces; r >= 0 && piece && *piece; piece++)
        r = apply_value(options, option, where, *piece);
    return r;
}

/* value: what stands in the same word, or NULL. */
static int take_option(struct parser *parser, const struct option *option, const char *value)
{
    struct init_options *options = parser->options;
    char where[48];

    if (!option->value && value)
        return reject(options, "option --%.40s takes no value", option->name);
    if (option->value && !value) {
        if (parser->i >= parser->argc)
            return reject(options, "option --%.40s needs a value: %.40s", option->name, option->value);
        value = parser->argv[parser->i++];
    }
    parser->seen |= row_bit(option);
    if (!parser->apply)
        return 0;
    (void)snprintf(where, sizeof(where), "--%s", option->name);
    if (option->kind == OPTION_LIST && option->apply != apply_unit_path) /* a directory may have a comma */
        return apply_list(options, option, where, value);
    return apply_value(options, option, where, value);
}

static int take_letters(struct parser *parser, const char *letters)
{
    for (const char *letter = letters; *letter; letter++) {
        const struct option *option = find_letter(*letter);
        if (!option)
            return reject(parser->options, "unknown option -%c in %.100s: see berth-init --help", *letter,
                          letters - 1);
        /* What stands behind one that takes a value is that value. */
        bool rest_is_value = option->value && letter[1];
        int r = take_option(parser, option, rest_is_value ? letter + 1 : NULL);
        if (r < 0 || rest_is_value)
            return r;
    }
    return 0;
}

static int take_options(struct parser *parser)
{
    while (parser->i < parser->argc) {
        const char *word = parser->argv[parser->i], *value = NULL;
        int r;
        if (word[0] != '-' || !word[1] || streq(word, "--"))
            return 0;
        parser->i++;
        if (word[1] != '-') {
            r = take_letters(parser, word + 1);
        } else {
            const struct option *option = find_name(word + 2, &value);
            r = option ? take_option(parser, option, value)
                       : reject(parser->options, "unknown option %.100s: see berth-init --help", word);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* The whole command line: options, the verb with its own, and the command or the units. */
static int take_words(struct parser *parser, bool apply)
{
    parser->i = 1;
    parser->apply = apply;
    int r = take_options(parser);
    if (r < 0)
        return r;
    parser->verify = parser->i < parser->argc && streq(parser->argv[parser->i], "verify");
    if (parser->verify) {
        parser->i++;
        r = take_options(parser);
        if (r < 0)
            return r;
    }
    if (parser->i < parser->argc && streq(parser->argv[parser->i], "--"))
        parser->i++;
    parser->options->words = parser->i < parser->argc ? parser->argv + parser->i : NULL;
    return 0;
}

/* Names of options have lower-case letters and dashes. */
static char variable_letter(char letter)
{
    return letter == '-' ? '_' : (char)(letter - 'a' + 'A');
}

char *init_options_variable(char buffer[static INIT_OPTIONS_VARIABLE_MAX], const char *name)
{
    (void)snprintf(buffer, INIT_OPTIONS_VARIABLE_MAX, VARIABLE_PREFIX "%s", name);
    for (char *c = buffer + strlen(VARIABLE_PREFIX); *c; c++)
        *c = variable_letter(*c);
    return buffer;
}

static int apply_flag(struct init_options *options, const struct option *option, const char *variable,
                      const char *value)
{
    bool yes;

    if (parse_bool(value, &yes) < 0)
        return reject(options, "%s: %.80s is no valid value, it takes yes or no", variable, value);
    return yes ? option->apply(options, NULL) : 0;
}

/* Commands are kept: the rules point to them. */
static int apply_lines(struct init_options *options, const struct option *option, const char *variable,
                       const char *value)
{
    int r = strv_split(value, "\n", &options->commands);

    for (char **line = options->commands; r >= 0 && line && *line; line++)
        r = apply_value(options, option, variable, *line);
    return r;
}

static int apply_variable(struct init_options *options, const struct option *option, const char *variable,
                          const char *value)
{
    if (option->apply == apply_verbose || (option->value && option->kind == OPTION_ONCE))
        return apply_value(options, option, variable, value);
    if (!option->value)
        return apply_flag(options, option, variable, value);
    return option->kind == OPTION_LINES ? apply_lines(options, option, variable, value)
                                        : apply_list(options, option, variable, value);
}

static bool has_variable(const struct option *option)
{
    return option->apply && option->kind != OPTION_WORDS;
}

/* NULL when entry, of an environment, is not the variable of that option. */
static const char *value_of_option(const char *entry, const char *name)
{
    const char *c = startswith(entry, VARIABLE_PREFIX);

    for (; c && *name; c++, name++)
        if (*c != variable_letter(*name))
            return NULL;
    return c && *c == '=' ? c + 1 : NULL;
}

static int take_variables(struct parser *parser, char *const *environment)
{
    char variable[INIT_OPTIONS_VARIABLE_MAX];

    while (*environment && !startswith(*environment, VARIABLE_PREFIX)) /* mostly there is none */
        environment++;
    if (!*environment)
        return 0;
    FOREACH_ARRAY (option, options_table, ELEMENTSOF(options_table)) {
        const char *value = NULL;
        if (!has_variable(option) || (parser->seen & row_bit(option)))
            continue;
        for (char *const *entry = environment; !value && *entry; entry++)
            value = value_of_option(*entry, option->name);
        if (!value)
            continue;
        init_options_variable(variable, option->name);
        int r = apply_variable(parser->options, option, variable, value);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Images that were made for tini or dumb-init say it with these. */
static void take_peers_variables(struct init_options *options, char *const *environment)
{
    struct job_options *job = &options->job;
    const char *verbosity = strv_env_get(environment, "TINI_VERBOSITY");
    const char *debug = strv_env_get(environment, "DUMB_INIT_DEBUG");
    const char *setsid = strv_env_get(environment, "DUMB_INIT_SETSID");

    if (strv_env_get(environment, "TINI_SUBREAPER"))
        job->subreaper = JOB_SUBREAPER_ASKED;
    if (verbosity) /* 1 there is what tini says by itself, which is what we say at 0 */
        job->verbosity = (unsigned)MAX(strtol(verbosity, NULL, 10) - 1, 0L);
    if (debug && streq(debug, "1"))
        job->verbosity = MAX(job->verbosity, 1U);
    if (setsid && streq(setsid, "0")) {
        job->session = JOB_SESSION_SHARED;
        job->audience = JOB_TO_CHILD;
    }
    if (strv_env_get(environment, "TINI_KILL_PROCESS_GROUP"))
        job->audience = JOB_TO_GROUP;
}

static enum init_mode choose_mode(const struct init_options *options, bool verify)
{
    if (options->help)
        return MODE_HELP;
    if (options->version)
        return MODE_VERSION;
    if (options->license)
        return MODE_LICENSE;
    if (options->handover_version)
        return MODE_HANDOVER_VERSION;
    if (verify)
        return MODE_VERIFY;
    if (options->boot_asked)
        return MODE_BOOT;
    return options->pause_asked ? MODE_PAUSE : MODE_JOB;
}

static uint64_t asks_for_text(void)
{
    return row_bit(find_letter('h')) | row_bit(find_letter('V')) | row_bit(find_letter('l'));
}

/* What does not go together. */
static int complete(struct init_options *options)
{
    struct job_options *job = &options->job;

    job->argv = options->words;
    job->keep_error = job->verbosity > 0 || job->tell_reaped;
    if (options->mode == MODE_JOB && (!options->words || !*options->words[0]))
        return reject(options, "no command to run: berth-init [OPTIONS] -- COMMAND, or --boot for services");
    if (options->mode == MODE_PAUSE && options->words)
        return reject(options, "--pause runs nothing: %.100s is one word too many", options->words[0]);
    if (options->mode == MODE_JOB && job->n_warnings > 0 && job->time_limit == 0)
        return reject(options, "--warn is for the time before a limit: give it one with --time-limit=SPAN");
    return 0;
}

int init_options_parse(struct init_options *options, int argc, char *const *argv, char *const *environment)
{
    struct parser parser = {.options = options, .argc = argc, .argv = argv};

    *options = (struct init_options){.argv = argv, .job.stop_timeout = JOB_DEFAULT_STOP_TIMEOUT};
    int r = take_words(&parser, false);
    if (r < 0)
        return r;
    /* From the weakest word to the strongest. A wrong variable is no reason to keep the help back. */
    take_peers_variables(options, environment);
    r = (parser.seen & asks_for_text()) ? 0 : take_variables(&parser, environment);
    if (r < 0)
        return r;
    if (parser.seen & row_bit(find_letter('v')))
        options->job.verbosity = 0; /* -v counts, and not from what a variable says */
    r = take_words(&parser, true);
    if (r < 0)
        return r;
    options->mode = choose_mode(options, parser.verify);
    return complete(options);
}

void init_options_done(struct init_options *options)
{
    options->unit_path = strv_free(options->unit_path);
    options->commands = strv_free(options->commands);
}

const char *init_options_name(size_t i)
{
    FOREACH_ARRAY (option, options_table, ELEMENTSOF(options_table))
        if (has_variable(option) && i-- == 0)
            return option->name;
    return NULL;
}

static void help_option(FILE *out, const struct option *option)
{
    char left[48], letter[5] = "    ";

    if (option->letters)
        (void)snprintf(letter, sizeof(letter), "-%c, ", option->letters[0]);
    (void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name, option->value ? "=" : "",
                   option->value ? option->value : "");
    (void)fprintf(out, "  %-30s %s\n", left, option->help);
}

void init_options_help(FILE *out)
{
    (void)fputs("berth-init [OPTIONS] [--] COMMAND [ARG...]         run one job\n"
                "berth-init --boot [OPTIONS] [-- COMMAND [ARG...]]  run services of unit files\n"
                "berth-init verify [--root=ROOT] [UNIT...]          check unit files, run nothing\n",
                out);
    FOREACH_ARRAY (option, options_table, ELEMENTSOF(options_table)) {
        if (!option->apply)
            (void)fprintf(out, "%s:\n", option->name);
        else if (option->help)
            help_option(out, option);
    }
    (void)fputs("Each has a variable: BERTH_STOP_TIMEOUT=30s is --stop-timeout=30s.\n"
                "Exits as the job exits; 128+N: ended by signal N; 125: berth-init itself failed;\n"
                "126: the command cannot be executed; 127: it was not found.\n",
                out);
}
