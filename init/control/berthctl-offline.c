/* Under the name systemctl, where no PID 1 of ours runs: in the build of an image, package scripts call it
 * and go by what it exits with. systemctl(1), $SYSTEMD_OFFLINE. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/control/berthctl.h"

/* The root of PID 1 is another one; who may not look at it is not in a chroot of their own making. */
static bool in_chroot(void)
{
    struct stat own, init;
    const char *offline = getenv("SYSTEMD_OFFLINE"), *ignore = getenv("SYSTEMD_IGNORE_CHROOT");
    bool value = false;

    if (offline && parse_bool(offline, &value) >= 0)
        return value;
    if (ignore && parse_bool(ignore, &value) >= 0 && value)
        return false;
    return stat("/", &own) == 0 && stat("/proc/1/root", &init) == 0 &&
           (own.st_dev != init.st_dev || own.st_ino != init.st_ino);
}

/* What has nothing to do when nothing runs, so that scripts that do not ignore its failure go on. */
static bool is_done_already(const struct berthctl *ctl)
{
    static const char *const verbs[] = {"daemon-reload", "reset-failed"};

    FOREACH_ARRAY (verb, verbs, ELEMENTSOF(verbs))
        if (streq(ctl->verb->name, *verb))
            return true;
    return false;
}

int berthctl_answer_offline(const struct berthctl *ctl, int error)
{
    if (streq(ctl->verb->name, "is-system-running")) {
        if (!ctl->quiet)
            puts("offline");
        return 1;
    }
    if (in_chroot()) {
        if (!ctl->quiet)
            fprintf(stderr, "Running in chroot, ignoring command '%s'\n", ctl->verb->name);
        return 0;
    }
    fputs("System has not been booted with systemd as init system (PID 1). Can't operate.\n", stderr);
    fprintf(stderr, "Failed to connect to bus: %s\n",
            error == -ENOENT || error == -ECONNREFUSED ? "Host is down" : strerror(-error));
    return !is_done_already(ctl);
}
