/* The units as a tree: one line for the manager, the services below their slices, the last log lines. */
#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "berth/exit-codes.h"
#include "common/macro.h"
#include "common/parse.h"
#include "common/signals.h"
#include "common/status-store.h"
#include "common/text.h"
#include "common/time.h"

#define NAME_COLUMNS_MAX 48
#define TEXT_COLUMNS_MAX 120
#define LINE_COLUMNS_MAX 4096

/* What the tree is drawn with. */
struct drawing {
    const char *dots[STATUS_LOOK_MAX];
    const char *branch, *last, *along, *past;
    const char *between; /* two facts of a line */
};

static const struct drawing *choose_drawing(const struct status_view *view)
{
    static const struct drawing unicode = {
        .dots = {[LOOK_INACTIVE] = "○", [LOOK_ACTIVE] = "●", [LOOK_CHANGING] = "●", [LOOK_FAILED] = "×"},
        .branch = "├─",
        .last = "└─",
        .along = "│ ",
        .past = "  ",
        .between = " · ",
    };
    static const struct drawing ascii = {
        .dots = {[LOOK_INACTIVE] = "-", [LOOK_ACTIVE] = "*", [LOOK_CHANGING] = "~", [LOOK_FAILED] = "x"},
        .branch = "|-",
        .last = "`-",
        .along = "| ",
        .past = "  ",
        .between = ", ",
    };
    return status_draws_unicode(view) ? &unicode : &ascii;
}

/* Rounded down to what a person wants to know: two units at most. */
static usec_t round_span(usec_t span)
{
    static const struct {
        usec_t from, unit;
    } steps[] = {
        {USEC_PER_WEEK, USEC_PER_DAY},
        {USEC_PER_DAY, USEC_PER_HOUR},
        {USEC_PER_HOUR, USEC_PER_MINUTE},
        {USEC_PER_SEC, USEC_PER_SEC},
    };
    FOREACH_ARRAY (step, steps, ELEMENTSOF(steps))
        if (span >= step->from)
            return span / step->unit * step->unit;
    return span / USEC_PER_MSEC * USEC_PER_MSEC;
}

static void print_since(const struct status_view *view, FILE *out, const struct status_record *unit)
{
    char text[FORMAT_TIMESPAN_MAX];
    usec_t since, now;

    if (!status_get_u64(unit, "StateChangeTimestampMonotonic", &since) || since == 0)
        return;
    if (!status_get_u64(unit, "NowMonotonic", &now) && !status_get_u64(view->manager, "NowMonotonic", &now))
        return;
    if (now < since)
        return;
    bool lasts = status_unit_look(unit) == LOOK_ACTIVE || status_unit_look(unit) == LOOK_CHANGING;
    format_timespan(text, round_span(now - since));
    fprintf(out, "%s%s%s%s", choose_drawing(view)->between, lasts ? "for " : "", text, lasts ? "" : " ago");
}

/* "exit code 203 (EXEC)", "signal SIGSEGV"; "" when the record does not say. */
static void format_exit(char *text, size_t size, const struct status_record *unit)
{
    uint64_t code, status;

    *text = 0;
    if (!status_get_u64(unit, "ExecMainCode", &code) || !status_get_u64(unit, "ExecMainStatus", &status) ||
        status > UINT8_MAX)
        return;
    const char *stage = exec_stage_to_string((int)status);
    const char *name = signal_to_string((int)status);
    if (code == CLD_EXITED)
        snprintf(text, size, "exit code %" PRIu64 "%s%s%s", status, stage ? " (" : "", stage ? stage : "",
                 stage ? ")" : "");
    else if ((code == CLD_KILLED || code == CLD_DUMPED) && name)
        snprintf(text, size, "signal %s%s", name, code == CLD_DUMPED ? ", core dumped" : "");
}

/* Why a unit is not up, by the most exact that its record says; NULL: nothing is wrong. */
static const char *find_reason(const struct status_record *unit, char *text, size_t size)
{
    const char *load = status_get(unit, "LoadState");
    const char *result = status_get(unit, "Result");
    const char *error = load && !streq(load, "loaded") ? status_get(unit, "LoadError") : NULL;

    if (error)
        return error;
    if (!result || streq(result, "success") || status_unit_look(unit) == LOOK_ACTIVE)
        return NULL;
    error = status_get(unit, "ExecError");
    if (error)
        return error;
    if (streq(result, "exit-code") || streq(result, "signal") || streq(result, "core-dump"))
        format_exit(text, size, unit);
    return *text ? text : result;
}

static void print_reason(const struct status_view *view, FILE *out, const struct status_record *unit)
{
    char text[64] = "";
    const char *reason = find_reason(unit, text, sizeof(text));

    if (!reason)
        return;
    fputs(choose_drawing(view)->between, out);
    status_put(out, reason, TEXT_COLUMNS_MAX);
}

static void print_numbers(const struct status_view *view, FILE *out, const struct status_record *unit)
{
    const char *between = choose_drawing(view)->between;
    uint64_t n;

    if (status_get_u64(unit, "MainPID", &n) && n > 0)
        fprintf(out, "%sPID %" PRIu64, between, n);
    print_since(view, out, unit);
    if (status_get_u64(unit, "NRestarts", &n) && n > 0)
        fprintf(out, "%s%" PRIu64 " restart%s", between, n, n == 1 ? "" : "s");
    if (status_get_u64(unit, "MemoryCurrent", &n) && n != UINT64_MAX) {
        char size[FORMAT_SIZE_MAX];
        fprintf(out, "%smemory %s", between, format_size(size, n));
    }
}

static const char *state_of(const struct status_record *unit)
{
    const char *load = status_get(unit, "LoadState");
    const char *state = status_get(unit, "SubState");

    if (load && !streq(load, "loaded") && status_unit_look(unit) != LOOK_ACTIVE)
        return load;
    if (!state)
        state = status_get(unit, "ActiveState");
    return state ? state : "?";
}

static void print_service(const struct status_view *view, FILE *out, const struct status_record *unit,
                          size_t width)
{
    enum status_look look = status_unit_look(unit);

    status_paint(view, out, look, choose_drawing(view)->dots[look]);
    fputc(' ', out);
    size_t used = status_put(out, status_name(unit), NAME_COLUMNS_MAX);
    status_pad(out, width - used + 1);
    status_put(out, state_of(unit), TEXT_COLUMNS_MAX);
    print_numbers(view, out, unit);
    const char *text = status_get(unit, "StatusText");
    if (text) {
        fprintf(out, "%s\"", choose_drawing(view)->between);
        status_put(out, text, TEXT_COLUMNS_MAX);
        fputc('"', out);
    }
    print_reason(view, out, unit);
    fputc('\n', out);
}

static const char *slice_of(const struct status_view *view, size_t i)
{
    const char *slice = status_get(view->services.records[i], "Slice");
    return slice ? slice : "";
}

/* The services are sorted by slice, so each slice is one run of them; those of no slice come first and hang
 * on the root. */
static void print_services(const struct status_view *view, FILE *out)
{
    const struct drawing *drawing = choose_drawing(view);
    size_t n = view->services.n, width = 0;
    const char *slice = "";

    for (size_t i = 0; i < n; i++)
        width = MAX(width, status_width(status_name(view->services.records[i]), NAME_COLUMNS_MAX));
    for (size_t i = 0; i < n; i++) {
        bool last_slice = streq(slice_of(view, i), slice_of(view, n - 1));
        if (!streq(slice, slice_of(view, i))) {
            slice = slice_of(view, i);
            fputs(last_slice ? drawing->last : drawing->branch, out);
            status_put(out, slice, NAME_COLUMNS_MAX);
            fputc('\n', out);
        }
        bool last = i + 1 == n || (*slice && !streq(slice, slice_of(view, i + 1)));
        if (*slice)
            fputs(last_slice ? drawing->past : drawing->along, out);
        fputs(last ? drawing->last : drawing->branch, out);
        print_service(view, out, view->services.records[i], width);
    }
}

static enum status_look manager_look(const char *state)
{
    if (streq(state, "running"))
        return LOOK_ACTIVE;
    return streq(state, "degraded") ? LOOK_FAILED : LOOK_CHANGING;
}

static void print_manager(const struct status_view *view, FILE *out)
{
    const char *between = choose_drawing(view)->between;
    const char *state = status_get(view->manager, "SystemState");
    const char *tracking = status_get(view->manager, "Tracking");
    uint64_t failed;
    size_t up = 0;

    state = state ? state : "?";
    status_paint(view, out, manager_look(state), choose_drawing(view)->dots[LOOK_ACTIVE]);
    fputc(' ', out);
    status_put(out, state, NAME_COLUMNS_MAX);
    for (size_t i = 0; i < view->services.n; i++)
        up += status_unit_look(view->services.records[i]) == LOOK_ACTIVE;
    fprintf(out, "%s%zu of %zu service%s up", between, up, view->services.n,
            view->services.n == 1 ? "" : "s");
    if (status_get_u64(view->manager, "NFailedUnits", &failed) && failed > 0) {
        char text[32];
        snprintf(text, sizeof(text), "%" PRIu64 " failed", failed);
        fputs(between, out);
        status_paint(view, out, LOOK_FAILED, text);
    }
    if (tracking) {
        fprintf(out, "%stracking: ", between);
        status_put(out, tracking, TEXT_COLUMNS_MAX);
    }
    fputc('\n', out);
}

void status_put_time(FILE *out, uint64_t realtime)
{
    time_t seconds = (time_t)(realtime / USEC_PER_SEC);
    char text[32];
    struct tm tm;

    if (localtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%b %d %H:%M:%S ", &tm) > 0)
        fputs(text, out);
}

/* "Nov 22 12:48:06 web: listening on port 80" */
void status_print_log(FILE *out, const struct status_record *log)
{
    const char *unit = status_get(log, "Unit");
    const char *line = status_get(log, "Line");
    char text[256];
    usec_t timestamp;

    if (status_get_u64(log, "Timestamp", &timestamp))
        status_put_time(out, timestamp);
    if (unit) {
        const char *suffix = endswith(unit, ".service");
        snprintf(text, sizeof(text), "%.*s", (int)(suffix ? (size_t)(suffix - unit) : strlen(unit)), unit);
        status_put(out, text, NAME_COLUMNS_MAX);
        fputs(": ", out);
    }
    status_put(out, line ? line : "", LINE_COLUMNS_MAX);
    fputc('\n', out);
}

void status_print_tree(const struct status_view *view, FILE *out)
{
    if (view->manager)
        print_manager(view, out);
    print_services(view, out);
    if (view->logs.n > 0 && (view->manager || view->services.n > 0))
        fputc('\n', out);
    for (size_t i = 0; i < view->logs.n; i++)
        status_print_log(out, view->logs.records[i]);
}
