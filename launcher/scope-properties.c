/* The limits and properties that a scope may have, in one table: their names, how a person writes them, how
 * the bus wants them and in which cgroup file they end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/parse.h"
#include "common/signals.h"
#include "common/text.h"
#include "launcher/scope-private.h"

#define CPUS_MAX 8192

static int parse_text(const char *value, struct scope_property *property)
{
    return (property->text = strdup(value)) ? 0 : -ENOMEM;
}

static int parse_flag(const char *value, struct scope_property *property)
{
    bool flag;
    int r = parse_bool(value, &flag);
    property->number = flag;
    return r;
}

/* A share of total, when value is a percentage; -EINVAL when it is none. */
static int parse_share(const char *value, uint64_t total, uint64_t *ret)
{
    unsigned permyriad;
    if (!endswith(value, "%"))
        return -EINVAL;
    int r = parse_permyriad(value, &permyriad);
    if (r < 0)
        return r;
    if (permyriad > 10000)
        return -ERANGE;
    *ret = (uint64_t)((double)total / 10000 * permyriad);
    return 0;
}

/* Percentages become bytes here and not in systemd, so that they can be read back like every other limit. */
static int parse_memory(const char *value, struct scope_property *property)
{
    uint64_t total = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    if (endswith(value, "%"))
        return parse_share(value, total, &property->number);
    return parse_size_or_infinity(value, &property->number);
}

static int read_number(const char *path, uint64_t *ret)
{
    _cleanup_free_ char *text = NULL;
    int r = read_file_at(AT_FDCWD, path, 64, &text, NULL);
    if (r < 0)
        return r;
    text[strcspn(text, "\n")] = '\0';
    return parse_u64(text, ret);
}

static int parse_tasks(const char *value, struct scope_property *property)
{
    uint64_t pids, threads;
    if (streq(value, "infinity")) {
        property->number = UINT64_MAX;
        return 0;
    }
    if (!endswith(value, "%"))
        return parse_u64(value, &property->number);
    int r = read_number("/proc/sys/kernel/pid_max", &pids);
    if (r >= 0)
        r = read_number("/proc/sys/kernel/threads-max", &threads);
    return r < 0 ? r : parse_share(value, MIN(pids, threads), &property->number);
}

static int parse_weight(const char *value, struct scope_property *property)
{
    int r = parse_u64(value, &property->number);
    return r < 0 ? r : property->number < 1 || property->number > 10000 ? -ERANGE : 0;
}

/* "250%" is two and a half CPUs. */
static int parse_quota(const char *value, struct scope_property *property)
{
    unsigned permyriad;
    int r = parse_permyriad(value, &permyriad);
    property->number = permyriad * (USEC_PER_SEC / 10000);
    return r < 0 ? r : permyriad == 0 ? -ERANGE : 0;
}

static int parse_seconds(const char *value, struct scope_property *property)
{
    return parse_timespan(value, USEC_PER_SEC, &property->number);
}

static int parse_signal(const char *value, struct scope_property *property)
{
    int number = signal_from_string(value);
    property->number = (uint64_t)number;
    return number < 0 ? number : 0;
}

/* The share of UINT32_MAX that systemd wants for pressure limits. */
static int parse_pressure(const char *value, struct scope_property *property)
{
    return parse_share(value, UINT32_MAX, &property->number);
}

/* "/dev/vda 8M": the path is text, the amount is number. */
static int parse_device_amount(const char *value, struct scope_property *property)
{
    const char *blank = strrchr(value, ' ');
    if (!blank || value[0] != '/')
        return -EINVAL;
    property->text = strndup(value, strcspn(value, " "));
    if (!property->text)
        return -ENOMEM;
    return parse_size_or_infinity(blank + 1, &property->number);
}

static int parse_cpus(const char *value, struct scope_property *property)
{
    return parse_cpu_list(value, &property->mask, &property->mask_size);
}

int parse_cpu_list(const char *text, uint8_t **ret, size_t *ret_size)
{
    _cleanup_strv_ char **ranges = NULL;
    _cleanup_free_ uint8_t *mask = calloc(CPUS_MAX / 8, 1);
    size_t size = 0;

    if (!mask)
        return -ENOMEM;
    int r = strv_split(text, ", \t", &ranges);
    if (r < 0)
        return r;
    for (char **range = ranges; range && *range; range++) {
        uint64_t first, last;
        char *dash = strchr(*range, '-');
        if (dash)
            *dash = '\0';
        r = parse_u64(*range, &first);
        if (r >= 0)
            r = parse_u64(dash ? dash + 1 : *range, &last);
        if (r < 0)
            return r;
        if (first > last || last >= CPUS_MAX)
            return -ERANGE;
        for (uint64_t cpu = first; cpu <= last; cpu++)
            mask[cpu / 8] |= (uint8_t)(1U << cpu % 8);
        size = MAX(size, (size_t)(last / 8 + 1));
    }
    *ret = TAKE_PTR(mask);
    *ret_size = size;
    return 0;
}

static bool has_cpu(const uint8_t *mask, size_t size, size_t cpu)
{
    return cpu / 8 < size && mask[cpu / 8] & 1U << cpu % 8;
}

char *format_cpu_list(const uint8_t *mask, size_t size)
{
    char *list = strdup("");
    for (size_t first = 0; list && first < size * 8; first++) {
        if (!has_cpu(mask, size, first))
            continue;
        size_t last = first;
        while (has_cpu(mask, size, last + 1))
            last++;
        _cleanup_free_ char *before = list;
        list = last > first ? xasprintf("%s%s%zu-%zu", before, *before ? "," : "", first, last)
                            : xasprintf("%s%s%zu", before, *before ? "," : "", first);
        first = last;
    }
    return list;
}

const char *controller_of(char buffer[static CONTROLLER_NAME_MAX], const char *attribute)
{
    (void)snprintf(buffer, CONTROLLER_NAME_MAX, "%.*s", (int)strcspn(attribute, "."), attribute);
    return buffer;
}

#define REFUSED(name, reason)                                                                                \
    {                                                                                                        \
        name, NULL, reason, NULL, NULL, NULL                                                                 \
    }
#define PLAIN(name, signature, by)                                                                           \
    {                                                                                                        \
        name, name, signature, by, NULL, NULL                                                                \
    }

static const struct scope_property_type types[] = {
    {"MemoryMin", "MemoryMin", "t", parse_memory, "memory.min", &format_bytes},
    {"MemoryLow", "MemoryLow", "t", parse_memory, "memory.low", &format_bytes},
    {"MemoryHigh", "MemoryHigh", "t", parse_memory, "memory.high", &format_bytes},
    {"MemoryMax", "MemoryMax", "t", parse_memory, "memory.max", &format_bytes},
    {"MemorySwapMax", "MemorySwapMax", "t", parse_memory, "memory.swap.max", &format_bytes},
    {"MemoryZSwapMax", "MemoryZSwapMax", "t", parse_memory, "memory.zswap.max", &format_bytes},
    {"TasksMax", "TasksMax", "t", parse_tasks, "pids.max", &format_count},
    {"CPUQuota", "CPUQuotaPerSecUSec", "t", parse_quota, "cpu.max", &format_cpu_max},
    {"CPUQuotaPeriodSec", "CPUQuotaPeriodUSec", "t", parse_seconds, NULL, NULL},
    {"CPUWeight", "CPUWeight", "t", parse_weight, "cpu.weight", &format_count},
    {"IOWeight", "IOWeight", "t", parse_weight, "io.weight", &format_default_weight},
    {"AllowedCPUs", "AllowedCPUs", "ay", parse_cpus, "cpuset.cpus", &format_cpus},
    {"AllowedMemoryNodes", "AllowedMemoryNodes", "ay", parse_cpus, "cpuset.mems", &format_cpus},
    PLAIN("IOReadBandwidthMax", "a(st)", parse_device_amount),
    PLAIN("IOWriteBandwidthMax", "a(st)", parse_device_amount),
    PLAIN("IOReadIOPSMax", "a(st)", parse_device_amount),
    PLAIN("IOWriteIOPSMax", "a(st)", parse_device_amount),
    PLAIN("StartupCPUWeight", "t", parse_weight),
    PLAIN("StartupIOWeight", "t", parse_weight),
    PLAIN("CPUAccounting", "b", parse_flag),
    PLAIN("MemoryAccounting", "b", parse_flag),
    PLAIN("TasksAccounting", "b", parse_flag),
    PLAIN("IOAccounting", "b", parse_flag),
    PLAIN("IPAccounting", "b", parse_flag),
    PLAIN("DevicePolicy", "s", parse_text),
    PLAIN("DeviceAllow", "a(ss)", parse_text),
    PLAIN("OOMPolicy", "s", parse_text),
    PLAIN("ManagedOOMSwap", "s", parse_text),
    PLAIN("ManagedOOMMemoryPressure", "s", parse_text),
    PLAIN("ManagedOOMMemoryPressureLimit", "u", parse_pressure),
    PLAIN("ManagedOOMPreference", "s", parse_text),
    {"RuntimeMaxSec", "RuntimeMaxUSec", "t", parse_seconds, NULL, NULL},
    {"TimeoutStopSec", "TimeoutStopUSec", "t", parse_seconds, NULL, NULL},
    PLAIN("KillSignal", "i", parse_signal),
    PLAIN("FinalKillSignal", "i", parse_signal),
    PLAIN("SendSIGHUP", "b", parse_flag),
    PLAIN("SendSIGKILL", "b", parse_flag),
    PLAIN("SurviveFinalKillSignal", "b", parse_flag),
    PLAIN("Description", "s", parse_text),
    PLAIN("Documentation", "as", parse_text),
    PLAIN("CollectMode", "s", parse_text),
    PLAIN("DefaultDependencies", "b", parse_flag),
    PLAIN("Requires", "as", parse_text),
    PLAIN("Wants", "as", parse_text),
    PLAIN("BindsTo", "as", parse_text),
    PLAIN("PartOf", "as", parse_text),
    PLAIN("Conflicts", "as", parse_text),
    PLAIN("Before", "as", parse_text),
    PLAIN("OnFailure", "as", parse_text),
    PLAIN("PropagatesStopTo", "as", parse_text),
    PLAIN("RequiresMountsFor", "as", parse_text),
    REFUSED("After", "the container is already there when the scope starts, so nothing can come before it"),
    REFUSED("Slice", "use --slice"),
    REFUSED("Delegate", "a container always owns its tree"),
    REFUSED("KillMode", "a scope has no main process; the monitor ends the container in order"),
    REFUSED("Controller", "the monitor is the controller"),
};

static const struct scope_property_type *find_type(const char *name)
{
    FOREACH_ARRAY (type, types, ELEMENTSOF(types))
        if (streq(type->name, name))
            return type;
    return NULL;
}

static void property_clear(struct scope_property *property)
{
    free(property->text);
    free(property->mask);
    *property = (struct scope_property){0};
}

static void cleanup_property(struct scope_property *property)
{
    property_clear(property);
}

struct scope_property *scope_properties_free(struct scope_property *properties, size_t n)
{
    for (size_t i = 0; i < n; i++)
        property_clear(&properties[i]);
    free(properties);
    return NULL;
}

struct property_list {
    struct scope_property *items;
    size_t n;
};

static void cleanup_list(struct property_list *list)
{
    scope_properties_free(list->items, list->n);
}

/* Arrays add up, everything else is replaced. Takes what property owns. */
static int list_put(struct property_list *list, struct scope_property *property)
{
    if (property->type->signature[0] != 'a' || property->mask)
        FOREACH_ARRAY (old, list->items, list->n)
            if (old->type == property->type) {
                property_clear(old);
                *old = *property;
                *property = (struct scope_property){0};
                return 0;
            }
    struct scope_property *items = reallocarray(list->items, list->n + 1, sizeof(*items));
    if (!items)
        return -ENOMEM;
    list->items = items;
    items[list->n++] = *property;
    *property = (struct scope_property){0};
    return 0;
}

static int list_put_number(struct property_list *list, const char *name, uint64_t number, uint64_t unset)
{
    struct scope_property property = {.type = find_type(name), .number = number};
    return number == unset ? 0 : list_put(list, &property);
}

static int put_limits(struct property_list *list, const struct limits *limits, struct failure *failure)
{
    const struct {
        const char *name;
        uint64_t number, unset;
    } numbers[] = {
        {"MemoryMax", limits->memory_max, UINT64_MAX},
        {"MemoryHigh", limits->memory_high, UINT64_MAX},
        {"MemorySwapMax", limits->swap_max, UINT64_MAX},
        {"TasksMax", limits->tasks_max, UINT64_MAX},
        {"CPUQuota", limits->cpu_quota_per_sec, USEC_INFINITY},
        {"CPUWeight", limits->cpu_weight, 0},
        {"IOWeight", limits->io_weight, 0},
    };
    FOREACH_ARRAY (number, numbers, ELEMENTSOF(numbers)) {
        int r = list_put_number(list, number->name, number->number, number->unset);
        if (r < 0)
            return r;
    }
    if (!limits->cpuset)
        return 0;
    _cleanup_(cleanup_property) struct scope_property property = {.type = find_type("AllowedCPUs")};
    int r = parse_cpus(limits->cpuset, &property);
    if (r < 0 || property.mask_size == 0)
        return fail(failure, r < 0 ? r : -EINVAL, "cpuset \"%s\" is no list of CPUs: write 0-2,5",
                    limits->cpuset);
    return list_put(list, &property);
}

static int put_assignment(struct property_list *list, const char *assignment, struct failure *failure)
{
    const char *equals = strchr(assignment, '=');
    _cleanup_free_ char *name = strndup(assignment, strcspn(assignment, "="));
    _cleanup_(cleanup_property) struct scope_property property = {0};

    if (!name)
        return -ENOMEM;
    if (!equals || !*name)
        return fail(failure, -EINVAL, "property \"%s\": write NAME=VALUE, as in MemoryLow=1G", assignment);
    property.type = find_type(name);
    if (!property.type)
        return fail(
            failure, -EINVAL,
            "property %s: not known for a scope; see systemd.resource-control(5) and systemd.scope(5)", name);
    if (!property.type->bus_name)
        return fail(failure, -EINVAL, "property %s: cannot be set: %s", name, property.type->signature);
    int r = property.type->parse(equals + 1, &property);
    if (r < 0)
        return fail(failure, r, "property %s: \"%s\" is not a value for it: %s", name, equals + 1,
                    strerror(-r));
    return list_put(list, &property);
}

int scope_properties_make(const struct limits *limits, char *const *assignments, struct scope_property **ret,
                          size_t *ret_n, struct failure *failure)
{
    _cleanup_(cleanup_list) struct property_list list = {0};

    if (limits) {
        int r = put_limits(&list, limits, failure);
        if (r < 0)
            return fail(failure, r, "limits of the scope: %s", strerror(-r));
    }
    for (; assignments && *assignments; assignments++) {
        int r = put_assignment(&list, *assignments, failure);
        if (r < 0)
            return fail(failure, r, "property %s: %s", *assignments, strerror(-r));
    }
    *ret = TAKE_PTR(list.items);
    *ret_n = list.n;
    list.n = 0;
    return 0;
}
