/* Capabilities by name, from <linux/capability.h>: PID 1 has no libcap. Sets are bit masks, bit N is
 * capability N. */
#pragma once

#include <stdint.h>

/* "CAP_NET_ADMIN", "net_admin" (any case): the number, or -EINVAL. */
int capability_from_string(const char *text);
/* "cap_net_admin", or NULL for a number that this build does not know. */
const char *capability_to_string(int capability);

#define CAPABILITY_MASK(n) (UINT64_C(1) << (n))
#define CAPABILITIES_ALL   UINT64_MAX
