/* One test per condition type. They look at the world as it is when the unit starts. */
#include "init/platform/conditions.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "berth/environment.h"
#include "common/capabilities.h"
#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/platform/conditions-system.h"
#include "init/platform/users.h"

#define PROC_FILE_MAX   (1024 * 1024)
#define SYSTEM_UID_MAX  999 /* what "@system" means: users of packages, and root */
#define GROUPS_MAX      1024
#define PATTERNS_MAX    256 /* that the braces of one may stand for */
#define IDENTITY_LENGTH "4294967295"

static bool path_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool matches_something(const char *pattern)
{
    glob_t matches = {0};
    bool found = glob(pattern, GLOB_NOSORT, NULL, &matches) == 0;

    globfree(&matches);
    return found;
}

/* What ends the alternative that begins here: the comma or the brace of its own level; NULL when there is
 * none. */
static const char *end_of_alternative(const char *text)
{
    int depth = 0;

    for (; *text; text++)
        if (depth == 0 && (*text == ',' || *text == '}'))
            return text;
        else
            depth += (*text == '{') - (*text == '}');
    return NULL;
}

static const char *end_of_braces(const char *text)
{
    const char *end = end_of_alternative(text);

    while (end && *end == ',')
        end = end_of_alternative(end + 1);
    return end;
}

/* "/etc/{a,b}" is either of two, which musl's glob(3) does not know. budget: patterns that may still be
 * tried. */
static bool matches_braces(const char *pattern, unsigned *budget)
{
    const char *open = strchr(pattern, '{'), *close = open ? end_of_braces(open + 1) : NULL;

    if (*budget == 0)
        return false;
    --*budget;
    if (!close)
        return matches_something(pattern);
    for (const char *begin = open + 1, *end; begin <= close; begin = end + 1) {
        end = end_of_alternative(begin);
        _cleanup_free_ char *one =
            xasprintf("%.*s%.*s%s", (int)(open - pattern), pattern, (int)(end - begin), begin, close + 1);
        if (one && matches_braces(one, budget))
            return true;
    }
    return false;
}

static bool path_exists_glob(const char *pattern)
{
    unsigned budget = PATTERNS_MAX;
    return matches_braces(pattern, &budget);
}

static bool path_is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool path_is_symbolic_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* The fifth field of a line of proc_pid_mountinfo(5) is where it is mounted. */
static bool path_is_mount_point(const char *path)
{
    _cleanup_free_ char *real = realpath(path, NULL), *text = NULL;

    if (!real || read_file_at(AT_FDCWD, "/proc/self/mountinfo", PROC_FILE_MAX, &text, NULL) < 0)
        return false;
    char *cursor = text, *line;
    while ((line = strsep(&cursor, "\n"))) {
        char *field = NULL;
        for (unsigned i = 0; i < 5; i++)
            field = strsep(&line, " ");
        if (field && streq(field, real))
            return true;
    }
    return false;
}

static bool path_is_read_write(const char *path)
{
    struct statvfs fs;
    return statvfs(path, &fs) == 0 && !(fs.f_flag & ST_RDONLY);
}

static bool directory_not_empty(const char *path)
{
    _cleanup_closedir_ DIR *directory = opendir(path);
    struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
            return true;
    return false;
}

static bool file_not_empty(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

static bool file_is_executable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

/* Whether the user namespace maps other ids than the host's: then it is one of its own. */
static bool has_private_users(void)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **words = NULL;

    if (read_file_at(AT_FDCWD, "/proc/self/uid_map", PROC_FILE_MAX, &text, NULL) < 0 ||
        strv_split(text, " \n", &words) < 0)
        return false;
    return strv_length(words) != 3 || !streq(words[0], "0") || !streq(words[1], "0") ||
           !streq(words[2], IDENTITY_LENGTH);
}

/* PID 1 of this program is always in a container; which one, $container says. */
static bool virtualization(const char *parameter)
{
    const char *container = getenv(ENV_CONTAINER);
    bool wanted;

    if (parse_bool(parameter, &wanted) == 0)
        return wanted;
    if (streq(parameter, "private-users"))
        return has_private_users();
    return streq(parameter, "container") || (container && streq(parameter, container));
}

static bool capability(const char *parameter)
{
    int number = capability_from_string(parameter);
    return number >= 0 && prctl(PR_CAPBSET_READ, (unsigned long)number, 0, 0, 0) == 1;
}

/* "word" matches the word and "word=anything"; "word=value" only itself. */
static bool kernel_command_line(const char *parameter)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **words = NULL;

    if (read_file_at(AT_FDCWD, "/proc/cmdline", PROC_FILE_MAX, &text, NULL) < 0 ||
        strv_split(text, " \n", &words) < 0)
        return false;
    for (char **word = words; *word; word++) {
        const char *rest = startswith(*word, parameter);
        if (rest && (*rest == 0 || (*rest == '=' && !strchr(parameter, '='))))
            return true;
    }
    return false;
}

/* A container does not see batteries: it is as good as plugged in. */
static bool ac_power(const char *parameter)
{
    bool wanted;
    return parse_bool(parameter, &wanted) == 0 && wanted;
}

static bool user(const char *parameter)
{
    _cleanup_credentials_ struct credentials found = {0};

    if (streq(parameter, "@system"))
        return getuid() <= SYSTEM_UID_MAX;
    return credentials_of_user(parameter, &found) == 0 && (found.uid == getuid() || found.uid == geteuid());
}

static bool group(const char *parameter)
{
    gid_t wanted, groups[GROUPS_MAX];

    if (group_lookup(parameter, &wanted) < 0)
        return false;
    if (wanted == getgid() || wanted == getegid())
        return true;
    int n = getgroups(GROUPS_MAX, groups);
    for (int i = 0; i < n; i++)
        if (groups[i] == wanted)
            return true;
    return false;
}

/* Of a container's root there is mostly no device: then it is not on an encrypted one that could be seen. */
static bool path_is_encrypted(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return false;
    _cleanup_free_ char *uuid = NULL,
                        *file = xasprintf("/sys/dev/block/%u:%u/dm/uuid", major(st.st_dev), minor(st.st_dev));
    return file && read_file_at(AT_FDCWD, file, PROC_FILE_MAX, &uuid, NULL) == 0 &&
           startswith(uuid, "CRYPT-");
}

/* Whether /usr is newer than what was made of it: systemd-update-done.service(8). */
static bool needs_update(const char *path)
{
    _cleanup_free_ char *file = xasprintf("%s/.updated", path);
    struct stat usr, updated;
    struct statvfs fs;

    if (!file || statvfs(path, &fs) < 0 || (fs.f_flag & ST_RDONLY) || stat("/usr", &usr) < 0)
        return false;
    if (stat(file, &updated) < 0)
        return true;
    return usr.st_mtim.tv_sec > updated.st_mtim.tv_sec ||
           (usr.st_mtim.tv_sec == updated.st_mtim.tv_sec && usr.st_mtim.tv_nsec > updated.st_mtim.tv_nsec);
}

static bool (*const tests[CONDITION_TYPE_MAX])(const char *parameter) = {
    [CONDITION_PATH_IS_ENCRYPTED] = path_is_encrypted,
    [CONDITION_NEEDS_UPDATE] = needs_update,
    [CONDITION_ARCHITECTURE] = condition_architecture,
    [CONDITION_FIRMWARE] = condition_firmware,
    [CONDITION_HOST] = condition_host,
    [CONDITION_KERNEL_VERSION] = condition_kernel_version,
    [CONDITION_CREDENTIAL] = condition_credential,
    [CONDITION_SECURITY] = condition_security,
    [CONDITION_FIRST_BOOT] = condition_first_boot,
    [CONDITION_CONTROL_GROUP_CONTROLLER] = condition_control_group_controller,
    [CONDITION_MEMORY] = condition_memory,
    [CONDITION_CPUS] = condition_cpus,
    [CONDITION_CPU_FEATURE] = condition_cpu_feature,
    [CONDITION_OS_RELEASE] = condition_os_release,
    [CONDITION_MEMORY_PRESSURE] = condition_memory_pressure,
    [CONDITION_CPU_PRESSURE] = condition_cpu_pressure,
    [CONDITION_IO_PRESSURE] = condition_io_pressure,
    [CONDITION_KERNEL_MODULE_LOADED] = condition_kernel_module_loaded,
    [CONDITION_PATH_EXISTS] = path_exists,
    [CONDITION_PATH_EXISTS_GLOB] = path_exists_glob,
    [CONDITION_PATH_IS_DIRECTORY] = path_is_directory,
    [CONDITION_PATH_IS_SYMBOLIC_LINK] = path_is_symbolic_link,
    [CONDITION_PATH_IS_MOUNT_POINT] = path_is_mount_point,
    [CONDITION_PATH_IS_READ_WRITE] = path_is_read_write,
    [CONDITION_DIRECTORY_NOT_EMPTY] = directory_not_empty,
    [CONDITION_FILE_NOT_EMPTY] = file_not_empty,
    [CONDITION_FILE_IS_EXECUTABLE] = file_is_executable,
    [CONDITION_VIRTUALIZATION] = virtualization,
    [CONDITION_CAPABILITY] = capability,
    [CONDITION_KERNEL_COMMAND_LINE] = kernel_command_line,
    [CONDITION_AC_POWER] = ac_power,
    [CONDITION_USER] = user,
    [CONDITION_GROUP] = group,
};

bool condition_holds(const struct condition *condition, char *const *environment)
{
    if (condition->type == CONDITION_ENVIRONMENT)
        return condition_environment(environment, condition->parameter);
    return tests[condition->type](condition->parameter);
}
