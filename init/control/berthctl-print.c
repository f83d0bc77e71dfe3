/* What berthctl prints of each record that comes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "common/fd.h"
#include "common/json.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/record.h"
#include "common/text.h"
#include "init/control/berthctl.h"

#define UNIT_FILE_BYTES_MAX (1024 * 1024)

static bool is_kind(const char *packet, size_t size, const char *kind)
{
    _cleanup_free_ char *found = record_get(packet, size, CONTROL_KEY_RECORD);
    return found && streq(found, kind);
}

/* As systemctl list-units: what is neither up nor failed is not worth a line. */
static bool is_hidden(const struct berthctl *ctl, const char *packet, size_t size)
{
    if (ctl->all || ctl->n_args > 0 || !is_kind(packet, size, "unit"))
        return false;
    _cleanup_free_ char *state = record_get(packet, size, "ActiveState");
    return state && streq(state, "inactive");
}

int berthctl_on_view(char *packet, size_t size, void *userdata)
{
    struct berthctl *ctl = userdata;
    return is_hidden(ctl, packet, size) ? 0 : status_view_add(packet, size, ctl->view);
}

void berthctl_finish_tree(struct berthctl *ctl)
{
    status_view_print_tree(ctl->view, stdout);
}

void berthctl_finish_list(struct berthctl *ctl)
{
    status_view_print_list(ctl->view, stdout);
}

static void show_property(const struct berthctl *ctl, struct json *json, const char *key, const char *value)
{
    if (streq(key, CONTROL_KEY_RECORD) || (ctl->properties && !strv_contains(ctl->properties, key)))
        return;
    if (ctl->json)
        json_string(json, key, value);
    else if (ctl->value)
        puts(value);
    else
        printf("%s=%s\n", key, value);
}

int berthctl_on_show(char *packet, size_t size, void *userdata)
{
    struct berthctl *ctl = userdata;
    struct json json = {.out = stdout};
    char *key, *value;
    int r;

    if (ctl->json)
        fputs(ctl->printed ? "," : "[", stdout);
    else if (ctl->printed)
        putchar('\n');
    ctl->printed = true;
    if (ctl->json)
        json_object_begin(&json, NULL);
    while ((r = record_next(&packet, &size, &key, &value)) > 0)
        show_property(ctl, &json, key, value);
    if (ctl->json)
        json_object_end(&json);
    return r;
}

void berthctl_finish_show(struct berthctl *ctl)
{
    if (ctl->json)
        puts(ctl->printed ? "]" : "[]");
}

/* The files are the client's to read: it sees the same root, and PID 1 has better things to do. */
static int print_file(const char *path)
{
    _cleanup_free_ char *text = NULL;
    size_t size;

    int r = read_file_at(AT_FDCWD, path, UNIT_FILE_BYTES_MAX, &text, &size);
    if (r < 0)
        return log_errno(r, "cannot read %s", path);
    printf("# %s\n%s%s", path, text, size > 0 && text[size - 1] != '\n' ? "\n" : "");
    return 0;
}

int berthctl_on_cat(char *packet, size_t size, void *userdata)
{
    struct berthctl *ctl = userdata;
    _cleanup_free_ char *load = record_get(packet, size, "LoadState"), *id = record_get(packet, size, "Id");
    char *key, *value;
    bool any = false;
    int r;

    if (load && streq(load, "not-found")) {
        ctl->complained = true;
        log_error("%s: no such unit", id ? id : "?");
        return 0;
    }
    while ((r = record_next(&packet, &size, &key, &value)) > 0) {
        if (!streq(key, "FragmentPath") && !streq(key, "DropInPaths"))
            continue;
        if (any || ctl->printed)
            putchar('\n');
        any = true;
        if (print_file(value) < 0)
            ctl->complained = true;
    }
    ctl->printed |= any;
    if (!any)
        printf("# %s is built in, it has no file\n", id ? id : "?");
    return r;
}

int berthctl_on_state(char *packet, size_t size, void *userdata)
{
    const struct berthctl *ctl = userdata;
    _cleanup_free_ char *state = record_get(packet, size, "ActiveState");

    if (!ctl->quiet)
        puts(state ? state : "unknown");
    return 0;
}

static void print_time(const char *microseconds)
{
    char text[32];
    uint64_t usec;
    struct tm tm;

    if (!microseconds || parse_u64(microseconds, &usec) < 0)
        return;
    time_t seconds = (time_t)(usec / USEC_PER_SEC);
    if (localtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%b %d %H:%M:%S ", &tm) > 0)
        fputs(text, stdout);
}

static void print_log_json(const char *unit, const char *timestamp, const char *line)
{
    struct json json = {.out = stdout};
    uint64_t usec;

    json_object_begin(&json, NULL);
    json_string(&json, "Unit", unit);
    if (timestamp && parse_u64(timestamp, &usec) == 0)
        json_u64(&json, "Timestamp", usec);
    json_string(&json, "Line", line);
    json_object_end(&json);
    putchar('\n');
}

int berthctl_on_log(char *packet, size_t size, void *userdata)
{
    const struct berthctl *ctl = userdata;
    _cleanup_free_ char *unit = record_get(packet, size, "Unit");
    _cleanup_free_ char *timestamp = record_get(packet, size, "Timestamp");
    _cleanup_free_ char *line = record_get(packet, size, "Line");

    if (!line)
        return 0;
    if (ctl->json) {
        print_log_json(unit, timestamp, line);
    } else {
        const char *suffix = unit ? endswith(unit, ".service") : NULL;
        print_time(timestamp);
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
