/* One table of fields per object. A field that is not known is a mistake: a filter that silently lacks
 * something is worse than none. */
#include "launcher/seccomp-oci.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/capabilities.h"
#include "common/parse.h"
#include "common/text.h"

#define WHERE_MAX     96
#define ERRNO_MAX     4095
#define RULES_MAX     20000
#define DEFAULT_ERRNO EPERM

struct reader {
    const char *file;
    const struct seccomp_situation *situation;
    struct seccomp_oci *profile;
    struct failure *failure;
    size_t rules_allocated;
};

/* What a field is read into, and how messages call it. */
struct place {
    struct reader *reader;
    void *target;
    char where[WHERE_MAX];
};

struct field {
    const char *name;
    enum json_type type;
    int (*read)(const struct place *place, const struct json_value *value);
};

static int wrong(const struct place *place, const struct json_value *value, const char *what)
{
    return fail(place->reader->failure, -EINVAL, "--seccomp=%s: line %u: %s: %s", place->reader->file,
                value->line, place->where, what);
}

static struct place below(const struct place *outer, const char *name, void *target)
{
    struct place place = {.reader = outer->reader, .target = target};
    char cut[WHERE_MAX / 2];

    snprintf(cut, sizeof(cut), "%s", name);
    blank_control_characters(cut);
    size_t used = strnlen(outer->where, WHERE_MAX / 2);
    snprintf(place.where, sizeof(place.where), "%.*s%s%s", (int)used, outer->where, used ? "." : "", cut);
    return place;
}

static struct place element(const struct place *outer, size_t index, void *target)
{
    struct place place = {.reader = outer->reader, .target = target};
    snprintf(place.where, sizeof(place.where), "%.*s[%zu]", WHERE_MAX - 24, outer->where, index);
    return place;
}

static const char *type_name(enum json_type type)
{
    static const char *const names[] = {
        [JSON_NULL] = "must be null",       [JSON_BOOL] = "must be true or false",
        [JSON_NUMBER] = "must be a number", [JSON_STRING] = "must be a text",
        [JSON_ARRAY] = "must be a list",    [JSON_OBJECT] = "must be an object",
    };
    return names[type];
}

/* null stands for a field that is not there, as Go writes it. */
static int read_fields(const struct place *outer, const struct json_value *object, const struct field *fields,
                       void *target)
{
    if (object->type != JSON_OBJECT)
        return wrong(outer, object, type_name(JSON_OBJECT));
    for (const struct json_value *member = object->first; member; member = member->next) {
        struct place place = below(outer, member->key, target);
        const struct field *field = fields;
        while (field->name && !streq(field->name, member->key))
            field++;
        if (!field->name)
            return wrong(&place, member, "unknown field");
        if (member->type == JSON_NULL)
            continue;
        if (member->type != field->type)
            return wrong(&place, member, type_name(field->type));
        int r = field->read ? field->read(&place, member) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* Calls read for each element of a list of one type. */
static int read_elements(const struct place *outer, const struct json_value *list, enum json_type type,
                         int (*read)(const struct place *place, const struct json_value *value), void *target)
{
    size_t index = 0;
    for (const struct json_value *value = list->first; value; value = value->next) {
        struct place place = element(outer, index++, target);
        if (value->type != type)
            return wrong(&place, value, type_name(type));
        int r = read(&place, value);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Actions */

static int read_action(const struct place *place, const struct json_value *value)
{
    static const struct {
        const char *name;
        uint32_t action;
    } actions[] = {
        {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
        {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
        {"SCMP_ACT_LOG", SECCOMP_RET_LOG},
        {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
        {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
        {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
        {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
        {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
    };
    FOREACH_ARRAY (action, actions, ELEMENTSOF(actions))
        if (streq(action->name, value->text)) {
            *(uint32_t *)place->target = action->action;
            return 0;
        }
    if (streq(value->text, "SCMP_ACT_NOTIFY"))
        return wrong(place, value, "berth has no agent to notify: use SCMP_ACT_ERRNO");
    return wrong(place, value,
                 "is no action: write SCMP_ACT_ALLOW, _ERRNO, _LOG, _TRAP, _TRACE or _KILL_PROCESS");
}

static int read_errno(const struct place *place, const struct json_value *value)
{
    uint64_t number;
    if (parse_u64(value->text, &number) < 0 || number > ERRNO_MAX)
        return wrong(place, value, "must be a number from 0 to 4095");
    *(int *)place->target = (int)number;
    return 0;
}

static int read_errno_name(const struct place *place, const struct json_value *value)
{
    for (int number = 1; number <= ERRNO_MAX; number++) {
        const char *name = strerrorname_np(number);
        if (name && streq(name, value->text)) {
            *(int *)place->target = number;
            return 0;
        }
    }
    return wrong(place, value, "is no error: write EPERM, ENOSYS, ...");
}

/* Only these two carry one. */
static uint32_t with_errno(uint32_t action, int error)
{
    bool carries = action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE;
    return carries ? action | (uint32_t)(error < 0 ? DEFAULT_ERRNO : error) : action;
}

/* includes and excludes */

struct conditions {
    uint64_t capabilities;
    bool unknown_capability; /* newer than we are: nobody has it */
    bool has_arches, arch_is_ours;
    bool has_kernel, kernel_is_new_enough;
};

static int read_capability(const struct place *place, const struct json_value *value)
{
    struct conditions *conditions = place->target;
    int capability = capability_from_string(value->text);
    if (capability < 0)
        conditions->unknown_capability = true;
    else
        conditions->capabilities |= CAPABILITY_MASK(capability);
    return 0;
}

/* Go's names of machines. */
static int read_arch(const struct place *place, const struct json_value *value)
{
    static const struct {
        const char *go, *machine;
    } names[] = {
        {"amd64", "x86_64"},    {"x32", "x86_64"},          {"386", "i686"},        {"x86", "i686"},
        {"arm64", "aarch64"},   {"arm", "armv7l"},          {"ppc64le", "ppc64le"}, {"s390x", "s390x"},
        {"riscv64", "riscv64"}, {"loong64", "loongarch64"}, {"mips64le", "mips64"},
    };
    struct conditions *conditions = place->target;

    conditions->has_arches = true;
    FOREACH_ARRAY (name, names, ELEMENTSOF(names))
        if (streq(name->go, value->text) && streq(name->machine, place->reader->situation->machine))
            conditions->arch_is_ours = true;
    return 0;
}

static int read_kernel(const struct place *place, const struct json_value *value)
{
    const struct seccomp_situation *now = place->reader->situation;
    struct conditions *conditions = place->target;
    unsigned major, minor;
    char rest;

    /* NOLINTNEXTLINE(cert-err34-c): what does not fit is no kernel */
    if (sscanf(value->text, "%4u.%4u%c", &major, &minor, &rest) != 2)
        return wrong(place, value, "must be MAJOR.MINOR: 4.8");
    conditions->has_kernel = true;
    conditions->kernel_is_new_enough =
        now->kernel_major > major || (now->kernel_major == major && now->kernel_minor >= minor);
    return 0;
}

static int read_capabilities(const struct place *place, const struct json_value *value)
{
    return read_elements(place, value, JSON_STRING, read_capability, place->target);
}

static int read_arches(const struct place *place, const struct json_value *value)
{
    return read_elements(place, value, JSON_STRING, read_arch, place->target);
}

static int read_conditions(const struct place *place, const struct json_value *value, struct conditions *ret)
{
    static const struct field fields[] = {
        {"caps", JSON_ARRAY, read_capabilities},
        {"arches", JSON_ARRAY, read_arches},
        {"minKernel", JSON_STRING, read_kernel},
        {},
    };
    return read_fields(place, value, fields, ret);
}

/* syscalls */

struct rule_set {
    struct seccomp_oci_rule rule; /* but for its name */
    const struct json_value *names, *name;
    int error;
    bool has_action, left_out;
};

static int read_includes(const struct place *place, const struct json_value *value)
{
    struct conditions conditions = {};
    struct rule_set *set = place->target;
    uint64_t have = place->reader->situation->capabilities;

    int r = read_conditions(place, value, &conditions);
    if ((conditions.capabilities & ~have) || conditions.unknown_capability ||
        (conditions.has_arches && !conditions.arch_is_ours) ||
        (conditions.has_kernel && !conditions.kernel_is_new_enough))
        set->left_out = true;
    return r;
}

static int read_excludes(const struct place *place, const struct json_value *value)
{
    struct conditions conditions = {};
    struct rule_set *set = place->target;

    int r = read_conditions(place, value, &conditions);
    if ((conditions.capabilities & place->reader->situation->capabilities) || conditions.arch_is_ours ||
        (conditions.has_kernel && conditions.kernel_is_new_enough))
        set->left_out = true;
    return r;
}

static int read_index(const struct place *place, const struct json_value *value)
{
    uint64_t number;
    if (parse_u64(value->text, &number) < 0 || number >= SECCOMP_ARGUMENTS_MAX)
        return wrong(place, value, "must be a number from 0 to 5");
    ((struct seccomp_condition *)place->target)->argument = (unsigned)number;
    return 0;
}

static int read_first(const struct place *place, const struct json_value *value)
{
    struct seccomp_condition *condition = place->target;
    return parse_u64(value->text, &condition->value) < 0
               ? wrong(place, value, "must be a whole number, 0 or more")
               : 0;
}

static int read_second(const struct place *place, const struct json_value *value)
{
    struct seccomp_condition *condition = place->target;
    return parse_u64(value->text, &condition->value_two) < 0
               ? wrong(place, value, "must be a whole number, 0 or more")
               : 0;
}

static int read_operator(const struct place *place, const struct json_value *value)
{
    static const char *const names[] = {
        [SECCOMP_OP_NE] = "SCMP_CMP_NE",
        [SECCOMP_OP_LT] = "SCMP_CMP_LT",
        [SECCOMP_OP_LE] = "SCMP_CMP_LE",
        [SECCOMP_OP_EQ] = "SCMP_CMP_EQ",
        [SECCOMP_OP_GE] = "SCMP_CMP_GE",
        [SECCOMP_OP_GT] = "SCMP_CMP_GT",
        [SECCOMP_OP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
    };
    for (unsigned i = SECCOMP_OP_NE; i < ELEMENTSOF(names); i++)
        if (streq(names[i], value->text)) {
            ((struct seccomp_condition *)place->target)->operator=(enum seccomp_operator) i;
            return 0;
        }
    return wrong(place, value, "is no comparison: write SCMP_CMP_EQ, _NE, _LT, _LE, _GE, _GT or _MASKED_EQ");
}

static int read_condition(const struct place *place, const struct json_value *value)
{
    static const struct field fields[] = {
        {"index", JSON_NUMBER, read_index},
        {"value", JSON_NUMBER, read_first},
        {"valueTwo", JSON_NUMBER, read_second},
        {"op", JSON_STRING, read_operator},
        {},
    };
    struct rule_set *set = place->target;
    struct seccomp_condition condition = {};

    if (set->rule.n_conditions >= SECCOMP_ARGUMENTS_MAX)
        return wrong(place, value, "more than six conditions");
    int r = read_fields(place, value, fields, &condition);
    if (r >= 0 && !condition.operator)
        r = wrong(place, value, "has no op");
    set->rule.conditions[set->rule.n_conditions++] = condition;
    return r;
}

static int read_conditions_of_arguments(const struct place *place, const struct json_value *value)
{
    return read_elements(place, value, JSON_OBJECT, read_condition, place->target);
}

static int keep_names(const struct place *place, const struct json_value *value)
{
    ((struct rule_set *)place->target)->names = value;
    return 0;
}

static int keep_name(const struct place *place, const struct json_value *value)
{
    ((struct rule_set *)place->target)->name = value;
    return 0;
}

static int read_rule_action(const struct place *place, const struct json_value *value)
{
    struct rule_set *set = place->target;
    struct place inner = *place;

    inner.target = &set->rule.action;
    set->has_action = true;
    return read_action(&inner, value);
}

static int read_rule_errno(const struct place *place, const struct json_value *value)
{
    struct place inner = *place;
    inner.target = &((struct rule_set *)place->target)->error;
    return value->type == JSON_STRING ? read_errno_name(&inner, value) : read_errno(&inner, value);
}

static int add_rule(struct reader *reader, const struct seccomp_oci_rule *rule)
{
    struct seccomp_oci *profile = reader->profile;

    if (profile->n_rules == reader->rules_allocated) {
        size_t more = reader->rules_allocated ? 2 * reader->rules_allocated : 256;
        struct seccomp_oci_rule *rules = reallocarray(profile->rules, more, sizeof(*rules));
        if (!rules)
            return fail(reader->failure, -ENOMEM, "out of memory");
        profile->rules = rules;
        reader->rules_allocated = more;
    }
    profile->rules[profile->n_rules++] = *rule;
    return 0;
}

static bool names_an_argument_twice(const struct seccomp_oci_rule *rule)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < rule->n_conditions; i++) {
        if (seen & 1U << rule->conditions[i].argument)
            return true;
        seen |= 1U << rule->conditions[i].argument;
    }
    return false;
}

/* Conditions hold together, but several on one argument are each a rule, as runc and crun take it. */
static int add_named(const struct place *place, const struct json_value *value)
{
    const struct rule_set *set = place->target;
    struct seccomp_oci_rule rule = set->rule;

    if (place->reader->profile->n_rules >= RULES_MAX)
        return wrong(place, value, "too many rules");
    rule.name = value->text;
    if (!names_an_argument_twice(&rule))
        return add_rule(place->reader, &rule);
    rule.n_conditions = 1;
    for (unsigned i = 0; i < set->rule.n_conditions; i++) {
        rule.conditions[0] = set->rule.conditions[i];
        int r = add_rule(place->reader, &rule);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_rule_set(const struct place *place, const struct json_value *value)
{
    static const struct field fields[] = {
        {"names", JSON_ARRAY, keep_names},
        {"name", JSON_STRING, keep_name},
        {"action", JSON_STRING, read_rule_action},
        {"errnoRet", JSON_NUMBER, read_rule_errno},
        {"errno", JSON_STRING, read_rule_errno},
        {"args", JSON_ARRAY, read_conditions_of_arguments},
        {"includes", JSON_OBJECT, read_includes},
        {"excludes", JSON_OBJECT, read_excludes},
        {"comment", JSON_STRING, NULL},
        {},
    };
    struct rule_set set = {.error = -1};

    int r = read_fields(place, value, fields, &set);
    if (r < 0)
        return r;
    if (!set.has_action)
        return wrong(place, value, "has no action");
    if (!set.names && !set.name)
        return wrong(place, value, "has no names");
    set.rule.action = with_errno(set.rule.action, set.error);
    if (set.left_out)
        return 0;
    struct place names = below(place, "names", &set);
    if (set.names && (r = read_elements(&names, set.names, JSON_STRING, add_named, &set)) < 0)
        return r;
    return set.name ? add_named(&names, set.name) : 0;
}

/* The profile */

static int add_architecture(const struct place *place, const struct json_value *value)
{
    struct seccomp_oci *profile = place->reader->profile;
    const char **more = reallocarray(profile->architectures, profile->n_architectures + 1, sizeof(*more));

    if (!more)
        return fail(place->reader->failure, -ENOMEM, "out of memory");
    profile->architectures = more;
    more[profile->n_architectures++] = value->text;
    return startswith(value->text, "SCMP_ARCH_")
               ? 0
               : wrong(place, value, "must be SCMP_ARCH_X86_64 or the like");
}

static int read_architectures(const struct place *place, const struct json_value *value)
{
    return read_elements(place, value, JSON_STRING, add_architecture, NULL);
}

struct arch_map {
    const struct json_value *own, *below;
};

static int keep_architecture(const struct place *place, const struct json_value *value)
{
    ((struct arch_map *)place->target)->own = value;
    return 0;
}

static int keep_sub_architectures(const struct place *place, const struct json_value *value)
{
    ((struct arch_map *)place->target)->below = value;
    return 0;
}

/* "SCMP_ARCH_X86_64" is ours on x86_64. */
static bool is_own_architecture(const struct reader *reader, const char *name)
{
    const char *rest = startswith(name, "SCMP_ARCH_");
    return rest && strcasecmp(rest, reader->situation->machine) == 0;
}

static int read_arch_map(const struct place *place, const struct json_value *value)
{
    static const struct field fields[] = {
        {"architecture", JSON_STRING, keep_architecture},
        {"subArchitectures", JSON_ARRAY, keep_sub_architectures},
        {},
    };
    struct arch_map map = {};

    int r = read_fields(place, value, fields, &map);
    if (r < 0 || !map.own || !map.below || !is_own_architecture(place->reader, map.own->text))
        return r;
    struct place inner = below(place, "subArchitectures", NULL);
    return read_architectures(&inner, map.below);
}

static int read_arch_maps(const struct place *place, const struct json_value *value)
{
    return read_elements(place, value, JSON_OBJECT, read_arch_map, NULL);
}

static int read_rule_sets(const struct place *place, const struct json_value *value)
{
    return read_elements(place, value, JSON_OBJECT, read_rule_set, NULL);
}

/* Both that are known are so anyhow: there is one thread, and speculation is left as it is. */
static int read_flag(const struct place *place, const struct json_value *value)
{
    static const char *const known[] = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", NULL};
    return strv_contains((char *const *)known, value->text) ? 0
                                                            : wrong(place, value, "is not known to berth");
}

static int read_flags(const struct place *place, const struct json_value *value)
{
    return read_elements(place, value, JSON_STRING, read_flag, NULL);
}

struct defaults {
    uint32_t action;
    int error;
    bool has_action;
};

static int read_default_action(const struct place *place, const struct json_value *value)
{
    struct defaults *defaults = place->target;
    struct place inner = *place;

    inner.target = &defaults->action;
    defaults->has_action = true;
    return read_action(&inner, value);
}

static int read_default_errno(const struct place *place, const struct json_value *value)
{
    struct place inner = *place;
    inner.target = &((struct defaults *)place->target)->error;
    return value->type == JSON_STRING ? read_errno_name(&inner, value) : read_errno(&inner, value);
}

static int read_profile(struct reader *reader, const struct json_value *root)
{
    static const struct field fields[] = {
        {"defaultAction", JSON_STRING, read_default_action},
        {"defaultErrnoRet", JSON_NUMBER, read_default_errno},
        {"defaultErrno", JSON_STRING, read_default_errno},
        {"architectures", JSON_ARRAY, read_architectures},
        {"archMap", JSON_ARRAY, read_arch_maps},
        {"flags", JSON_ARRAY, read_flags},
        {"syscalls", JSON_ARRAY, read_rule_sets},
        {"comment", JSON_STRING, NULL},
        {},
    };
    const struct place top = {.reader = reader};
    struct defaults defaults = {.error = -1};

    int r = read_fields(&top, root, fields, &defaults);
    if (r >= 0 && !defaults.has_action)
        r = fail(reader->failure, -EINVAL, "--seccomp=%s: has no defaultAction", reader->file);
    reader->profile->default_action = with_errno(defaults.action, defaults.error);
    return r;
}

int seccomp_oci_read(const char *file, const char *text, size_t size,
                     const struct seccomp_situation *situation, struct seccomp_oci *ret,
                     struct failure *failure)
{
    _cleanup_seccomp_oci_ struct seccomp_oci profile = {};
    struct reader reader = {.file = file, .situation = situation, .profile = &profile, .failure = failure};
    struct json_error error = {};

    int r = json_read(text, size, &profile.document, &error);
    if (r == -EINVAL)
        return fail(failure, r, "--seccomp=%s: line %u: %s", file, error.line, error.what);
    if (r < 0)
        return fail(failure, r, "--seccomp=%s: %s", file, strerror(-r));
    r = read_profile(&reader, &profile.document.values[0]);
    if (r < 0)
        return r;
    *ret = profile;
    profile = (struct seccomp_oci){};
    return 0;
}

void seccomp_oci_done(struct seccomp_oci *profile)
{
    json_document_done(&profile->document);
    free(profile->architectures);
    free(profile->rules);
    *profile = (struct seccomp_oci){};
}
