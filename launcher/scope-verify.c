/* What was asked for is compared with what the kernel has: systemd accepts limits that it cannot apply and
 * says nothing. */
#include <errno.h>
#include <inttypes.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "common/text.h"
#include "launcher/cgroup.h"
#include "launcher/scope-private.h"

#define CPU_PERIOD_USEC (100 * USEC_PER_MSEC) /* the kernel's default, and systemd's */

static char *number_to_text(const struct scope_property *property)
{
    return property->number == UINT64_MAX ? strdup("max") : xasprintf("%" PRIu64, property->number);
}

static bool parse_attribute(const char *text, uint64_t *ret)
{
    *ret = UINT64_MAX;
    return streq(text, "max") || parse_u64(text, ret) >= 0;
}

static bool count_matches(const struct scope_property *property, const char *found)
{
    uint64_t number;
    return parse_attribute(found, &number) && number == property->number;
}

/* The kernel counts whole pages: less than one of them is no memory at all, which nobody asks for. */
static bool bytes_match(const struct scope_property *property, const char *found)
{
    uint64_t number, page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (!parse_attribute(found, &number))
        return false;
    if (property->number == UINT64_MAX)
        return number == UINT64_MAX;
    return number == property->number / page * page && (number > 0 || property->number == 0);
}

/* Quota in a period that keeps both above the kernel's least millisecond. */
static char *cpu_max_to_text(const struct scope_property *property)
{
    uint64_t period = CPU_PERIOD_USEC, least = USEC_PER_MSEC;
    if (property->number == USEC_INFINITY)
        return strdup("max");
    if (property->number * period / USEC_PER_SEC < least)
        period = least * USEC_PER_SEC / MAX(property->number, least);
    uint64_t quota = property->number * period / USEC_PER_SEC;
    return xasprintf("%" PRIu64 " %" PRIu64, MAX(quota, least), period);
}

/* The share counts, whatever the period; both numbers are whole microseconds. */
static bool cpu_max_matches(const struct scope_property *property, const char *found)
{
    _cleanup_strv_ char **words = NULL;
    uint64_t quota, period;

    if (strv_split(found, " ", &words) < 0 || strv_length(words) != 2 || !parse_attribute(words[0], &quota) ||
        parse_u64(words[1], &period) < 0 || period == 0)
        return false;
    if (quota == UINT64_MAX || property->number == USEC_INFINITY)
        return quota == property->number;
    double share = (double)quota / (double)period * (double)USEC_PER_SEC;
    double difference = share - (double)property->number;
    double rounding = (double)USEC_PER_SEC / (double)period + 1;
    return difference <= rounding && difference >= -rounding;
}

static char *default_weight_to_text(const struct scope_property *property)
{
    return xasprintf("default %" PRIu64, property->number);
}

/* Weights of single devices follow on more lines. */
static bool default_weight_matches(const struct scope_property *property, const char *found)
{
    const char *number = startswith(found, "default ");
    _cleanup_free_ char *line = number ? strndup(number, strcspn(number, "\n")) : NULL;
    return line && count_matches(property, line);
}

static char *cpus_to_text(const struct scope_property *property)
{
    return format_cpu_list(property->mask, property->mask_size);
}

static bool cpus_match(const struct scope_property *property, const char *found)
{
    _cleanup_free_ uint8_t *mask = NULL;
    size_t size;
    return parse_cpu_list(found, &mask, &size) >= 0 && size == property->mask_size &&
           memcmp(mask, property->mask, size) == 0;
}

const struct attribute_format format_bytes = {number_to_text, bytes_match};
const struct attribute_format format_count = {number_to_text, count_matches};
const struct attribute_format format_cpu_max = {cpu_max_to_text, cpu_max_matches};
const struct attribute_format format_default_weight = {default_weight_to_text, default_weight_matches};
const struct attribute_format format_cpus = {cpus_to_text, cpus_match};

static void cleanup_mntent(FILE **file)
{
    if (*file)
        (void)endmntent(*file);
}

/* Where a v1 hierarchy holds the controller; NULL when none does. */
static char *find_v1_mount(const char *controller)
{
    _cleanup_(cleanup_mntent) FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent *entry;

    while (mounts && (entry = getmntent(mounts)))
        if (streq(entry->mnt_type, "cgroup") && hasmntopt(entry, controller))
            return strdup(entry->mnt_dir);
    return NULL;
}

char *explain_missing_controller(const char *controller, bool user)
{
    _cleanup_free_ char *v1 = find_v1_mount(controller);
    if (v1)
        return xasprintf(
            "the controller %s is mounted as cgroup v1 on %s: boot with cgroup_no_v1=all, or with "
            "systemd.unified_cgroup_hierarchy=1",
            controller, v1);
    if (user)
        return xasprintf(
            "the controller %s is not delegated to users: add Delegate=cpu cpuset io memory pids to a "
            "drop-in of user@.service, then systemctl --user daemon-reexec",
            controller);
    return xasprintf(
        "the controller %s is not available in cgroup v2 here: see cgroup.controllers at its mount point",
        controller);
}

static int fail_missing(const struct scope *scope, const struct scope_property *property, int error,
                        struct failure *failure)
{
    const struct scope_property_type *type = property->type;
    char controller[CONTROLLER_NAME_MAX];

    if (error != -ENOENT)
        return fail(failure, error, "limit %s: %s%s/%s cannot be read: %s", type->name, scope->mount,
                    scope->cgroup, type->attribute, strerror(-error));
    if (cgroup_has_controller(scope->fd, controller_of(controller, type->attribute)))
        return fail(failure, -EOPNOTSUPP, "limit %s: this kernel has no %s", type->name, type->attribute);
    _cleanup_free_ char *why = explain_missing_controller(controller, scope->user);
    return fail(failure, -EOPNOTSUPP, "limit %s is not in effect: %s", type->name, why ?: controller);
}

static int verify_property(const struct scope *scope, const struct scope_property *property,
                           struct failure *failure)
{
    const struct scope_property_type *type = property->type;
    _cleanup_free_ char *found = NULL, *asked = NULL;

    int r = cgroup_read(scope->fd, type->attribute, &found);
    if (r < 0)
        return fail_missing(scope, property, r, failure);
    if (type->format->matches(property, found))
        return 0;
    asked = type->format->to_text(property);
    return fail(failure, -ERANGE, "limit %s: asked for %s, but %s%s/%s says \"%s\": this host cannot give it",
                type->name, asked ?: "?", scope->mount, scope->cgroup, type->attribute, found);
}

int scope_verify(const struct scope *scope, struct failure *failure)
{
    for (size_t i = 0; i < scope->n_properties; i++) {
        const struct scope_property *property = &scope->properties[i];
        int r = property->type->attribute ? verify_property(scope, property, failure) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}
