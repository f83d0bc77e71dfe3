/* Both are words written into a file of /proc, which has to be the kernel's: a file of an image would take
 * the words, and nothing would be confined. */
#include "launcher/security-label.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "common/fd.h"
#include "common/text.h"

#define APPARMOR_ENABLED      "/sys/module/apparmor/parameters/enabled"
#define APPARMOR_PROFILES     "/sys/kernel/security/apparmor/profiles"
#define APPARMOR_PROFILES_MAX (1024 * 1024) /* bytes */
#define SELINUX_ENFORCE       "/sys/fs/selinux/enforce"
#define FLAG_MAX              16 /* bytes */

static bool has_apparmor(void)
{
    _cleanup_free_ char *flag = NULL;
    return read_file_at(AT_FDCWD, APPARMOR_ENABLED, FLAG_MAX, &flag, NULL) >= 0 && *flag == 'Y';
}

/* Lines of "NAME (enforce)". Where the list cannot be read the kernel will say it. */
static bool is_loaded(const char *profile)
{
    _cleanup_free_ char *text = NULL, *wanted = xasprintf("\n%s (", profile);
    if (streq(profile, "unconfined") || !wanted ||
        read_file_at(AT_FDCWD, APPARMOR_PROFILES, APPARMOR_PROFILES_MAX, &text, NULL) < 0)
        return true;
    return startswith(text, wanted + 1) || strstr(text, wanted);
}

int security_label_check(const struct container_config *config, struct failure *failure)
{
    const char *profile = config->apparmor, *label = config->selinux_label;

    if (profile && !has_apparmor())
        return fail(failure, -EOPNOTSUPP,
                    "--apparmor=%s: this host has no AppArmor (" APPARMOR_ENABLED "): leave the option out",
                    profile);
    if (profile && !is_loaded(profile))
        return fail(failure, -ENOENT,
                    "--apparmor=%s: no such profile is loaded: load it with apparmor_parser(8)", profile);
    if (label && access(SELINUX_ENFORCE, F_OK) < 0)
        return fail(failure, -EOPNOTSUPP,
                    "--selinux-label=%s: this host has no SELinux (" SELINUX_ENFORCE
                    "): leave the option out",
                    label);
    return 0;
}

static int write_attribute(const char *path, const char *text)
{
    struct statfs fs;
    _cleanup_close_ int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fstatfs(fd, &fs) < 0)
        return -errno;
    return fs.f_type == PROC_SUPER_MAGIC ? write_all(fd, text, strlen(text)) : -EXDEV;
}

int security_label_apply(const struct container_config *config, struct failure *failure)
{
    int r = 0;

    if (config->apparmor) {
        _cleanup_free_ char *order = xasprintf("exec %s", config->apparmor);
        r = order ? write_attribute("/proc/self/attr/apparmor/exec", order) : -ENOMEM;
        if (r == -ENOENT && order) /* before 5.8 */
            r = write_attribute("/proc/self/attr/exec", order);
        if (r < 0)
            return fail(failure, r, "--apparmor=%s: %s", config->apparmor, strerror(-r));
    }
    if (config->selinux_label)
        r = write_attribute("/proc/self/attr/exec", config->selinux_label);
    return r < 0 ? fail(failure, r, "--selinux-label=%s: %s: the policy of this host may not know it",
                        config->selinux_label, strerror(-r))
                 : 0;
}
