/* Limits of one block device: "/dev/sda 5M". The path is looked at when the unit starts. */
#include <errno.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/unit/directive.h"
#include "init/unit/word.h"

/* The path and what stands behind it: 1, 0 when there is nothing to do (told, or all are forgotten), -ENOMEM.
 */
static int take_device(struct unit_parser *parser, const struct directive *directive, const char *value,
                       char **ret_path, char **ret_rest)
{
    _cleanup_strv_ char **words = NULL;

    if (!*value) {
        parser_unset_limit(parser, directive, NULL);
        return 0;
    }
    int r = parser_split(parser, value, 0, &words);
    if (r <= 0)
        return r;
    if (strv_length(words) != 2) {
        parser_warn(parser, "\"%s\" is not a path and a value, ignored", value);
        return 0;
    }
    _cleanup_free_ char *path = NULL;
    r = parser_expand(parser, words[0], &path);
    if (r <= 0)
        return r;
    if (*path != '/') {
        parser_warn(parser, "\"%s\" is not an absolute path, ignored", path);
        return 0;
    }
    *ret_path = TAKE_PTR(path);
    *ret_rest = TAKE_PTR(words[1]);
    return 1;
}

static int set_device(struct unit_parser *parser, const struct directive *directive, char *path,
                      uint64_t value)
{
    return parser_set_limit(parser, directive, &(struct cgroup_setting){.text = path, .value = value});
}

int parse_device_weight(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_free_ char *path = NULL, *rest = NULL;
    uint64_t weight;
    int r = take_device(parser, directive, value, &path, &rest);

    if (r <= 0 || parser_take_weight(parser, LIMIT_OF(directive->data), rest, &weight) < 0)
        return MIN(r, 0);
    return set_device(parser, directive, TAKE_PTR(path), weight);
}

/* Rates count in thousands: 5M is 5000000. */
static int take_rate(const char *text, uint64_t *ret)
{
    static const char suffixes[] = "KMGTPE";
    size_t length = strlen(text);
    const char *suffix = length > 0 ? strchr(suffixes, text[length - 1]) : NULL;
    _cleanup_free_ char *number = strdup(text);

    if (!number)
        return -ENOMEM;
    if (streq(text, "infinity")) {
        *ret = UINT64_MAX;
        return 0;
    }
    if (suffix)
        number[length - 1] = 0;
    if (parse_u64(number, ret) < 0 || *ret == 0)
        return -EINVAL;
    for (const char *step = suffixes; suffix && step <= suffix; step++)
        if (__builtin_mul_overflow(*ret, UINT64_C(1000), ret))
            return -ERANGE;
    return 0;
}

int parse_device_rate(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_free_ char *path = NULL, *rest = NULL;
    uint64_t rate;
    int r = take_device(parser, directive, value, &path, &rest);

    if (r <= 0)
        return r;
    r = take_rate(rest, &rate);
    if (r == -ENOMEM)
        return r;
    if (r == 0)
        return set_device(parser, directive, TAKE_PTR(path), rate);
    parser_warn(parser, "\"%s\" is not a number, one with K, M, G, T behind it or \"infinity\", ignored",
                rest);
    return 0;
}

int parse_device_latency(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_free_ char *path = NULL, *rest = NULL;
    usec_t target;
    int r = take_device(parser, directive, value, &path, &rest);

    if (r <= 0)
        return r;
    if (parse_timespan(rest, USEC_PER_SEC, &target) == 0 && target != USEC_INFINITY)
        return set_device(parser, directive, TAKE_PTR(path), target);
    parser_warn(parser, "\"%s\" is not a time span such as \"25ms\", ignored", rest);
    return 0;
}
