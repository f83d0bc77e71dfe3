/* /etc/passwd and /etc/group: passwd(5), group(5). */
#include "init/platform/users.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"

#define USERS_FILE_MAX (4 * 1024 * 1024)
#define GROUPS_MAX     1024 /* supplementary groups of one process */
#define ID_INVALID     UINT32_MAX

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

static int parse_id(const char *text, uint32_t *ret)
{
    uint64_t value;

    if (parse_u64(text, &value) < 0 || value >= ID_INVALID)
        return -EINVAL;
    *ret = (uint32_t)value;
    return 0;
}

static int take_user(char **fields, struct credentials *ret)
{
    uint32_t uid, gid;

    if (parse_id(fields[PASSWD_UID], &uid) < 0 || parse_id(fields[PASSWD_GID], &gid) < 0)
        return -ESRCH;
    struct credentials found = {
        .set = true,
        .uid = uid,
        .gid = gid,
        .user = strdup(fields[PASSWD_NAME]),
        .home = strdup(fields[PASSWD_HOME]),
        .shell = strdup(fields[PASSWD_SHELL]),
    };
    if (!found.user || !found.home || !found.shell) {
        credentials_done(&found);
        return -ENOMEM;
    }
    *ret = found;
    return 0;
}

int user_lookup(const char *user, struct credentials *ret)
{
    _cleanup_free_ char *text = NULL;
    char *cursor, *fields[PASSWD_FIELDS];
    uint32_t number = ID_INVALID;
    bool is_number = parse_id(user, &number) == 0;
    int r = read_file_at(AT_FDCWD, "/etc/passwd", USERS_FILE_MAX, &text, NULL);

    if (r < 0 && r != -ENOENT)
        return r;
    for (cursor = text; next_entry(&cursor, fields, PASSWD_FIELDS);) {
        uint32_t uid;
        if (is_number ? parse_id(fields[PASSWD_UID], &uid) == 0 && uid == number
                      : streq(fields[PASSWD_NAME], user))
            return take_user(fields, ret);
    }
    if (streq(user, "root"))
        return take_user((char *[]){(char *)"root", NULL, (char *)"0", (char *)"0", NULL, (char *)"/root",
                                    (char *)"/bin/sh"},
                         ret);
    if (!is_number)
        return -ESRCH;
    *ret = (struct credentials){.set = true, .uid = number, .gid = number, .user = strdup(user)};
    return ret->user ? 0 : -ENOMEM;
}

int group_lookup(const char *group, gid_t *ret)
{
    _cleanup_free_ char *text = NULL;
    char *cursor, *fields[GROUP_FIELDS];
    uint32_t number;
    int r;

    if (parse_id(group, &number) == 0) {
        *ret = number;
        return 0;
    }
    r = read_file_at(AT_FDCWD, "/etc/group", USERS_FILE_MAX, &text, NULL);
    if (r < 0 && r != -ENOENT)
        return r;
    for (cursor = text; next_entry(&cursor, fields, GROUP_FIELDS);)
        if (streq(fields[GROUP_NAME], group) && parse_id(fields[GROUP_GID], &number) == 0) {
            *ret = number;
            return 0;
        }
    return -ESRCH;
}

static int add_group(struct credentials *credentials, gid_t group)
{
    if (credentials->n_groups >= GROUPS_MAX)
        return -E2BIG;
    for (size_t i = 0; i < credentials->n_groups; i++)
        if (credentials->groups[i] == group)
            return 0;
    gid_t *bigger = reallocarray(credentials->groups, credentials->n_groups + 1, sizeof(*bigger));
    if (!bigger)
        return -ENOMEM;
    credentials->groups = bigger;
    credentials->groups[credentials->n_groups++] = group;
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

/* The groups that list the user as a member, as initgroups(3) does it. */
static int add_member_groups(struct credentials *credentials)
{
    _cleanup_free_ char *text = NULL;
    char *cursor, *fields[GROUP_FIELDS];
    uint32_t gid;
    int r = read_file_at(AT_FDCWD, "/etc/group", USERS_FILE_MAX, &text, NULL);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    for (cursor = text; next_entry(&cursor, fields, GROUP_FIELDS);) {
        if (parse_id(fields[GROUP_GID], &gid) < 0 || !lists_member(fields[GROUP_MEMBERS], credentials->user))
            continue;
        r = add_group(credentials, gid);
        if (r < 0)
            return r;
    }
    return 0;
}

static int resolve_groups(const struct exec_context *context, struct credentials *credentials,
                          const char **ret_object)
{
    int r = 0;

    *ret_object = context->group;
    if (context->group && (r = group_lookup(context->group, &credentials->gid)) < 0)
        return r;
    *ret_object = credentials->user;
    r = add_group(credentials, credentials->gid);
    if (r == 0 && credentials->user)
        r = add_member_groups(credentials);
    for (char **name = context->supplementary_groups; r == 0 && name && *name; name++) {
        gid_t gid;
        *ret_object = *name;
        r = group_lookup(*name, &gid);
        if (r == 0)
            r = add_group(credentials, gid);
    }
    return r;
}

int credentials_resolve(const struct exec_context *context, struct credentials *ret,
                        enum exec_stage *ret_stage, const char **ret_object)
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
    if (context->user && (r = user_lookup(context->user, &credentials)) < 0)
        return r;
    *ret_stage = EXEC_STAGE_GROUP;
    r = resolve_groups(context, &credentials, ret_object);
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
