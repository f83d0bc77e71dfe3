/* enable, disable, mask and the like: planned by init/install, carried out on the files, and told to PID 1
 * when one of ours runs. */
#include "init/control/berthctl-files.h"

#include <errno.h>
#include <stdio.h>

#include "common/json.h"
#include "common/log.h"
#include "common/text.h"

static void print_change(const struct berthctl *ctl, const struct install_change *change)
{
    const char *root = ctl->root && !streq(ctl->root, "/") ? ctl->root : "";

    if (ctl->quiet)
        return;
    if (ctl->json) {
        struct json json = {.out = stdout};
        json_object_begin(&json, NULL);
        json_string(&json, "Change", change->kind == INSTALL_LINK ? "symlink" : "unlink");
        json_string(&json, "Path", change->path);
        json_string(&json, "Target", change->target);
        json_object_end(&json);
    } else if (change->kind == INSTALL_LINK) {
        fprintf(stderr, "Created symlink %s%s → %s.\n", root, change->path, change->target);
    } else {
        fprintf(stderr, "Removed \"%s%s\".\n", root, change->path);
    }
}

static bool apply_one(const struct berthctl *ctl, const struct unit_files *files,
                      const struct install_change *change)
{
    if (change->kind == INSTALL_ERROR) {
        log_error("%s: %s", ctl->verb->name, change->path);
        return false;
    }
    if (change->kind == INSTALL_NOTE) {
        if (!ctl->quiet)
            log_warning("%s: %s", ctl->verb->name, change->path);
        return true;
    }
    int r = install_apply(&files->root, change);
    if (r > 0)
        print_change(ctl, change);
    else if (r < 0)
        log_errno(r, "%s: %s %s", ctl->verb->name,
                  change->kind == INSTALL_LINK ? "cannot make the link" : "cannot remove", change->path);
    return r >= 0;
}

bool unit_files_apply(const struct berthctl *ctl, const struct unit_files *files,
                      const struct install_plan *plan)
{
    bool good = true;

    FOREACH_ARRAY (change, plan->changes, plan->n)
        good &= apply_one(ctl, files, change);
    return good;
}

void unit_files_reload(const struct berthctl *ctl)
{
    _cleanup_close_ int fd = ctl->no_reload || ctl->root ? -EBADF : berthctl_connect();
    char *none[] = {NULL};

    if (fd >= 0)
        (void)berthctl_ask_verb(ctl, "daemon-reload", none);
}

static int plan_enable(const struct install *install, char *const *names, struct install_plan *plan)
{
    return install_enable(install, names, plan);
}

static int plan_add(const struct install *install, const char *folder, char *const *names,
                    struct install_plan *plan)
{
    return install_add_to(install, folder, names[0], names + 1, plan);
}

static int plan_add_wants(const struct install *install, char *const *names, struct install_plan *plan)
{
    return plan_add(install, "wants", names, plan);
}

static int plan_add_requires(const struct install *install, char *const *names, struct install_plan *plan)
{
    return plan_add(install, "requires", names, plan);
}

static int plan_set_default(const struct install *install, char *const *names, struct install_plan *plan)
{
    return install_set_default(install, names[0], plan);
}

typedef int (*plan_fn)(const struct install *install, char *const *names, struct install_plan *plan);

static const struct {
    const char *verb;
    plan_fn plan, then; /* then: planned when the first plan is carried out */
    bool paths;         /* words may be paths of files */
    bool needs_section; /* a unit that says nothing of where it belongs is told of */
    const char *now;    /* what --now does then */
} verbs[] = {
    {"enable", plan_enable, NULL, true, true, "start"},
    {"reenable", install_disable, plan_enable, false, true, "restart"},
    {"disable", install_disable, NULL, false, false, "stop"},
    {"mask", install_mask, NULL, false, false, "stop"},
    {"unmask", install_unmask, NULL, false, false, NULL},
    {"link", install_link_files, NULL, true, false, NULL},
    {"revert", install_revert, NULL, false, false, NULL},
    {"add-wants", plan_add_wants, NULL, false, false, NULL},
    {"add-requires", plan_add_requires, NULL, false, false, NULL},
    {"set-default", plan_set_default, NULL, false, false, NULL},
};

/* One step of a verb: false when a part of it failed. */
static bool carry_out(const struct berthctl *ctl, const struct unit_files *files, plan_fn plan_names,
                      char *const *names, struct install_plan *plan)
{
    if (plan_names(&files->install, names, plan) < 0) {
        log_error("no memory");
        return false;
    }
    /* Of all units some cannot be enabled as they are: that is told, and no failure. */
    FOREACH_ARRAY (change, plan->changes, plan->n)
        if (change->kind == INSTALL_ERROR && streq(ctl->verb->name, "preset-all"))
            change->kind = INSTALL_NOTE;
    return unit_files_apply(ctl, files, plan);
}

static void say_no_section(const struct berthctl *ctl)
{
    if (!ctl->quiet)
        log_warning("%s: nothing to link: these units name no target in an [Install] section (WantedBy=, "
                    "RequiredBy=, UpheldBy=, Alias=, Also=); others start them, or you do with add-wants",
                    ctl->verb->name);
}

/* A path stands for the unit that it is the file of. */
static int do_now(const struct berthctl *ctl, const char *verb, char *const *names)
{
    _cleanup_strv_ char **units = NULL;

    for (; *names; names++)
        if (strv_append(&units, install_base_name(*names)) < 0)
            return 1;
    return berthctl_ask_verb(ctl, verb, units);
}

/* The file of a linked unit is not found any more once the link is gone: its path is. */
static char **remember_paths(const struct unit_files *files, char *const *names)
{
    _cleanup_strv_ char **paths = NULL;

    for (; *names; names++) {
        struct install_unit unit;
        if (install_find(&files->install, *names, &unit) < 0)
            return NULL;
        int r = strv_append(&paths, unit.found == FOUND_LINKED ? unit.source : *names);
        install_unit_done(&unit);
        if (r < 0)
            return NULL;
    }
    return TAKE_PTR(paths);
}

static int change(struct berthctl *ctl, const struct unit_files *files, size_t i)
{
    _cleanup_strv_ char **names = unit_files_names(ctl, ctl->args, verbs[i].paths);
    _cleanup_strv_ char **paths = names ? remember_paths(files, names) : NULL;
    struct install_plan plan = {}, then = {};

    if (!names || !paths)
        return 1;
    bool good = carry_out(ctl, files, verbs[i].plan, names, &plan);
    if (good && verbs[i].then)
        good = carry_out(ctl, files, verbs[i].then, paths, &then);
    if (good && verbs[i].needs_section && !plan.any_section && !then.any_section)
        say_no_section(ctl);
    if (plan.n + then.n > 0)
        unit_files_reload(ctl);
    install_plan_done(&plan);
    install_plan_done(&then);
    if (good && ctl->now && verbs[i].now && !ctl->root)
        return do_now(ctl, verbs[i].now, names);
    return !good;
}

int berthctl_change_files(struct berthctl *ctl)
{
    struct unit_files *files = unit_files_open(ctl);
    int status = 1;

    for (size_t i = 0; files && i < ELEMENTSOF(verbs); i++)
        if (streq(verbs[i].verb, ctl->verb->name))
            status = change(ctl, files, i);
    unit_files_free(files);
    return status;
}

/* One unit by the policy: added to the list of those that are to be enabled or disabled. */
static int choose(const struct berthctl *ctl, const struct unit_files *files, const char *name,
                  char ***enable, char ***disable)
{
    enum install_policy policy = install_presets_ask(&files->presets, name);
    const char *mode = ctl->preset_mode ? ctl->preset_mode : "full";

    char *const *instances = install_presets_instances(&files->presets, name);
    int r = 0;

    if (policy == PRESET_ENABLE && !streq(mode, "disable-only") && instances) {
        for (; r >= 0 && *instances; instances++)
            r = strv_consume(enable, xasprintf("%.*s%s%s", (int)(strchr(name, '@') + 1 - name), name,
                                               *instances, strchr(name, '@') + 1));
        return r;
    }
    if (policy == PRESET_ENABLE && !streq(mode, "disable-only"))
        return strv_append(enable, name);
    if (policy == PRESET_DISABLE && !streq(mode, "enable-only"))
        return strv_append(disable, name);
    return 0;
}

/* Of all units those that can be enabled at all. */
static int all_names(struct unit_files *files, char ***ret)
{
    _cleanup_strv_ char **all = NULL;
    int r = unit_files_ask_many(files);

    if (r >= 0)
        r = install_list(&files->install, &all);
    for (char **name = all; r >= 0 && name && *name; name++) {
        enum install_state state;
        r = install_get_state(&files->install, *name, &state);
        if (r < 0 && r != -ENOMEM) {
            r = 0; /* a link that leads nowhere */
            continue;
        }
        if (r >= 0 && state != STATE_MASKED && state != STATE_MASKED_RUNTIME && state != STATE_ALIAS &&
            state != STATE_STATIC)
            r = strv_append(ret, *name);
    }
    unit_files_changed(files);
    return r;
}

static int preset(const struct berthctl *ctl, struct unit_files *files)
{
    _cleanup_strv_ char **names = NULL, **enable = NULL, **disable = NULL;
    struct install_plan off = {}, on = {};
    char *none[] = {NULL};
    int r = 0;

    if (streq(ctl->verb->name, "preset-all"))
        r = all_names(files, &names);
    else if (!(names = unit_files_names(ctl, ctl->args, false)))
        return 1;
    for (char **name = names; r >= 0 && name && *name; name++)
        r = choose(ctl, files, *name, &enable, &disable);
    if (r < 0) {
        log_errno(r, "%s", ctl->verb->name);
        return 1;
    }
    bool good = carry_out(ctl, files, install_disable, disable ? disable : none, &off);
    good &= carry_out(ctl, files, plan_enable, enable ? enable : none, &on);
    if (off.n + on.n > 0)
        unit_files_reload(ctl);
    install_plan_done(&off);
    install_plan_done(&on);
    return !good;
}

int berthctl_preset(struct berthctl *ctl)
{
    static const char *const modes[] = {"full", "enable-only", "disable-only"};
    bool known = !ctl->preset_mode;

    FOREACH_ARRAY (mode, modes, ELEMENTSOF(modes))
        known |= ctl->preset_mode && streq(*mode, ctl->preset_mode);
    if (!known) {
        log_error("--preset-mode= is full, enable-only or disable-only");
        return 1;
    }
    struct unit_files *files = unit_files_open(ctl);
    int status = files ? preset(ctl, files) : 1;
    unit_files_free(files);
    return status;
}
