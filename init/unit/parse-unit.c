/* Values of [Unit]: names of other units, conditions, what an end of the unit does to the container. */
#include <errno.h>
#include <stdlib.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/unit/builtin.h"
#include "init/unit/directive.h"
#include "init/unit/name.h"
#include "init/unit/word.h"

/* What a dependency on a unit of a type that is not run means: ordering and the like is empty talk, a wish is
 * not granted, a need cannot be met. */
static void refuse_type(struct unit_parser *parser, enum unit_dependency dependency, const char *name)
{
    const char *type = strrchr(name, '.');

    switch (dependency) {
    case UNIT_REQUIRES:
    case UNIT_REQUISITE:
    case UNIT_BINDS_TO:
        parser_refuse(parser, "%s is needed, and %s units are not supported", name, type);
        return;
    case UNIT_WANTS:
    case UNIT_UPHOLDS:
        parser_warn(parser, "%s units are not supported, %s is left out", type, name);
        return;
    default:
        return;
    }
}

/* "b@.service" is meant as b@i.service in a@i.service, and as b@a.service in a.service. */
static int instantiate(const struct unit_parser *parser, const char *template, char **ret)
{
    _cleanup_free_ char *instance = NULL;
    const char *unit = parser->unit->name, *at = strchr(template, '@') + 1;
    int r =
        unit_name_is_instance(unit) ? unit_name_instance(unit, &instance) : unit_name_prefix(unit, &instance);

    if (r < 0)
        return r;
    *ret = xasprintf("%.*s%s%s", (int)(at - template), template, instance, at);
    return *ret ? 0 : -ENOMEM;
}

/* Who is named twice counts once, at the end (finish.c): a target may have a thousand units. */
int parser_add_dependency(struct unit_parser *parser, enum unit_dependency dependency, const char *name)
{
    _cleanup_free_ char *meant = NULL;

    if (unit_name_is_template(name)) {
        int r = instantiate(parser, name, &meant);
        if (r < 0)
            return r;
        name = meant;
    }
    if (!unit_name_is_valid(name)) {
        parser_warn(parser, "\"%s\" is not the name of a unit, ignored", name);
        return 0;
    }
    if (unit_name_type(name) < 0 && !builtin_satisfied_reason(name)) {
        refuse_type(parser, dependency, name);
        return 0;
    }
    if (streq(name, parser->unit->name))
        return 0;
    char ***names = &parser->unit->dependencies->of[dependency];
    if (strv_length(*names) < LIST_MAX)
        return strv_append(names, name);
    parser_warn(parser, "more than %d units, %s is left out", LIST_MAX, name);
    return 0;
}

int parse_dependency(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_strv_ char **words = NULL;
    int r = parser_split(parser, value, 0, &words);

    for (char **word = words; r > 0 && word && *word; word++) {
        _cleanup_free_ char *name = NULL;
        r = parser_expand(parser, *word, &name);
        if (r > 0 && parser_add_dependency(parser, (enum unit_dependency)directive->data, name) < 0)
            return -ENOMEM;
    }
    return MIN(r, 0);
}

/* "Condition..." and "Assert..." are two lists; an empty value empties the list of this type. */
static void forget_conditions(struct unit *unit, enum condition_type type, bool assert_)
{
    size_t kept = 0;
    for (size_t i = 0; i < unit->n_conditions; i++)
        if (unit->conditions[i].type == type && unit->conditions[i].assert_ == assert_)
            free(unit->conditions[i].parameter);
        else
            unit->conditions[kept++] = unit->conditions[i];
    unit->n_conditions = kept;
}

static bool condition_is_on_path(enum condition_type type)
{
    return type <= CONDITION_FILE_IS_EXECUTABLE;
}

static int add_condition(struct unit *unit, const struct condition *condition)
{
    if (unit->n_conditions >= LIST_MAX)
        return -E2BIG;
    struct condition *bigger =
        reallocarray(unit->conditions, unit->n_conditions + 1, sizeof(*unit->conditions));
    if (!bigger)
        return -ENOMEM;
    unit->conditions = bigger;
    unit->conditions[unit->n_conditions++] = *condition;
    return 0;
}

int parse_condition(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct condition condition = {
        .type = (enum condition_type)directive->data,
        .assert_ = directive->name[0] == 'A',
    };
    _cleanup_free_ char *parameter = NULL;

    if (!*value) {
        forget_conditions(parser->unit, condition.type, condition.assert_);
        return 0;
    }
    condition.trigger = *value == '|';
    value += condition.trigger;
    condition.negate = *value == '!';
    value += condition.negate;
    value += strspn(value, " \t");
    int r = parser_expand(parser, value, &parameter);
    if (r <= 0)
        return r;
    if (condition_is_on_path(condition.type) && *parameter != '/') {
        parser_warn(parser, "\"%s\" is not an absolute path, ignored", parameter);
        return 0;
    }
    condition.parameter = parameter;
    r = add_condition(parser->unit, &condition);
    if (r == 0)
        TAKE_PTR(parameter);
    if (r == -E2BIG)
        parser_warn(parser, "more than %d conditions, ignored", LIST_MAX);
    return r == -ENOMEM ? r : 0;
}

/* OnFailureIsolate= is the old way to write OnFailureJobMode=. */
int parse_on_failure_isolate(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    bool isolate;

    if (parse_bool(value, &isolate) < 0)
        parser_warn(parser, "\"%s\" is neither yes nor no, ignored", value);
    else
        parser->unit->policy->on_failure_job_mode = isolate ? JOB_ISOLATE : JOB_REPLACE;
    return 0;
}

int parse_action_exit_status(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    int *field = parser_field(parser, directive), status;
    if (!*value)
        *field = -1;
    else if (parse_int(value, &status) < 0 || status < 0 || status > 255)
        parser_warn(parser, "\"%s\" is not an exit status from 0 to 255, ignored", value);
    else
        *field = status;
    return 0;
}
