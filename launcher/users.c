/* Who a command of `berth exec` runs as. */
#include "launcher/users.h"

#include <errno.h>
#include <grp.h>
#include <string.h>

#include "common/text.h"
#include "common/users.h"

static int resolve_user(const char *text, struct user_identity *identity, struct failure *failure)
{
    _cleanup_user_entry_ struct user_entry entry = {0};
    int r = user_lookup(text, &entry);

    /* A number does without an entry, and without a file that can be read. */
    if (r < 0 && r != -ENOMEM && parse_id(text, &identity->uid) == 0)
        return 0;
    if (r >= 0)
        r = groups_add_memberships(&identity->groups, &identity->n_groups, entry.name);
    if (r == -ESRCH)
        return fail(failure, r, "no such user in the container: %s", text);
    if (r < 0)
        return fail(failure, r, "user %s: /etc/passwd and /etc/group of the container: %s", text,
                    strerror(-r));
    identity->uid = entry.uid;
    identity->gid = entry.gid;
    identity->home = TAKE_PTR(entry.home);
    return 0;
}

static int resolve_group(const char *text, struct user_identity *identity, struct failure *failure)
{
    /* A group that was asked for by name or number is the only one. */
    identity->n_groups = 0;
    int r = group_lookup(text, &identity->gid);
    if (r == -ESRCH)
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
