/* systemctl enable and its kin, on files alone: which links a unit's [Install] section asks for, and which of
 * them are there. Everything is planned first (pure: files are read through the loader's ops), and carried
 * out by install_apply().
 *
 * Specification: systemctl(1), "Unit File Commands", systemd.unit(5), "[Install] Section Options",
 * systemd.preset(5). */
#pragma once

#include "common/macro.h"
#include "init/unit/install-section.h"
#include "init/unit/load.h"

#define INSTALL_CONFIG  "/etc/systemd/system"
#define INSTALL_RUNTIME "/run/systemd/system"

struct install {
    struct unit_loader loader;
    const char *config; /* where links are made: INSTALL_CONFIG or INSTALL_RUNTIME */
    bool force;         /* links that lead elsewhere are replaced */
    /* For many questions about states while no link changes, else NULL: each looks at all links then. */
    struct install_links *links;
};

/* --- plan: what is to be done --- */

enum install_change_kind {
    INSTALL_LINK,   /* path becomes a symlink to target; its directories are made */
    INSTALL_UNLINK, /* path is removed, and its directory if it is one of links and empty now */
    INSTALL_NOTE,   /* text for a person; nothing is done */
    INSTALL_ERROR,  /* the same, and the verb has failed */
};

struct install_change {
    enum install_change_kind kind;
    char *path; /* or the text */
    char *target;
};

struct install_plan {
    struct install_change *changes;
    size_t n;
    char **visited;   /* units that were seen, so that Also= in a circle ends */
    bool any_section; /* one unit at least says where it belongs */
    bool any_unit;    /* one unit at least was found */
};

void install_plan_done(struct install_plan *plan);
/* All of these return 0 or -ENOMEM; what is wrong otherwise is in the plan. */
int install_plan_add(struct install_plan *plan, enum install_change_kind kind, const char *path,
                     const char *target);
int install_plan_say(struct install_plan *plan, enum install_change_kind kind, const char *format, ...)
    _printf_(3, 4);
/* Plans a link unless it is there; one that leads elsewhere is replaced by force only. */
int install_plan_link(const struct install *install, struct install_plan *plan, const char *path,
                      const char *target);

/* names: of units, or absolute paths of files (enable, link). */
int install_enable(const struct install *install, char *const *names, struct install_plan *plan);
int install_disable(const struct install *install, char *const *names, struct install_plan *plan);
int install_mask(const struct install *install, char *const *names, struct install_plan *plan);
int install_unmask(const struct install *install, char *const *names, struct install_plan *plan);
int install_link_files(const struct install *install, char *const *paths, struct install_plan *plan);
int install_revert(const struct install *install, char *const *names, struct install_plan *plan);
/* folder: "wants" or "requires". */
int install_add_to(const struct install *install, const char *folder, const char *target, char *const *names,
                   struct install_plan *plan);
int install_set_default(const struct install *install, const char *name, struct install_plan *plan);
/* The unit that default.target stands for; new. -ENOENT: none. */
int install_get_default(const struct install *install, char **ret);

/* --- find: units' files --- */

enum install_found { FOUND_NOTHING, FOUND_FILE, FOUND_BUILTIN, FOUND_MASKED, FOUND_ALIAS, FOUND_LINKED };

struct install_unit {
    char *name; /* "x@one.service" */
    char *file; /* the name of its file: "x@.service" */
    enum install_found found;
    char *path;   /* where it was found */
    char *source; /* what links to it lead to: path, or what a linked file is linked to */
};

/* 0 or -ENOMEM. */
int install_find(const struct install *install, const char *name, struct install_unit *ret);
void install_unit_done(struct install_unit *unit);
/* The name that FOUND_ALIAS leads to; new. */
int install_alias_target(const struct install_unit *unit, char **ret);
/* Its [Install] section; *ret_instance is the unit's name, with DefaultInstance= when it is a template that
 * has one (new). 0, -ENOMEM, or why it could not be read. */
int install_read(const struct install *install, const struct install_unit *unit, struct install_section *ret,
                 char **ret_instance);
/* The names of all unit files of the search path, sorted, each once. */
int install_list(const struct install *install, char ***ret);
const char *install_base_name(const char *path);

/* --- state --- */

enum install_state {
    STATE_ENABLED,
    STATE_ENABLED_RUNTIME,
    STATE_LINKED,
    STATE_LINKED_RUNTIME,
    STATE_ALIAS,
    STATE_MASKED,
    STATE_MASKED_RUNTIME,
    STATE_STATIC,
    STATE_INDIRECT,
    STATE_DISABLED,
    STATE_BAD,
    INSTALL_STATE_MAX,
};

/* -ENOENT when there is no such unit. */
int install_get_state(const struct install *install, const char *name, enum install_state *ret);
const char *install_state_to_string(enum install_state state);
int install_state_from_string(const char *text);
/* Whether is-enabled succeeds for it. */
bool install_state_is_enabled(enum install_state state);

/* Calls fn for each link of a configuration directory and its folders of dependencies: its path, and the
 * folder that it is in (NULL: none). Stops at a negative value and returns it. */
typedef int (*install_link_fn)(void *userdata, const char *path, const char *folder, const char *target);
int install_each_link(const struct install *install, const char *config, install_link_fn fn, void *userdata);

/* --- links: all of both directories, read once --- */

int install_links_read(const struct install *install, struct install_links **ret);
struct install_links *install_links_free(struct install_links *links);
/* Calls fn for the links, in /run or in /etc, with that name or to that name; twice for one that has both. */
int install_links_of(const struct install_links *links, bool runtime, const char *word, install_link_fn fn,
                     void *userdata);

/* --- preset --- */

struct install_presets {
    struct install_preset *rules;
    size_t n;
};

int install_presets_read(const struct install *install, struct install_presets *ret);
void install_presets_done(struct install_presets *presets);
/* What the administrator's or the distribution's policy wants; enabled when nothing is said. */
enum install_policy { PRESET_ENABLE, PRESET_DISABLE, PRESET_IGNORE };
enum install_policy install_presets_ask(const struct install_presets *presets, const char *name);

/* The instances of a template that the policy names, or NULL. */
char *const *install_presets_instances(const struct install_presets *presets, const char *name);

/* --- apply (system calls) --- */

struct root_files;
/* Carries one change out inside the root: 1 when something changed, 0 when there was nothing to do, -errno.
 */
int install_apply(const struct root_files *root, const struct install_change *change);
