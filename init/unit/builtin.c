/* Units without files. The targets are written in the unit language itself, so that drop-ins and .wants/
 * folders work on them like on any other. */
#include "init/unit/builtin.h"

#include <fnmatch.h>

#include "common/macro.h"
#include "common/text.h"

#define TARGET(description) "[Unit]\nDescription=" description "\n"
#define NO_DEFAULTS         "DefaultDependencies=no\n"
#define PASSIVE             "RefuseManualStart=yes\n"
#define ENDS_ALL(description)                                                                                \
    TARGET(description)                                                                                      \
    NO_DEFAULTS "Requires=shutdown.target\nAfter=shutdown.target umount.target\nAllowIsolate=yes\n"

static const struct {
    const char *name, *text;
} units[] = {
    {"multi-user.target", TARGET("Multi-User System") "Requires=basic.target\nAfter=basic.target\n"
                                                      "AllowIsolate=yes\n"},
    {"graphical.target", TARGET("Graphical Interface") "Requires=multi-user.target\nAfter=multi-user.target\n"
                                                       "AllowIsolate=yes\n"},
    {"basic.target",
     TARGET("Basic System") "Requires=sysinit.target\n"
                            "Wants=sockets.target timers.target paths.target slices.target\n"
                            "After=sysinit.target sockets.target paths.target slices.target\n"},
    {"sysinit.target", TARGET("System Initialization") "Wants=local-fs.target swap.target\n"
                                                       "After=local-fs.target swap.target\n"},
    {"local-fs.target", TARGET("Local File Systems") NO_DEFAULTS "After=local-fs-pre.target\n"},
    {"local-fs-pre.target", TARGET("Preparation for Local File Systems") PASSIVE},
    {"remote-fs.target", TARGET("Remote File Systems") NO_DEFAULTS "After=remote-fs-pre.target\n"},
    {"remote-fs-pre.target", TARGET("Preparation for Remote File Systems") PASSIVE},
    {"swap.target", TARGET("Swaps") NO_DEFAULTS},
    {"network-pre.target", TARGET("Preparation for Network") PASSIVE},
    {"network.target", TARGET("Network") PASSIVE "After=network-pre.target\n"},
    {"network-online.target", TARGET("Network is Online") "After=network.target\n"},
    {"nss-lookup.target", TARGET("Host and Network Name Lookups") PASSIVE},
    {"nss-user-lookup.target", TARGET("User and Group Name Lookups") PASSIVE},
    {"rpcbind.target", TARGET("RPC Port Mapper") PASSIVE},
    {"time-set.target", TARGET("System Time Set") PASSIVE},
    {"time-sync.target", TARGET("System Time Synchronized") PASSIVE "After=time-set.target\n"},
    {"timers.target", TARGET("Timer Units") NO_DEFAULTS "Conflicts=shutdown.target\n"},
    {"sockets.target", TARGET("Socket Units") NO_DEFAULTS},
    {"paths.target", TARGET("Path Units") NO_DEFAULTS},
    {"slices.target", TARGET("Slice Units") NO_DEFAULTS},
    {"getty.target", TARGET("Login Prompts")},
    {"getty-pre.target", TARGET("Preparation for Logins") PASSIVE},
    {"machines.target", TARGET("Containers")},
    {"printer.target", TARGET("Printer")},
    {"sound.target", TARGET("Sound Card")},
    {"bluetooth.target", TARGET("Bluetooth")},
    {"rescue.target",
     TARGET("Rescue Mode") "Requires=sysinit.target\nAfter=sysinit.target\nAllowIsolate=yes\n"},
    {"emergency.target", TARGET("Emergency Mode") NO_DEFAULTS "AllowIsolate=yes\n"},
    {"shutdown.target", TARGET("System Shutdown") NO_DEFAULTS PASSIVE},
    {"umount.target", TARGET("Unmount All Filesystems") NO_DEFAULTS PASSIVE},
    {"final.target", TARGET("Late Shutdown Services") NO_DEFAULTS PASSIVE "After=shutdown.target\n"},
    {"exit.target", ENDS_ALL("Exit the Container")},
    {"poweroff.target", ENDS_ALL("Power Off")},
    {"halt.target", ENDS_ALL("Halt")},
    {"reboot.target", ENDS_ALL("Reboot")},
    {"kexec.target", ENDS_ALL("Reboot via kexec")},
    {"-.slice", "[Unit]\nDescription=Root Slice\n" NO_DEFAULTS},
    {"system.slice", "[Unit]\nDescription=System Slice\n" NO_DEFAULTS},
};

static const struct {
    const char *name, *target;
} aliases[] = {
    {"default.target", "multi-user.target"},   {"ctrl-alt-del.target", "reboot.target"},
    {"runlevel0.target", "poweroff.target"},   {"runlevel1.target", "rescue.target"},
    {"runlevel2.target", "multi-user.target"}, {"runlevel3.target", "multi-user.target"},
    {"runlevel4.target", "multi-user.target"}, {"runlevel5.target", "graphical.target"},
    {"runlevel6.target", "reboot.target"},
};

#define OF_THE_HOST "this is the host's work, not the container's"
#define NO_TERMINAL "the container has no terminals to log in on"

static const struct {
    const char *pattern, *reason;
} satisfied[] = {
    {"*.mount", "file systems are mounted before the container starts"},
    {"*.automount", "file systems are mounted before the container starts"},
    {"*.swap", "swap is the host's"},
    {"*.device", "devices are there before the container starts"},
    {"systemd-*",
     "part of systemd itself: its work is done by this program, by the container's launcher or the host"},
    {"syslog.socket", "there is no journal that passes messages on"},
    {"getty@*.service", NO_TERMINAL},
    {"autovt@*.service", NO_TERMINAL},
    {"serial-getty@*.service", NO_TERMINAL},
    {"container-getty@*.service", NO_TERMINAL},
    {"console-getty.service", NO_TERMINAL},
    {"getty-static.service", NO_TERMINAL},
    {"debug-shell.service", NO_TERMINAL},
    {"console-setup.service", NO_TERMINAL},
    {"keyboard-setup.service", NO_TERMINAL},
    {"rescue.service", NO_TERMINAL},
    {"emergency.service", NO_TERMINAL},
    {"plymouth-*", NO_TERMINAL},
    {"user@*.service", "there are no login sessions"},
    {"user-runtime-dir@*.service", "there are no login sessions"},
    {"udev.service", OF_THE_HOST},
    {"initrd-*", OF_THE_HOST},
    {"init.scope", "it is this program itself"},
    {"kmod.service", OF_THE_HOST},
    {"kmod-static-nodes.service", OF_THE_HOST},
    {"modprobe@*.service", OF_THE_HOST},
    {"quotaon.service", OF_THE_HOST},
    {"e2scrub*", OF_THE_HOST},
    {"fstrim.*", OF_THE_HOST},
    {"ifupdown-*", OF_THE_HOST},
    {"networking.service", OF_THE_HOST},
};

const char *builtin_unit_text(const char *name)
{
    FOREACH_ARRAY (row, units, ELEMENTSOF(units))
        if (streq(row->name, name))
            return row->text;
    return NULL;
}

const char *builtin_alias(const char *name)
{
    FOREACH_ARRAY (row, aliases, ELEMENTSOF(aliases))
        if (streq(row->name, name))
            return row->target;
    return NULL;
}

const char *builtin_next_alias(const char *name, size_t *cursor)
{
    while (*cursor < ELEMENTSOF(aliases)) {
        size_t i = (*cursor)++;
        if (streq(aliases[i].target, name))
            return aliases[i].name;
    }
    return NULL;
}

const char *builtin_satisfied_reason(const char *name)
{
    FOREACH_ARRAY (row, satisfied, ELEMENTSOF(satisfied))
        if ((*row->pattern == '*' || *row->pattern == *name) && fnmatch(row->pattern, name, 0) == 0)
            return row->reason;
    return NULL;
}
