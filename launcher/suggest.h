/* What somebody who mistyped a name may have meant. */
#pragma once

#include <stddef.h>

/* The nearest of the names that name_of(0), name_of(1), ... give until NULL, without regard to case; NULL
 * when none is near. */
const char *suggest(const char *text, const char *(*name_of)(size_t index));
