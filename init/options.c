/* berth-init's options: the table, its parser, its help. */
#include "init/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/text.h"

struct option {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* what stands behind "=", NULL: takes none */
    int (*apply)(struct init_options *options, const char *value); /* 0 or -errno for a bad value */
    const char *help;
};

#define FLAG(field)                                                                                          \
    static int apply_##field(struct init_options *options, const char *value)                                \
    {                                                                                                        \
        options->field = true;                                                                               \
        return 0;                                                                                            \
    }
#define TEXT(field)                                                                                          \
    static int apply_##field(struct init_options *options, const char *value)                                \
    {                                                                                                        \
        if (!*value)                                                                                         \
            return -EINVAL;                                                                                  \
        options->field = value;                                                                              \
        return 0;                                                                                            \
    }
FLAG(boot_asked)
FLAG(exit_when_idle)
FLAG(single)
FLAG(clear_signals)
FLAG(verbose)
FLAG(help)
FLAG(version)
TEXT(target)
TEXT(main_unit)
TEXT(user)
TEXT(workdir)
TEXT(root)

static int apply_unit_path(struct init_options *options, const char *value)
{
    return *value == '/' ? strv_append(&options->unit_path, value) : -EINVAL;
}

static int apply_stop_timeout(struct init_options *options, const char *value)
{
    options->stop_timeout_set = true;
    return parse_timespan(value, USEC_PER_SEC, &options->stop_timeout);
}

static const struct option options_table[] = {
    {"boot", 0, NULL, apply_boot_asked, "start services, and COMMAND beside them"},
    {"target", 0, "UNIT", apply_target, "boot: what to start [default.target]"},
    {"main", 0, "UNIT", apply_main_unit, "boot: end as this unit ends, with its exit code"},
    {"unit-path", 0, "DIR", apply_unit_path, "boot: look for unit files here first"},
    {"exit-when-idle", 0, NULL, apply_exit_when_idle, "boot: end when the last service has ended"},
    {"stop-timeout", 0, "SPAN", apply_stop_timeout, "from SIGTERM to SIGKILL: 2min, infinity [10s]"},
    {"single", 0, NULL, apply_single, "job: signals go to the command, not its group"},
    {"clear-signals", 0, NULL, apply_clear_signals, "start with no signal blocked"},
    {"user", 'u', "USER[:GROUP...]", apply_user, "job: run it as this user, names or numbers"},
    {"workdir", 'w', "DIR", apply_workdir, "job: start it in this directory"},
    {"root", 0, "ROOT", apply_root, "verify: check the units of this root"},
    {"verbose", 'v', NULL, apply_verbose, "say what is done, on standard error"},
    {"help", 'h', NULL, apply_help, "show this text"},
    {"version", 0, NULL, apply_version, "show the version"},
};

static int _printf_(2, 3) reject(struct init_options *options, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(options->error, sizeof(options->error), format, ap);
    va_end(ap);
    return -EINVAL;
}

/* "--name", "--name=VALUE", "-x", "-xVALUE": the option and where its value begins in the word, if it does.
 */
static const struct option *find_option(const char *word, const char **ret_value)
{
    FOREACH_ARRAY (option, options_table, ELEMENTSOF(options_table)) {
        if (word[1] != '-') {
            if (option->letter && option->letter == word[1]) {
                *ret_value = word[2] ? word + 2 : NULL;
                return option;
            }
            continue;
        }
        const char *rest = startswith(word + 2, option->name);
        if (rest && (!*rest || *rest == '=')) {
            *ret_value = *rest ? rest + 1 : NULL;
            return option;
        }
    }
    return NULL;
}

/* Takes the option at *i, and the word behind it when the value stands there. */
static int parse_option(struct init_options *options, int argc, char *const *argv, int *i)
{
    const char *value = NULL, *word = argv[*i];
    const struct option *option = find_option(word, &value);

    if (!option)
        return reject(options, "unknown option %.100s: see berth-init --help", word);
    if (!option->value && value)
        return reject(options, "option --%.40s takes no value", option->name);
    if (option->value && !value) {
        if (*i + 1 >= argc)
            return reject(options, "option --%.40s needs a value: %.40s", option->name, option->value);
        value = argv[++*i];
    }
    if (option->apply(options, value) < 0)
        return reject(options, "--%.40s: %.100s is no valid value", option->name, value);
    return 0;
}

static int parse_options(struct init_options *options, int argc, char *const *argv, int *i)
{
    for (; *i < argc && argv[*i][0] == '-' && argv[*i][1]; ++*i) {
        if (streq(argv[*i], "--"))
            return 0;
        int r = parse_option(options, argc, argv, i);
        if (r < 0)
            return r;
    }
    return 0;
}

static enum init_mode choose_mode(const struct init_options *options, bool verify)
{
    if (options->help)
        return MODE_HELP;
    if (options->version)
        return MODE_VERSION;
    if (verify)
        return MODE_VERIFY;
    return options->boot_asked ? MODE_BOOT : MODE_JOB;
}

/* What stands behind the options: the verb with its own options and units, or the command. */
static int parse_words(struct init_options *options, int argc, char *const *argv, int *i, bool *ret_verify)
{
    *ret_verify = *i < argc && streq(argv[*i], "verify");
    if (*ret_verify) {
        ++*i;
        int r = parse_options(options, argc, argv, i);
        if (r < 0)
            return r;
    }
    if (*i < argc && streq(argv[*i], "--"))
        ++*i;
    options->words = *i < argc ? argv + *i : NULL;
    return 0;
}

int init_options_parse(struct init_options *options, int argc, char *const *argv)
{
    int i = 1;
    bool verify = false;

    *options = (struct init_options){.stop_timeout = JOB_DEFAULT_STOP_TIMEOUT};
    int r = parse_options(options, argc, argv, &i);
    if (r < 0)
        return r;
    r = parse_words(options, argc, argv, &i, &verify);
    if (r < 0)
        return r;
    options->mode = choose_mode(options, verify);
    if (options->mode == MODE_JOB && (!options->words || !*options->words[0]))
        return reject(options, "no command to run: berth-init [OPTIONS] -- COMMAND, or --boot for services");
    return 0;
}

void init_options_done(struct init_options *options)
{
    options->unit_path = strv_free(options->unit_path);
}

void init_options_help(FILE *out)
{
    (void)fputs("berth-init [OPTIONS] [--] COMMAND [ARG...]        run one job\n"
                "berth-init --boot [OPTIONS] [-- COMMAND [ARG...]] run the services of unit files\n"
                "berth-init verify [--root=ROOT] [UNIT...]         check unit files, run nothing\n\n",
                out);
    FOREACH_ARRAY (option, options_table, ELEMENTSOF(options_table)) {
        char left[40], letter[5] = "    ";
        if (option->letter)
            (void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
        (void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name, option->value ? "=" : "",
                       option->value ? option->value : "");
        (void)fprintf(out, "  %-29s %s\n", left, option->help);
    }
    (void)fputs("\nExits as the job exits; 128+N: ended by signal N; 125: berth-init itself failed;\n"
                "126: the command cannot be executed; 127: it was not found.\n",
                out);
}
