/* The records of units: taking them in, and printing them as a list or as JSON. The tree is in status-tree.c.
 */
#include "common/status-view.h"

#include <errno.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "common/parse.h"
#include "common/record.h"
#include "common/status-store.h"
#include "common/text.h"

#define NAME_MAX_COLUMNS 64
#define COLOUR_END       "\033[0m"

struct status_view *status_view_new(bool colours, bool json)
{
    struct status_view *view = malloc(sizeof(*view));
    if (view)
        *view = (struct status_view){.colours = colours, .json = json};
    return view;
}

static void free_owned(struct status_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->records[i]);
    free(list->records);
}

void status_view_set_plain(struct status_view *view, bool plain, bool no_legend)
{
    view->plain = plain;
    view->no_legend = no_legend;
}

struct status_view *status_view_free(struct status_view *view)
{
    if (view) {
        free_owned(&view->units);
        free_owned(&view->logs);
        free(view->services.records);
        free(view->manager);
        free(view);
    }
    return NULL;
}

const char *status_get(const struct status_record *record, const char *key)
{
    if (!record)
        return NULL;
    FOREACH_ARRAY (field, record->fields, record->n_fields)
        if (streq(field->key, key))
            return *field->value ? field->value : NULL;
    return NULL;
}

bool status_get_u64(const struct status_record *record, const char *key, uint64_t *ret)
{
    const char *value = status_get(record, key);
    return value && parse_u64(value, ret) == 0;
}

const char *status_name(const struct status_record *record)
{
    const char *name = status_get(record, "Id");
    if (!name)
        name = status_get(record, "ExecStart");
    return name ? name : "?";
}

/* Makes room at a place in the list. */
static int insert(struct status_list *list, size_t at, struct status_record *record)
{
    if ((list->n & (list->n - 1)) == 0) { /* room doubles at powers of two */
        size_t room = MAX(list->n * 2, (size_t)1);
        struct status_record **bigger = realloc(list->records, room * sizeof(*bigger));
        if (!bigger)
            return -ENOMEM;
        list->records = bigger;
    }
    memmove(list->records + at + 1, list->records + at, (list->n - at) * sizeof(*list->records));
    list->records[at] = record;
    list->n++;
    return 0;
}

static int compare(const struct status_record *a, const struct status_record *b)
{
    const char *slice_a = status_get(a, "Slice"), *slice_b = status_get(b, "Slice");
    int order = strcmp(slice_a ? slice_a : "", slice_b ? slice_b : "");
    return order ? order : strcmp(status_name(a), status_name(b));
}

static int insert_sorted(struct status_list *list, struct status_record *record)
{
    size_t low = 0, high = list->n;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(list->records[middle], record) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return insert(list, low, record);
}

/* Targets and slices only order the others, and what counts as started does nothing. */
static bool is_service(const struct status_record *unit)
{
    const char *name = status_name(unit);
    return !endswith(name, ".target") && !endswith(name, ".slice") && !status_get(unit, "CountsAsStarted");
}

/* The list owns the record once it is in it. */
static int add_unit(struct status_view *view, struct status_record **record)
{
    int r = insert(&view->units, view->units.n, *record);
    if (r < 0)
        return r;
    struct status_record *unit = TAKE_PTR(*record);
    return is_service(unit) ? insert_sorted(&view->services, unit) : 0;
}

static int add_log(struct status_view *view, struct status_record **record)
{
    int r = insert(&view->logs, view->logs.n, *record);
    if (r == 0)
        TAKE_PTR(*record);
    return r;
}

static int set_manager(struct status_view *view, struct status_record **record)
{
    free(view->manager);
    view->manager = TAKE_PTR(*record);
    return 0;
}

static const struct {
    const char *kind;
    int (*add)(struct status_view *view, struct status_record **record);
} kinds[] = {
    {"unit", add_unit},
    {"job", add_unit},
    {"log", add_log},
    {"manager", set_manager},
};

static size_t count_lines(const char *packet, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += packet[i] == '\n';
    return n;
}

/* Copies a packet into a record of its own, in one piece of memory. *ret_kind points into it, NULL: none. */
static int parse_record(const char *packet, size_t size, struct status_record **ret, const char **ret_kind)
{
    size_t max = MIN(count_lines(packet, size), (size_t)STATUS_FIELDS_MAX);
    size_t fields_size = max * sizeof(struct status_field);
    char *key, *value;
    int r;

    _cleanup_free_ struct status_record *record = malloc(sizeof(*record) + fields_size + size);
    if (!record)
        return -ENOMEM;
    *record = (struct status_record){.fields = (struct status_field *)(record + 1)};
    char *cursor = (char *)record->fields + fields_size;
    memcpy(cursor, packet, size);
    *ret_kind = NULL;
    while ((r = record_next(&cursor, &size, &key, &value)) > 0)
        if (streq(key, CONTROL_KEY_RECORD))
            *ret_kind = value;
        else if (record->n_fields < max)
            record->fields[record->n_fields++] = (struct status_field){key, value};
    if (r == 0)
        *ret = TAKE_PTR(record);
    return r;
}

int status_view_add(char *packet, size_t size, void *userdata)
{
    _cleanup_free_ struct status_record *record = NULL;
    struct status_view *view = userdata;
    const char *kind;

    view->bytes += size + sizeof(*record);
    if (view->bytes > STATUS_BYTES_MAX)
        return -E2BIG;
    int r = parse_record(packet, size, &record, &kind);
    if (r < 0 || !kind)
        return r;
    FOREACH_ARRAY (k, kinds, ELEMENTSOF(kinds))
        if (streq(k->kind, kind))
            return k->add(view, &record);
    return 0; /* a kind of a later version */
}

size_t status_put(FILE *out, const char *text, size_t max)
{
    size_t columns = 0;

    for (; *text && columns < max; columns++) {
        uint32_t code = 0;
        size_t n = utf8_decode(text, &code);
        if (n == 0 || is_control_character(code))
            fputc(code == '\t' ? ' ' : '?', out);
        else
            fwrite(text, 1, n, out);
        text += MAX(n, (size_t)1);
    }
    if (*text)
        columns += (size_t)fprintf(out, "...");
    return columns;
}

size_t status_width(const char *text, size_t max)
{
    size_t columns = 0;

    for (; *text && columns < max; columns++) {
        size_t n = utf8_decode(text, NULL);
        text += MAX(n, (size_t)1);
    }
    return *text ? columns + strlen("...") : columns;
}

void status_pad(FILE *out, size_t columns)
{
    fprintf(out, "%*s", (int)columns, "");
}

enum status_look status_unit_look(const struct status_record *unit)
{
    static const struct {
        const char *state;
        enum status_look look;
    } looks[] = {
        {"active", LOOK_ACTIVE},         {"activating", LOOK_CHANGING}, {"reloading", LOOK_CHANGING},
        {"deactivating", LOOK_CHANGING}, {"failed", LOOK_FAILED},
    };
    const char *state = status_get(unit, "ActiveState");
    const char *load = status_get(unit, "LoadState");

    FOREACH_ARRAY (l, looks, ELEMENTSOF(looks))
        if (state && streq(state, l->state))
            return l->look;
    return load && (streq(load, "bad-setting") || streq(load, "error")) ? LOOK_FAILED : LOOK_INACTIVE;
}

void status_paint(const struct status_view *view, FILE *out, enum status_look look, const char *text)
{
    static const char *const colours[STATUS_LOOK_MAX] = {
        [LOOK_INACTIVE] = "",
        [LOOK_ACTIVE] = "\033[1;32m",
        [LOOK_CHANGING] = "\033[1;33m",
        [LOOK_FAILED] = "\033[1;31m",
    };
    const char *colour = view->colours ? colours[look] : "";
    fprintf(out, "%s%s%s", colour, text, *colour ? COLOUR_END : "");
}

bool status_draws_unicode(const struct status_view *view)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    if (!view->colours)
        return false;
    /* Nothing set is usual in a container and says nothing about the terminal outside. */
    FOREACH_ARRAY (variable, variables, ELEMENTSOF(variables)) {
        const char *locale = getenv(*variable);
        if (locale && *locale)
            return strcasestr(locale, "UTF-8") || strcasestr(locale, "utf8");
    }
    return true;
}

static void print_json(const struct status_view *view, FILE *out)
{
    struct json json = {.out = out};

    json_array_begin(&json, NULL);
    for (size_t i = 0; i < view->units.n; i++) {
        const struct status_record *unit = view->units.records[i];
        json_object_begin(&json, NULL);
        FOREACH_ARRAY (field, unit->fields, unit->n_fields)
            json_string(&json, field->key, field->value);
        json_object_end(&json);
    }
    json_array_end(&json);
}

struct column {
    const char *title;
    const char *key; /* NULL: the name */
    size_t max;
};

#define COLUMNS_MAX 5

/* The columns of a list, the last of which is not padded. */
struct columns {
    const struct column *column;
    size_t n;
    size_t widths[COLUMNS_MAX];
};

static const char *cell(const struct status_record *unit, const struct column *column)
{
    const char *value = column->key ? status_get(unit, column->key) : status_name(unit);
    return value ? value : "";
}

static void print_mark(const struct status_view *view, FILE *out, const struct status_record *unit)
{
    enum status_look look = unit ? status_unit_look(unit) : LOOK_INACTIVE;
    const char *mark = look != LOOK_FAILED ? " " : status_draws_unicode(view) ? "\xe2\x97\x8f" : "*";

    if (view->plain)
        return;
    status_paint(view, out, look == LOOK_FAILED ? look : LOOK_INACTIVE, mark);
    fputc(' ', out);
}

static void print_row(const struct status_view *view, FILE *out, const struct status_record *unit,
                      const struct columns *columns)
{
    for (size_t i = 0; i < columns->n; i++) {
        const struct column *column = &columns->column[i];
        size_t used = status_put(out, unit ? cell(unit, column) : column->title, column->max);
        if (i + 1 < columns->n)
            status_pad(out, columns->widths[i] - used + 1);
    }
    fputc('\n', out);
}

static void measure(const struct status_view *view, struct columns *columns)
{
    for (size_t i = 0; i < columns->n; i++) {
        const struct column *column = &columns->column[i];
        columns->widths[i] = view->no_legend ? 0 : strlen(column->title);
        for (size_t u = 0; u < view->units.n; u++)
            columns->widths[i] =
                MAX(columns->widths[i], status_width(cell(view->units.records[u], column), column->max));
    }
}

static void print_list(const struct status_view *view, FILE *out, struct columns *columns, bool marks)
{
    measure(view, columns);
    for (size_t u = view->no_legend; u <= view->units.n; u++) {
        const struct status_record *unit = u > 0 ? view->units.records[u - 1] : NULL;
        if (marks)
            print_mark(view, out, unit);
        print_row(view, out, unit, columns);
    }
}

void status_view_print_list(const struct status_view *view, FILE *out)
{
    static const struct column column[] = {
        {"UNIT", NULL, NAME_MAX_COLUMNS}, {"LOAD", "LoadState", 16},           {"ACTIVE", "ActiveState", 16},
        {"SUB", "SubState", 24},          {"DESCRIPTION", "Description", 160},
    };
    struct columns columns = {.column = column, .n = ELEMENTSOF(column)};

    if (view->json)
        print_json(view, out);
    else
        print_list(view, out, &columns, true);
}

void status_view_print_jobs(const struct status_view *view, FILE *out)
{
    static const struct column column[] = {
        {"JOB", "Id", 12},
        {"UNIT", "Unit", NAME_MAX_COLUMNS},
        {"TYPE", "JobType", 16},
        {"STATE", "State", 16},
    };
    struct columns columns = {.column = column, .n = ELEMENTSOF(column)};

    if (view->json)
        print_json(view, out);
    else if (view->units.n > 0)
        print_list(view, out, &columns, false);
    else if (!view->no_legend)
        fputs("No jobs running.\n", out);
}

void status_view_print_details(const struct status_view *view, FILE *out)
{
    if (view->json)
        print_json(view, out);
    else
        status_print_details(view, out);
}

void status_view_print_tree(const struct status_view *view, FILE *out)
{
    if (view->json)
        print_json(view, out);
    else
        status_print_tree(view, out);
}
