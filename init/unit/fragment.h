/* Where a unit's text comes from: its file in the search path, an alias, a mask, its drop-ins, its dependency
 * folders, or a table. Pure: files come through the loader's ops. */
#pragma once

#include "init/unit/load.h"

enum fragment_kind {
    FRAGMENT_NONE,
    FRAGMENT_FILE,
    FRAGMENT_BUILTIN,
    FRAGMENT_MASKED,
    FRAGMENT_SATISFIED, /* text is the reason: builtin_satisfied_reason() */
    FRAGMENT_FAILED,    /* error says why path could not be read */
};

struct fragment {
    enum fragment_kind kind;
    char *name;     /* the unit's own, after all aliases */
    char **aliases; /* the names on the way there, then what fragment_find_aliases() adds */
    char *path;     /* of FILE, MASKED, FAILED */
    char *text;
    size_t size;
    int error; /* -errno: of FAILED; of NONE when there is more to tell than that */
};

/* Always fills *ret; -ENOMEM only. */
int fragment_find(const struct unit_loader *loader, const char *name, struct fragment *ret);
void fragment_done(struct fragment *fragment);
/* Adds the names under which it can be found, too. */
int fragment_find_aliases(const struct unit_loader *loader, struct fragment *fragment);

/* Paths of the drop-ins of a unit with these names, in the order in which they are read. */
int fragment_drop_ins(const struct unit_loader *loader, char *const *names, char ***ret);

/* Names in the folders NAME.wants/ and the like (suffix ".wants") of a unit with these names; a template may
 * be among them. */
int fragment_folder(const struct unit_loader *loader, char *const *names, const char *suffix, char ***ret);
