/* passwd(5) and group(5), read as files. Not getpwnam(3): that asks name services over sockets, those of the
 * host know nothing of a container, and those of a container must not be loaded into a process of ours. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"

struct user_entry {
    uid_t uid;
    gid_t gid;
    char *name;
    char *home;
    char *shell;
};

void user_entry_done(struct user_entry *entry);
#define _cleanup_user_entry_ _cleanup_(user_entry_done)

/* A uid or gid: any but (uid_t) -1, which means "unchanged" to setresuid(2). */
int parse_id(const char *text, uint32_t *ret);

/* In the root that this process has; no file is an empty one. A name or a number; -ESRCH when there is no
 * entry. Root is known without one. */
int user_lookup(const char *user, struct user_entry *ret);
/* A number needs no entry. */
int group_lookup(const char *group, gid_t *ret);

/* Supplementary groups, each once. -E2BIG when there are more than a process is given. */
int groups_add(gid_t **groups, size_t *n, gid_t group);
/* All that list the user as a member, as initgroups(3) does it. */
int groups_add_memberships(gid_t **groups, size_t *n, const char *user);

/* What these do with the text of a file, which is split in place. */
int passwd_find(char *text, const char *user, struct user_entry *ret);
int group_find(char *text, const char *group, gid_t *ret);
int group_find_memberships(char *text, const char *user, gid_t **groups, size_t *n);
