/* clean: removes the directories that a unit has made for it, once it is down. systemctl(1). */
#include <errno.h>
#include <fcntl.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/record.h"
#include "common/text.h"
#include "init/control/berthctl.h"

static const struct {
    const char *what, *key, *directory;
    bool by_default;
} kinds[] = {
    {"runtime", "RuntimeDirectory", "/run", true},
    {"cache", "CacheDirectory", "/var/cache", true},
    {"state", "StateDirectory", "/var/lib", false},
    {"logs", "LogsDirectory", "/var/log", false},
    {"configuration", "ConfigurationDirectory", "/etc", false},
};

static bool is_meant(const struct berthctl *ctl, size_t kind)
{
    _cleanup_strv_ char **words = NULL;

    if (!ctl->what)
        return kinds[kind].by_default;
    return strv_split(ctl->what, ",", &words) >= 0 &&
           (strv_contains(words, kinds[kind].what) || strv_contains(words, "all"));
}

/* Inside the directory and nowhere else, whatever the unit's file says. */
static int remove_one(const char *directory, const char *name)
{
    _cleanup_close_ int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (*name == '/' || streq(name, "..") || startswith(name, "../") || strstr(name, "/../") ||
        endswith(name, "/.."))
        return -EINVAL;
    return remove_tree_at(fd, name);
}

static bool clean_kind(const struct berthctl *ctl, const char *unit, size_t kind, const char *value)
{
    _cleanup_strv_ char **names = NULL;
    bool good = strv_split(value, " ", &names) >= 0;

    for (char **name = names; name && *name; name++) {
        int r = remove_one(kinds[kind].directory, *name);
        if (r < 0)
            log_errno(r, "clean: %s: cannot remove %s/%s", unit, kinds[kind].directory, *name);
        else if (!ctl->quiet)
            log_info("clean: %s: removed %s/%s", unit, kinds[kind].directory, *name);
        good &= r >= 0;
    }
    return good;
}

/* A record of `show`. */
int berthctl_on_clean(char *packet, size_t size, void *userdata)
{
    struct berthctl *ctl = userdata;
    _cleanup_free_ char *id = record_get(packet, size, "Id"),
                        *state = record_get(packet, size, "ActiveState"),
                        *load = record_get(packet, size, "LoadState");

    if (!id || !state || !load || streq(load, "not-found")) {
        log_error("clean: %s: no such unit", id ? id : "?");
        ctl->complained = true;
        return 0;
    }
    if (!streq(state, "inactive") && !streq(state, "failed")) {
        log_error("clean: %s is %s: stop it first", id, state);
        ctl->complained = true;
        return 0;
    }
    for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
        _cleanup_free_ char *value = is_meant(ctl, i) ? record_get(packet, size, kinds[i].key) : NULL;
        ctl->complained |= value && !clean_kind(ctl, id, i, value);
    }
    return 0;
}
