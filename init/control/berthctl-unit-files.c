/* The unit files that berthctl works on: this root's, or that of --root=. */
#include "init/control/berthctl-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "berth/paths.h"
#include "common/log.h"
#include "common/text.h"
#include "init/unit/name.h"

static struct utsname system_names; /* what %H and %v stand for */

static const char *const search_path[] = {UNIT_SEARCH_PATH, NULL};

static void set_loader(struct unit_files *files)
{
    (void)uname(&system_names);
    files->install.loader = (struct unit_loader){
        .ops = &root_files_ops,
        .files = &files->root,
        .search_path = (char **)search_path,
        .host = {.hostname = system_names.nodename,
                 .user_name = "root",
                 .user_home = "/root",
                 .user_shell = "/bin/sh",
                 .kernel_release = system_names.release},
    };
}

struct unit_files *unit_files_open(const struct berthctl *ctl)
{
    const char *where = ctl->root && *ctl->root ? ctl->root : "/";
    struct unit_files *files = calloc(1, sizeof(*files));

    if (!files) {
        log_error("no memory");
        return NULL;
    }
    files->root = (struct root_files){.root_fd = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC),
                                      .is_own = streq(where, "/")};
    files->install.config = ctl->runtime ? INSTALL_RUNTIME : INSTALL_CONFIG;
    files->install.force = ctl->force;
    set_loader(files);
    int r = files->root.root_fd < 0 ? -errno : install_presets_read(&files->install, &files->presets);
    if (r < 0) {
        log_errno(r, "cannot open the root directory %s", where);
        return unit_files_free(files);
    }
    return files;
}

int unit_files_ask_many(struct unit_files *files)
{
    files->root.search_path = (char *const *)search_path;
    return files->install.links ? 0 : install_links_read(&files->install, &files->install.links);
}

void unit_files_changed(struct unit_files *files)
{
    files->install.links = install_links_free(files->install.links);
    root_files_forget(&files->root);
    files->root.search_path = NULL;
}

struct unit_files *unit_files_free(struct unit_files *files)
{
    if (!files)
        return NULL;
    unit_files_changed(files);
    install_presets_done(&files->presets);
    close_fd(files->root.root_fd);
    free(files);
    return NULL;
}

char **unit_files_names(const struct berthctl *ctl, char *const *words, bool paths)
{
    _cleanup_strv_ char **names = NULL;

    for (; *words; words++) {
        char *name = NULL;
        bool is_path = paths && strchr(*words, '/');
        int r = is_path ? ((name = strdup(*words)) ? 0 : -ENOMEM) : unit_name_mangle(*words, &name);
        if (is_path && (**words != '/' || !unit_name_is_valid(install_base_name(*words))))
            r = -EINVAL;
        if (r < 0) {
            free(name);
            log_error("%s: %s: %s", ctl->verb->name, *words,
                      r == -EINVAL ? "neither the name of a unit nor the absolute path of its file"
                                   : strerror(-r));
            return NULL;
        }
        if (strv_consume(&names, name) < 0)
            return NULL;
    }
    return names ? TAKE_PTR(names) : strv_copy(NULL);
}

const char *unit_files_state(const struct unit_files *files, const char *name)
{
    enum install_state state;
    int r = install_get_state(&files->install, name, &state);
    return r < 0 ? NULL : install_state_to_string(state);
}

const char *unit_files_preset(const struct unit_files *files, const char *name)
{
    static const char *const names[] = {
        [PRESET_ENABLE] = "enabled", [PRESET_DISABLE] = "disabled", [PRESET_IGNORE] = "ignored"};
    return names[install_presets_ask(&files->presets, name)];
}

bool unit_files_ask(struct berthctl *ctl, const char *name, const char **ret_state, const char **ret_preset)
{
    if (!ctl->files && (ctl->files = unit_files_open(ctl)) && unit_files_ask_many(ctl->files) < 0)
        ctl->files = unit_files_free(ctl->files);
    if (!ctl->files || !name || !unit_name_is_valid(name))
        return false;
    *ret_state = unit_files_state(ctl->files, name);
    *ret_preset = unit_files_preset(ctl->files, name);
    return *ret_state;
}
