/* Putting the environment together, the later source winning over the earlier one. */
#include "init/platform/exec-environment.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/text.h"
#include "init/manager/manager.h"
#include "init/platform/exec-directories.h"
#include "init/unit/expand.h"

#define ENVIRONMENT_FILE_MAX (1024 * 1024)
#define UID_NOBODY           65534 /* has neither a home nor a shell, whatever a file says */

/* Said to PID 1 by whoever started it: a service must not take it for its own. */
static const char *const private_variables[] = {
    ENV_NOTIFY_SOCKET, ENV_NOTIFY_FD,  ENV_CONTROL_FD,  "LISTEN_FDS",    "LISTEN_PID",
    "LISTEN_FDNAMES",  "WATCHDOG_PID", "WATCHDOG_USEC", "INVOCATION_ID", "FDSTORE",
};

int container_environment(char *const *environment, char ***ret)
{
    _cleanup_strv_ char **result = strv_copy(environment);
    int r = result ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < ELEMENTSOF(private_variables); i++)
        strv_env_unset(result, private_variables[i]);
    if (r == 0 && !strv_env_get(result, "PATH"))
        r = strv_env_set(&result, "PATH=" CONTAINER_DEFAULT_PATH);
    if (r == 0 && !strv_env_get(result, "LANG"))
        r = strv_env_set(&result, "LANG=C.UTF-8");
    if (r == 0)
        *ret = TAKE_PTR(result);
    return r;
}

/* locale.conf(5); Debian's place for it is the second. */
static int set_locale(char ***environment)
{
    static const char *const files[] = {"/etc/locale.conf", "/etc/default/locale"};
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **assignments = NULL;
    size_t size;
    int r = -ENOENT;

    for (size_t i = 0; r < 0 && i < ELEMENTSOF(files); i++)
        r = read_file_at(AT_FDCWD, files[i], ENVIRONMENT_FILE_MAX, &text, &size);
    if (r < 0)
        return 0;
    r = environment_file_parse(text, size, &assignments);
    for (char **assignment = assignments; r == 0 && assignment && *assignment; assignment++)
        if (startswith(*assignment, "LANG=") || startswith(*assignment, "LANGUAGE=") ||
            startswith(*assignment, "LC_"))
            r = strv_env_set(environment, *assignment);
    return r;
}

int clean_environment(char ***ret)
{
    _cleanup_strv_ char **result = NULL;
    int r = strv_env_set(&result, "PATH=" CONTAINER_DEFAULT_PATH);

    if (r == 0)
        r = set_locale(&result);
    if (r == 0)
        *ret = TAKE_PTR(result);
    return r;
}

static int set_all(char ***environment, char *const *assignments)
{
    int r = 0;

    for (; r == 0 && assignments && *assignments; assignments++)
        r = strv_env_set(environment, *assignments);
    return r;
}

static int set_one(char ***environment, const char *name, const char *value)
{
    if (!value || !*value)
        return 0;
    _cleanup_free_ char *assignment = xasprintf("%s=%s", name, value);
    return assignment ? strv_env_set(environment, assignment) : -ENOMEM;
}

/* A program that says no is not what a service should run commands with. */
static bool is_no_shell(const char *shell)
{
    const char *slash = shell ? strrchr(shell, '/') : NULL;

    return !slash || streq(slash, "/nologin") || streq(slash, "/false") || streq(slash, "/true");
}

static int set_user(char ***environment, const struct credentials *credentials)
{
    bool nobody = credentials->uid == UID_NOBODY;
    const struct {
        const char *name, *value;
    } variables[] = {
        {"HOME", nobody ? NULL : credentials->home},
        {"LOGNAME", credentials->user},
        {"USER", credentials->user},
        {"SHELL", nobody || is_no_shell(credentials->shell) ? NULL : credentials->shell},
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < ELEMENTSOF(variables); i++)
        if (variables[i].value)
            r = set_one(environment, variables[i].name, variables[i].value);
        else
            strv_env_unset(*environment, variables[i].name); /* the container's is another user's */
    return r;
}

/* SetLoginEnvironment=; without it, where User= is set. */
static int set_login_environment(char ***environment, const struct exec_environment_source *source)
{
    int wanted = source->unit->exec->login_environment;
    _cleanup_credentials_ struct credentials own = {0};
    char number[16];

    if (wanted == 0)
        return 0;
    if (wanted < 0 || source->credentials->user)
        return set_user(environment, source->credentials);
    (void)snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
    int r = credentials_of_user(number, &own);
    return r < 0 ? r : set_user(environment, &own);
}

/* Wins over the container's PATH unless that is asked for, and not over the unit's own. */
static int set_search_path(char ***environment, const struct exec_context *context)
{
    if (!context->search_path || strv_contains(context->pass_environment, "PATH"))
        return 0;
    _cleanup_free_ char *value = strv_join(context->search_path, ":");
    return value ? set_one(environment, "PATH", value) : -ENOMEM;
}

/* On a terminal, programs need to know what it understands. */
static int set_term(char ***environment, const struct exec_context *context)
{
    bool terminal = exec_input_is_terminal(context->std_input) || context->std_output == OUTPUT_TTY ||
                    context->std_error == OUTPUT_TTY;

    return terminal && !strv_env_get(*environment, "TERM") ? set_one(environment, "TERM", "vt220") : 0;
}

/* All directories of a kind in one variable, with colons between them. */
static int set_directories(char ***environment, const struct exec_context *context)
{
    for (enum exec_directory_type type = 0; type < EXEC_DIRECTORY_MAX; type++) {
        _cleanup_free_ char *value = NULL;
        for (char **name = context->directories[type].names; name && *name; name++) {
            char *longer = xasprintf("%s%s%s/%s", value ? value : "", value ? ":" : "",
                                     exec_directory_place(type), *name);
            if (!longer)
                return -ENOMEM;
            free(value);
            value = longer;
        }
        int r = set_one(environment, exec_directory_variable(type), value);
        if (r < 0)
            return r;
    }
    return 0;
}

static int set_from_file(char ***environment, const char *path)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **assignments = NULL;
    size_t size;
    int r = read_file_at(AT_FDCWD, path, ENVIRONMENT_FILE_MAX, &text, &size);

    if (r == 0)
        r = environment_file_parse(text, size, &assignments);
    return r < 0 ? r : set_all(environment, assignments);
}

/* The path may be a pattern; each file that matches is read. */
static int set_from_pattern(char ***environment, const char *pattern)
{
    glob_t matches = {0};
    int r = glob(pattern, 0, NULL, &matches);

    if (r != 0)
        r = r == GLOB_NOSPACE ? -ENOMEM : -ENOENT;
    for (size_t i = 0; r == 0 && i < matches.gl_pathc; i++)
        r = set_from_file(environment, matches.gl_pathv[i]);
    globfree(&matches);
    return r;
}

static int set_from_files(char ***environment, const struct exec_context *context, const char **ret_object)
{
    for (size_t i = 0; i < context->n_environment_files; i++) {
        const struct environment_file *file = &context->environment_files[i];
        int r = strpbrk(file->path, "*?[") ? set_from_pattern(environment, file->path)
                                           : set_from_file(environment, file->path);
        *ret_object = file->path;
        if (r < 0 && (r == -ENOMEM || !file->optional))
            return r;
    }
    return 0;
}

/* "NAME" takes it away, "NAME=VALUE" only with that value. */
static void unset_all(char **environment, char *const *names)
{
    for (; names && *names; names++) {
        const char *equals = strchr(*names, '=');
        if (!equals) {
            strv_env_unset(environment, *names);
        } else if (strv_contains(environment, *names)) {
            _cleanup_free_ char *name = strndup(*names, (size_t)(equals - *names));
            if (name)
                strv_env_unset(environment, name);
        }
    }
}

/* An empty value is one, too. */
static int copy_one(char ***environment, const char *name, const char *value)
{
    _cleanup_free_ char *assignment = value ? xasprintf("%s=%s", name, value) : NULL;

    if (!value)
        return 0;
    return assignment ? strv_env_set(environment, assignment) : -ENOMEM;
}

/* PassEnvironment= has nothing to do where all of the container's environment is there already. */
static int set_passed(char ***environment, const struct exec_environment_source *source)
{
    int r = 0;

    for (char **name = source->given ? source->unit->exec->pass_environment : NULL; r == 0 && name && *name;
         name++)
        r = copy_one(environment, *name, strv_env_get(source->given, *name));
    return r;
}

int exec_environment(const struct exec_environment_source *source, char ***ret, const char **ret_object)
{
    const struct exec_context *context = source->unit->exec;
    _cleanup_strv_ char **environment = strv_copy(source->container);
    int r = environment ? 0 : -ENOMEM;

    *ret_object = NULL;
    if (r == 0)
        r = set_all(&environment, source->request);
    if (r == 0)
        r = set_login_environment(&environment, source);
    if (r == 0)
        r = set_one(&environment, "INVOCATION_ID", source->invocation_id);
    if (r == 0)
        r = set_one(&environment, "MONITOR_INVOCATION_ID", source->monitor_invocation_id);
    if (r == 0)
        r = set_one(&environment, ENV_NOTIFY_SOCKET, source->notify_address);
    if (r == 0)
        r = set_one(&environment, "PIDFILE", source->unit->service->pid_file);
    if (r == 0)
        r = set_one(&environment, "SYSTEMD_EXEC_PID", SPAWN_OWN_PID);
    if (r == 0)
        r = set_term(&environment, context);
    if (r == 0)
        r = set_directories(&environment, context);
    if (r == 0)
        r = set_search_path(&environment, context);
    if (r == 0)
        r = set_passed(&environment, source);
    if (r == 0)
        r = set_all(&environment, context->environment);
    if (r == 0)
        r = set_from_files(&environment, context, ret_object);
    if (r < 0)
        return r;
    unset_all(environment, context->unset_environment);
    *ret = TAKE_PTR(environment);
    return 0;
}
