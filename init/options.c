/* berth-init's options: words and variables become struct init_options by the table. */
#include "init/options-table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/text.h"

#define VARIABLE_PREFIX "BERTH_"

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
    FOREACH_ARRAY (option, options_table, options_table_size) {
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
    FOREACH_ARRAY (option, options_table, options_table_size)
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
    if (option->kind == OPTION_LIST)
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
    if (option->kind == OPTION_COUNT || (option->value && option->kind == OPTION_ONCE))
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
    FOREACH_ARRAY (option, options_table, options_table_size) {
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
    FOREACH_ARRAY (option, options_table, options_table_size)
        if (has_variable(option) && i-- == 0)
            return option->name;
    return NULL;
}
