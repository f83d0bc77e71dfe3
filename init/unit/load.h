/* From a unit's name to struct unit: finds the fragment, its drop-ins, template, alias, mask, .wants/ and
 * .requires/ folders and the built-in targets, and reads them through the directive table. No system calls:
 * files come through ops. */
#pragma once

#include <stddef.h>

#include "init/unit/unit.h"

enum unit_file_type { UNIT_FILE_REGULAR, UNIT_FILE_SYMLINK, UNIT_FILE_EMPTY };

/* How the loader sees a file system. Paths are absolute, as inside the root that is served. Negative errno on
 * failure, -ENOENT for what is not there. What is returned is the caller's to free. */
struct unit_files_ops {
    /* A whole file, NUL-terminated; -EFBIG past UNIT_FILE_MAX. */
    int (*read)(void *files, const char *path, char **ret, size_t *ret_size);
    /* Names in a directory, sorted, without dot files (strv). */
    int (*list)(void *files, const char *path, char ***ret);
    /* The same names, each followed by where it leads: "" for what is no symlink. */
    int (*list_links)(void *files, const char *path, char ***ret);
    /* Target of a symlink; -EINVAL when it is none. */
    int (*read_link)(void *files, const char *path, char **ret);
    /* The symlinks in a directory of the search path whose target's last part is base (strv). Asked for each
     * unit and directory, so an answer must not cost a look at all that is in there. */
    int (*links_to)(void *files, const char *directory, const char *base, char ***ret);
    /* Whether a directory of the search path may have a folder of that name and suffix. Asked for a hundred a
     * unit, of which mostly none is there. NULL: listing it tells. */
    bool (*may_have_folder)(void *files, const char *directory, const char *name, const char *suffix);
};

#define UNIT_FILE_MAX     (1024 * 1024) /* bytes of one unit file */
#define UNIT_DROP_INS_MAX 256

enum unit_report_level { REPORT_INFO, REPORT_WARNING, REPORT_ERROR };

struct unit_loader {
    const struct unit_files_ops *ops;
    void *files;
    char **search_path; /* strv, first match wins; not owned */
    /* What %H, %m, %u ... stand for; NULL members give an empty string. Not owned. */
    struct unit_host {
        const char *hostname;
        const char *machine_id;
        const char *boot_id;
        const char *user_name; /* of PID 1 */
        const char *user_home;
        const char *user_shell;
        const char *kernel_release;
        const char *architecture; /* as ConditionArchitecture= has it */
        char *const *os_release;  /* "ID=debian" ..., or NULL */
        uid_t uid;
        gid_t gid;
    } host;
    /* Told about every directive that is not applied, every unknown one, every error: once each, with file
     * and line. Line 0: about the file as a whole; path NULL: about the unit. NULL: nobody is told. */
    void (*report)(void *userdata, enum unit_report_level level, const char *unit, const char *path,
                   unsigned line, const char *text);
    void *report_userdata;
};

/* The unit's name is its own, after all aliases ("multi-user.target" for "default.target"); its aliases are
 * the names that led to it and all others that do. A unit that makes no sense in a container is an empty
 * target. Always gives a unit (load_state says how it went) unless there is no memory (-ENOMEM) or the name
 * is none
 * (-EINVAL). */
int unit_load(const struct unit_loader *loader, const char *name, struct unit **ret);
/* One text as if it were the only fragment: for the tests, the fuzzer and `verify FILE`. */
int unit_load_text(const struct unit_loader *loader, const char *name, const char *path, const char *text,
                   size_t size, struct unit **ret);
