/* [Install]: systemd.unit(5). When a unit is loaded to run, the values are only checked. */
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/unit/directive.h"
#include "init/unit/install-section.h"
#include "init/unit/name.h"
#include "init/unit/word.h"

static int check_and_add(struct unit_parser *parser, char ***list, const char *word)
{
    _cleanup_free_ char *name = NULL;
    int r = parser_expand(parser, word, &name);

    if (r <= 0)
        return r;
    if (!unit_name_is_valid(name)) {
        parser_warn(parser, "%.64s is not the name of a unit, ignored", name);
        return 0;
    }
    if (!list || strv_contains(*list, name))
        return 0;
    return parser_append(parser, list, TAKE_PTR(name));
}

int parse_install_names(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_strv_ char **words = NULL;
    char ***list = parser->install ? (char ***)((char *)parser->install + directive->offset) : NULL;

    int r = parser_split(parser, value, 0, &words);
    if (r > 0 && !words && list)
        *list = strv_free(*list);
    for (char **word = words; r > 0 && word && *word; word++) {
        r = check_and_add(parser, list, *word);
        if (r < 0)
            return r;
        r = 1;
    }
    return MIN(r, 0);
}

int parse_default_instance(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    _cleanup_free_ char *instance = NULL, *name = NULL;
    int r = parser_expand(parser, value, &instance);

    if (r <= 0)
        return r;
    name = xasprintf("x@%s.service", instance);
    if (!name)
        return -ENOMEM;
    if (*instance && !unit_name_is_valid(name)) {
        parser_warn(parser, "%.64s cannot be an instance, ignored", instance);
        return 0;
    }
    if (!parser->install)
        return 0;
    free(parser->install->default_instance);
    parser->install->default_instance = *instance ? TAKE_PTR(instance) : NULL;
    return 0;
}

void install_section_done(struct install_section *section)
{
    strv_free(section->alias);
    strv_free(section->wanted_by);
    strv_free(section->required_by);
    strv_free(section->upheld_by);
    strv_free(section->also);
    free(section->default_instance);
    *section = (struct install_section){};
}
