/* Condition…= and Assert…=: systemd.unit(5), "Conditions and Asserts". */
#pragma once

#include <stdbool.h>

#include "init/unit/unit.h"

/* Whether it holds, `negate` not looked at. What cannot be told does not hold. environment: what services get
 * from PID 1. */
bool condition_holds(const struct condition *condition, char *const *environment);
