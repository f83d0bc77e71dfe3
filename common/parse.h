/* Values as people write them, in options and in unit files alike: systemd.syntax(7) and systemd.time(7).
 * All return 0 and set *ret, or -EINVAL (not of the form) or -ERANGE (a number that does not fit). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/time.h"

int parse_u64(const char *text, uint64_t *ret);  /* decimal, no sign, no blanks */
int parse_int(const char *text, int *ret);       /* decimal with an optional sign */
int parse_bool(const char *text, bool *ret);     /* 1 yes y true t on / 0 no n false f off, any case */
int parse_mode(const char *text, mode_t *ret);   /* octal, up to 07777 */
int parse_size(const char *text, uint64_t *ret); /* bytes: 512, 64M, 1.5G (K M G T P E, base 1024) */
int parse_size_or_infinity(const char *text, uint64_t *ret); /* the same, or "infinity" = UINT64_MAX */
int parse_permyriad(const char *text, unsigned *ret);        /* "12.5%" = 1250; more than 100% is allowed */
/* Time spans: "5min 20s", "1.5h", "100ms", "infinity"; a bare number is multiplied by unit (systemd.time(7)).
 */
int parse_timespan(const char *text, usec_t unit, usec_t *ret);

/* The shortest text that parse_timespan() reads back: "1min 30s", "1.5s", "0", "infinity". Returns buffer. */
#define FORMAT_TIMESPAN_MAX 64
char *format_timespan(char buffer[static FORMAT_TIMESPAN_MAX], usec_t span);
/* "12.3M", "512B", "infinity" (UINT64_MAX) for a person. Returns buffer. */
#define FORMAT_SIZE_MAX 16
char *format_size(char buffer[static FORMAT_SIZE_MAX], uint64_t bytes);
