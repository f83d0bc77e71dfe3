/* Who the job runs as. */
#include "init/job/job-user.h"

#include <errno.h>
#include <stdio.h>

#include "common/text.h"

static int take_groups(char *const *names, struct credentials *user, char object[static JOB_USER_OBJECT_MAX])
{
    user->groups = calloc(strv_length(names), sizeof(*user->groups));
    if (!user->groups)
        return -ENOMEM;
    for (; *names; names++) {
        (void)snprintf(object, JOB_USER_OBJECT_MAX, "%s", *names);
        int r = group_lookup(*names, &user->groups[user->n_groups++]);
        if (r < 0)
            return r;
    }
    user->gid = user->groups[0];
    return 0;
}

int job_user_resolve(const char *text, struct credentials *ret, char object[static JOB_USER_OBJECT_MAX])
{
    _cleanup_strv_ char **words = NULL;
    _cleanup_credentials_ struct credentials user = {};

    *ret = (struct credentials){};
    (void)snprintf(object, JOB_USER_OBJECT_MAX, "%s", text);
    int r = strv_split(text, ":", &words);
    if (r < 0)
        return r;
    if (!words || *text == ':')
        return -EINVAL;
    (void)snprintf(object, JOB_USER_OBJECT_MAX, "%s", words[0]);
    if (words[1]) {
        r = credentials_of_user(words[0], &user);
        if (r == 0)
            r = take_groups(words + 1, &user, object);
    } else {
        enum exec_stage stage;
        const char *missing;
        r = credentials_resolve(&(struct exec_context){.user = words[0]}, NULL, &user, &stage, &missing);
    }
    if (r < 0)
        return r;
    *ret = user;
    user = (struct credentials){};
    return 0;
}
