/* As docker and podman read them: a name beats "all", and what is both added and dropped is a mistake. */
#include "launcher/capability-options.h"

#include <errno.h>
#include <linux/capability.h>
#include <strings.h>

#include "common/capabilities.h"
#include "common/text.h"
#include "launcher/suggest.h"

/* What docker and podman leave to a container by default. */
#define DEFAULT_CAPABILITIES                                                                                 \
    (CAPABILITY_MASK(CAP_CHOWN) | CAPABILITY_MASK(CAP_DAC_OVERRIDE) | CAPABILITY_MASK(CAP_FOWNER) |          \
     CAPABILITY_MASK(CAP_FSETID) | CAPABILITY_MASK(CAP_KILL) | CAPABILITY_MASK(CAP_SETGID) |                 \
     CAPABILITY_MASK(CAP_SETUID) | CAPABILITY_MASK(CAP_SETPCAP) | CAPABILITY_MASK(CAP_NET_BIND_SERVICE) |    \
     CAPABILITY_MASK(CAP_NET_RAW) | CAPABILITY_MASK(CAP_SYS_CHROOT) | CAPABILITY_MASK(CAP_MKNOD) |           \
     CAPABILITY_MASK(CAP_AUDIT_WRITE) | CAPABILITY_MASK(CAP_SETFCAP))

static const char *name_of(size_t index)
{
    const char *name = capability_to_string((int)index);
    return name ? name + strlen("cap_") : NULL;
}

static int parse_name(const char *name, uint64_t *mask, struct failure *failure)
{
    int capability = capability_from_string(name);
    if (capability >= 0) {
        *mask |= CAPABILITY_MASK(capability);
        return 0;
    }
    const char *meant = suggest(strncasecmp(name, "cap_", 4) == 0 ? name + 4 : name, name_of);
    if (meant)
        return fail(failure, -EINVAL, "no capability is called %s: is %s meant?", name, meant);
    return fail(failure, -EINVAL, "no capability is called %s: see capabilities(7), or write all", name);
}

static int parse_names(const char *value, uint64_t *mask, bool *all, struct failure *failure)
{
    _cleanup_strv_ char **names = NULL;

    int r = strv_split(value, ",", &names);
    if (r >= 0 && !names)
        r = fail(failure, -EINVAL, "write a name, or all");
    for (char **name = names; name && *name && r >= 0; name++)
        if (all && strcasecmp(*name, "all") == 0)
            *all = true;
        else
            r = parse_name(*name, mask, failure);
    return r;
}

int option_capability_words(const struct option_spec *spec, void *target, const char *value,
                            struct failure *failure)
{
    struct capability_words *words = (struct capability_words *)((char *)target + spec->offset);
    return parse_names(value, &words->named, &words->all, failure);
}

int option_capability_set(const struct option_spec *spec, void *target, const char *value,
                          struct failure *failure)
{
    return parse_names(value, (uint64_t *)((char *)target + spec->offset), NULL, failure);
}

int capabilities_complete(struct container_config *config, struct failure *failure)
{
    const struct capability_words *add = &config->capabilities_added, *drop = &config->capabilities_dropped;
    uint64_t both = add->named & drop->named;

    for (int i = 0; capability_to_string(i); i++)
        if (both & CAPABILITY_MASK(i))
            return fail(failure, -EINVAL,
                        "%s is both added and dropped: leave one of --cap-add, --cap-drop out",
                        capability_to_string(i));
    if (drop->all && (add->all || config->privileged))
        return fail(failure, -EINVAL, "%s and --cap-drop=all do not go together",
                    add->all ? "--cap-add=all" : "--privileged");
    uint64_t base = drop->all ? 0 : add->all || config->privileged ? CAPABILITIES_ALL : DEFAULT_CAPABILITIES;
    config->capabilities = (base | add->named) & ~drop->named;
    return 0;
}
