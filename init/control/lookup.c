/* From a user's word to a unit of the manager. */
#include <errno.h>

#include "common/text.h"
#include "init/control/internal.h"
#include "init/unit/name.h"

int control_find_unit(const struct control_client *client, const char *word, char **ret_name,
                      struct manager_unit **ret)
{
    struct manager *manager = client->server->manager;

    *ret = NULL;
    *ret_name = NULL;
    int r = unit_name_mangle(word, ret_name);
    if (r < 0)
        return r;
    *ret = manager_find(manager, *ret_name);
    /* Every loaded unit costs memory: not at the wish of somebody who may only look. */
    if (!*ret && client->may_change) {
        r = manager_load_unit(manager, *ret_name, ret);
        if (r < 0)
            return r;
    }
    /* What runs is there, also when its file is gone. */
    bool missing = !*ret || ((*ret)->unit->load_state == UNIT_NOT_FOUND && (*ret)->active == UNIT_INACTIVE);
    return missing ? -ENOENT : 0;
}
