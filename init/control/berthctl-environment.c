/* The variables that every service gets. */
#include <errno.h>
#include <stdio.h>

#include "common/json.h"
#include "common/log.h"
#include "common/record.h"
#include "common/text.h"
#include "init/control/berthctl.h"

int berthctl_on_variable(char *packet, size_t size, void *userdata)
{
    const struct berthctl *ctl = userdata;
    _cleanup_free_ char *assignment = record_get(packet, size, "Assignment");
    char *equal = assignment ? strchr(assignment, '=') : NULL;
    struct json json = {.out = stdout};

    if (!equal)
        return -EPROTO;
    if (!ctl->json) {
        puts(assignment);
        return 0;
    }
    *equal = 0;
    json_object_begin(&json, NULL);
    json_string(&json, "Name", assignment);
    json_string(&json, "Value", equal + 1);
    json_object_end(&json);
    return 0;
}

/* The caller's own variables of these names. */
int berthctl_import_environment(struct berthctl *ctl)
{
    _cleanup_strv_ char **assignments = NULL;

    for (char *const *name = ctl->args; *name; name++) {
        const char *value = getenv(*name);
        if (!value) {
            log_error("import-environment: %s is not set", *name);
            return 1;
        }
        if (strv_consume(&assignments, xasprintf("%s=%s", *name, value)) < 0)
            return 1;
    }
    return berthctl_ask_verb(ctl, "set-environment", assignments);
}
