/* "USER[:GROUP]" by the container's own /etc/passwd and /etc/group. */
#pragma once

#include <stdlib.h>
#include <sys/types.h>

#include "launcher/failure.h"

struct user_identity {
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* supplementary */
    size_t n_groups;
    char *home; /* NULL: unknown */
};

#define USER_IDENTITY_INIT                                                                                   \
    {                                                                                                        \
    }

/* Called inside of the container's root. Numbers need no entry; names do. What stands behind is an error,
 * never ignored. */
int user_resolve(const char *text, struct user_identity *ret, struct failure *failure);
/* Groups first, then group, then user: the order in which the right to do so goes away. */
int user_become(const struct user_identity *identity, struct failure *failure);
void user_identity_done(struct user_identity *identity);
#define _cleanup_user_identity_ __attribute__((cleanup(user_identity_done)))
