/* What the parsers of this room ask about characters. */
#pragma once

#include <stdbool.h>

#define BLANKS " \t\n\r"

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Valid UTF-8 without surrogates and overlong forms (RFC 3629). */
bool text_is_utf8(const char *text);
/* Bytes of the code point in UTF-8, written to out (1 to 4); 0 when there is no such character. */
unsigned utf8_encode(char out[static 4], unsigned code_point);
