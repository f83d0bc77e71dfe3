/* The one unit that has no file. */
#include "init/platform/command-unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

static struct exec_command *command_new(char *const *argv)
{
    struct exec_command *command = calloc(1, sizeof(*command));

    if (!command)
        return NULL;
    command->path = strdup(argv[0]);
    command->argv = strv_copy(argv);
    command->flags = EXEC_NO_EXPANSION; /* a shell has done that already */
    return command;
}

static char *join(char *const *argv)
{
    char *text = NULL;

    for (; *argv; argv++) {
        _cleanup_free_ char *before = text;
        text = xasprintf("%s%s%s", before ? before : "", before ? " " : "", *argv);
        if (!text)
            return NULL;
    }
    return text;
}

int command_unit_new(const char *name, char *const *argv, const char *target, const char *directory,
                     struct unit **ret)
{
    _cleanup_unit_ struct unit *unit = unit_new(name);

    if (!unit)
        return -ENOMEM;
    struct exec_command *command = command_new(argv);
    unit->commands->of[COMMAND_START] = command; /* freed with the unit */
    free(unit->description);
    unit->description = join(argv);
    unit->exec->working_directory = strdup(directory);
    if (!command || !command->path || !command->argv || !unit->description || !unit->exec->working_directory)
        return -ENOMEM;
    unit->service->type = SERVICE_EXEC;
    unit->service->restart = RESTART_NO;
    unit->exec->std_output = OUTPUT_CONTAINER;
    unit->exec->ignore_sigpipe = false;
    int r = unit_add_dependency(unit, UNIT_AFTER, target);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(unit);
    return 0;
}
