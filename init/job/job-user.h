/* --user=USER[:GROUP[:GROUP...]]: names or numbers, looked up in the container's own files. */
#pragma once

#include "init/platform/users.h"

#define JOB_USER_OBJECT_MAX 64

/* With groups named, exactly these, the first one the main one; else those that /etc/passwd and /etc/group
 * give the user. A number needs no entry. -ESRCH: no such user or group, object is its name; -EINVAL: no
 * user. */
int job_user_resolve(const char *text, struct credentials *ret, char object[static JOB_USER_OBJECT_MAX]);
