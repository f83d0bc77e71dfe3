/* Properties, as systemctl show prints them. */
#include <stdio.h>
#include <time.h>

#include "common/json.h"
#include "common/parse.h"
#include "common/record.h"
#include "common/text.h"
#include "init/control/berthctl-files.h"

#define WALL_CLOCK "%a %Y-%m-%d %H:%M:%S %Z"

/* The properties of one unit; several lines of one key are one list. */
struct properties {
    char **keys, **values; /* of the same length */
    usec_t now;            /* CLOCK_MONOTONIC µs of PID 1 when it answered */
};

static void properties_done(struct properties *properties)
{
    strv_free(properties->keys);
    strv_free(properties->values);
}

static int join(char **value, const char *more)
{
    char *joined = xasprintf("%s %s", *value, more);
    if (!joined)
        return -ENOMEM;
    free(*value);
    *value = joined;
    return 0;
}

static int add(struct properties *properties, const char *key, const char *value)
{
    size_t n = strv_length(properties->keys);

    if (properties->keys && n > 0 && streq(properties->keys[n - 1], key))
        return join(&properties->values[n - 1], value);
    int r = strv_append(&properties->keys, key);
    return r < 0 ? r : strv_append(&properties->values, value);
}

/* A time that PID 1 gives by its own clock, by the wall clock of whoever asks; "" for never. */
static int add_wall_clock(struct properties *properties, const char *key, const char *value)
{
    _cleanup_free_ char *name = strndup(key, strlen(key) - strlen("Monotonic"));
    char text[64] = "";
    usec_t when;
    struct tm tm;

    if (!name || parse_u64(value, &when) < 0)
        return name ? 0 : -ENOMEM;
    usec_t now = now_monotonic();
    time_t seconds = (time_t)((now_realtime() - (now - MIN(now, when))) / USEC_PER_SEC);
    if (when > 0 && localtime_r(&seconds, &tm))
        (void)strftime(text, sizeof(text), WALL_CLOCK, &tm);
    return add(properties, name, text);
}

/* What PID 1 does not know: the files are the client's to read. */
static int add_file_state(struct berthctl *ctl, struct properties *properties)
{
    const char *name = NULL, *state, *preset;

    for (size_t i = 0; properties->keys && properties->keys[i]; i++)
        if (streq(properties->keys[i], "Id"))
            name = properties->values[i];
    if (!name || !unit_files_ask(ctl, name, &state, &preset))
        return 0;
    int r = add(properties, "UnitFileState", state);
    return r < 0 ? r : add(properties, "UnitFilePreset", preset);
}

static int read_properties(char *packet, size_t size, struct properties *properties)
{
    char *key, *value;
    int r;

    while ((r = record_next(&packet, &size, &key, &value)) > 0) {
        if (streq(key, CONTROL_KEY_RECORD))
            continue;
        if (endswith(key, "TimestampMonotonic") && (r = add_wall_clock(properties, key, value)) < 0)
            return r;
        if ((r = add(properties, key, value)) < 0)
            return r;
    }
    return r;
}

/* Without a choice of properties the empty ones are left out. */
static bool is_wanted(const struct berthctl *ctl, const char *key, const char *value)
{
    return ctl->properties ? strv_contains(ctl->properties, key) : *value || ctl->all;
}

static void print_json(const struct berthctl *ctl, const struct properties *properties)
{
    struct json json = {.out = stdout};

    fputs(ctl->printed ? "," : "[", stdout);
    json_object_begin(&json, NULL);
    for (size_t i = 0; properties->keys && properties->keys[i]; i++)
        if (is_wanted(ctl, properties->keys[i], properties->values[i]))
            json_string(&json, properties->keys[i], properties->values[i]);
    json_object_end(&json);
}

static void print_text(const struct berthctl *ctl, const struct properties *properties)
{
    if (ctl->printed)
        putchar('\n');
    for (size_t i = 0; properties->keys && properties->keys[i]; i++)
        if (is_wanted(ctl, properties->keys[i], properties->values[i]))
            printf("%s%s%s\n", ctl->value ? "" : properties->keys[i], ctl->value ? "" : "=",
                   properties->values[i]);
}

int berthctl_on_show(char *packet, size_t size, void *userdata)
{
    struct berthctl *ctl = userdata;
    struct properties properties = {};

    int r = read_properties(packet, size, &properties);
    if (r >= 0)
        r = add_file_state(ctl, &properties);
    if (r >= 0 && ctl->json)
        print_json(ctl, &properties);
    else if (r >= 0)
        print_text(ctl, &properties);
    ctl->printed = true;
    properties_done(&properties);
    return r;
}

void berthctl_finish_show(struct berthctl *ctl)
{
    if (ctl->json)
        puts(ctl->printed ? "]" : "[]");
}
