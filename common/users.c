/* Users and groups, from the text of passwd(5) and group(5). */
#include "common/users.h"

#include <fcntl.h>
#include <string.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"

#define USERS_FILE_MAX (4 * 1024 * 1024)
#define GROUPS_MAX     4096 /* supplementary groups of one process */

enum {
    PASSWD_NAME,
    PASSWD_PASSWORD,
    PASSWD_UID,
    PASSWD_GID,
    PASSWD_GECOS,
    PASSWD_HOME,
    PASSWD_SHELL,
    PASSWD_FIELDS
};
enum { GROUP_NAME, GROUP_PASSWORD, GROUP_GID, GROUP_MEMBERS, GROUP_FIELDS };

void user_entry_done(struct user_entry *entry)
{
    free(entry->name);
    free(entry->home);
    free(entry->shell);
    *entry = (struct user_entry){0};
}

int parse_id(const char *text, uint32_t *ret)
{
    uint64_t value;

    if (parse_u64(text, &value) < 0 || value >= UINT32_MAX)
        return -EINVAL;
    *ret = (uint32_t)value;
    return 0;
}

/* The next line with that many fields, split in place; false at the end. */
static bool next_entry(char **cursor, char **fields, size_t n_fields)
{
    char *line;

    while ((line = strsep(cursor, "\n"))) {
        size_t n = 0;
        while (n < n_fields && (fields[n] = strsep(&line, ":")))
            n++;
        if (n == n_fields && fields[0][0])
            return true;
    }
    return false;
}

static int take_user(char **fields, struct user_entry *ret)
{
    uint32_t uid, gid;

    if (parse_id(fields[PASSWD_UID], &uid) < 0 || parse_id(fields[PASSWD_GID], &gid) < 0)
        return -ESRCH;
    struct user_entry found = {
        .uid = uid,
        .gid = gid,
        .name = strdup(fields[PASSWD_NAME]),
        .home = strdup(fields[PASSWD_HOME]),
        .shell = strdup(fields[PASSWD_SHELL]),
    };
    if (!found.name || !found.home || !found.shell) {
        user_entry_done(&found);
        return -ENOMEM;
    }
    *ret = found;
    return 0;
}

int passwd_find(char *text, const char *user, struct user_entry *ret)
{
    char *root[PASSWD_FIELDS] = {
        [PASSWD_NAME] = (char *)"root",  [PASSWD_UID] = (char *)"0",         [PASSWD_GID] = (char *)"0",
        [PASSWD_HOME] = (char *)"/root", [PASSWD_SHELL] = (char *)"/bin/sh",
    };
    char *fields[PASSWD_FIELDS];
    uint32_t number = 0, uid = 0;
    bool is_number = parse_id(user, &number) == 0;

    while (next_entry(&text, fields, PASSWD_FIELDS))
        if (is_number ? parse_id(fields[PASSWD_UID], &uid) == 0 && uid == number
                      : streq(fields[PASSWD_NAME], user))
            return take_user(fields, ret);
    return streq(user, "root") ? take_user(root, ret) : -ESRCH;
}

int group_find(char *text, const char *group, gid_t *ret)
{
    char *fields[GROUP_FIELDS];
    uint32_t gid;

    while (next_entry(&text, fields, GROUP_FIELDS))
        if (streq(fields[GROUP_NAME], group) && parse_id(fields[GROUP_GID], &gid) == 0) {
            *ret = gid;
            return 0;
        }
    return -ESRCH;
}

int groups_add(gid_t **groups, size_t *n, gid_t group)
{
    for (size_t i = 0; i < *n; i++)
        if ((*groups)[i] == group)
            return 0;
    if (*n >= GROUPS_MAX)
        return -E2BIG;
    gid_t *bigger = reallocarray(*groups, *n + 1, sizeof(*bigger));
    if (!bigger)
        return -ENOMEM;
    *groups = bigger;
    bigger[(*n)++] = group;
    return 0;
}

static bool lists_member(char *members, const char *user)
{
    char *member;

    while ((member = strsep(&members, ",")))
        if (streq(member, user))
            return true;
    return false;
}

int group_find_memberships(char *text, const char *user, gid_t **groups, size_t *n)
{
    char *fields[GROUP_FIELDS];
    uint32_t gid;

    while (next_entry(&text, fields, GROUP_FIELDS)) {
        if (parse_id(fields[GROUP_GID], &gid) < 0 || !lists_member(fields[GROUP_MEMBERS], user))
            continue;
        int r = groups_add(groups, n, gid);
        if (r < 0)
            return r;
    }
    return 0;
}

/* NULL for a file that is not there, which reads as an empty one. */
static int read_users_file(const char *path, char **ret)
{
    int r = read_file_at(AT_FDCWD, path, USERS_FILE_MAX, ret, NULL);
    return r == -ENOENT ? 0 : r;
}

int user_lookup(const char *user, struct user_entry *ret)
{
    _cleanup_free_ char *text = NULL;
    int r = read_users_file("/etc/passwd", &text);

    return r < 0 ? r : passwd_find(text, user, ret);
}

int group_lookup(const char *group, gid_t *ret)
{
    _cleanup_free_ char *text = NULL;
    uint32_t number;

    if (parse_id(group, &number) == 0) {
        *ret = number;
        return 0;
    }
    int r = read_users_file("/etc/group", &text);
    return r < 0 ? r : group_find(text, group, ret);
}

int groups_add_memberships(gid_t **groups, size_t *n, const char *user)
{
    _cleanup_free_ char *text = NULL;
    int r = read_users_file("/etc/group", &text);

    return r < 0 ? r : group_find_memberships(text, user, groups, n);
}
