/* Names of units: systemd.unit(5), "String escaping for inclusion in unit names". */
#pragma once

#include <stdbool.h>

#include "init/unit/unit.h"

#define UNIT_NAME_MAX 255

bool unit_name_is_valid(
    const char *name); /* a full name with a type suffix that systemd knows, instance or plain */
bool unit_name_is_template(const char *name); /* "getty@.service" */
bool unit_name_is_instance(const char *name); /* "getty@tty1.service" */
int unit_name_type(const char *name); /* enum unit_type, or -EINVAL for types that berth has none of */
/* Of a descriptor, in LISTEN_FDNAMES: sd_listen_fds_with_names(3). */
bool fd_name_is_valid(const char *name);
/* Parts as the specifiers %p, %i, %N have them; new strings. The instance of a plain name is "". */
int unit_name_prefix(const char *name, char **ret);
int unit_name_instance(const char *name, char **ret);
int unit_name_template(const char *name, char **ret); /* -EINVAL when name is no instance */
int unit_name_escape(const char *text, char **ret);
int unit_name_unescape(const char *text, char **ret);
int unit_name_escape_path(const char *path, char **ret);
/* What a user typed: adds ".service" when there is no suffix. New string; -EINVAL when it cannot become a
 * name. */
int unit_name_mangle(const char *text, char **ret);
