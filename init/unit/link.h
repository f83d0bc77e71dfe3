/* What a symlink in a directory of units means: systemd.unit(5), "unit aliases" and "linked unit files". */
#pragma once

enum link_meaning {
    LINK_MASK,  /* to /dev/null */
    LINK_ALIAS, /* to another unit in the search path */
    LINK_FILE,  /* to a file outside of it: a unit of the link's own name */
    LINK_NONE,  /* to itself, or to a unit that it cannot be a name of: as if it were not there */
};

/* Of the link at path. The unit of LINK_ALIAS is called like the last part of target. */
enum link_meaning link_meaning(char *const *search_path, const char *path, const char *target);
const char *link_base_name(const char *path);
