/* UTF-8, checked and made: RFC 3629. */
#include "init/unit/character.h"

#include <stdint.h>

/* Bytes that follow a first byte, its bits of the value, and the smallest value that needs so many. */
static const struct {
    unsigned char mask, lead, following;
    uint32_t least;
} forms[] = {{0x80, 0x00, 0, 0}, {0xe0, 0xc0, 1, 0x80}, {0xf0, 0xe0, 2, 0x800}, {0xf8, 0xf0, 3, 0x10000}};

static bool is_character(uint32_t code_point)
{
    return code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff);
}

bool text_is_utf8(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    while (*c) {
        unsigned form = 0;
        while (form < 4 && (*c & forms[form].mask) != forms[form].lead)
            form++;
        if (form == 4)
            return false;
        uint32_t value = *c++ & (unsigned char)~forms[form].mask;
        for (unsigned i = 0; i < forms[form].following; i++, c++) {
            if ((*c & 0xc0) != 0x80)
                return false;
            value = value << 6 | (*c & 0x3f);
        }
        if (value < forms[form].least || !is_character(value))
            return false;
    }
    return true;
}

unsigned utf8_encode(char out[static 4], unsigned code_point)
{
    if (!is_character(code_point))
        return 0;
    unsigned form = 3;
    while (form > 0 && code_point < forms[form].least)
        form--;
    unsigned size = forms[form].following + 1U;
    for (unsigned i = size - 1; i > 0; i--, code_point >>= 6)
        out[i] = (char)(0x80 | (code_point & 0x3f));
    out[0] = (char)(forms[form].lead | code_point);
    return size;
}
