/* What every parser of a value uses: telling about a line, specifiers, words. */
#include "init/unit/parser.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "init/unit/directive.h"
#include "init/unit/specifier.h"
#include "init/unit/word.h"

#define REPORT_TEXT_MAX 512

static void _printf_(3, 0) format_report(const struct unit_parser *parser, char text[static REPORT_TEXT_MAX],
                                         const char *format, va_list ap)
{
    int n = parser->directive ? snprintf(text, REPORT_TEXT_MAX, "%.64s=: ", parser->directive) : 0;
    (void)vsnprintf(text + n, REPORT_TEXT_MAX - (size_t)n, format, ap);
}

static void report(struct unit_parser *parser, enum unit_report_level level, const char *text)
{
    const struct unit_loader *loader = parser->loader;
    if (loader->report)
        loader->report(loader->report_userdata, level, parser->unit->name, parser->path, parser->line, text);
}

void parser_report(struct unit_parser *parser, enum unit_report_level level, const char *format, ...)
{
    char text[REPORT_TEXT_MAX];
    va_list ap;

    va_start(ap, format);
    format_report(parser, text, format, ap);
    va_end(ap);
    report(parser, level, text);
}

void parser_refuse(struct unit_parser *parser, const char *format, ...)
{
    struct unit *unit = parser->unit;
    char text[REPORT_TEXT_MAX];
    va_list ap;

    va_start(ap, format);
    format_report(parser, text, format, ap);
    va_end(ap);
    report(parser, REPORT_ERROR, text);
    if (unit->load_state != UNIT_LOADED)
        return;
    unit->load_state = UNIT_BAD_SETTING;
    /* Without memory the state alone has to do. */
    free(unit->load_error);
    unit->load_error = parser->line > 0 ? xasprintf("%s:%u: %s", parser->path, parser->line, text)
                                        : xasprintf("%s: %s", parser->path, text);
}

int parser_expand(struct unit_parser *parser, const char *text, char **ret)
{
    int r = specifier_expand(parser->loader, parser->unit, text, ret);
    if (r == -EINVAL)
        parser_warn(parser, "the unit's name cannot be unescaped for a %% specifier in \"%s\"", text);
    else if (r == -EBADSLT)
        parser_warn(parser, "unknown %% specifier in \"%s\" (\"%%%%\" is a percent sign)", text);
    else if (r == -E2BIG)
        parser_warn(parser, "too long once its %% specifiers are expanded");
    return r == -ENOMEM ? r : r == 0;
}

int parser_split(struct unit_parser *parser, const char *text, unsigned word_flags, char ***ret)
{
    int r = word_split(text, word_flags, ret);
    if (r == -EINVAL)
        parser_warn(parser, "a quote is not closed, or a backslash begins no known escape, in \"%s\"", text);
    else if (r == -E2BIG)
        parser_warn(parser, "more than %d words, ignored", LIST_MAX);
    return r == -ENOMEM ? r : r == 0;
}

int parser_append(struct unit_parser *parser, char ***list, char *text)
{
    if (strv_length(*list) < LIST_MAX)
        return strv_consume(list, text);
    parser_warn(parser, "more than %d entries, ignored", LIST_MAX);
    free(text);
    return 0;
}

void *parser_field(struct unit_parser *parser, const struct directive *directive)
{
    return (char *)CONTAINER_OF(parser->unit, struct unit_draft, unit) + directive->offset;
}
