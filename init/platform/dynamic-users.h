/* DynamicUser=: names that no file knows get a uid out of systemd's range, and keep it as long as PID 1
 * lives.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define DYNAMIC_UID_MIN 61184
#define DYNAMIC_UID_MAX 65519

struct dynamic_user {
    char *name;
    uid_t uid; /* and gid */
};

struct dynamic_users {
    struct dynamic_user *users;
    size_t n;
};

/* The name's, a new one the first time: the same in each container, as long as no other name or passwd(5) has
 * it. -EUSERS when all are taken. */
int dynamic_users_get(struct dynamic_users *users, const char *name, uid_t *ret);
/* The name has that uid, as it had before daemon-reexec. 0 or -ENOMEM. */
int dynamic_users_add(struct dynamic_users *users, const char *name, uid_t uid);
void dynamic_users_done(struct dynamic_users *users);
