/* The engine behind the option tables. */
#include "launcher/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/parse.h"
#include "common/signals.h"
#include "common/text.h"

#define HELP_COLUMN 34 /* width of an option with its argument */
#define FIELD(type) ((type *)((char *)target + spec->offset))

static const struct option_spec *find_long(const struct option_spec *specs, size_t n, const char *name,
                                           size_t length)
{
    FOREACH_ARRAY (spec, specs, n)
        if (strlen(spec->name) == length && strncmp(spec->name, name, length) == 0)
            return spec;
    return NULL;
}

static const struct option_spec *find_letter(const struct option_spec *specs, size_t n, char letter)
{
    FOREACH_ARRAY (spec, specs, n)
        if (spec->letter == letter)
            return spec;
    return NULL;
}

/* Calls the option's own parser and names the option in what it complains about. */
static int apply(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    struct failure inner = {};
    int r = spec->parse(spec, target, value, &inner);
    if (r >= 0)
        return 0;
    return fail(failure, r, "--%s=%s: %s", spec->name, value ? value : "",
                inner.text[0] ? inner.text : strerror(-r));
}

/* "--name", "--name=value" or "--name" "value". Returns how many words it took. */
static int parse_long(const struct option_spec *specs, size_t n, void *target, char **words,
                      struct failure *failure)
{
    const char *name = words[0] + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] ? name + length + 1 : NULL;
    const struct option_spec *spec = find_long(specs, n, name, length);
    int taken = 1;

    if (!spec)
        return fail(failure, -EINVAL, "unknown option --%.*s, see --help", (int)length, name);
    if (!spec->argument && value)
        return fail(failure, -EINVAL, "--%s takes no value", spec->name);
    if (spec->argument && !value) {
        value = words[1];
        taken = 2;
        if (!value)
            return fail(failure, -EINVAL, "--%s needs a value: --%s=%s", spec->name, spec->name,
                        spec->argument);
    }
    int r = apply(spec, target, value, failure);
    return r < 0 ? r : taken;
}

/* "-abc", "-xVALUE" or "-x" "VALUE". Returns how many words it took. */
static int parse_letters(const struct option_spec *specs, size_t n, void *target, char **words,
                         struct failure *failure)
{
    for (const char *letter = words[0] + 1; *letter; letter++) {
        const struct option_spec *spec = find_letter(specs, n, *letter);
        if (!spec)
            return fail(failure, -EINVAL, "unknown option -%c, see --help", *letter);
        const char *value = NULL;
        int taken = 1;
        if (spec->argument) {
            value = letter[1] ? letter + 1 : words[1];
            taken = letter[1] ? 1 : 2;
            if (!value)
                return fail(failure, -EINVAL, "-%c needs a value: -%c %s", *letter, *letter, spec->argument);
        }
        int r = apply(spec, target, value, failure);
        if (r < 0)
            return r;
        if (spec->argument)
            return taken;
    }
    return 1;
}

int options_parse(const struct option_spec *specs, size_t n_specs, void *target, int argc, char **argv,
                  struct failure *failure)
{
    int i = 1;
    while (i < argc && argv[i][0] == '-' && argv[i][1]) {
        if (streq(argv[i], "--"))
            return i + 1;
        if (streq(argv[i], "--help"))
            return -ECANCELED;
        int r = argv[i][1] == '-' ? parse_long(specs, n_specs, target, argv + i, failure)
                                  : parse_letters(specs, n_specs, target, argv + i, failure);
        if (r < 0)
            return r;
        i += r;
    }
    return i;
}

void options_print_help(const struct option_spec *specs, size_t n_specs)
{
    FOREACH_ARRAY (spec, specs, n_specs) {
        char left[64];
        snprintf(left, sizeof(left), "%c%c%s --%s%s%s", spec->letter ? '-' : ' ',
                 spec->letter ? spec->letter : ' ', spec->letter ? "," : " ", spec->name,
                 spec->argument ? "=" : "", spec->argument ? spec->argument : "");
        if (strlen(left) > HELP_COLUMN) { /* a line for itself, so that all texts begin in one column */
            printf("  %s\n", left);
            left[0] = 0;
        }
        printf("  %-*s %s\n", HELP_COLUMN, left, spec->help);
    }
}

int option_flag(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    *FIELD(bool) = true;
    return 0;
}

int option_string(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    char *copy = strdup(value);
    if (!copy)
        return -ENOMEM;
    free(*FIELD(char *));
    *FIELD(char *) = copy;
    return 0;
}

int option_strv(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    return strv_append(FIELD(char **), value);
}

int option_size(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    if (parse_size(value, FIELD(uint64_t)) < 0)
        return fail(failure, -EINVAL, "not a size: write bytes, or 64M, 1.5G");
    return 0;
}

int option_span(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    if (parse_timespan(value, USEC_PER_SEC, FIELD(usec_t)) < 0)
        return fail(failure, -EINVAL, "not a time span: write seconds, or 500ms, 1min 30s, infinity");
    return 0;
}

int option_signal(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    int signal = signal_from_string(value);
    if (signal < 0)
        return fail(failure, -EINVAL, "no such signal: write TERM, SIGUSR1, RTMIN+3 or a number");
    *FIELD(int) = signal;
    return 0;
}

int option_enum(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    const char *const *names = spec->detail;
    for (int i = 0; names[i]; i++)
        if (streq(names[i], value)) {
            *FIELD(int) = i;
            return 0;
        }
    return fail(failure, -EINVAL, "must be one of %s", spec->argument);
}

int option_unsigned(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    const unsigned *range = spec->detail;
    uint64_t number;
    if (parse_u64(value, &number) < 0 || number < range[0] || number > range[1])
        return fail(failure, -EINVAL, "must be a number from %u to %u", range[0], range[1]);
    *FIELD(unsigned) = (unsigned)number;
    return 0;
}
