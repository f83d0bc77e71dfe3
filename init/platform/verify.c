/* `berth-init verify`: reads unit files of a root as a boot would, starts nothing, and says all there is to
 * say about them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "berth/paths.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "init/main.h"
#include "init/platform/cgroup-tree.h"
#include "init/platform/files.h"
#include "init/unit/link.h"
#include "init/unit/name.h"

/* What a template is read with; systemd-analyze(1) uses the same. */
#define TEST_INSTANCE "test-instance"

struct verifier {
    struct unit_loader loader;
    struct root_files files;
    bool failed;
};

static void print_report(void *userdata, enum unit_report_level level, const char *unit, const char *path,
                         unsigned line, const char *text)
{
    struct verifier *verifier = userdata;

    if (level == REPORT_ERROR)
        verifier->failed = true;
    if (path && line > 0)
        printf("%s:%u: %s\n", path, line, text);
    else
        printf("%s: %s\n", path ? path : unit, text);
}

/* "foo@.service" is looked at as "foo@test-instance.service". */
static int with_test_instance(const char *name, char **ret)
{
    const char *at = strchr(name, '@');
    *ret = unit_name_is_template(name)
               ? xasprintf("%.*s" TEST_INSTANCE "%s", (int)(at + 1 - name), name, at + 1)
               : strdup(name);
    return *ret ? 0 : -ENOMEM;
}

/* A second name of a unit, which is looked at under its own. */
static bool is_alias(struct verifier *verifier, const char *directory, const char *name)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", directory, name), *target = NULL;
    if (!path || root_files_ops.read_link(&verifier->files, path, &target) < 0)
        return false;
    return link_meaning(verifier->loader.search_path, path, target) == LINK_ALIAS;
}

/* Every unit that has a file in the search path, each once, in the order of their names. */
static int all_units(struct verifier *verifier, char ***ret)
{
    _cleanup_strv_ char **units = NULL;

    for (char **directory = verifier->loader.search_path; *directory; directory++) {
        _cleanup_strv_ char **names = NULL;
        int r = root_files_ops.list(&verifier->files, *directory, &names);
        if (r == -ENOMEM)
            return r;
        for (char **name = names; name && *name; name++) {
            bool wanted = unit_name_is_valid(*name) && unit_name_type(*name) >= 0 &&
                          !is_alias(verifier, *directory, *name);
            if (wanted && strv_append(&units, *name) < 0)
                return -ENOMEM;
        }
    }
    strv_sort(units);
    *ret = TAKE_PTR(units);
    return 0;
}

/* A file outside of the search path, as if it were the only one of its unit. */
static int load_file(struct verifier *verifier, const char *path, struct unit **ret)
{
    _cleanup_free_ char *text = NULL, *name = NULL;
    size_t size = 0;
    int r = with_test_instance(strrchr(path, '/') + 1, &name);
    if (r >= 0)
        r = root_files_ops.read(&verifier->files, path, &text, &size);
    return r < 0 ? r : unit_load_text(&verifier->loader, name, path, text, size, ret);
}

static int load_name(struct verifier *verifier, const char *text, struct unit **ret)
{
    _cleanup_free_ char *mangled = NULL, *name = NULL;
    int r = unit_name_mangle(text, &mangled);
    if (r >= 0)
        r = with_test_instance(mangled, &name);
    return r < 0 ? r : unit_load(&verifier->loader, name, ret);
}

static const enum unit_dependency needed[] = {UNIT_REQUIRES, UNIT_REQUISITE, UNIT_BINDS_TO};

/* A start would fail for want of these. */
static int check_needed_units(struct verifier *verifier, const struct unit *unit)
{
    struct unit_loader quiet = verifier->loader;
    quiet.report = NULL;

    for (size_t i = 0; i < ELEMENTSOF(needed); i++)
        for (char **name = unit->dependencies->of[needed[i]]; name && *name; name++) {
            _cleanup_unit_ struct unit *other = NULL;
            int r = unit_load(&quiet, *name, &other);
            if (r == -ENOMEM)
                return r;
            if (r < 0 || other->load_state == UNIT_LOADED)
                continue;
            printf("%s: %s=%s: %s\n", unit->fragment_path ? unit->fragment_path : unit->name,
                   unit_dependency_to_string(needed[i]), *name, other->load_error);
            verifier->failed = true;
        }
    return 0;
}

/* Programs may come later than their units, so this is a warning. */
static void check_programs(const struct verifier *verifier, const struct unit *unit)
{
    for (int kind = 0; kind < SERVICE_COMMAND_MAX; kind++)
        for (const struct exec_command *command = unit->commands->of[kind]; command;
             command = command->next) {
            if (*command->path != '/')
                continue;
            _cleanup_close_ int fd = root_files_open(&verifier->files, command->path, O_PATH);
            if (fd < 0)
                printf("%s: %s=: %s: %s\n", unit->fragment_path ? unit->fragment_path : unit->name,
                       service_command_to_string(kind), command->path, strerror(-fd));
        }
}

static void print_limit(void *userdata, const struct cgroup_setting *setting, const char *why)
{
    printf("%s:%u: %s=: not applied: %s\n", setting->file, setting->line, setting->directive, why);
}

/* What the control groups cannot do here. Of another root nobody knows where it will run. */
static void check_limits(const struct verifier *verifier, const struct unit *unit)
{
    _cleanup_free_ char *text = NULL;

    if (!verifier->files.is_own || !unit->cgroup->settings)
        return;
    int r = read_file_at(AT_FDCWD, CGROUP_MOUNT "/cgroup.controllers", CGROUP_FILE_MAX, &text, NULL);
    cgroup_limits_check(unit->cgroup, r < 0 ? 0 : cgroup_controllers_parse(text), r >= 0, print_limit, NULL);
}

static int verify_unit(struct verifier *verifier, const char *text)
{
    _cleanup_unit_ struct unit *unit = NULL;
    int r = strchr(text, '/') ? load_file(verifier, text, &unit) : load_name(verifier, text, &unit);

    if (r < 0) {
        printf("%s: %s\n", text, r == -EINVAL ? "not the name of a service, target or slice" : strerror(-r));
        verifier->failed = true;
        return r == -ENOMEM ? r : 0;
    }
    if (unit->load_state == UNIT_NOT_FOUND) {
        printf("%s: %s\n", text, unit->load_error);
        verifier->failed = true;
    }
    if (unit->load_state != UNIT_LOADED)
        return 0;
    check_programs(verifier, unit);
    check_limits(verifier, unit);
    return check_needed_units(verifier, unit);
}

static int verify_units(struct verifier *verifier, char *const *units)
{
    _cleanup_strv_ char **all = NULL;
    int r = 0;

    if (!units || !*units) {
        r = all_units(verifier, &all);
        units = all;
    }
    for (; r >= 0 && units && *units; units++)
        r = verify_unit(verifier, *units);
    return r;
}

static bool can_look_into(const struct root_files *files, const char *where)
{
    _cleanup_close_ int fd = root_files_open(files, "/", O_PATH | O_DIRECTORY);

    if (fd == -ENOSYS)
        log_error(
            "cannot look into %s: that needs openat2(2), which this kernel (before 5.6) or its system call "
            "filter does not have; the root directory / can be verified without",
            where);
    else if (fd < 0)
        log_errno(fd, "cannot look into %s", where);
    return fd >= 0;
}

/* As a boot has it: first what was given, then what is usual. */
static char **make_search_path(char *const *first)
{
    static const char *const usual[] = {UNIT_SEARCH_PATH};
    _cleanup_strv_ char **path = strv_copy(first);
    int r = path ? 0 : -ENOMEM;

    for (size_t i = 0; r >= 0 && i < ELEMENTSOF(usual); i++)
        r = strv_append(&path, usual[i]);
    return r < 0 ? NULL : TAKE_PTR(path);
}

int verify_main(const char *root, char *const *unit_path, char *const *units)
{
    _cleanup_strv_ char **search_path = make_search_path(unit_path);
    const char *where = root ? root : "/";
    _cleanup_close_ int root_fd = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct utsname system;

    if (root_fd < 0) {
        log_errno(errno, "cannot open the root directory %s", where);
        return EXIT_FAILURE;
    }
    if (!search_path) {
        log_error("no memory");
        return EXIT_FAILURE;
    }
    uname(&system);
    struct verifier verifier = {
        .files = {.root_fd = root_fd, .is_own = streq(where, "/"), .search_path = search_path},
        .loader = {.ops = &root_files_ops,
                   .search_path = search_path,
                   .host = {.hostname = system.nodename,
                            .user_name = "root",
                            .user_home = "/root",
                            .user_shell = "/bin/sh",
                            .kernel_release = system.release},
                   .report = print_report},
    };
    if (!can_look_into(&verifier.files, where))
        return EXIT_FAILURE;
    verifier.loader.files = &verifier.files;
    verifier.loader.report_userdata = &verifier;
    int r = verify_units(&verifier, units);
    root_files_forget(&verifier.files);
    if (r < 0)
        log_errno(r, "cannot verify the units of %s", where);
    return r < 0 || verifier.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
