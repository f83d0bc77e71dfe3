/* The pool of uids. */
#include "init/platform/dynamic-users.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/macro.h"
#include "common/text.h"
#include "common/users.h"

#define POOL_SIZE (DYNAMIC_UID_MAX - DYNAMIC_UID_MIN + 1)

static uint64_t hash_of(const char *name)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return hash;
}

static bool is_taken(const struct dynamic_users *users, uid_t uid)
{
    _cleanup_user_entry_ struct user_entry entry = {0};
    char number[16];

    FOREACH_ARRAY (user, users->users, users->n)
        if (user->uid == uid)
            return true;
    (void)snprintf(number, sizeof(number), "%u", (unsigned)uid);
    return user_lookup(number, &entry) != -ESRCH;
}

int dynamic_users_add(struct dynamic_users *users, const char *name, uid_t uid)
{
    struct dynamic_user *bigger = reallocarray(users->users, users->n + 1, sizeof(*bigger));

    if (!bigger)
        return -ENOMEM;
    users->users = bigger;
    bigger[users->n].uid = uid;
    bigger[users->n].name = strdup(name);
    if (!bigger[users->n].name)
        return -ENOMEM;
    users->n++;
    return 0;
}

int dynamic_users_get(struct dynamic_users *users, const char *name, uid_t *ret)
{
    FOREACH_ARRAY (user, users->users, users->n)
        if (streq(user->name, name)) {
            *ret = user->uid;
            return 0;
        }
    for (uid_t i = 0, first = (uid_t)(hash_of(name) % POOL_SIZE); i < POOL_SIZE; i++) {
        *ret = DYNAMIC_UID_MIN + (first + i) % POOL_SIZE;
        if (!is_taken(users, *ret))
            return dynamic_users_add(users, name, *ret);
    }
    return -EUSERS;
}

void dynamic_users_done(struct dynamic_users *users)
{
    FOREACH_ARRAY (user, users->users, users->n)
        free(user->name);
    free(users->users);
    *users = (struct dynamic_users){0};
}
