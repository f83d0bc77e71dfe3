/* Values of systemd.exec(5) that are numbers for the kernel: resource limits and scheduling. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/unit/directive.h"
#include "init/unit/word.h"

#define CPU_PRIORITY_MAX 99

/* What a limit counts, which is how its value is written. */
enum limit_unit { LIMIT_BYTES, LIMIT_COUNT, LIMIT_SECONDS, LIMIT_MICROSECONDS, LIMIT_NICE };

static const struct {
    const char *name;
    enum limit_unit unit;
} limits[EXEC_LIMITS] = {
    [RLIMIT_CPU] = {"LimitCPU", LIMIT_SECONDS},
    [RLIMIT_FSIZE] = {"LimitFSIZE", LIMIT_BYTES},
    [RLIMIT_DATA] = {"LimitDATA", LIMIT_BYTES},
    [RLIMIT_STACK] = {"LimitSTACK", LIMIT_BYTES},
    [RLIMIT_CORE] = {"LimitCORE", LIMIT_BYTES},
    [RLIMIT_RSS] = {"LimitRSS", LIMIT_BYTES},
    [RLIMIT_NOFILE] = {"LimitNOFILE", LIMIT_COUNT},
    [RLIMIT_AS] = {"LimitAS", LIMIT_BYTES},
    [RLIMIT_NPROC] = {"LimitNPROC", LIMIT_COUNT},
    [RLIMIT_MEMLOCK] = {"LimitMEMLOCK", LIMIT_BYTES},
    [RLIMIT_LOCKS] = {"LimitLOCKS", LIMIT_COUNT},
    [RLIMIT_SIGPENDING] = {"LimitSIGPENDING", LIMIT_COUNT},
    [RLIMIT_MSGQUEUE] = {"LimitMSGQUEUE", LIMIT_BYTES},
    [RLIMIT_NICE] = {"LimitNICE", LIMIT_NICE},
    [RLIMIT_RTPRIO] = {"LimitRTPRIO", LIMIT_COUNT},
    [RLIMIT_RTTIME] = {"LimitRTTIME", LIMIT_MICROSECONDS},
};

const char *exec_limit_to_string(int resource)
{
    return resource >= 0 && resource < EXEC_LIMITS ? limits[resource].name : NULL;
}

/* The kernel's number is 20 minus the nice value, from 1 to 40; 0 is its default and no nice value at all.
 * With a sign it is a nice value, without one the kernel's number. */
static int parse_limit_nice(const char *text, uint64_t *ret)
{
    const uint64_t middle = 20;
    bool is_signed = *text == '+' || *text == '-';
    uint64_t number;
    int r = parse_u64(text + is_signed, &number);

    if (r < 0)
        return r;
    if (number > (*text == '+' ? middle - 1 : *text == '-' ? middle : 2 * middle))
        return -ERANGE;
    *ret = *text == '+' ? middle - number : *text == '-' ? middle + number : number;
    return 0;
}

/* The kernel counts whole seconds: what is begun counts. */
static int parse_limit_time(const char *text, enum limit_unit unit, uint64_t *ret)
{
    usec_t span;
    int r = parse_timespan(text, unit == LIMIT_SECONDS ? USEC_PER_SEC : 1, &span);

    if (r < 0)
        return r;
    *ret = span == USEC_INFINITY   ? UINT64_MAX
           : unit == LIMIT_SECONDS ? (span + USEC_PER_SEC - 1) / USEC_PER_SEC
                                   : span;
    return 0;
}

static int parse_limit_one(const char *text, enum limit_unit unit, uint64_t *ret)
{
    if (streq(text, "infinity")) {
        *ret = UINT64_MAX;
        return 0;
    }
    switch (unit) {
    case LIMIT_BYTES:
        return parse_size(text, ret);
    case LIMIT_COUNT:
        return parse_u64(text, ret);
    case LIMIT_NICE:
        return parse_limit_nice(text, ret);
    default:
        return parse_limit_time(text, unit, ret);
    }
}

/* "SOFT:HARD", or one value for both. */
static int parse_limit_pair(const char *text, enum limit_unit unit, uint64_t *soft, uint64_t *hard)
{
    const char *colon = strchr(text, ':');
    _cleanup_free_ char *first = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);

    if (!first)
        return -ENOMEM;
    int r = parse_limit_one(first, unit, soft);
    *hard = *soft;
    return r < 0 || !colon ? r : parse_limit_one(colon + 1, unit, hard);
}

/* data: the resource. */
int parse_rlimit(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_context *exec = parser->unit->exec;
    unsigned bit = 1U << directive->data;
    uint64_t soft = 0, hard = 0;

    if (!*value) {
        if (exec->limits)
            exec->limits->set &= ~bit;
        return 0;
    }
    int r = parse_limit_pair(value, limits[directive->data].unit, &soft, &hard);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        parser_warn(parser, "\"%s\" is neither a limit nor two as SOFT:HARD, ignored", value);
    else if (soft > hard)
        parser_warn(parser, "the soft limit in \"%s\" is above the hard one, ignored", value);
    else if (!exec->limits && !(exec->limits = calloc(1, sizeof(*exec->limits))))
        return -ENOMEM;
    else {
        exec->limits->set |= bit;
        exec->limits->of[directive->data].soft = soft;
        exec->limits->of[directive->data].hard = hard;
    }
    return 0;
}

/* A name of the list, or its index as a number; -EINVAL. NULL names have only a number. */
static int name_or_number(const char *text, const char *const *names, int n)
{
    int number;

    if (parse_int(text, &number) == 0)
        return number >= 0 && number < n && names[number] ? number : -EINVAL;
    for (int i = 0; i < n; i++)
        if (names[i] && streq(names[i], text))
            return i;
    return -EINVAL;
}

static void set_io_priority(struct exec_context *exec, int class, int level)
{
    exec->io_priority = class << IO_CLASS_SHIFT | level;
}

static int io_level(const struct exec_context *exec)
{
    return exec->io_priority == IO_PRIORITY_UNSET ? IO_PRIORITY_LEVELS / 2
                                                  : exec->io_priority & (IO_PRIORITY_LEVELS - 1);
}

int parse_io_class(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    static const char *const names[] = {"none", "realtime", "best-effort", "idle"};
    struct exec_context *exec = parser->unit->exec;
    int class = name_or_number(value, names, ELEMENTSOF(names));

    if (!*value)
        exec->io_priority = IO_PRIORITY_UNSET;
    else if (class < 0)
        parser_warn(parser, "\"%s\" is not a class: realtime, best-effort or idle; ignored", value);
    else /* "none" is what the kernel takes for the middle of best-effort */
        set_io_priority(exec, class == 0 ? IO_CLASS_BEST_EFFORT : class,
                        class == 0 ? IO_PRIORITY_LEVELS / 2 : io_level(exec));
    return 0;
}

int parse_io_priority(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_context *exec = parser->unit->exec;
    int class =
        exec->io_priority == IO_PRIORITY_UNSET ? IO_CLASS_BEST_EFFORT : exec->io_priority >> IO_CLASS_SHIFT;
    int level;

    if (!*value)
        exec->io_priority = IO_PRIORITY_UNSET;
    else if (parse_int(value, &level) < 0 || level < 0 || level >= IO_PRIORITY_LEVELS)
        parser_warn(parser, "\"%s\" is not a number from 0 to %d, ignored", value, IO_PRIORITY_LEVELS - 1);
    else
        set_io_priority(exec, class, level);
    return 0;
}

static bool is_realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* Realtime policies have priorities from 1, the others have 0 alone. */
static void adjust_cpu_priority(struct exec_context *exec)
{
    if (exec->cpu_policy == CPU_POLICY_UNSET)
        return;
    exec->cpu_priority = is_realtime(exec->cpu_policy) ? MAX(exec->cpu_priority, 1) : 0;
}

int parse_cpu_policy(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    static const char *const names[] = {
        [SCHED_OTHER] = "other", [SCHED_FIFO] = "fifo", [SCHED_RR] = "rr",
        [SCHED_BATCH] = "batch", [SCHED_IDLE] = "idle",
    };
    struct exec_context *exec = parser->unit->exec;
    int policy = *value ? name_or_number(value, names, ELEMENTSOF(names)) : CPU_POLICY_UNSET;

    if (*value && policy < 0) {
        parser_warn(parser, "\"%s\" is not a policy: other, batch, idle, fifo or rr; ignored", value);
        return 0;
    }
    exec->cpu_policy = policy;
    adjust_cpu_priority(exec);
    return 0;
}

/* A priority that the policy does not have is the kernel's to refuse, as the policy may come later. */
int parse_cpu_priority(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_context *exec = parser->unit->exec;
    int priority = 0;

    if (*value && (parse_int(value, &priority) < 0 || priority < 0 || priority > CPU_PRIORITY_MAX)) {
        parser_warn(parser, "\"%s\" is not a number from 0 to %d, ignored", value, CPU_PRIORITY_MAX);
        return 0;
    }
    exec->cpu_priority = priority;
    return 0;
}

static void add_cpu(struct exec_cpus *cpus, uint64_t cpu)
{
    const size_t bits = 8 * sizeof(cpus->mask[0]);
    cpus->mask[cpu / bits] |= 1UL << (cpu % bits);
}

/* "3" or "0-3"; -EINVAL. */
static int add_cpu_range(struct exec_cpus *cpus, char *text)
{
    char *dash = strchr(text, '-');
    uint64_t first, last;

    if (dash)
        *dash = 0;
    if (parse_u64(text, &first) < 0 || parse_u64(dash ? dash + 1 : text, &last) < 0 || first > last ||
        last >= EXEC_CPUS_MAX)
        return -EINVAL;
    for (uint64_t cpu = first; cpu <= last; cpu++)
        add_cpu(cpus, cpu);
    return 0;
}

/* Lines add up; commas are blanks. A line with a mistake counts for nothing. */
int parse_cpu_affinity(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exec_context *exec = parser->unit->exec;
    _cleanup_strv_ char **words = NULL;

    if (!*value) {
        free(exec->cpus);
        exec->cpus = NULL;
        return 0;
    }
    int r = strv_split(value, ", \t", &words);
    _cleanup_free_ struct exec_cpus *cpus = r < 0 ? NULL : calloc(1, sizeof(*cpus));
    if (!cpus)
        return -ENOMEM;
    if (exec->cpus)
        *cpus = *exec->cpus;
    for (char **word = words; word && *word; word++)
        if (add_cpu_range(cpus, *word) < 0) {
            parser_warn(parser, "\"%s\" is not a list of CPUs such as \"0-3 5\", ignored", value);
            return 0;
        }
    free(exec->cpus);
    exec->cpus = TAKE_PTR(cpus);
    return 0;
}

/* A bare number is nanoseconds. */
int parse_timer_slack(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    uint64_t *field = &parser->unit->exec->timer_slack_nsec;
    usec_t span;

    if (!*value)
        *field = TIMER_SLACK_UNSET;
    else if (parse_u64(value, field) == 0)
        *field = MIN(*field, UINT64_MAX - 1);
    else if (parse_timespan(value, USEC_PER_SEC, &span) == 0 && span < UINT64_MAX / NSEC_PER_USEC)
        *field = span * NSEC_PER_USEC;
    else
        parser_warn(parser, "\"%s\" is neither nanoseconds nor a time span, ignored", value);
    return 0;
}
