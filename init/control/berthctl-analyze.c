/* analyze: where the time of a boot went, from the times that PID 1 keeps for each unit. */
#include "init/control/berthctl-analyze.h"

#include <errno.h>
#include <stdlib.h>

#include "common/json.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/unit/name.h"

static usec_t get_time(const struct status_record *record, const char *key)
{
    usec_t time;
    return status_get_u64(record, key, &time) ? time : 0;
}

/* False for a unit that was never started. */
static bool read_unit(const struct status_record *record, struct boot_unit *ret)
{
    usec_t begin = get_time(record, "InactiveExitTimestampMonotonic");
    usec_t active = get_time(record, "ActiveEnterTimestampMonotonic");
    usec_t ended = get_time(record, "InactiveEnterTimestampMonotonic");
    const char *state = status_get(record, "ActiveState");

    /* Work that is done without being "active" in between (Type=oneshot) is ready when it is over. */
    usec_t ready = active >= begin && active > 0 ? active : ended >= begin ? ended : 0;
    *ret = (struct boot_unit){
        .record = record,
        .name = status_name(record),
        .begin = begin > 0 ? begin : active,
        .ready = ready,
        .up = state && streq(state, "active"),
    };
    return ret->ready > 0 && ret->begin > 0;
}

static int compare_begin(const void *a, const void *b)
{
    const struct boot_unit *left = a, *right = b;

    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* From the first unit on. */
static void make_relative(struct boot_times *times)
{
    usec_t zero = times->n > 0 ? times->units[0].begin : 0;

    FOREACH_ARRAY (unit, times->units, times->n) {
        unit->begin -= zero;
        unit->ready -= zero;
        times->end = MAX(times->end, unit->ready);
    }
}

int boot_times_read(const struct status_view *view, struct boot_times *ret)
{
    *ret = (struct boot_times){.units = calloc(view->units.n + 1, sizeof(*ret->units))};
    if (!ret->units)
        return -ENOMEM;
    for (size_t i = 0; i < view->units.n; i++)
        ret->n += read_unit(view->units.records[i], &ret->units[ret->n]);
    qsort(ret->units, ret->n, sizeof(*ret->units), compare_begin);
    make_relative(ret);
    return 0;
}

void boot_times_done(struct boot_times *times)
{
    free(times->units);
    *times = (struct boot_times){};
}

/* Dependencies are told by these. */
static const struct boot_unit *find_by_own_name(const struct boot_times *times, const char *name)
{
    FOREACH_ARRAY (unit, times->units, times->n)
        if (streq(unit->name, name))
            return unit;
    return NULL;
}

/* By its own name or another one. */
const struct boot_unit *boot_times_find(const struct boot_times *times, const char *name)
{
    const struct boot_unit *found = find_by_own_name(times, name);

    for (size_t i = 0; !found && i < times->n; i++)
        if (berthctl_has_alias(times->units[i].record, name))
            found = &times->units[i];
    return found;
}

static void print_span(usec_t span)
{
    char text[FORMAT_TIMESPAN_MAX];

    /* Three digits say enough. */
    usec_t step = span >= USEC_PER_SEC ? USEC_PER_MSEC : 1;
    fputs(format_timespan(text, span / step * step), stdout);
}

static void json_unit(struct json *json, const struct boot_unit *unit)
{
    json_object_begin(json, NULL);
    json_string(json, "Id", unit->name);
    json_u64(json, "BeginUSec", unit->begin);
    json_u64(json, "ReadyUSec", unit->ready);
    json_u64(json, "DurationUSec", unit->ready - unit->begin);
    json_object_end(json);
}

/* --- time --- */

static int print_time(const struct berthctl *ctl, const struct boot_times *times)
{
    const struct boot_unit *target = boot_times_find(times, berthctl_boot_target(ctl));
    struct json json = {.out = stdout};
    usec_t total = target ? target->ready : times->end;

    if (ctl->json) {
        json_object_begin(&json, NULL);
        json_string(&json, "Target", target ? target->name : NULL);
        json_u64(&json, "BootUSec", total);
        json_u64(&json, "NUnits", times->n);
        json_object_end(&json);
        return 0;
    }
    fputs("Startup finished in ", stdout);
    print_span(total);
    printf(": %zu units, up to %s.\n", times->n, target ? target->name : "the last one");
    return 0;
}

/* --- blame --- */

static int compare_duration(const void *a, const void *b)
{
    const struct boot_unit *left = a, *right = b;
    usec_t l = left->ready - left->begin, r = right->ready - right->begin;

    return l != r ? (l > r ? -1 : 1) : strcmp(left->name, right->name);
}

static int print_blame(const struct berthctl *ctl, const struct boot_times *times)
{
    struct json json = {.out = stdout};

    qsort(times->units, times->n, sizeof(*times->units), compare_duration);
    if (ctl->json)
        json_array_begin(&json, NULL);
    FOREACH_ARRAY (unit, times->units, times->n) {
        char text[FORMAT_TIMESPAN_MAX];
        usec_t span = unit->ready - unit->begin;
        if (ctl->json)
            json_unit(&json, unit);
        else if (span > 0)
            printf("%12s %s\n",
                   format_timespan(text, span >= USEC_PER_SEC ? span / USEC_PER_MSEC * USEC_PER_MSEC : span),
                   unit->name);
    }
    if (ctl->json)
        json_array_end(&json);
    return 0;
}

/* --- critical-chain --- */

/* Of the units that it had to wait for the one that was ready last. */
static const struct boot_unit *find_cause(const struct boot_times *times, const struct boot_unit *unit)
{
    _cleanup_strv_ char **names = NULL;
    const char *after = status_get(unit->record, "After");
    const struct boot_unit *cause = NULL;

    if (!after || strv_split(after, " ", &names) < 0)
        return NULL;
    for (char **name = names; name && *name; name++) {
        const struct boot_unit *other = find_by_own_name(times, *name);
        /* What was ready later was (re)started later: nobody waited for that. */
        if (other && other != unit && other->ready <= unit->begin && other->begin < unit->ready &&
            (!cause || other->ready > cause->ready))
            cause = other;
    }
    return cause;
}

static void print_link(const struct berthctl *ctl, const struct boot_unit *unit, unsigned depth)
{
    bool unicode = status_draws_unicode(ctl->view);

    if (depth > 0)
        printf("%*s%s", 2 * (int)(depth - 1), "", unicode ? "└─" : "`-");
    printf("%s @", unit->name);
    print_span(unit->ready > unit->begin ? unit->begin : unit->ready);
    if (unit->ready > unit->begin) {
        fputs(" +", stdout);
        print_span(unit->ready - unit->begin);
    }
    putchar('\n');
}

static int print_chain(const struct berthctl *ctl, const struct boot_times *times)
{
    _cleanup_free_ char *name = NULL;
    const char *word = ctl->n_args > 1 ? ctl->args[1] : berthctl_boot_target(ctl);
    struct json json = {.out = stdout};
    const struct boot_unit *unit = unit_name_mangle(word, &name) >= 0 ? boot_times_find(times, name) : NULL;

    if (!unit) {
        log_error("analyze: %s was not started", word);
        return -ENOENT;
    }
    if (ctl->json)
        json_array_begin(&json, NULL);
    for (unsigned depth = 0; unit && depth < times->n; depth++, unit = find_cause(times, unit))
        if (ctl->json)
            json_unit(&json, unit);
        else
            print_link(ctl, unit, depth);
    if (ctl->json)
        json_array_end(&json);
    return 0;
}

/* --- plot --- */

static int print_plot(const struct berthctl *ctl, const struct boot_times *times)
{
    boot_times_plot(times, stdout);
    return 0;
}

static const struct {
    const char *word;
    int (*print)(const struct berthctl *ctl, const struct boot_times *times);
} views[] = {
    {"time", print_time},
    {"blame", print_blame},
    {"critical-chain", print_chain},
    {"plot", print_plot},
};

void berthctl_finish_analyze(struct berthctl *ctl)
{
    const char *word = ctl->n_args > 0 ? ctl->args[0] : "time";
    struct boot_times times;
    int r = -EINVAL;

    if (boot_times_read(ctl->view, &times) < 0) {
        log_error("no memory");
        ctl->complained = true;
        return;
    }
    FOREACH_ARRAY (view, views, ELEMENTSOF(views))
        if (streq(view->word, word))
            r = view->print(ctl, &times);
    if (r == -EINVAL)
        log_error("analyze: %s: it is time, blame, critical-chain or plot", word);
    ctl->complained = r < 0;
    boot_times_done(&times);
}
