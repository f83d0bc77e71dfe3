/* The words of a command line: the table of verbs, the table of options, and their parser. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/log.h"
#include "common/text.h"
#include "init/control/berthctl-analyze.h"
#include "init/control/berthctl-files.h"

#define NO_LIMIT SIZE_MAX
#define JOB(name, help)                                                                                      \
    {                                                                                                        \
        name, "UNIT...", help, 1, NO_LIMIT, berthctl_on_job                                                  \
    }

#define FILES(name, args, help, min_args)                                                                    \
    {                                                                                                        \
        name, args, help, min_args, NO_LIMIT, .run = berthctl_change_files                                   \
    }

/* clang-format off: a row a line */
const struct berthctl_verb berthctl_verbs[] = {
    {"status", "[UNIT...]", "the services and their state", 0, NO_LIMIT, berthctl_on_view,
     berthctl_finish_status},
    {"list-units", "[PATTERN...]", "units that are up or failed (--all: every one)", 0, NO_LIMIT,
     berthctl_on_view, berthctl_finish_list},
    {"list-jobs", "[UNIT...]", "what is being started and stopped", 0, NO_LIMIT, berthctl_on_view,
     berthctl_finish_jobs},
    {"list-dependencies", "[UNIT]", "what a unit needs, as a tree (--reverse, --before, --after)", 0, 1,
     berthctl_on_view, berthctl_finish_dependencies, .ask = "graph"},
    {"analyze", "[VIEW] [UNIT]", "what took how long at boot: time, blame, critical-chain, plot (SVG)", 0, 2,
     berthctl_on_view, berthctl_finish_analyze, .ask = "graph", .keeps_args = true},
    JOB("start", "start, and wait until it is up"),
    JOB("stop", "stop, and wait until it is down"),
    JOB("restart", "stop and start; start what is down"),
    JOB("try-restart", "the same, but leave what is down"),
    JOB("reload", "let it read its configuration again"),
    JOB("reload-or-restart", "reload where that is possible, else restart"),
    JOB("try-reload-or-restart", "the same, but leave what is down"),
    {"isolate", "UNIT", "start it, and stop all that it does not need", 1, 1, berthctl_on_job},
    {"default", "", "isolate default.target", 0, 0, berthctl_on_job},
    {"cancel", "[JOB...]", "forget what was to be done", 0, NO_LIMIT},
    {"kill", "UNIT...", "send a signal (--signal=, --kill-whom=)", 1, NO_LIMIT},
    {"logs", "[UNIT...]", "what services printed (-n N, -f)", 0, NO_LIMIT, berthctl_on_log},
    {"show", "[UNIT...]", "properties as KEY=VALUE (-p KEY, --value)", 0, NO_LIMIT, berthctl_on_show,
     berthctl_finish_show},
    {"cat", "UNIT...", "the unit's files", 1, NO_LIMIT, berthctl_on_cat},
    {"is-active", "UNIT...", "exit 0 if one is active, 3 if none is, 4 if one does not exist", 1, NO_LIMIT,
     berthctl_on_state},
    {"is-failed", "UNIT...", "exit 0 if one has failed, else 1", 1, NO_LIMIT, berthctl_on_state},
    {"is-system-running", "", "exit 0 if all is up and nothing has failed", 0, 0, berthctl_on_system_state},
    {"reset-failed", "[UNIT...]", "forget that it failed", 0, NO_LIMIT},
    {"clean", "UNIT...", "remove the directories of what is down (--what=)", 1, NO_LIMIT, berthctl_on_clean,
     .ask = "show"},
    {"show-environment", "", "the variables that every service gets", 0, 0, berthctl_on_variable},
    {"set-environment", "NAME=VALUE...", "add to them, for what starts from now on", 1, NO_LIMIT},
    {"unset-environment", "NAME...", "take away from them", 1, NO_LIMIT},
    {"import-environment", "NAME...", "add the caller's own", 1, NO_LIMIT,
     .run = berthctl_import_environment},
    {"notify", "KEY=VALUE...", "tell PID 1 about the service that calls it: READY=1, STATUS=text", 1,
     NO_LIMIT, .run = berthctl_notify},
    FILES("enable", "UNIT...", "start it at boot: make the links that its [Install] section names", 1),
    FILES("disable", "UNIT...", "do not: remove all links to it", 1),
    FILES("reenable", "UNIT...", "disable, then enable", 1),
    FILES("mask", "UNIT...", "let it not be started at all", 1),
    FILES("unmask", "UNIT...", "undo mask", 1),
    FILES("link", "PATH...", "let a unit file from elsewhere be found", 1),
    FILES("revert", "UNIT...", "remove drop-ins and files over those that came with the package", 1),
    FILES("add-wants", "TARGET UNIT...", "let the target start the units", 2),
    FILES("add-requires", "TARGET UNIT...", "the same, and fail without them", 2),
    {"preset", "UNIT...", "enable or disable as the distribution's policy says", 1, NO_LIMIT,
     .run = berthctl_preset},
    {"preset-all", "", "the same for all units", 0, 0, .run = berthctl_preset},
    {"is-enabled", "UNIT...", "exit 0 if one is started at boot", 1, NO_LIMIT, .run = berthctl_is_enabled},
    {"list-unit-files", "[PATTERN...]", "all unit files, and whether they are enabled", 0, NO_LIMIT,
     .run = berthctl_list_files},
    {"get-default", "", "the target that is started at boot", 0, 0, .run = berthctl_get_default},
    {"set-default", "TARGET", "start this one at boot", 1, 1, .run = berthctl_change_files},
    {"daemon-reload", "", "read the unit files again", 0, 0},
    {"daemon-reexec", "[FILE]", "replace the program of PID 1; services notice nothing", 0, 1},
    {"poweroff", "", "stop everything; the container ends", 0, 0},
    {"halt", "", "the same", 0, 0, .ask = "poweroff"},
    {"exit", "[CODE]", "the same, with this exit status", 0, 1},
    {"reboot", "", "the same; asks to be started again", 0, 0},
};
/* clang-format on */
const size_t n_berthctl_verbs = ELEMENTSOF(berthctl_verbs);

struct option {
    const char *name;
    char letter;       /* 0: none */
    const char *value; /* NULL: takes none */
    size_t offset;    /* into struct berthctl: a bool, a const char *, or a strv for one with a comma in it */
    const char *help; /* NULL: accepted for systemctl's users, and not needed */
};

#define UNUSED_OPTION SIZE_MAX
#define F(member)     offsetof(struct berthctl, member)

/* clang-format off: a row a line */
static const struct option options[] = {
    {"no-block", 0, NULL, F(no_block), "do not wait for the end of the job"},
    {"wait", 0, NULL, F(wait), "start: until it is down again; is-system-running: the boot is over"},
    {"now", 0, NULL, F(now), "enable, disable, mask: also start or stop"},
    {"root", 0, "DIR", F(root), "unit files: those of another root directory, nothing outside of it"},
    {"runtime", 0, NULL, F(runtime), "unit files: in /run, until the container ends"},
    {"force", 0, NULL, F(force), "unit files: replace links that lead elsewhere (-f)"},
    {"no-reload", 0, NULL, F(no_reload), "unit files: PID 1 does not read them again"},
    {"preset-mode", 0, "MODE", F(preset_mode), "preset: full, enable-only or disable-only"},
    {"follow", 'f', NULL, F(follow), "logs: go on with new lines"},
    {"lines", 'n', "N", F(lines), "logs, status: the last N lines"},
    {"property", 'p', "KEY,...", F(properties), "show: only these"},
    {"value", 0, NULL, F(value), "show: values without their keys (-P KEY: both)"},
    {"what", 0, "WHAT,...", F(what),
     "clean: runtime, cache, state, logs, configuration, all [runtime,cache]"},
    {"signal", 's', "SIGNAL", F(signal), "kill: which one [SIGTERM]"},
    {"kill-whom", 0, "WHO", F(whom), "kill: main, control or all [all]"},
    {"kill-who", 0, "WHO", F(whom), NULL},
    {"job-mode", 0, "MODE", F(job_mode), "replace, replace-irreversibly, fail, isolate, ignore-dependencies"},
    {"all", 'a', NULL, F(all), "list-units: also what is down; show: also what is empty"},
    {"state", 0, "STATE,...", F(states), "list-units, list-unit-files: only in these states"},
    {"failed", 0, NULL, F(failed), "list-units: only what failed"},
    {"type", 't', "TYPE,...", F(types), "only units of these types"},
    {"reverse", 0, NULL, F(reverse), "list-dependencies: what needs the unit"},
    {"before", 0, NULL, F(before), "list-dependencies: what starts later"},
    {"after", 0, NULL, F(after), "list-dependencies: what starts earlier"},
    {"plain", 0, NULL, F(plain), "lists without marks and lines"},
    {"no-legend", 0, NULL, F(no_legend), "lists without a headline"},
    {"json", 0, NULL, F(json), "JSON instead of text"},
    {"output", 'o', "FORMAT", F(output), NULL},
    {"quiet", 'q', NULL, F(quiet), "only the exit status tells"},
    {"help", 'h', NULL, F(help), "show this text"},
    {"version", 0, NULL, F(version), "show the version"},
    {"no-pager", 0, NULL, UNUSED_OPTION, NULL},
    {"full", 'l', NULL, UNUSED_OPTION, NULL},
    {"system", 0, NULL, UNUSED_OPTION, NULL},
    {"no-ask-password", 0, NULL, UNUSED_OPTION, NULL},
    {"no-wall", 0, NULL, UNUSED_OPTION, NULL},
    {"no-warn", 0, NULL, UNUSED_OPTION, NULL},
    {"ignore-inhibitors", 'i', NULL, UNUSED_OPTION, NULL},
    {"show-types", 0, NULL, UNUSED_OPTION, NULL},
};
/* clang-format on */

static const size_t lists[] = {F(properties), F(states), F(types)};

void berthctl_print_help(void)
{
    puts("berthctl [OPTIONS] [VERB [ARG...]]   asks PID 1 of this container; without a verb: status\n");
    FOREACH_ARRAY (verb, berthctl_verbs, n_berthctl_verbs)
        printf("  %-21s %-14s %s\n", verb->name, verb->args, verb->help);
    putchar('\n');
    FOREACH_ARRAY (option, options, ELEMENTSOF(options)) {
        char name[32], letter[5] = "    ";
        if (!option->help)
            continue;
        if (option->letter)
            (void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
        (void)snprintf(name, sizeof(name), "--%s%s%s", option->name, option->value ? "=" : "",
                       option->value ? option->value : "");
        printf("  %s%-21s %s\n", letter, name, option->help);
    }
}

const struct berthctl_verb *berthctl_find_verb(const char *name)
{
    FOREACH_ARRAY (verb, berthctl_verbs, n_berthctl_verbs)
        if (streq(verb->name, name))
            return verb;
    return NULL;
}

static int add_words(char ***list, const char *value)
{
    _cleanup_strv_ char **words = NULL;

    int r = strv_split(value, ",", &words);
    for (char **word = words; r >= 0 && word && *word; word++)
        r = strv_append(list, *word);
    return r;
}

static int apply_option(struct berthctl *ctl, const struct option *option, const char *value)
{
    void *field = (char *)ctl + option->offset;

    if (option->offset == UNUSED_OPTION)
        return 0;
    FOREACH_ARRAY (list, lists, ELEMENTSOF(lists))
        if (option->offset == *list)
            return add_words(field, value);
    if (option->value)
        *(const char **)field = value;
    else
        *(bool *)field = true;
    return 0;
}

static const struct option *find_long(const char *word, const char **ret_value)
{
    FOREACH_ARRAY (option, options, ELEMENTSOF(options)) {
        const char *rest = startswith(word, option->name);
        if (!rest || (*rest && *rest != '='))
            continue;
        *ret_value = *rest ? rest + 1 : NULL;
        return option;
    }
    return NULL;
}

static const struct option *find_letter(char letter)
{
    FOREACH_ARRAY (option, options, ELEMENTSOF(options))
        if (option->letter == letter)
            return option;
    return NULL;
}

/* The words that are left to parse: a value may stand in the next one. */
struct words {
    char **argv;
    int argc;
    int i;
};

static int take_option(struct berthctl *ctl, const struct option *option, const char *value,
                       struct words *words)
{
    if (!option)
        log_error("unknown option %s: see berthctl --help", words->argv[words->i]);
    else if (!option->value && value)
        log_error("--%s takes no value", option->name);
    else if (option->value && !value && words->i + 1 >= words->argc)
        log_error("--%s needs a value: %s", option->name, option->value);
    else
        return apply_option(ctl, option, option->value && !value ? words->argv[++words->i] : value);
    return -EINVAL;
}

/* "-x", "-xVALUE", "-xyz" for three without a value, "-P" for systemctl's --value --property=. */
static int take_letters(struct berthctl *ctl, const char *letters, struct words *words)
{
    for (; *letters; letters++) {
        bool property = *letters == 'P';
        const struct option *option = find_letter(property ? 'p' : *letters);
        bool valued = option && option->value;
        ctl->value |= property;
        int r = take_option(ctl, option, valued && letters[1] ? letters + 1 : NULL, words);
        if (r < 0 || valued)
            return r;
    }
    return 0;
}

static int take_word(struct berthctl *ctl, struct words *words)
{
    const char *word = words->argv[words->i], *value = NULL;

    if (word[1] != '-')
        return take_letters(ctl, word + 1, words);
    const struct option *option = find_long(word + 2, &value);
    return take_option(ctl, option, value, words);
}

/* Options may stand anywhere before "--", as with systemctl; the other words are moved to the front. Returns
 * their number. */
static int parse_words(struct berthctl *ctl, int argc, char **argv)
{
    int n = 0;
    bool literal = false;
    struct words words = {argv, argc, 1};

    for (; words.i < argc; words.i++) {
        const char *word = argv[words.i];
        if (!literal && streq(word, "--")) {
            literal = true;
        } else if (!literal && word[0] == '-' && word[1]) {
            int r = take_word(ctl, &words);
            if (r < 0)
                return r;
        } else {
            argv[n++] = argv[words.i];
        }
    }
    argv[n] = NULL;
    return n;
}

static int choose_verb(struct berthctl *ctl, int n, char **words)
{
    const char *name = n > 0 ? words[0] : ctl->as_systemctl ? "list-units" : "status";

    ctl->args = n > 0 ? words + 1 : words;
    ctl->n_args = n > 0 ? (size_t)n - 1 : 0;
    ctl->verb = berthctl_find_verb(name);
    if (!ctl->verb)
        log_error("no such verb: %s: see berthctl --help", name);
    else if (ctl->n_args < ctl->verb->min_args)
        log_error("%s needs more: berthctl %s %s", name, name, ctl->verb->args);
    else if (ctl->n_args > ctl->verb->max_args)
        log_error("%s takes less: berthctl %s %s", name, name, ctl->verb->args);
    else
        return 0;
    return -EINVAL;
}

int berthctl_parse(struct berthctl *ctl, int argc, char **argv)
{
    int n = parse_words(ctl, argc, argv);

    if (n < 0)
        return -EINVAL;
    if (ctl->output && startswith(ctl->output, "json"))
        ctl->json = true;
    /* systemctl's -f. */
    ctl->force |= ctl->follow;
    return ctl->help || ctl->version ? 0 : choose_verb(ctl, n, argv);
}
