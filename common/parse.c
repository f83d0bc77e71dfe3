/* Values as people write them: numbers, sizes, percentages and time spans, read and printed. */
#include "common/parse.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "common/macro.h"
#include "common/text.h"

#define FRACTION_DIGITS 9 /* digits behind the point that count */
#define FRACTION_ONE    UINT64_C(1000000000)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits and moves *p behind them. */
static int take_digits(const char **p, uint64_t *ret)
{
    uint64_t value = 0;

    if (!is_digit(**p))
        return -EINVAL;
    for (; is_digit(**p); (*p)++)
        if (__builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**p - '0'), &value))
            return -ERANGE;
    *ret = value;
    return 0;
}

int parse_u64(const char *text, uint64_t *ret)
{
    uint64_t value;
    size_t n = 0;

    /* That it is no number outweighs that its first digits are too many. */
    while (is_digit(text[n]))
        n++;
    if (n == 0 || text[n])
        return -EINVAL;
    int r = take_digits(&text, &value);
    if (r < 0)
        return r;
    *ret = value;
    return 0;
}

int parse_int(const char *text, int *ret)
{
    uint64_t value;
    bool negative = *text == '-';

    int r = parse_u64(text + (*text == '-' || *text == '+'), &value);
    if (r < 0)
        return r;
    if (value > (uint64_t)INT32_MAX + negative)
        return -ERANGE;
    *ret = negative ? (int)-(int64_t)value : (int)value;
    return 0;
}

int parse_bool(const char *text, bool *ret)
{
    static const char *const words[2][6] = {
        {"0", "no", "n", "false", "f", "off"},
        {"1", "yes", "y", "true", "t", "on"},
    };

    for (unsigned value = 0; value < 2; value++)
        for (size_t i = 0; i < ELEMENTSOF(words[value]); i++)
            if (strcasecmp(words[value][i], text) == 0) {
                *ret = value;
                return 0;
            }
    return -EINVAL;
}

int parse_mode(const char *text, mode_t *ret)
{
    unsigned mode = 0;

    if (!*text || text[strspn(text, "01234567")])
        return -EINVAL;
    for (; *text; text++) {
        mode = mode * 8 + (unsigned)(*text - '0');
        if (mode > 07777)
            return -ERANGE;
    }
    *ret = mode;
    return 0;
}

/* A decimal number: what stands before the point, and billionths of what stands behind it. Digits past the
 * billionths are read and dropped. */
struct decimal {
    uint64_t whole;
    uint64_t billionths;
};

static int take_decimal(const char **p, struct decimal *ret)
{
    *ret = (struct decimal){0};
    if (**p != '.') {
        int r = take_digits(p, &ret->whole);
        if (r < 0)
            return r;
    }
    if (**p != '.')
        return 0;
    (*p)++;
    if (!is_digit(**p))
        return -EINVAL;
    for (uint64_t weight = FRACTION_ONE / 10; is_digit(**p); (*p)++, weight /= 10)
        ret->billionths += weight * (uint64_t)(**p - '0');
    return 0;
}

/* number * factor, rounded down. */
static int scale(const struct decimal *number, uint64_t factor, uint64_t *ret)
{
    uint64_t value;

    /* The fraction in two parts, neither of which overflows for a factor up to 2^63. */
    uint64_t fraction = factor / FRACTION_ONE * number->billionths +
                        factor % FRACTION_ONE * number->billionths / FRACTION_ONE;
    if (__builtin_mul_overflow(number->whole, factor, &value) ||
        __builtin_add_overflow(value, fraction, &value))
        return -ERANGE;
    *ret = value;
    return 0;
}

int parse_size(const char *text, uint64_t *ret)
{
    static const char suffixes[] = "BKMGTPE";
    struct decimal number;

    int r = take_decimal(&text, &number);
    if (r < 0)
        return r;
    uint64_t factor = 1;
    if (*text) {
        const char *suffix = strchr(suffixes, *text);
        if (!suffix || text[1])
            return -EINVAL;
        factor = UINT64_C(1) << (10 * (suffix - suffixes));
    }
    if (factor == 1 && number.billionths > 0)
        return -EINVAL; /* no part of a byte */
    return scale(&number, factor, ret);
}

int parse_size_or_infinity(const char *text, uint64_t *ret)
{
    uint64_t value;

    if (streq(text, "infinity")) {
        *ret = UINT64_MAX;
        return 0;
    }
    int r = parse_size(text, &value);
    if (r < 0)
        return r;
    if (value == UINT64_MAX)
        return -ERANGE;
    *ret = value;
    return 0;
}

int parse_permyriad(const char *text, unsigned *ret)
{
    struct decimal number;
    uint64_t value;

    int r = take_decimal(&text, &number);
    if (r < 0)
        return r;
    if (!streq(text, "%") || number.billionths % (FRACTION_ONE / 100) != 0)
        return -EINVAL;
    r = scale(&number, 100, &value);
    if (r < 0 || value > UINT32_MAX)
        return -ERANGE;
    *ret = (unsigned)value;
    return 0;
}

/* Of names that begin alike the longer stands first. */
static const struct {
    const char *name;
    usec_t usec;
} time_units[] = {
    {"seconds", USEC_PER_SEC},
    {"second", USEC_PER_SEC},
    {"sec", USEC_PER_SEC},
    {"s", USEC_PER_SEC},
    {"minutes", USEC_PER_MINUTE},
    {"minute", USEC_PER_MINUTE},
    {"min", USEC_PER_MINUTE},
    {"months", USEC_PER_MONTH},
    {"month", USEC_PER_MONTH},
    {"M", USEC_PER_MONTH},
    {"msec", USEC_PER_MSEC},
    {"ms", USEC_PER_MSEC},
    {"m", USEC_PER_MINUTE},
    {"hours", USEC_PER_HOUR},
    {"hour", USEC_PER_HOUR},
    {"hr", USEC_PER_HOUR},
    {"h", USEC_PER_HOUR},
    {"days", USEC_PER_DAY},
    {"day", USEC_PER_DAY},
    {"d", USEC_PER_DAY},
    {"weeks", USEC_PER_WEEK},
    {"week", USEC_PER_WEEK},
    {"w", USEC_PER_WEEK},
    {"years", USEC_PER_YEAR},
    {"year", USEC_PER_YEAR},
    {"y", USEC_PER_YEAR},
    {"usec", 1},
    {"us", 1},
    {"\xc2\xb5s", 1}, /* U+00B5 MICRO SIGN */
    {"\xce\xbcs", 1}, /* U+03BC GREEK SMALL LETTER MU */
};

/* The unit at *p, which moves behind it; 0 when none stands there. */
static usec_t take_unit(const char **p)
{
    FOREACH_ARRAY (unit, time_units, ELEMENTSOF(time_units)) {
        const char *rest = startswith(*p, unit->name);
        if (rest) {
            *p = rest;
            return unit->usec;
        }
    }
    return 0;
}

static void skip_blanks(const char **p)
{
    *p += strspn(*p, " \t\n\r");
}

/* One "NUMBER [UNIT]" and the blanks behind it. */
static int take_span(const char **p, usec_t default_unit, usec_t *ret)
{
    struct decimal number;

    if (**p == '-')
        return -ERANGE;
    if (**p == '+')
        (*p)++;
    int r = take_decimal(p, &number);
    if (r < 0)
        return r;
    const char *end = *p;
    skip_blanks(p);
    usec_t unit = take_unit(p);
    if (unit == 0 && *p == end && **p)
        return -EINVAL; /* something that is no unit sticks to the number */
    skip_blanks(p);
    return scale(&number, unit ? unit : default_unit, ret);
}

int parse_timespan(const char *text, usec_t unit, usec_t *ret)
{
    usec_t sum = 0;

    skip_blanks(&text);
    const char *rest = startswith(text, "infinity");
    if (rest) {
        skip_blanks(&rest);
        if (*rest)
            return -EINVAL;
        *ret = USEC_INFINITY;
        return 0;
    }
    do {
        usec_t span;
        int r = take_span(&text, unit, &span);
        if (r < 0)
            return r;
        sum = usec_add(sum, span);
        if (sum == USEC_INFINITY)
            return -ERANGE;
    } while (*text);
    *ret = sum;
    return 0;
}

/* From a minute down what is left is one number with a fraction. */
static char *format_fraction(char *text, size_t size, usec_t span)
{
    static const struct {
        const char *name;
        usec_t usec;
        int digits;
    } units[] = {{"s", USEC_PER_SEC, 6}, {"ms", USEC_PER_MSEC, 3}, {"us", 1, 0}};
    size_t i = span >= USEC_PER_SEC ? 0 : span >= USEC_PER_MSEC ? 1 : 2;

    usec_t fraction = span % units[i].usec;
    int digits = units[i].digits;
    for (; digits > 0 && fraction % 10 == 0; digits--)
        fraction /= 10;
    if (digits == 0)
        snprintf(text, size, "%llu%s", (unsigned long long)(span / units[i].usec), units[i].name);
    else
        snprintf(text, size, "%llu.%0*llu%s", (unsigned long long)(span / units[i].usec), digits,
                 (unsigned long long)fraction, units[i].name);
    return text;
}

static char *put_word(char *buffer, size_t size, const char *word)
{
    (void)snprintf(buffer, size, "%s", word);
    return buffer;
}

char *format_timespan(char buffer[static FORMAT_TIMESPAN_MAX], usec_t span)
{
    static const struct {
        const char *name;
        usec_t usec;
    } units[] = {
        {"y", USEC_PER_YEAR}, {"month", USEC_PER_MONTH}, {"w", USEC_PER_WEEK},
        {"d", USEC_PER_DAY},  {"h", USEC_PER_HOUR},      {"min", USEC_PER_MINUTE},
    };
    size_t used = 0;

    if (span == 0 || span == USEC_INFINITY)
        return put_word(buffer, FORMAT_TIMESPAN_MAX, span == 0 ? "0" : "infinity");
    FOREACH_ARRAY (unit, units, ELEMENTSOF(units)) {
        if (span < unit->usec)
            continue;
        used += (size_t)snprintf(buffer + used, FORMAT_TIMESPAN_MAX - used, "%llu%s ",
                                 (unsigned long long)(span / unit->usec), unit->name);
        span %= unit->usec;
    }
    if (span > 0)
        format_fraction(buffer + used, FORMAT_TIMESPAN_MAX - used, span);
    else
        buffer[used - 1] = 0;
    return buffer;
}

char *format_size(char buffer[static FORMAT_SIZE_MAX], uint64_t bytes)
{
    static const char suffixes[] = "BKMGTPE";
    unsigned shift = 0;

    if (bytes == UINT64_MAX)
        return put_word(buffer, FORMAT_SIZE_MAX, "infinity");
    while (bytes >> shift >= 1024)
        shift += 10;
    uint64_t whole = bytes >> shift, rest = bytes - (whole << shift);
    if (shift == 0)
        snprintf(buffer, FORMAT_SIZE_MAX, "%uB", (unsigned)whole);
    else /* one digit, rounded down; ten times less than 2^60 still fits */
        snprintf(buffer, FORMAT_SIZE_MAX, "%u.%u%c", (unsigned)whole, (unsigned)(rest * 10 >> shift),
                 suffixes[shift / 10]);
    return buffer;
}
