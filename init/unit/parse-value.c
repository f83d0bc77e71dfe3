/* Values of one kind that many directives share: booleans, numbers, times, texts, lists. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/signals.h"
#include "common/text.h"
#include "init/unit/directive.h"
#include "init/unit/word.h"

int parse_bool_field(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    if (parse_bool(value, parser_field(parser, directive)) < 0)
        parser_warn(parser, "\"%s\" is neither yes nor no, ignored", value);
    return 0;
}

int parse_unsigned_field(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    const unsigned max = UINT_MAX - 1; /* UINT_MAX is BURST_UNSET */
    uint64_t number;
    if (parse_u64(value, &number) < 0 || number > max)
        parser_warn(parser, "\"%s\" is not a number from 0 to %u, ignored", value, max);
    else
        *(unsigned *)parser_field(parser, directive) = (unsigned)number;
    return 0;
}

static int parse_in_range(struct unit_parser *parser, const char *value, int min, int max, int *field)
{
    int number;
    if (parse_int(value, &number) < 0 || number < min || number > max)
        parser_warn(parser, "\"%s\" is not a number from %d to %d, ignored", value, min, max);
    else
        *field = number;
    return 0;
}

int parse_nice(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    return parse_in_range(parser, value, -20, 19, parser_field(parser, directive));
}

int parse_oom_score_adjust(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    return parse_in_range(parser, value, -1000, 1000, parser_field(parser, directive));
}

int parse_mode_field(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    if (parse_mode(value, parser_field(parser, directive)) < 0)
        parser_warn(parser, "\"%s\" is not an octal mode up to 7777, ignored", value);
    return 0;
}

int parse_text(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char **field = parser_field(parser, directive), *text = NULL;
    if (*value) {
        int r = parser_expand(parser, value, &text);
        if (r <= 0)
            return r;
    }
    free(*field);
    *field = text;
    return 0;
}

int parse_words(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char ***field = parser_field(parser, directive);
    _cleanup_strv_ char **words = NULL;

    if (!*value) {
        *field = strv_free(*field);
        return 0;
    }
    int r = parser_split(parser, value, 0, &words);
    for (char **word = words; r > 0 && word && *word; word++) {
        char *text = NULL;
        r = parser_expand(parser, *word, &text);
        if (r > 0 && parser_append(parser, field, text) < 0)
            return -ENOMEM;
    }
    return MIN(r, 0);
}

int parse_seconds(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    if (parse_timespan(value, USEC_PER_SEC, parser_field(parser, directive)) < 0)
        parser_warn(parser, "\"%s\" is not a time span such as \"90\" or \"1min 30s\", ignored", value);
    return 0;
}

int parse_seconds_0_never(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    usec_t *field = parser_field(parser, directive);
    int r = parse_seconds(parser, directive, value);
    if (*field == 0)
        *field = USEC_INFINITY;
    return r;
}

int parse_signal(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    int number = signal_from_string(value);
    if (number <= 0)
        parser_warn(parser, "\"%s\" is not a signal, ignored", value);
    else
        *(int *)parser_field(parser, directive) = number;
    return 0;
}
