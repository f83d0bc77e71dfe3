/* User=, Group=, SupplementaryGroups=: systemd.exec(5). */
#include "init/platform/users.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int credentials_of_user(const char *user, struct credentials *ret)
{
    struct user_entry entry;
    uint32_t number;
    int r = user_lookup(user, &entry);

    if (r == 0) {
        *ret = (struct credentials){
            .set = true,
            .uid = entry.uid,
            .gid = entry.gid,
            .user = entry.name,
            .home = entry.home,
            .shell = entry.shell,
        };
        return 0;
    }
    if (r != -ESRCH || parse_id(user, &number) < 0)
        return r;
    *ret = (struct credentials){.set = true, .uid = number, .gid = number, .user = strdup(user)};
    return ret->user ? 0 : -ENOMEM;
}

/* A user that a file knows is that one, whatever DynamicUser= says. */
static int resolve_user(const struct exec_context *context, struct dynamic_users *dynamic,
                        struct credentials *credentials)
{
    int r = credentials_of_user(context->user, credentials);
    uid_t uid;

    if (r != -ESRCH || !context->dynamic_user || !dynamic)
        return r;
    r = dynamic_users_get(dynamic, context->user, &uid);
    if (r < 0)
        return r;
    /* It has no home, as in systemd. */
    *credentials = (struct credentials){.set = true, .uid = uid, .gid = uid, .user = strdup(context->user)};
    return credentials->user ? 0 : -ENOMEM;
}

static int resolve_group(const struct exec_context *context, struct dynamic_users *dynamic, gid_t *ret)
{
    int r = group_lookup(context->group, ret);

    if (r != -ESRCH || !context->dynamic_user || !dynamic)
        return r;
    return dynamic_users_get(dynamic, context->group, ret);
}

static int resolve_groups(const struct exec_context *context, struct dynamic_users *dynamic,
                          struct credentials *credentials, const char **ret_object)
{
    int r = 0;

    *ret_object = context->group;
    if (context->group && (r = resolve_group(context, dynamic, &credentials->gid)) < 0)
        return r;
    *ret_object = credentials->user;
    r = groups_add(&credentials->groups, &credentials->n_groups, credentials->gid);
    if (r == 0 && credentials->user)
        r = groups_add_memberships(&credentials->groups, &credentials->n_groups, credentials->user);
    for (char **name = context->supplementary_groups; r == 0 && name && *name; name++) {
        gid_t gid;
        *ret_object = *name;
        r = group_lookup(*name, &gid);
        if (r == 0)
            r = groups_add(&credentials->groups, &credentials->n_groups, gid);
    }
    return r;
}

int credentials_resolve(const struct exec_context *context, struct dynamic_users *dynamic,
                        struct credentials *ret, enum exec_stage *ret_stage, const char **ret_object)
{
    _cleanup_credentials_ struct credentials credentials = {0};
    int r;

    *ret = credentials;
    if (!context->user && !context->group && !context->supplementary_groups)
        return 0;
    credentials.uid = geteuid();
    credentials.gid = getegid();
    *ret_stage = EXEC_STAGE_USER;
    *ret_object = context->user;
    if (context->user && (r = resolve_user(context, dynamic, &credentials)) < 0)
        return r;
    *ret_stage = EXEC_STAGE_GROUP;
    r = resolve_groups(context, dynamic, &credentials, ret_object);
    if (r < 0)
        return r;
    /* To be oneself needs no privileges, and must not be asked for without them. */
    credentials.set = geteuid() == 0 || credentials.uid != geteuid() || credentials.gid != getegid();
    *ret = credentials;
    credentials = (struct credentials){0};
    return 0;
}

void credentials_done(struct credentials *credentials)
{
    free(credentials->groups);
    free(credentials->user);
    free(credentials->home);
    free(credentials->shell);
    *credentials = (struct credentials){0};
}
