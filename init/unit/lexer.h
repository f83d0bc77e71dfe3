/* The lines of a unit file: systemd.syntax(7). Pure. */
#pragma once

#include <stddef.h>

enum lexer_token {
    LEXER_END,
    LEXER_SECTION,    /* key is its name */
    LEXER_ASSIGNMENT, /* key and value, both trimmed */
    LEXER_BAD_LINE,   /* value says what is wrong with it; it is to be ignored */
    LEXER_BROKEN,     /* value says why the whole file is none */
};

struct lexer {
    const char *text; /* the caller's */
    size_t size;
    size_t offset;
    unsigned next_line; /* number of the line at offset */
    unsigned line;      /* where the last token begins */
    char *buffer;       /* one logical line; never longer than the file */
    const char *key;    /* of the last token, inside the buffer: valid until the next one */
    const char *value;
};

/* 0, -ENOMEM, -EFBIG for a file longer than max, -EILSEQ for one with a NUL byte in it. */
int lexer_init(struct lexer *lexer, const char *text, size_t size, size_t max);
void lexer_done(struct lexer *lexer);
enum lexer_token lexer_next(struct lexer *lexer);
