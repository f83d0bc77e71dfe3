/* Words of a value: quotes and C escapes as in systemd.syntax(7), "Quoting". Pure. */
#pragma once

#include <stddef.h>

/* Entries of one list: far more than any unit has. Lists are searched from one end to the other,
 * but for those of units. */
#define LIST_MAX 4096

enum word_flags {
    WORD_UNESCAPE = 1 << 0,    /* "\n", "\x20", ... become what they stand for; else the backslash stays */
    WORD_KEEP_QUOTES = 1 << 1, /* quotes are characters like any other */
    WORD_RELAX = 1 << 2,       /* an unknown escape stays as it is, instead of being an error */
};

/* Takes the next word off *text. 1, 0 at the end, -EINVAL for an open quote or an unknown escape, -ENOMEM. */
int word_next(const char **text, unsigned flags, char **ret);
/* All of them; *ret is NULL when there is none. -E2BIG for more than LIST_MAX. */
int word_split(const char *text, unsigned flags, char ***ret);
/* Frees the words that were there before; the rest keeps its order. 0 or -ENOMEM. */
int words_unite(char **words);
/* One C escape behind its backslash: bytes it takes of text, or -EINVAL. What it stands for goes to out. */
int escape_decode(const char *text, char out[static 4], unsigned *ret_size);
