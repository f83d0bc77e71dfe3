/* $VAR and ${VAR} in the argument vector of a command: systemd.service(5), "Command lines". Pure. */
#pragma once

#include "init/unit/unit.h"

/* The vector to execute: $VAR as a word of its own splits at white space and may vanish, ${VAR} stays one
 * word. environment is "K=V" strings. EXEC_NO_EXPANSION copies as it is. 0 or -ENOMEM, -E2BIG. */
int exec_command_expand(const struct exec_command *command, char *const *environment, char ***ret);
/* The vector that lets a shell run the command: "SHELL -c 'PROGRAM ARGUMENT...'", or the shell alone when the
 * first argument is empty. 0 or -ENOMEM. */
int shell_command(char *const *argv, const char *shell, bool login, char ***ret);
/* The assignments in a file of EnvironmentFile=, in its own syntax (systemd.exec(5)); invalid lines are
 * skipped. */
int environment_file_parse(const char *text, size_t size, char ***env);
