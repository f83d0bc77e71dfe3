/* One unit after the other with all that a person asks about it, in the lines of systemctl status. */
#include <inttypes.h>
#include <time.h>

#include "common/macro.h"
#include "common/parse.h"
#include "common/signals.h"
#include "common/status-store.h"
#include "common/text.h"
#include "common/time.h"

#define TEXT_MAX    1024
#define LABEL_WIDTH 11 /* systemctl's: scripts look for "     Active: " */

static void print_label(FILE *out, const char *label)
{
    fprintf(out, "%*s: ", LABEL_WIDTH, label);
}

/* Nothing for what is missing or empty. */
static void print_text(FILE *out, const struct status_record *unit, const char *label, const char *key)
{
    const char *value = status_get(unit, key);

    if (!value)
        return;
    print_label(out, label);
    status_put(out, value, TEXT_MAX);
    fputc('\n', out);
}

/* "●" in the colour of the state, the name, what it is. */
static void print_head(const struct status_view *view, FILE *out, const struct status_record *unit)
{
    static const char *const dots[STATUS_LOOK_MAX] = {"○", "●", "●", "×"};
    static const char *const ascii[STATUS_LOOK_MAX] = {"-", "*", "~", "x"};
    enum status_look look = status_unit_look(unit);
    const char *description = status_get(unit, "Description");

    status_paint(view, out, look, status_draws_unicode(view) ? dots[look] : ascii[look]);
    fputc(' ', out);
    status_put(out, status_name(unit), TEXT_MAX);
    if (description) {
        fputs(" - ", out);
        status_put(out, description, TEXT_MAX);
    }
    fputc('\n', out);
}

/* "loaded (/etc/…/x.service; enabled; preset: enabled)" */
static void print_loaded(FILE *out, const struct status_record *unit)
{
    const char *load = status_get(unit, "LoadState"), *path = status_get(unit, "FragmentPath");
    const char *state = status_get(unit, "UnitFileState"), *preset = status_get(unit, "UnitFilePreset");
    const char *error = status_get(unit, "LoadError");

    print_label(out, "Loaded");
    status_put(out, load ? load : "?", TEXT_MAX);
    if (error && !streq(load ? load : "", "loaded")) {
        fputs(" (", out);
        status_put(out, error, TEXT_MAX);
        fputc(')', out);
    } else if (path) {
        fputs(" (", out);
        status_put(out, path, TEXT_MAX);
        if (state)
            fprintf(out, "; %s", state);
        if (preset)
            fprintf(out, "; preset: %s", preset);
        fputc(')', out);
    }
    fputc('\n', out);
}

/* " since Sun 2026-11-22 16:00:00 UTC; 5min ago" */
static void print_since(FILE *out, const struct status_record *unit)
{
    char text[64], span[FORMAT_TIMESPAN_MAX];
    usec_t since, now;
    struct tm tm;

    if (!status_get_u64(unit, "StateChangeTimestampMonotonic", &since) || since == 0 ||
        !status_get_u64(unit, "NowMonotonic", &now) || now < since)
        return;
    time_t seconds = (time_t)((now_realtime() - (now - since)) / USEC_PER_SEC);
    if (!localtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%a %Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        return;
    usec_t age = now - since;
    usec_t step = age >= USEC_PER_DAY ? USEC_PER_HOUR : age >= USEC_PER_SEC ? USEC_PER_SEC : USEC_PER_MSEC;
    fprintf(out, " since %s; %s ago", text, format_timespan(span, age / step * step));
}

static void print_active(const struct status_view *view, FILE *out, const struct status_record *unit)
{
    const char *active = status_get(unit, "ActiveState"), *sub = status_get(unit, "SubState");
    const char *result = status_get(unit, "Result");
    char text[128];

    snprintf(text, sizeof(text), "%s (%s)", active ? active : "?", sub ? sub : "?");
    if (active && streq(active, "failed"))
        snprintf(text, sizeof(text), "failed (Result: %s)", result ? result : "?");
    print_label(out, "Active");
    status_paint(view, out, status_unit_look(unit), text);
    print_since(out, unit);
    fputc('\n', out);
}

/* "Main PID: 7", or how the last one ended. */
static void print_process(FILE *out, const struct status_record *unit)
{
    uint64_t pid, code, status;

    if (status_get_u64(unit, "MainPID", &pid) && pid > 0) {
        print_label(out, "Main PID");
        fprintf(out, "%" PRIu64 "\n", pid);
        return;
    }
    if (!status_get_u64(unit, "ExecMainCode", &code) || code == 0 ||
        !status_get_u64(unit, "ExecMainStatus", &status) || status > UINT8_MAX)
        return;
    const char *signal = signal_to_string((int)status);
    print_label(out, "Process");
    if (code == 1 || !signal) /* CLD_EXITED */
        fprintf(out, "code=exited, status=%" PRIu64 "\n", status);
    else
        fprintf(out, "code=killed, signal=%s\n", signal);
}

static void print_usage(FILE *out, const struct status_record *unit)
{
    char text[FORMAT_SIZE_MAX], span[FORMAT_TIMESPAN_MAX];
    uint64_t n;

    if (status_get_u64(unit, "TasksCurrent", &n)) {
        print_label(out, "Tasks");
        fprintf(out, "%" PRIu64 "\n", n);
    }
    if (status_get_u64(unit, "MemoryCurrent", &n)) {
        print_label(out, "Memory");
        fprintf(out, "%s\n", format_size(text, n));
    }
    if (status_get_u64(unit, "CPUUsageNSec", &n)) {
        print_label(out, "CPU");
        fprintf(out, "%s\n", format_timespan(span, n / NSEC_PER_USEC / USEC_PER_MSEC * USEC_PER_MSEC));
    }
}

static void print_unit(const struct status_view *view, FILE *out, const struct status_record *unit)
{
    uint64_t restarts;

    print_head(view, out, unit);
    print_loaded(out, unit);
    print_text(out, unit, "Drop-In", "DropInPaths");
    print_active(view, out, unit);
    print_text(out, unit, "Not run", "CountsAsStarted");
    print_text(out, unit, "Docs", "Documentation");
    print_process(out, unit);
    print_text(out, unit, "Error", "ExecError");
    print_text(out, unit, "Status", "StatusText");
    if (status_get_u64(unit, "NRestarts", &restarts) && restarts > 0) {
        print_label(out, "Restarts");
        fprintf(out, "%" PRIu64 "\n", restarts);
    }
    print_usage(out, unit);
    print_text(out, unit, "CGroup", "ControlGroup");
}

static bool is_of(const struct status_record *log, const struct status_record *unit)
{
    const char *name = status_get(log, "Unit");
    return name && streq(name, status_name(unit));
}

void status_print_details(const struct status_view *view, FILE *out)
{
    for (size_t i = 0; i < view->units.n; i++) {
        const struct status_record *unit = view->units.records[i];
        bool any = false;
        if (i > 0)
            fputc('\n', out);
        print_unit(view, out, unit);
        for (size_t l = 0; l < view->logs.n; l++) {
            if (!is_of(view->logs.records[l], unit))
                continue;
            if (!any)
                fputc('\n', out);
            any = true;
            status_print_log(out, view->logs.records[l]);
        }
    }
}
