/* Values of systemd.resource-control(5). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/unit/directive.h"
#include "init/unit/name.h"

#define PERMYRIAD 10000

#define CPU_PERIOD_MIN USEC_PER_MSEC /* the kernel's */
#define CPU_PERIOD_MAX USEC_PER_SEC

#define CPUS_MAX      1024
#define CPUS_TEXT_MAX (5 * CPUS_MAX)

static bool is_same(const struct cgroup_setting *setting, const struct directive *directive,
                    const char *device)
{
    return setting->limit == LIMIT_OF(directive->data) &&
           setting->startup == ((directive->data & LIMIT_STARTUP) != 0) &&
           (!device || (setting->text && streq(setting->text, device)));
}

void parser_unset_limit(struct unit_parser *parser, const struct directive *directive, const char *device)
{
    struct cgroup_setting **link = &parser->unit->cgroup->settings;

    while (*link) {
        struct cgroup_setting *setting = *link;
        if (!is_same(setting, directive, device)) {
            link = &setting->next;
            continue;
        }
        *link = setting->next;
        cgroup_setting_free(setting);
    }
}

/* At the end, so that what is told comes in the order of the file. */
int parser_set_limit(struct unit_parser *parser, const struct directive *directive,
                     const struct cgroup_setting *setting)
{
    struct cgroup_setting **link = &parser->unit->cgroup->settings;
    struct cgroup_setting *kept = malloc(sizeof(*kept));
    char *file = strdup(parser->path);

    if (!kept || !file) {
        free(kept);
        free(file);
        free(setting->text);
        return -ENOMEM;
    }
    bool per_device = limit_is_of_device(LIMIT_OF(directive->data));
    *kept = *setting;
    kept->next = NULL;
    kept->directive = directive->name;
    kept->file = file;
    kept->line = parser->line;
    kept->limit = LIMIT_OF(directive->data);
    kept->startup = directive->data & LIMIT_STARTUP;
    parser_unset_limit(parser, directive, per_device ? kept->text : NULL);
    while (*link)
        link = &(*link)->next;
    *link = kept;
    return 0;
}

static int set_number(struct unit_parser *parser, const struct directive *directive, uint64_t value,
                      bool is_share)
{
    return parser_set_limit(parser, directive,
                            &(struct cgroup_setting){.value = value, .is_share = is_share});
}

/* A share of the machine is at most all of it. */
static bool take_share(const char *value, uint64_t *ret)
{
    unsigned share;
    if (parse_permyriad(value, &share) < 0 || share > PERMYRIAD)
        return false;
    *ret = share;
    return true;
}

/* Those that nothing at all makes sense for. */
static const uint64_t zero_is_fine = LIMIT_BIT(LIMIT_MEMORY_MIN) | LIMIT_BIT(LIMIT_MEMORY_LOW) |
                                     LIMIT_BIT(LIMIT_DEFAULT_MEMORY_MIN) |
                                     LIMIT_BIT(LIMIT_DEFAULT_MEMORY_LOW) | LIMIT_BIT(LIMIT_MEMORY_SWAP_MAX) |
                                     LIMIT_BIT(LIMIT_MEMORY_ZSWAP_MAX);

int parse_memory_limit(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    uint64_t number = 0;

    if (!*value) {
        parser_unset_limit(parser, directive, NULL);
        return 0;
    }
    bool is_share = take_share(value, &number);
    if (!is_share && parse_size_or_infinity(value, &number) < 0)
        parser_warn(parser,
                    "\"%s\" is not a number of bytes, one with K, M, G, T behind it, a share of up to "
                    "100%% or \"infinity\", ignored",
                    value);
    else if (number == 0 && !(zero_is_fine & LIMIT_BIT(LIMIT_OF(directive->data))))
        parser_warn(parser, "nothing can run with \"%s\", ignored", value);
    else
        return set_number(parser, directive, number, is_share);
    return 0;
}

int parse_tasks_max(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    uint64_t number = 0;

    if (!*value) {
        parser_unset_limit(parser, directive, NULL);
        return 0;
    }
    bool is_share = take_share(value, &number);
    if (!is_share && !streq(value, "infinity") && parse_u64(value, &number) < 0)
        parser_warn(parser, "\"%s\" is not a number, a share of up to 100%% or \"infinity\", ignored", value);
    else if (streq(value, "infinity"))
        return set_number(parser, directive, UINT64_MAX, false);
    else if (number == 0)
        parser_warn(parser, "nothing can run with \"%s\", ignored", value);
    else
        return set_number(parser, directive, number, is_share);
    return 0;
}

int parse_zswap_writeback(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    bool on;

    if (parse_bool(value, &on) < 0) {
        parser_warn(parser, "\"%s\" is neither yes nor no, ignored", value);
        return 0;
    }
    return set_number(parser, directive, on, false);
}

int parse_cpu_quota(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    unsigned permyriad;

    if (!*value)
        parser_unset_limit(parser, directive, NULL);
    else if (parse_permyriad(value, &permyriad) < 0 || permyriad == 0)
        parser_warn(parser, "\"%s\" is not a share such as \"50%%\", ignored", value);
    else
        return set_number(parser, directive, (usec_t)permyriad * (USEC_PER_SEC / PERMYRIAD), false);
    return 0;
}

int parse_cpu_period(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    usec_t period = 0;

    if (!*value || streq(value, "infinity")) {
        parser_unset_limit(parser, directive, NULL);
        return 0;
    }
    if (parse_timespan(value, USEC_PER_SEC, &period) < 0) {
        parser_warn(parser, "\"%s\" is not a time span such as \"10ms\", ignored", value);
        return 0;
    }
    if (period < CPU_PERIOD_MIN || period > CPU_PERIOD_MAX)
        parser_report(parser, REPORT_INFO, "\"%s\" is outside of what the kernel has, 1ms to 1s", value);
    period = MAX(period, CPU_PERIOD_MIN);
    period = MIN(period, CPU_PERIOD_MAX);
    return set_number(parser, directive, period, false);
}

static const struct {
    enum cgroup_limit limit;
    uint64_t min, max;
} weights[] = {
    {LIMIT_CPU_WEIGHT, 1, 10000},      {LIMIT_CPU_SHARES, 2, 262144},
    {LIMIT_IO_WEIGHT, 1, 10000},       {LIMIT_IO_DEVICE_WEIGHT, 1, 10000},
    {LIMIT_BLOCK_IO_WEIGHT, 10, 1000}, {LIMIT_BLOCK_IO_DEVICE_WEIGHT, 10, 1000},
};

int parser_take_weight(struct unit_parser *parser, enum cgroup_limit limit, const char *text, uint64_t *ret)
{
    uint64_t min = 1, max = UINT64_MAX;

    FOREACH_ARRAY (row, weights, ELEMENTSOF(weights))
        if (row->limit == limit) {
            min = row->min;
            max = row->max;
        }
    if (parse_u64(text, ret) == 0 && *ret >= min && *ret <= max)
        return 0;
    parser_warn(parser, "\"%s\" is not a weight from %llu to %llu, ignored", text, (unsigned long long)min,
                (unsigned long long)max);
    return -EINVAL;
}

int parse_weight(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    enum cgroup_limit limit = LIMIT_OF(directive->data);
    uint64_t weight = CPU_WEIGHT_IDLE;

    if (!*value)
        parser_unset_limit(parser, directive, NULL);
    else if ((limit == LIMIT_CPU_WEIGHT && streq(value, "idle")) ||
             parser_take_weight(parser, limit, value, &weight) == 0)
        return set_number(parser, directive, weight, false);
    return 0;
}

/* "3" or "0-2" into the set. */
static int take_range(char *word, bool set[static CPUS_MAX])
{
    char *dash = strchr(word, '-');
    uint64_t first, last;

    if (dash)
        *dash = 0;
    if (parse_u64(word, &first) < 0 || parse_u64(dash ? dash + 1 : word, &last) < 0)
        return -EINVAL;
    if (first > last || last >= CPUS_MAX)
        return -EINVAL;
    for (uint64_t i = first; i <= last; i++)
        set[i] = true;
    return 0;
}

static int take_ranges(const char *text, bool set[static CPUS_MAX])
{
    _cleanup_strv_ char **words = NULL;
    int r = strv_split(text, ", \t\n\r", &words);

    for (char **word = words; r == 0 && word && *word; word++)
        r = take_range(*word, set);
    return r;
}

/* "0-2,4", as the kernel writes it. */
static char *format_ranges(const bool set[static CPUS_MAX])
{
    char text[CPUS_TEXT_MAX] = "";
    size_t used = 0;

    for (unsigned i = 0; i < CPUS_MAX; i++) {
        unsigned first = i;
        if (!set[i])
            continue;
        while (i + 1 < CPUS_MAX && set[i + 1])
            i++;
        const char *comma = used > 0 ? "," : "";
        int n = first == i ? snprintf(text + used, sizeof(text) - used, "%s%u", comma, first)
                           : snprintf(text + used, sizeof(text) - used, "%s%u-%u", comma, first, i);
        used = MIN(used + (size_t)n, sizeof(text) - 1);
    }
    return strdup(text);
}

static const char *older_ranges(const struct unit_parser *parser, const struct directive *directive)
{
    for (struct cgroup_setting *setting = parser->unit->cgroup->settings; setting; setting = setting->next)
        if (is_same(setting, directive, NULL))
            return setting->text;
    return "";
}

/* Lines add to each other, an empty one begins anew. */
int parse_cpuset(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    bool set[CPUS_MAX] = {false};

    if (!*value) {
        parser_unset_limit(parser, directive, NULL);
        return 0;
    }
    int r = take_ranges(older_ranges(parser, directive), set);
    if (r == 0)
        r = take_ranges(value, set);
    if (r == -ENOMEM)
        return r;
    if (r < 0) {
        parser_warn(parser, "\"%s\" is not a list of numbers such as \"0-2 5\", ignored", value);
        return 0;
    }
    char *text = format_ranges(set);
    return text ? parser_set_limit(parser, directive, &(struct cgroup_setting){.text = text}) : -ENOMEM;
}

int parse_slice(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_free_ char *name = NULL;
    int r = parser_expand(parser, value, &name);
    if (r <= 0)
        return r;
    if (!unit_name_is_valid(name) || unit_name_type(name) != UNIT_SLICE) {
        parser_warn(parser, "\"%s\" is not the name of a slice, ignored", name);
        return 0;
    }
    free(parser->unit->cgroup->slice);
    parser->unit->cgroup->slice = TAKE_PTR(name);
    return 0;
}

/* Names of cgroups v1 that mean one of v2, and those that are no controllers there: files and programs of
 * eBPF do their work. */
static const struct {
    const char *name;
    unsigned mask;
} old_controllers[] = {
    {"cpuacct", CONTROLLER_BIT(CONTROLLER_CPU)},
    {"blkio", CONTROLLER_BIT(CONTROLLER_IO)},
    {"devices", 0},
    {"bpf-firewall", 0},
    {"bpf-devices", 0},
    {"bpf-foreign", 0},
    {"bpf-socket-bind", 0},
    {"bpf-restrict-network-interfaces", 0},
};

static int take_controllers(struct unit_parser *parser, const char *value, unsigned *mask)
{
    _cleanup_strv_ char **words = NULL;
    int r = parser_split(parser, value, 0, &words);

    for (char **word = words; r > 0 && word && *word; word++) {
        int controller = cgroup_controller_from_string(*word);
        bool known = controller >= 0;
        *mask |= known ? CONTROLLER_BIT(controller) : 0;
        for (size_t i = 0; i < ELEMENTSOF(old_controllers); i++)
            if (streq(old_controllers[i].name, *word)) {
                known = true;
                *mask |= old_controllers[i].mask;
            }
        if (!known)
            parser_warn(parser, "\"%s\" is not a cgroup controller, ignored", *word);
    }
    return MIN(r, 0);
}

int parse_delegate(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct cgroup_context *context = parser->unit->cgroup;
    bool on = true;

    if (parser->unit->type == UNIT_SLICE) {
        parser_warn(parser, "a slice cannot be delegated, only a service, ignored");
        return 0;
    }
    if (!*value || parse_bool(value, &on) == 0) {
        context->delegate = on;
        context->delegate_controllers = *value && on ? CONTROLLERS_ALL : 0;
        return 0;
    }
    context->delegate = true;
    return take_controllers(parser, value, &context->delegate_controllers);
}

/* One directory of the unit's group, whose processes are then kept out of the group itself. */
int parse_delegate_subgroup(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_free_ char *name = NULL;
    int r = parser_expand(parser, value, &name);

    if (r <= 0)
        return r;
    if (strchr(name, '/') || *name == '.' || *name == '_' || startswith(name, "cgroup.") ||
        strlen(name) > NAME_MAX) {
        parser_warn(parser, "\"%s\" is not the name of one control group, ignored", name);
        return 0;
    }
    free(parser->unit->cgroup->delegate_subgroup);
    parser->unit->cgroup->delegate_subgroup = *name ? TAKE_PTR(name) : NULL;
    return 0;
}

int parse_disable_controllers(struct unit_parser *parser, const struct directive *directive,
                              const char *value)
{
    if (*value)
        return take_controllers(parser, value, &parser->unit->cgroup->disable_controllers);
    parser->unit->cgroup->disable_controllers = 0;
    return 0;
}
