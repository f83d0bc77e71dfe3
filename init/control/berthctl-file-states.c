/* What unit files say: is-enabled, list-unit-files, get-default. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>

#include "common/json.h"
#include "common/log.h"
#include "common/text.h"
#include "init/control/berthctl-files.h"

static void print_state(const struct berthctl *ctl, const char *name, const char *state)
{
    struct json json = {.out = stdout};

    if (ctl->quiet)
        return;
    if (!ctl->json) {
        puts(state);
        return;
    }
    json_object_begin(&json, NULL);
    json_string(&json, "Id", name);
    json_string(&json, "UnitFileState", state);
    json_object_end(&json);
}

/* As systemctl: 0 when one at least is enabled; a unit that does not exist is told of and fails alone. */
static int is_enabled(const struct berthctl *ctl, struct unit_files *files)
{
    _cleanup_strv_ char **names = unit_files_names(ctl, ctl->args, false);
    bool any = false;

    if (ctl->n_args > 1 && unit_files_ask_many(files) < 0)
        return 1;
    for (char **name = names; name && *name; name++) {
        enum install_state state;
        int r = install_get_state(&files->install, *name, &state);
        if (r < 0) {
            if (!ctl->quiet)
                fprintf(stderr, "Failed to get unit file state for %s: %s\n", *name, strerror(-r));
            return 1;
        }
        any |= install_state_is_enabled(state);
        print_state(ctl, *name, install_state_to_string(state));
    }
    return !any;
}

int berthctl_is_enabled(struct berthctl *ctl)
{
    struct unit_files *files = unit_files_open(ctl);
    int status = files ? is_enabled(ctl, files) : 1;

    unit_files_free(files);
    return status;
}

int berthctl_get_default(struct berthctl *ctl)
{
    struct unit_files *files = unit_files_open(ctl);
    _cleanup_free_ char *name = NULL;
    int r = files ? install_get_default(&files->install, &name) : -EIO;

    if (files && r < 0)
        log_errno(r, "get-default");
    else if (files && ctl->json)
        print_state(ctl, name, unit_files_state(files, name));
    else if (files)
        puts(name);
    unit_files_free(files);
    return r < 0;
}

/* What the list shows of a unit. */
struct row {
    const char *name, *state, *preset;
};

static bool matches(char *const *patterns, const char *name)
{
    if (!*patterns)
        return true;
    for (; *patterns; patterns++)
        if (fnmatch(*patterns, name, FNM_NOESCAPE) == 0)
            return true;
    return false;
}

/* By its name, before what costs most: all links there are say what its state is. */
static bool is_wanted(const struct berthctl *ctl, const char *name)
{
    return matches(ctl->args, name) && (!ctl->types || strv_contains(ctl->types, strrchr(name, '.') + 1));
}

static bool has_wanted_state(const struct berthctl *ctl, const struct row *row)
{
    return row->state && (!ctl->states || strv_contains(ctl->states, row->state));
}

static struct row describe(const struct unit_files *files, const char *name)
{
    struct row row = {name, unit_files_state(files, name), "-"};
    static const char *const without[] = {"static", "alias"};
    bool fixed = false;

    if (!row.state)
        row.state = install_state_to_string(STATE_BAD); /* a link that leads nowhere */
    /* A policy means nothing for what cannot be enabled. */
    FOREACH_ARRAY (state, without, ELEMENTSOF(without))
        fixed |= row.state && streq(row.state, *state);
    if (!fixed)
        row.preset = unit_files_preset(files, name);
    return row;
}

static void print_json(const struct row *rows, size_t n)
{
    struct json json = {.out = stdout};

    json_array_begin(&json, NULL);
    FOREACH_ARRAY (row, rows, n) {
        json_object_begin(&json, NULL);
        json_string(&json, "unit_file", row->name);
        json_string(&json, "state", row->state);
        json_string(&json, "preset", streq(row->preset, "-") ? NULL : row->preset);
        json_object_end(&json);
    }
    json_array_end(&json);
}

static void print_table(const struct berthctl *ctl, const struct row *rows, size_t n)
{
    size_t name = strlen("UNIT FILE"), state = strlen("STATE");

    FOREACH_ARRAY (row, rows, n) {
        name = MAX(name, strlen(row->name));
        state = MAX(state, strlen(row->state));
    }
    if (!ctl->no_legend)
        printf("%-*s %-*s PRESET\n", (int)name, "UNIT FILE", (int)state, "STATE");
    FOREACH_ARRAY (row, rows, n)
        printf("%-*s %-*s %s\n", (int)name, row->name, (int)state, row->state, row->preset);
    if (!ctl->no_legend)
        printf("\n%zu unit files listed.\n", n);
}

/* By type, then by name. */
static int compare_rows(const void *a, const void *b)
{
    const char *left = ((const struct row *)a)->name, *right = ((const struct row *)b)->name;
    int order = strcmp(strrchr(left, '.'), strrchr(right, '.'));
    return order ? order : strcmp(left, right);
}

static int list(const struct berthctl *ctl, struct unit_files *files)
{
    _cleanup_strv_ char **names = NULL;
    _cleanup_free_ struct row *rows = NULL;
    size_t n = 0;
    int r = unit_files_ask_many(files);

    if (r >= 0)
        r = install_list(&files->install, &names);
    if (r >= 0)
        rows = calloc(strv_length(names) + 1, sizeof(*rows));
    if (!rows) {
        log_error("no memory");
        return 1;
    }
    for (char **name = names; name && *name; name++) {
        if (!is_wanted(ctl, *name))
            continue;
        rows[n] = describe(files, *name);
        n += has_wanted_state(ctl, &rows[n]);
    }
    qsort(rows, n, sizeof(*rows), compare_rows);
    if (ctl->json)
        print_json(rows, n);
    else
        print_table(ctl, rows, n);
    return 0;
}

int berthctl_list_files(struct berthctl *ctl)
{
    struct unit_files *files = unit_files_open(ctl);
    int status = files ? list(ctl, files) : 1;

    unit_files_free(files);
    return status;
}
