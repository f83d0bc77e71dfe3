/* The words of `berth run`, to struct container_config. */
#pragma once

#include "launcher/config.h"
#include "launcher/failure.h"

/* argv[0] is the verb. Fills the config, checks what can be checked without touching anything but paths, and
 * sets what follows from the rest (host name, boot mode …). -ECANCELED: --help was printed. */
int run_options_parse(struct container_config *config, int argc, char **argv, struct failure *failure);

/* A name is a file name, a host name and part of a unit name: [A-Za-z0-9][A-Za-z0-9_.-]*, 64 characters at
 * most. */
int container_name_check(const char *name, struct failure *failure);
