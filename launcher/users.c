/* passwd(5) and group(5) through libc's line parsers, which load nothing. */
#include "launcher/users.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/parse.h"
#include "common/text.h"

#define LINE_MAX_BYTES (64 * 1024)
#define GROUPS_MAX     4096
#define ID_MAX         (UINT32_MAX - 1) /* (uid_t) -1 means "unchanged" to setresuid(2) */

/* A regular file only: a FIFO in its place would keep us waiting. */
static int open_regular(const char *path, FILE **ret)
{
    struct stat st;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    *ret = fdopen(fd, "re");
    if (!*ret)
        return -errno;
    TAKE_FD(fd);
    return 0;
}

static int parse_id(const char *text, uint32_t *ret)
{
    uint64_t number;
    if (parse_u64(text, &number) < 0 || number > ID_MAX)
        return -EINVAL;
    *ret = (uint32_t)number;
    return 0;
}

/* The entry of a name, or of a number. -ENOENT when there is none. */
static int find_user(const char *name, const uid_t *uid, struct user_identity *ret, char **ret_name)
{
    _cleanup_fclose_ FILE *file = NULL;
    _cleanup_free_ char *line = malloc(LINE_MAX_BYTES);
    struct passwd entry, *found;

    int r = line ? open_regular("/etc/passwd", &file) : -ENOMEM;
    if (r < 0)
        return r;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): open_regular() fails or sets it */
    while (fgetpwent_r(file, &entry, line, LINE_MAX_BYTES, &found) == 0) {
        if (name ? !streq(found->pw_name, name) : found->pw_uid != *uid)
            continue;
        ret->uid = found->pw_uid;
        ret->gid = found->pw_gid;
        ret->home = strdup(found->pw_dir);
        *ret_name = strdup(found->pw_name);
        return ret->home && *ret_name ? 0 : -ENOMEM;
    }
    return -ENOENT;
}

static int find_group(const char *name, gid_t *ret)
{
    _cleanup_fclose_ FILE *file = NULL;
    _cleanup_free_ char *line = malloc(LINE_MAX_BYTES);
    struct group entry, *found;

    int r = line ? open_regular("/etc/group", &file) : -ENOMEM;
    if (r < 0)
        return r;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): open_regular() fails or sets it */
    while (fgetgrent_r(file, &entry, line, LINE_MAX_BYTES, &found) == 0)
        if (streq(found->gr_name, name)) {
            *ret = found->gr_gid;
            return 0;
        }
    return -ENOENT;
}

/* All groups that list the user as a member. No /etc/group is no group. */
static int find_memberships(const char *user, struct user_identity *ret)
{
    _cleanup_fclose_ FILE *file = NULL;
    _cleanup_free_ char *line = malloc(LINE_MAX_BYTES);
    struct group entry, *found;

    if (!line)
        return -ENOMEM;
    if (open_regular("/etc/group", &file) < 0)
        return 0;
    while (ret->n_groups < GROUPS_MAX && fgetgrent_r(file, &entry, line, LINE_MAX_BYTES, &found) == 0) {
        if (!strv_contains(found->gr_mem, user))
            continue;
        gid_t *groups = realloc(ret->groups, (ret->n_groups + 1) * sizeof(gid_t));
        if (!groups)
            return -ENOMEM;
        ret->groups = groups;
        ret->groups[ret->n_groups++] = found->gr_gid;
    }
    return 0;
}

static int resolve_user(const char *text, struct user_identity *identity, struct failure *failure)
{
    _cleanup_free_ char *name = NULL;
    uid_t uid = 0;

    bool numeric = parse_id(text, &uid) >= 0;
    int r = find_user(numeric ? NULL : text, &uid, identity, &name);
    if (r >= 0)
        r = find_memberships(name, identity);
    else if (numeric && r != -ENOMEM) {
        identity->uid = uid;
        return 0;
    }
    if (r == -ENOENT)
        return fail(failure, r, "no such user in the container: %s", text);
    return r < 0 ? fail(failure, r, "/etc/passwd of the container: %s", strerror(-r)) : 0;
}

static int resolve_group(const char *text, struct user_identity *identity, struct failure *failure)
{
    /* A group that was asked for by name or number is the only one. */
    identity->n_groups = 0;
    if (parse_id(text, &identity->gid) >= 0)
        return 0;
    int r = find_group(text, &identity->gid);
    if (r == -ENOENT)
        return fail(failure, r, "no such group in the container: %s", text);
    return r < 0 ? fail(failure, r, "/etc/group of the container: %s", strerror(-r)) : 0;
}

int user_resolve(const char *text, struct user_identity *ret, struct failure *failure)
{
    _cleanup_user_identity_ struct user_identity identity = USER_IDENTITY_INIT;
    const char *colon = strchr(text, ':');
    _cleanup_free_ char *user = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);

    if (!user)
        return fail(failure, -ENOMEM, "out of memory");
    if (!*user || (colon && !colon[1]))
        return fail(failure, -EINVAL, "user '%s': write USER or USER:GROUP", text);
    int r = resolve_user(user, &identity, failure);
    if (r >= 0 && colon)
        r = resolve_group(colon + 1, &identity, failure);
    if (r < 0)
        return r;
    *ret = identity;
    identity = (struct user_identity)USER_IDENTITY_INIT;
    return 0;
}

int user_become(const struct user_identity *identity, struct failure *failure)
{
    if (setgroups(identity->n_groups, identity->groups) < 0)
        return fail(failure, -errno, "supplementary groups: %m");
    if (setresgid(identity->gid, identity->gid, identity->gid) < 0)
        return fail(failure, -errno, "group %u: %m", (unsigned)identity->gid);
    if (setresuid(identity->uid, identity->uid, identity->uid) < 0)
        return fail(failure, -errno, "user %u: %m", (unsigned)identity->uid);
    return 0;
}

void user_identity_done(struct user_identity *identity)
{
    free(identity->groups);
    free(identity->home);
    *identity = (struct user_identity)USER_IDENTITY_INIT;
}
