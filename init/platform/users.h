/* Whom a process of a unit runs as. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "berth/exit-codes.h"
#include "common/users.h"
#include "init/platform/dynamic-users.h"
#include "init/unit/unit.h"

struct credentials {
    bool set; /* false: as PID 1 */
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* supplementary ones */
    size_t n_groups;
    char *user; /* NULL when only Group= is set */
    char *home;
    char *shell;
};

/* A name or a number; -ESRCH when there is none. A number needs no entry: its group is then the same number.
 */
int credentials_of_user(const char *user, struct credentials *ret);

/* What the unit says; dynamic: for DynamicUser=, or NULL. On failure *ret_stage and *ret_object say which of
 * its settings it was. */
int credentials_resolve(const struct exec_context *context, struct dynamic_users *dynamic,
                        struct credentials *ret, enum exec_stage *ret_stage, const char **ret_object);
void credentials_done(struct credentials *credentials);
#define _cleanup_credentials_ _cleanup_(credentials_done)
