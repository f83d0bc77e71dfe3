/* Values of systemd.resource-control(5). */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/unit/directive.h"
#include "init/unit/name.h"

/* Bytes or a count; empty and "infinity" lift it. */
int parse_limit(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    uint64_t *field = parser_field(parser, directive);
    unsigned share;

    if (!*value)
        *field = UINT64_MAX;
    else if (parse_permyriad(value, &share) >= 0)
        parser_warn(parser, "shares of the machine are not supported, write a number instead of \"%s\"",
                    value);
    else if (parse_size_or_infinity(value, field) < 0)
        parser_warn(parser, "\"%s\" is not a number, or one with K, M, G, T behind it, ignored", value);
    return 0;
}

int parse_cpu_quota(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    unsigned permyriad;
    if (!*value)
        parser->unit->cgroup.cpu_quota_per_sec = USEC_INFINITY;
    else if (parse_permyriad(value, &permyriad) < 0 || permyriad == 0)
        parser_warn(parser, "\"%s\" is not a share such as \"50%%\", ignored", value);
    else
        parser->unit->cgroup.cpu_quota_per_sec = (usec_t)permyriad * (USEC_PER_SEC / 10000);
    return 0;
}

int parse_cpu_weight(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    uint64_t weight = 0;
    if (streq(value, "idle"))
        weight = 1;
    else if (*value && (parse_u64(value, &weight) < 0 || weight < 1 || weight > 10000)) {
        parser_warn(parser, "\"%s\" is not a weight from 1 to 10000, ignored", value);
        return 0;
    }
    parser->unit->cgroup.cpu_weight = (unsigned)weight;
    return 0;
}

int parse_slice(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_free_ char *name = NULL;
    int r = parser_expand(parser, value, &name);
    if (r <= 0)
        return r;
    if (!unit_name_is_valid(name) || unit_name_type(name) != UNIT_SLICE) {
        parser_warn(parser, "\"%s\" is not the name of a slice, ignored", name);
        return 0;
    }
    free(parser->unit->cgroup.slice);
    parser->unit->cgroup.slice = TAKE_PTR(name);
    return 0;
}

/* Controllers by name mean yes: all that there are are delegated. */
int parse_delegate(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    if (parse_bool(value, &parser->unit->cgroup.delegate) < 0)
        parser->unit->cgroup.delegate = true;
    return 0;
}
