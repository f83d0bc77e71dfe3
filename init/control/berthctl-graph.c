/* list-dependencies: the units as a tree of what needs what. */
#include <stdio.h>

#include "common/json.h"
#include "common/status-store.h"
#include "common/text.h"
#include "init/control/berthctl.h"
#include "init/unit/name.h"

#define DEPTH_MAX 64 /* of a tree: far more than units are deep */

static const char *const needs[] = {"Requires", "Requisite", "Wants", "ConsistsOf",
                                    "BindsTo",  "Upholds",   NULL};
static const char *const needed_by[] = {"RequiredBy", "RequisiteOf", "WantedBy", "PartOf",
                                        "BoundBy",    "UpheldBy",    NULL};
static const char *const after[] = {"After", NULL};
static const char *const before[] = {"Before", NULL};

struct tree {
    const struct berthctl *ctl;
    const struct status_view *view;
    const char *const *kinds;
    const char *path[DEPTH_MAX]; /* the units above, so that a circle ends */
    bool last[DEPTH_MAX];
    unsigned depth;
    struct json json;
};

bool berthctl_has_alias(const struct status_record *unit, const char *name)
{
    _cleanup_strv_ char **names = NULL;
    const char *aliases = status_get(unit, "Names");

    return aliases && strv_split(aliases, " ", &names) >= 0 && strv_contains(names, name);
}

/* Nearly all are asked for by their own names. */
static const struct status_record *find(const struct status_view *view, const char *name)
{
    for (size_t i = 0; i < view->units.n; i++)
        if (streq(status_name(view->units.records[i]), name))
            return view->units.records[i];
    for (size_t i = 0; i < view->units.n; i++)
        if (berthctl_has_alias(view->units.records[i], name))
            return view->units.records[i];
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    const char *left = *(char *const *)a, *right = *(char *const *)b;
    bool target_left = endswith(left, ".target"), target_right = endswith(right, ".target");

    /* Targets come last: they are the ones with branches. */
    return target_left != target_right ? target_left - target_right : strcmp(left, right);
}

/* The neighbours of the tree's kinds, each once. */
static int collect(const struct tree *tree, const struct status_record *unit, char ***ret)
{
    for (const char *const *kind = tree->kinds; *kind; kind++) {
        _cleanup_strv_ char **names = NULL;
        const char *value = status_get(unit, *kind);
        int r = value ? strv_split(value, " ", &names) : 0;
        for (char **name = names; r >= 0 && name && *name; name++)
            if (!strv_contains(*ret, *name))
                r = strv_append(ret, *name);
        if (r < 0)
            return r;
    }
    if (*ret)
        qsort(*ret, strv_length(*ret), sizeof(**ret), compare_names);
    return 0;
}

static bool is_above(const struct tree *tree, const char *name)
{
    for (unsigned i = 0; i < tree->depth; i++)
        if (streq(tree->path[i], name))
            return true;
    return false;
}

static void print_lines(const struct tree *tree, bool unicode)
{
    /* systemctl's --plain is a list, not a tree. */
    for (unsigned i = 1; i < tree->depth && !tree->ctl->plain; i++)
        fputs(tree->last[i] ? "  " : unicode ? "│ " : "| ", stdout);
    if (tree->depth == 0)
        return;
    if (tree->ctl->plain)
        fputs("  ", stdout);
    else if (unicode)
        fputs(tree->last[tree->depth] ? "└─" : "├─", stdout);
    else
        fputs(tree->last[tree->depth] ? "`-" : "|-", stdout);
}

static void print_unit(const struct tree *tree, const char *name, const struct status_record *unit)
{
    bool unicode = status_draws_unicode(tree->view);
    enum status_look look = unit ? status_unit_look(unit) : LOOK_INACTIVE;

    if (tree->depth > 0 && !tree->ctl->plain) {
        status_paint(tree->view, stdout, look,
                     look == LOOK_INACTIVE ? (unicode ? "○" : "-") : (unicode ? "●" : "*"));
        putchar(' ');
    }
    print_lines(tree, unicode);
    status_put(stdout, name, SIZE_MAX);
    putchar('\n');
}

static void walk(struct tree *tree, const char *name)
{
    const struct status_record *unit = find(tree->view, name);
    _cleanup_strv_ char **names = NULL;

    if (tree->ctl->json) {
        json_object_begin(&tree->json, NULL);
        json_string(&tree->json, "Id", name);
        json_string(&tree->json, "ActiveState", unit ? status_get(unit, "ActiveState") : NULL);
        json_array_begin(&tree->json, "Dependencies");
    } else {
        print_unit(tree, name, unit);
    }
    bool open = tree->depth == 0 || tree->ctl->all || endswith(name, ".target");
    if (unit && open && tree->depth + 1 < DEPTH_MAX && !is_above(tree, name) &&
        collect(tree, unit, &names) >= 0) {
        tree->path[tree->depth++] = name;
        for (char **next = names; next && *next; next++) {
            tree->last[tree->depth] = !next[1];
            walk(tree, *next);
        }
        tree->depth--;
    }
    if (tree->ctl->json) {
        json_array_end(&tree->json);
        json_object_end(&tree->json);
    }
}

const char *berthctl_boot_target(const struct berthctl *ctl)
{
    const char *target = status_get(ctl->view->manager, "BootTarget");
    return target ? target : "default.target"; /* of an older PID 1 */
}

void berthctl_finish_dependencies(struct berthctl *ctl)
{
    struct tree tree = {
        .ctl = ctl,
        .view = ctl->view,
        .kinds = ctl->after     ? after
                 : ctl->before  ? before
                 : ctl->reverse ? needed_by
                                : needs,
        .json = {.out = stdout},
    };
    _cleanup_free_ char *name = NULL;

    if (unit_name_mangle(ctl->n_args > 0 ? ctl->args[0] : berthctl_boot_target(ctl), &name) >= 0)
        walk(&tree, name);
}
