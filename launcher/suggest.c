/* The name that the fewest changes of letters away is. */
#include "launcher/suggest.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX_LENGTH 32
#define TYPOS_MAX       3 /* letters that a suggestion may be away */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Levenshtein's distance, without regard to case; b has NAME_MAX_LENGTH letters at most. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LENGTH + 1], length = strlen(b);

    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t above = row[j + 1];
            row[j + 1] = least(above + 1, row[j] + 1, diagonal + (strncasecmp(a + i, b + j, 1) != 0));
            diagonal = above;
        }
    }
    return row[length];
}

const char *suggest(const char *text, const char *(*name_of)(size_t index))
{
    const char *best = NULL, *name;
    size_t best_distance = TYPOS_MAX + 1;

    if (strlen(text) > NAME_MAX_LENGTH)
        return NULL;
    for (size_t i = 0; (name = name_of(i)); i++) {
        size_t d = distance(text, name);
        if (d < best_distance && d < strlen(text)) {
            best_distance = d;
            best = name;
        }
    }
    return best;
}
