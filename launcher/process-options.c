/* The words of process.h's options. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/personality.h>

#include "common/parse.h"
#include "common/text.h"
#include "launcher/process.h"
#include "launcher/rlimit-names.h"

#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000

const char *const rlimit_names[RLIM_NLIMITS] = {
    [RLIMIT_CPU] = "cpu",           [RLIMIT_FSIZE] = "fsize",
    [RLIMIT_DATA] = "data",         [RLIMIT_STACK] = "stack",
    [RLIMIT_CORE] = "core",         [RLIMIT_RSS] = "rss",
    [RLIMIT_NPROC] = "nproc",       [RLIMIT_NOFILE] = "nofile",
    [RLIMIT_MEMLOCK] = "memlock",   [RLIMIT_AS] = "as",
    [RLIMIT_LOCKS] = "locks",       [RLIMIT_SIGPENDING] = "sigpending",
    [RLIMIT_MSGQUEUE] = "msgqueue", [RLIMIT_NICE] = "nice",
    [RLIMIT_RTPRIO] = "rtprio",     [RLIMIT_RTTIME] = "rttime",
};

#define SETTINGS() ((struct process_settings *)((char *)target + spec->offset))

/* "nofile", "RLIMIT_NOFILE", "LimitNOFILE". */
static int find_limit(const char *name, size_t length)
{
    static const char *const prefixes[] = {"RLIMIT_", "Limit"};

    FOREACH_ARRAY (prefix, prefixes, ELEMENTSOF(prefixes)) {
        size_t n = strlen(*prefix);
        if (length > n && strncasecmp(name, *prefix, n) == 0) {
            name += n;
            length -= n;
            break;
        }
    }
    for (int i = 0; i < (int)RLIM_NLIMITS; i++)
        if (strlen(rlimit_names[i]) == length && strncasecmp(rlimit_names[i], name, length) == 0)
            return i;
    return -EINVAL;
}

static int parse_limit(const char *text, rlim_t *ret)
{
    static const char *const none[] = {"unlimited", "infinity", "-1", NULL};
    uint64_t number;

    if (strv_contains((char *const *)none, text)) {
        *ret = RLIM_INFINITY;
        return 0;
    }
    int r = parse_size(text, &number);
    *ret = number;
    return r;
}

int option_rlimit(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    struct process_settings *settings = SETTINGS();
    size_t length = strcspn(value, "=");
    struct rlimit limit;

    int kind = find_limit(value, length);
    if (!value[length])
        return fail(failure, -EINVAL, "write NAME=SOFT[:HARD]: nofile=1024:4096, core=unlimited");
    if (kind < 0)
        return fail(failure, -EINVAL, "no limit is called %.*s: see getrlimit(2)", (int)length, value);
    _cleanup_free_ char *soft = strdup(value + length + 1);
    if (!soft)
        return -ENOMEM;
    char *hard = strchr(soft, ':');
    if (hard)
        *hard++ = 0;
    if (parse_limit(soft, &limit.rlim_cur) < 0 || parse_limit(hard ? hard : soft, &limit.rlim_max) < 0)
        return fail(failure, -EINVAL, "not a limit: write a number, 64M or unlimited");
    if (limit.rlim_cur > limit.rlim_max)
        return fail(failure, -EINVAL, "the soft limit is above the hard one");
    settings->limits[kind] = limit;
    settings->limits_set |= UINT32_C(1) << kind;
    return 0;
}

int option_oom_score_adj(const struct option_spec *spec, void *target, const char *value,
                         struct failure *failure)
{
    struct process_settings *settings = SETTINGS();
    if (parse_int(value, &settings->oom_score_adj) < 0 || settings->oom_score_adj < OOM_SCORE_ADJ_MIN ||
        settings->oom_score_adj > OOM_SCORE_ADJ_MAX)
        return fail(failure, -EINVAL, "must be a number from %d to %d", OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX);
    settings->oom_score_adj_set = true;
    return 0;
}

int option_umask(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    struct process_settings *settings = SETTINGS();
    if (parse_mode(value, &settings->umask) < 0 || settings->umask > 0777)
        return fail(failure, -EINVAL, "must be an octal number from 0 to 0777");
    settings->umask_set = true;
    return 0;
}

/* setarch(8)'s. */
static const struct {
    const char *name;
    unsigned long value;
} personalities[] = {
    {"linux", PER_LINUX},
    {"linux64", PER_LINUX},
    {"linux32", PER_LINUX32},
#if defined(__x86_64__)
    {"x86_64", PER_LINUX},
    {"i386", PER_LINUX32},
    {"i486", PER_LINUX32},
    {"i586", PER_LINUX32},
    {"i686", PER_LINUX32},
#elif defined(__aarch64__)
    {"aarch64", PER_LINUX},
    {"arm64", PER_LINUX},
    {"armv7l", PER_LINUX32},
    {"armv8l", PER_LINUX32},
#endif
    {"uname-2.6", UNAME26},
    {"addr-no-randomize", ADDR_NO_RANDOMIZE},
    {"addr-compat-layout", ADDR_COMPAT_LAYOUT},
    {"read-implies-exec", READ_IMPLIES_EXEC},
    {"32bit", ADDR_LIMIT_32BIT},
    {"3gb", ADDR_LIMIT_3GB},
    {"short-inode", SHORT_INODE},
    {"whole-seconds", WHOLE_SECONDS},
    {"sticky-timeouts", STICKY_TIMEOUTS},
};

static int add_personality(unsigned long *personality, const char *name)
{
    FOREACH_ARRAY (known, personalities, ELEMENTSOF(personalities))
        if (strcasecmp(known->name, name) == 0) {
            *personality |= known->value;
            return 0;
        }
    return -EINVAL;
}

int option_personality(const struct option_spec *spec, void *target, const char *value,
                       struct failure *failure)
{
    struct process_settings *settings = SETTINGS();
    _cleanup_strv_ char **names = NULL;

    int r = strv_split(value, ",", &names);
    if (r < 0)
        return r;
    settings->personality = 0;
    settings->personality_set = names != NULL;
    for (char **name = names; name && *name; name++)
        if (add_personality(&settings->personality, *name) < 0)
            return fail(failure, -EINVAL,
                        "this machine knows no %s: write linux32, linux64 or a flag of setarch(8)", *name);
    return names ? 0 : fail(failure, -EINVAL, "write linux32, linux64 or a flag of setarch(8)");
}
