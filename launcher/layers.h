/* The layers of a root, kept in a file "layers" beside what changes them, for `berth diff`: one text,
 * "trusted:" or "user:" for the kind of overlay's attributes, then the directories joined by ':', with "\:"
 * and "\\" as `berth run` takes them. */
#pragma once

#include <stdbool.h>

#include "launcher/failure.h"

int layers_write(int dirfd, char *const *lower, bool user_attributes);
int layers_read(int dirfd, char ***ret_lower, bool *ret_user_attributes, struct failure *failure);
/* Splits at ':' that no backslash stands before. */
int layers_split(const char *text, char ***ret);
