/* What berthctl prints of each record that comes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "common/fd.h"
#include "common/json.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/record.h"
#include "common/status-store.h"
#include "common/text.h"
#include "init/control/berthctl-files.h"
#include "init/unit/fragment.h"
#include "init/unit/name.h"

#define UNIT_FILE_BYTES_MAX (1024 * 1024)

static bool is_kind(const char *packet, size_t size, const char *kind)
{
    _cleanup_free_ char *found = record_get(packet, size, CONTROL_KEY_RECORD);
    return found && streq(found, kind);
}

/* Whether one of the words is the value of one of the keys. */
static bool has_value(const char *packet, size_t size, char *const *words, const char *const *keys)
{
    for (; *keys; keys++) {
        _cleanup_free_ char *value = record_get(packet, size, *keys);
        if (value && strv_contains(words, value))
            return true;
    }
    return false;
}

static bool is_of_types(const char *packet, size_t size, char *const *types)
{
    _cleanup_free_ char *id = record_get(packet, size, "Id");
    const char *dot = id ? strrchr(id, '.') : NULL;
    return dot && strv_contains(types, dot + 1);
}

/* As systemctl list-units: what is neither up nor failed is not worth a line, unless it was asked for. */
static bool is_hidden(const struct berthctl *ctl, const char *packet, size_t size)
{
    static const char *const states[] = {"ActiveState", "SubState", "LoadState", NULL};

    if (!is_kind(packet, size, "unit") || ctl->verb->ask)
        return false;
    if (ctl->types && !is_of_types(packet, size, ctl->types))
        return true;
    if (ctl->states)
        return !has_value(packet, size, ctl->states, states);
    _cleanup_free_ char *state = record_get(packet, size, "ActiveState");
    if (ctl->failed)
        return !state || !streq(state, "failed");
    if (ctl->all || (ctl->n_args > 0 && streq(ctl->verb->name, "status")))
        return false;
    return state && streq(state, "inactive");
}

/* PID 1 does not know whether a unit is enabled: the files are the client's to read. */
static int add_with_file_state(struct berthctl *ctl, char *packet, size_t size)
{
    _cleanup_free_ char *id = record_get(packet, size, "Id"), *longer = NULL;
    const char *state, *preset;

    if (!unit_files_ask(ctl, id, &state, &preset))
        return status_view_add(packet, size, ctl->view);
    longer = xasprintf("%sUnitFileState=%s\nUnitFilePreset=%s\n", packet, state, preset);
    return longer ? status_view_add(longer, strlen(longer), ctl->view) : -ENOMEM;
}

int berthctl_on_view(char *packet, size_t size, void *userdata)
{
    struct berthctl *ctl = userdata;

    if (is_hidden(ctl, packet, size))
        return 0;
    if (ctl->n_args > 0 && streq(ctl->verb->name, "status") && is_kind(packet, size, "unit"))
        return add_with_file_state(ctl, packet, size);
    return status_view_add(packet, size, ctl->view);
}

void berthctl_finish_status(struct berthctl *ctl)
{
    if (ctl->n_args > 0)
        status_view_print_details(ctl->view, stdout);
    else
        status_view_print_tree(ctl->view, stdout);
}

void berthctl_finish_list(struct berthctl *ctl)
{
    status_view_print_list(ctl->view, stdout);
}

void berthctl_finish_jobs(struct berthctl *ctl)
{
    status_view_print_jobs(ctl->view, stdout);
}

int berthctl_on_system_state(char *packet, size_t size, void *userdata)
{
    const struct berthctl *ctl = userdata;
    _cleanup_free_ char *state = record_get(packet, size, "SystemState");
    struct json json = {.out = stdout};

    if (ctl->quiet)
        return 0;
    if (!ctl->json) {
        puts(state ? state : "unknown");
        return 0;
    }
    json_object_begin(&json, NULL);
    json_string(&json, "SystemState", state);
    json_object_end(&json);
    return 0;
}

/* The files are the client's to read: it sees the same root, and PID 1 has better things to do. */
static int print_file(const struct berthctl *ctl, const char *path)
{
    struct json json = {.out = stdout};
    _cleanup_free_ char *text = NULL;
    size_t size;

    int r = read_file_at(AT_FDCWD, path, UNIT_FILE_BYTES_MAX, &text, &size);
    if (r < 0)
        return log_errno(r, "cannot read %s", path);
    if (ctl->json) {
        json_object_begin(&json, NULL);
        json_string(&json, "Path", path);
        json_string(&json, "Text", text);
        json_object_end(&json);
        return 0;
    }
    printf("# %s\n%s%s", path, text, size > 0 && text[size - 1] != '\n' ? "\n" : "");
    return 0;
}

static void print_next_file(struct berthctl *ctl, const char *path)
{
    if (ctl->printed && !ctl->json)
        putchar('\n');
    ctl->printed = true;
    if (print_file(ctl, path) < 0)
        ctl->complained = true;
}

/* PID 1 knows units, and a template is none: its files are found here. False when there are none. */
static bool print_template(struct berthctl *ctl, const char *name)
{
    struct unit_files *files = unit_name_is_template(name) ? unit_files_open(ctl) : NULL;
    char *names[] = {(char *)name, NULL};
    _cleanup_strv_ char **drop_ins = NULL;
    struct install_unit unit = {};

    bool found = files && install_find(&files->install, name, &unit) >= 0 && unit.found != FOUND_NOTHING &&
                 fragment_drop_ins(&files->install.loader, names, &drop_ins) >= 0;
    if (found && unit.path)
        print_next_file(ctl, unit.path);
    for (char **path = drop_ins; found && path && *path; path++)
        print_next_file(ctl, *path);
    install_unit_done(&unit);
    unit_files_free(files);
    return found;
}

int berthctl_on_cat(char *packet, size_t size, void *userdata)
{
    struct berthctl *ctl = userdata;
    _cleanup_free_ char *load = record_get(packet, size, "LoadState"), *id = record_get(packet, size, "Id");
    char *key, *value;
    bool any = false;
    int r;

    if (load && streq(load, "not-found")) {
        if (id && print_template(ctl, id))
            return 0;
        ctl->complained = true;
        log_error("%s: no such unit", id ? id : "?");
        return 0;
    }
    while ((r = record_next(&packet, &size, &key, &value)) > 0) {
        if (!streq(key, "FragmentPath") && !streq(key, "DropInPaths"))
            continue;
        any = true;
        print_next_file(ctl, value);
    }
    if (!any && !ctl->json)
        printf("# %s is built in, it has no file\n", id ? id : "?");
    return r;
}

static void print_state_json(const char *id, const char *state)
{
    struct json json = {.out = stdout};

    json_object_begin(&json, NULL);
    json_string(&json, "Id", id);
    json_string(&json, "ActiveState", state);
    json_object_end(&json);
}

int berthctl_on_state(char *packet, size_t size, void *userdata)
{
    const struct berthctl *ctl = userdata;
    _cleanup_free_ char *state = record_get(packet, size, "ActiveState");
    _cleanup_free_ char *id = record_get(packet, size, "Id");

    if (ctl->quiet)
        return 0;
    if (ctl->json)
        print_state_json(id, state);
    else
        puts(state ? state : "unknown");
    return 0;
}

static void print_log_json(const char *packet, size_t size, const char *unit, const char *timestamp,
                           const char *line)
{
    _cleanup_free_ char *level = record_get(packet, size, "Level");
    _cleanup_free_ char *stream = record_get(packet, size, "Stream");
    struct json json = {.out = stdout};
    uint64_t usec;

    json_object_begin(&json, NULL);
    json_string(&json, "Unit", unit);
    if (timestamp && parse_u64(timestamp, &usec) == 0)
        json_u64(&json, "Timestamp", usec);
    if (level)
        json_string(&json, "Level", level);
    if (stream)
        json_string(&json, "Stream", stream);
    json_string(&json, "Line", line);
    json_object_end(&json);
}

int berthctl_on_log(char *packet, size_t size, void *userdata)
{
    const struct berthctl *ctl = userdata;
    _cleanup_free_ char *unit = record_get(packet, size, "Unit");
    _cleanup_free_ char *timestamp = record_get(packet, size, "Timestamp");
    _cleanup_free_ char *line = record_get(packet, size, "Line");
    uint64_t usec;

    if (!line)
        return 0;
    if (ctl->json) {
        print_log_json(packet, size, unit, timestamp, line);
    } else {
        const char *suffix = unit ? endswith(unit, ".service") : NULL;
        if (timestamp && parse_u64(timestamp, &usec) == 0)
            status_put_time(stdout, usec);
        if (unit)
            printf("%.*s: ", (int)(suffix ? suffix - unit : (ptrdiff_t)strlen(unit)), unit);
        puts(line);
    }
    /* Who reads it may be a program that waits for the line. */
    return fflush(stdout) == 0 ? 0 : -EPIPE;
}

int berthctl_on_job(char *packet, size_t size, void *userdata)
{
    struct berthctl *ctl = userdata;
    _cleanup_free_ char *unit = record_get(packet, size, "Unit");
    _cleanup_free_ char *result = record_get(packet, size, CONTROL_KEY_RESULT);
    _cleanup_free_ char *message = record_get(packet, size, CONTROL_KEY_MESSAGE);

    if (!unit || !result)
        return -EPROTO;
    const char *why = message ? message : result;
    ctl->complained = true;
    if (ctl->quiet)
        return 0;
    if (streq(result, "failed") || streq(result, "timeout"))
        log_error("%s failed: %s, see `berthctl logs %s`", unit, why, unit);
    else
        log_error("cannot %s %s: %s", ctl->verb->name, unit, why);
    return 0;
}
