/* Hostile unit files and environment files. The first byte chooses the type of the unit; what is loaded is
 * used the way a start of the unit would use it. */
#include <stdint.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/expand.h"
#include "init/unit/load.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[] = {"fuzz@in\\x2dst-ance.service", "fuzz.target", "fuzz-slice.slice"};

static void ignore_report(void *userdata, enum unit_report_level level, const char *unit, const char *path,
                          unsigned line, const char *text)
{
    if (!unit || !text)
        abort();
}

static const struct unit_loader loader = {
    .host = {.hostname = "host.example", .user_name = "root", .user_home = "/root", .user_shell = "/bin/sh"},
    .report = ignore_report,
};

static void expand_commands(const struct unit *unit, char *const *environment)
{
    for (size_t kind = 0; kind < SERVICE_COMMAND_MAX; kind++)
        for (const struct exec_command *command = unit->commands->of[kind]; command;
             command = command->next) {
            _cleanup_strv_ char **argv = NULL;
            if (exec_command_expand(command, environment, &argv) == 0 && !argv[0])
                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *name = names[size > 0 ? data[0] % ELEMENTSOF(names) : 0];
    _cleanup_strv_ char **environment = NULL;
    _cleanup_unit_ struct unit *unit = NULL;

    (void)environment_file_parse(text, size, &environment);
    if (unit_load_text(&loader, name, "/etc/systemd/system/fuzz", text, size, &unit) < 0)
        return 0;
    if (!unit->description || (unit->load_state != UNIT_LOADED && !unit->load_error))
        abort();
    expand_commands(unit, environment ? environment : unit->exec->environment);
    return 0;
}
