/* The table of directives: one row for each that systemd documents for the units that berth runs. It says who
 * parses the value and where it goes, or why it has no effect here. The parser, `verify` and the manual all
 * read this table. */
#pragma once

#include <stdint.h>

#include "init/unit/parser.h"

enum section {
    SECTION_UNIT = 1 << 0,
    SECTION_INSTALL = 1 << 1,
    SECTION_SERVICE = 1 << 2,
    SECTION_SLICE = 1 << 3,
    SECTION_TARGET = 1 << 4, /* exists, and has no directives */
};

enum directive_disposition {
    DIRECTIVE_APPLIED,
    DIRECTIVE_INSTALL,  /* of [Install]: for whoever makes the links, nothing when the unit runs */
    DIRECTIVE_ACCEPTED, /* has no effect, and the unit works without it */
    DIRECTIVE_UNSAFE,   /* has no effect, and something is less protected or different than the file says */
    DIRECTIVE_REFUSED,  /* running the unit without it would be wrong: the unit becomes bad-setting */
};

/* Hundreds of them: the small ones side by side. */
struct directive {
    const char *name;
    directive_parse_fn parse; /* of DIRECTIVE_APPLIED and DIRECTIVE_INSTALL */
    const char *reason;       /* of every other disposition */
    int data;                 /* the parser's own */
    uint16_t offset;          /* of the field in struct unit_draft, or struct install_section */
    uint8_t sections;         /* bits of enum section */
    uint8_t disposition;      /* enum directive_disposition */
};

/* The table, in the order of the manual pages. */
extern const struct directive directives[];
extern const size_t n_directives;

/* "Service" -> SECTION_SERVICE; 0 when there is no such section. */
unsigned section_from_string(const char *name);
const struct directive *directive_find(unsigned section, const char *name);
