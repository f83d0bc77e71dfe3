/* Text of a unit file -> sections and assignments with their line numbers. Physical lines are joined where a
 * backslash ends them; comments and empty lines between the parts are skipped. */
#include "init/unit/lexer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "init/unit/character.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

int lexer_init(struct lexer *lexer, const char *text, size_t size, size_t max)
{
    *lexer = (struct lexer){.text = text, .size = size, .next_line = 1};
    if (size > max)
        return -EFBIG;
    if (memchr(text, 0, size))
        return -EILSEQ;
    if (size >= 3 && memcmp(text, BYTE_ORDER_MARK, 3) == 0)
        lexer->offset = 3;
    lexer->buffer = malloc(size + 1);
    return lexer->buffer ? 0 : -ENOMEM;
}

void lexer_done(struct lexer *lexer)
{
    free(lexer->buffer);
    lexer->buffer = NULL;
}

struct physical_line {
    const char *text;
    size_t size;
};

/* Ends are "\n", "\r\n" and a lone "\r". */
static bool next_physical_line(struct lexer *lexer, struct physical_line *ret)
{
    if (lexer->offset >= lexer->size)
        return false;
    const char *begin = lexer->text + lexer->offset, *end = lexer->text + lexer->size, *c = begin;
    while (c < end && *c != '\n' && *c != '\r')
        c++;
    *ret = (struct physical_line){begin, (size_t)(c - begin)};
    if (c < end)
        c += *c == '\r' && c + 1 < end && c[1] == '\n' ? 2 : 1;
    lexer->offset = (size_t)(c - lexer->text);
    lexer->next_line++;
    return true;
}

static bool ends_in_backslash(const char *text, size_t size)
{
    size_t n = 0;
    while (n < size && text[size - 1 - n] == '\\')
        n++;
    return n % 2 == 1;
}

/* The next line that is no comment, with its continuations, in the buffer; trimmed it may be empty. */
static bool next_logical_line(struct lexer *lexer)
{
    struct physical_line line;
    size_t used = 0;
    bool any = false, continued = false;

    while ((!any || continued) && next_physical_line(lexer, &line)) {
        while (line.size > 0 && is_blank(*line.text))
            line.text++, line.size--;
        if (line.size > 0 && (*line.text == '#' || *line.text == ';'))
            continue;
        if (!any)
            lexer->line = lexer->next_line - 1;
        any = true;
        memcpy(lexer->buffer + used, line.text, line.size);
        used += line.size;
        continued = ends_in_backslash(line.text, line.size);
        if (continued)
            lexer->buffer[used - 1] = ' ';
    }
    while (used > 0 && is_blank(lexer->buffer[used - 1]))
        used--;
    lexer->buffer[used] = 0;
    return any;
}

static enum lexer_token bad(struct lexer *lexer, enum lexer_token token, const char *reason)
{
    lexer->value = reason;
    return token;
}

static enum lexer_token take_section(struct lexer *lexer)
{
    size_t size = strlen(lexer->buffer);
    if (lexer->buffer[size - 1] != ']')
        return bad(lexer, LEXER_BROKEN, "a section header has no \"]\"");
    lexer->buffer[size - 1] = 0;
    lexer->key = lexer->buffer + 1;
    return LEXER_SECTION;
}

static enum lexer_token take_assignment(struct lexer *lexer)
{
    char *equals = strchr(lexer->buffer, '=');
    if (!equals)
        return bad(lexer, LEXER_BAD_LINE, "no \"=\" in this line, ignored");
    if (equals == lexer->buffer)
        return bad(lexer, LEXER_BAD_LINE, "nothing before \"=\", line ignored");
    char *end = equals;
    while (end > lexer->buffer && is_blank(end[-1]))
        end--;
    *end = 0;
    lexer->key = lexer->buffer;
    for (equals++; is_blank(*equals);)
        equals++;
    lexer->value = equals;
    return LEXER_ASSIGNMENT;
}

enum lexer_token lexer_next(struct lexer *lexer)
{
    do {
        if (!next_logical_line(lexer))
            return LEXER_END;
    } while (!*lexer->buffer);
    if (!text_is_utf8(lexer->buffer))
        return bad(lexer, LEXER_BAD_LINE, "not valid UTF-8, line ignored");
    return *lexer->buffer == '[' ? take_section(lexer) : take_assignment(lexer);
}
