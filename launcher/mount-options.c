/* One table of words for all of them; docker's and podman's names where they have one. */
#include "launcher/mount-options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "common/parse.h"
#include "common/text.h"
#include "launcher/suggest.h"

#define KIND(kind)  (1U << (kind))
#define FILES       (KIND(MOUNT_BIND) | KIND(MOUNT_TMPFS) | KIND(MOUNT_OVERLAY))
#define FROM_SOURCE (KIND(MOUNT_BIND) | KIND(MOUNT_OVERLAY))
#define ALL         (KIND(MOUNT_KINDS) - 1)
#define PERCENT_MAX 10000 /* of parse_permyriad() */

static const char *const kinds[] = {
    [MOUNT_BIND] = "bind",   [MOUNT_TMPFS] = "tmpfs",   [MOUNT_OVERLAY] = "overlay", [MOUNT_PROC] = "proc",
    [MOUNT_SYSFS] = "sysfs", [MOUNT_MQUEUE] = "mqueue", [MOUNT_DEVPTS] = "devpts",
};

/* What the words of docker and podman mean that have no place here. */
#define REASON_PROPAGATION "mounts inside never reach the host, and the host's come in only at the start"
#define REASON_RELABEL     "files of the host are not relabelled"
#define REASON_CHOWN       "files of the host are not chowned: use idmap"
#define REASON_DEVICES     "device nodes come in by --device"

struct word {
    const char *name;
    unsigned kinds;   /* KIND() of each that has it */
    bool takes_value; /* else it is a flag, which --mount may give a yes or no */
    int (*apply)(const struct word *word, struct mount_request *request, const char *value,
                 struct failure *failure);
    uint64_t set, clear;
    const char *text; /* the kernel's name for it; the reason of a refusal */
};

static int apply_attribute(const struct word *word, struct mount_request *request, const char *value,
                           struct failure *failure)
{
    bool yes = !value || streq(value, "true");
    request->attributes |= yes ? word->set : word->clear;
    request->attributes &= ~(yes ? word->clear : word->set);
    return 0;
}

static int apply_recursive(const struct word *word, struct mount_request *request, const char *value,
                           struct failure *failure)
{
    request->recursive = (!value || streq(value, "true")) == (word->set != 0);
    return 0;
}

static int apply_idmap(const struct word *word, struct mount_request *request, const char *value,
                       struct failure *failure)
{
    request->id_mapped = !value || streq(value, "true");
    return 0;
}

static int refuse(const struct word *word, struct mount_request *request, const char *value,
                  struct failure *failure)
{
    return fail(failure, -EOPNOTSUPP, "%s: %s", word->name, word->text);
}

static int apply_propagation(const struct word *word, struct mount_request *request, const char *value,
                             struct failure *failure)
{
    return streq(value, "private") || streq(value, "rprivate") ? 0 : refuse(word, request, value, failure);
}

static int ignore(const struct word *word, struct mount_request *request, const char *value,
                  struct failure *failure)
{
    return 0;
}

static int set_path(char **path, const struct word *word, const char *value, struct failure *failure)
{
    if (value[0] != '/')
        return fail(failure, -EINVAL, "%s: write an absolute path", word->name);
    if (*path)
        return fail(failure, -EINVAL, "%s: is there twice", word->name);
    *path = strdup(value);
    return *path ? 0 : -ENOMEM;
}

static int apply_source(const struct word *word, struct mount_request *request, const char *value,
                        struct failure *failure)
{
    return set_path(&request->source, word, value, failure);
}

static int apply_target(const struct word *word, struct mount_request *request, const char *value,
                        struct failure *failure)
{
    return set_path(&request->target, word, value, failure);
}

static int add_option(struct mount_request *request, const char *key, const char *value)
{
    char *option = xasprintf("%s=%s", key, value);
    return option ? strv_consume(&request->options, option) : -ENOMEM;
}

/* "0" would be without a bound. */
static int apply_size(const struct word *word, struct mount_request *request, const char *value,
                      struct failure *failure)
{
    char number[32];
    uint64_t size;
    unsigned part;

    if (endswith(value, "%") && parse_permyriad(value, &part) >= 0 && part > 0 && part <= PERCENT_MAX &&
        !strchr(value, '.'))
        return add_option(request, "size", value);
    if (parse_size(value, &size) < 0 || size == 0)
        return fail(failure, -EINVAL, "%s=%s: write bytes, or 64M, 1.5G, or 1%% to 100%% of the memory",
                    word->name, value);
    snprintf(number, sizeof(number), "%" PRIu64, size);
    return add_option(request, "size", number);
}

static int apply_mode(const struct word *word, struct mount_request *request, const char *value,
                      struct failure *failure)
{
    mode_t mode;
    if (parse_mode(value, &mode) < 0)
        return fail(failure, -EINVAL, "%s=%s: write octal digits, as 1777", word->name, value);
    return add_option(request, word->text, value);
}

static int apply_id(const struct word *word, struct mount_request *request, const char *value,
                    struct failure *failure)
{
    uint64_t id;
    if (parse_u64(value, &id) < 0 || id >= UINT32_MAX)
        return fail(failure, -EINVAL, "%s=%s: write the number of an id inside", word->name, value);
    return add_option(request, word->text, value);
}

static const struct word words[] = {
    {"source", FROM_SOURCE, true, apply_source},
    {"src", FROM_SOURCE, true, apply_source},
    {"target", ALL, true, apply_target},
    {"destination", ALL, true, apply_target},
    {"dst", ALL, true, apply_target},
    {"type", ALL, true, ignore},
    {"ro", ALL, false, apply_attribute, MOUNT_ATTR_RDONLY, 0},
    {"readonly", ALL, false, apply_attribute, MOUNT_ATTR_RDONLY, 0},
    {"rw", FILES, false, apply_attribute, 0, MOUNT_ATTR_RDONLY},
    {"noexec", FILES, false, apply_attribute, MOUNT_ATTR_NOEXEC, 0},
    {"exec", FILES, false, apply_attribute, 0, MOUNT_ATTR_NOEXEC},
    {"nosuid", FILES, false, apply_attribute, MOUNT_ATTR_NOSUID, 0},
    {"suid", FILES, false, apply_attribute, 0, MOUNT_ATTR_NOSUID},
    {"noatime", FILES, false, apply_attribute, MOUNT_ATTR_NOATIME, 0},
    {"nodev", FILES, false, ignore},
    {"dev", FILES, false, refuse, 0, 0, REASON_DEVICES},
    {"rbind", KIND(MOUNT_BIND), false, apply_recursive, 1},
    {"bind", KIND(MOUNT_BIND), false, apply_recursive, 0},
    {"bind-nonrecursive", KIND(MOUNT_BIND), false, apply_recursive, 0},
    {"idmap", KIND(MOUNT_BIND), false, apply_idmap},
    {"bind-propagation", FROM_SOURCE, true, apply_propagation, 0, 0, REASON_PROPAGATION},
    {"private", FROM_SOURCE, false, ignore},
    {"rprivate", FROM_SOURCE, false, ignore},
    {"shared", FROM_SOURCE, false, refuse, 0, 0, REASON_PROPAGATION},
    {"rshared", FROM_SOURCE, false, refuse, 0, 0, REASON_PROPAGATION},
    {"slave", FROM_SOURCE, false, refuse, 0, 0, REASON_PROPAGATION},
    {"rslave", FROM_SOURCE, false, refuse, 0, 0, REASON_PROPAGATION},
    {"z", FROM_SOURCE, false, refuse, 0, 0, REASON_RELABEL},
    {"Z", FROM_SOURCE, false, refuse, 0, 0, REASON_RELABEL},
    {"relabel", FROM_SOURCE, true, refuse, 0, 0, REASON_RELABEL},
    {"U", FILES, false, refuse, 0, 0, REASON_CHOWN},
    {"chown", FILES, false, refuse, 0, 0, REASON_CHOWN},
    {"size", KIND(MOUNT_TMPFS), true, apply_size, 0, 0, "size"},
    {"tmpfs-size", KIND(MOUNT_TMPFS), true, apply_size, 0, 0, "size"},
    {"mode", KIND(MOUNT_TMPFS) | KIND(MOUNT_DEVPTS), true, apply_mode, 0, 0, "mode"},
    {"tmpfs-mode", KIND(MOUNT_TMPFS), true, apply_mode, 0, 0, "mode"},
    {"uid", KIND(MOUNT_TMPFS) | KIND(MOUNT_DEVPTS), true, apply_id, 0, 0, "uid"},
    {"gid", KIND(MOUNT_TMPFS) | KIND(MOUNT_DEVPTS), true, apply_id, 0, 0, "gid"},
    {"consistency", FILES, true, ignore}, /* docker's, for its machines on other systems */
};

static const char *word_name(size_t index)
{
    return index < ELEMENTSOF(words) ? words[index].name : NULL;
}

static const struct word *find_word(const char *name)
{
    FOREACH_ARRAY (word, words, ELEMENTSOF(words))
        if (streq(word->name, name))
            return word;
    return NULL;
}

static int unknown_word(const char *name, struct failure *failure)
{
    const char *meant = suggest(name, word_name);
    return meant ? fail(failure, -EINVAL, "%s is unknown: is %s meant?", name, meant)
                 : fail(failure, -EINVAL, "%s is unknown: see berth(1)", name);
}

/* "ro", "ro=true", "size=64M". */
static int apply_word(struct mount_request *request, char *text, struct failure *failure)
{
    char *value = strchr(text, '=');
    if (value)
        *value++ = 0;
    const struct word *word = find_word(text);
    bool yes;

    if (!word)
        return unknown_word(text, failure);
    if (!(word->kinds & KIND(request->kind)))
        return fail(failure, -EINVAL, "%s is not for %s", word->name, kinds[request->kind]);
    if (word->takes_value && (!value || !*value))
        return fail(failure, -EINVAL, "%s needs a value", word->name);
    if (word->takes_value || !value)
        return word->apply(word, request, value, failure);
    if (parse_bool(value, &yes) < 0)
        return fail(failure, -EINVAL, "%s=%s: write true or false", word->name, value);
    return word->apply(word, request, yes ? "true" : "false", failure);
}

int split_escaped(const char *text, char separator, char ***ret)
{
    for (;; text++) {
        char *part = malloc(strlen(text) + 1);
        size_t n = 0;
        if (!part)
            return -ENOMEM;
        for (; *text && *text != separator; text++) {
            if (*text == '\\' && (text[1] == separator || text[1] == '\\'))
                text++;
            part[n++] = *text;
        }
        part[n] = 0;
        int r = strv_consume(ret, part);
        if (r < 0 || !*text)
            return r;
    }
}

void path_clean(char *path)
{
    char *out = path;

    for (const char *in = path; *in;) {
        in += strspn(in, "/");
        size_t n = strcspn(in, "/");
        if (n == 2 && in[0] == '.' && in[1] == '.') {
            while (out > path && *--out != '/')
                ;
        } else if (n > 0 && !(n == 1 && in[0] == '.')) {
            *out++ = '/';
            memmove(out, in, n);
            out += n;
        }
        in += n;
    }
    if (out == path)
        *out++ = '/';
    *out = 0;
}

/* What every request must have; takes it over, also on failure. */
static int add_request(struct container_config *config, struct mount_request *request,
                       struct failure *failure)
{
    if (!request->target)
        return fail(failure, -EINVAL, "the target is missing: target=DST");
    if (!request->source && (KIND(request->kind) & FROM_SOURCE))
        return fail(failure, -EINVAL, "the source is missing: source=SRC");
    struct mount_request *mounts = realloc(config->mounts, (config->n_mounts + 1) * sizeof(*mounts));
    if (!mounts)
        return -ENOMEM;
    config->mounts = mounts;
    path_clean(request->target);
    mounts[config->n_mounts++] = *request;
    *request = (struct mount_request){};
    return 0;
}

static int apply_words(struct mount_request *request, const char *list, char separator,
                       struct failure *failure)
{
    _cleanup_strv_ char **parts = NULL;

    int r = split_escaped(list, separator, &parts);
    for (char **part = parts; part && *part && r >= 0; part++)
        r = **part ? apply_word(request, *part, failure)
                   : fail(failure, -EINVAL, "a word between two commas is missing");
    return r;
}

int option_bind(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    _cleanup_(mount_request_done) struct mount_request request = {.kind = MOUNT_BIND,
                                                                  .attributes = MOUNT_ATTR_NODEV};
    _cleanup_strv_ char **parts = NULL;

    int r = split_escaped(value, ':', &parts);
    if (r < 0)
        return r;
    size_t n = strv_length(parts);
    if (n < 2 || n > 3 || parts[0][0] != '/' || parts[1][0] != '/')
        return fail(failure, -EINVAL, "write SOURCE:TARGET[:ro,rbind], both absolute, with \\: for a colon");
    request.source = strdup(parts[0]);
    request.target = strdup(parts[1]);
    if (!request.source || !request.target)
        return -ENOMEM;
    r = n == 3 ? apply_words(&request, parts[2], ',', failure) : 0;
    return r < 0 ? r : add_request(target, &request, failure);
}

int option_tmpfs(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    _cleanup_(mount_request_done) struct mount_request request = {
        .kind = MOUNT_TMPFS, .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    _cleanup_strv_ char **parts = NULL;

    int r = split_escaped(value, ':', &parts);
    if (r < 0)
        return r;
    size_t n = strv_length(parts);
    if (n > 2 || parts[0][0] != '/')
        return fail(failure, -EINVAL, "write TARGET[:size=64M,mode=0755], absolute, with \\: for a colon");
    request.target = strdup(parts[0]);
    if (!request.target)
        return -ENOMEM;
    r = n == 2 ? apply_words(&request, parts[1], ',', failure) : 0;
    return r < 0 ? r : add_request(target, &request, failure);
}

/* The last type= of all words. */
static int parse_kind(const char *value, enum mount_kind *ret, struct failure *failure)
{
    _cleanup_strv_ char **parts = NULL;
    const char *name = NULL;

    int r = split_escaped(value, ',', &parts);
    if (r < 0)
        return r;
    for (char **part = parts; *part; part++)
        if (startswith(*part, "type="))
            name = *part + strlen("type=");
    if (!name)
        return fail(failure, -EINVAL,
                    "the type is missing: type=bind, or tmpfs, overlay, proc, sysfs, mqueue, devpts");
    for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
        if (streq(kinds[i], name)) {
            *ret = (enum mount_kind)i;
            return 0;
        }
    if (streq(name, "volume"))
        return fail(failure, -EINVAL,
                    "type=volume: there are none: type=bind mounts a directory of the host");
    return fail(failure, -EINVAL,
                "type=%s is unknown: bind, tmpfs, overlay, proc, sysfs, mqueue and devpts are known", name);
}

/* What is not a person's files has neither programs nor set-user-id bits. */
static uint64_t default_attributes(enum mount_kind kind)
{
    uint64_t attributes = kind == MOUNT_DEVPTS ? 0 : MOUNT_ATTR_NODEV;
    if (kind != MOUNT_BIND && kind != MOUNT_OVERLAY)
        attributes |= MOUNT_ATTR_NOSUID;
    if (!(KIND(kind) & FILES))
        attributes |= MOUNT_ATTR_NOEXEC;
    return kind == MOUNT_SYSFS ? attributes | MOUNT_ATTR_RDONLY : attributes;
}

int option_mount(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    _cleanup_(mount_request_done) struct mount_request request = {};

    int r = parse_kind(value, &request.kind, failure);
    if (r < 0)
        return r;
    request.attributes = default_attributes(request.kind);
    r = apply_words(&request, value, ',', failure);
    return r < 0 ? r : add_request(target, &request, failure);
}
