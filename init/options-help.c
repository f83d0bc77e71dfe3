/* berth-init --help: the table of options, as a person reads it. */
#include "init/options-table.h"

#include "common/macro.h"

static void help_option(FILE *out, const struct option *option)
{
    char left[48], letter[5] = "    ";

    if (option->letters)
        (void)snprintf(letter, sizeof(letter), "-%c, ", option->letters[0]);
    (void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name, option->value ? "=" : "",
                   option->value ? option->value : "");
    (void)fprintf(out, "  %-30s %s\n", left, option->help);
}

void init_options_help(FILE *out)
{
    (void)fputs("berth-init [OPTIONS] [--] COMMAND [ARG...]         run one job\n"
                "berth-init --boot [OPTIONS] [-- COMMAND [ARG...]]  run services of unit files\n"
                "berth-init verify [--root=ROOT] [UNIT...]          check unit files, run nothing\n",
                out);
    FOREACH_ARRAY (option, options_table, options_table_size) {
        if (!option->apply)
            (void)fprintf(out, "%s:\n", option->name);
        else if (option->help)
            help_option(out, option);
    }
    (void)fputs("Each has a variable: BERTH_STOP_TIMEOUT=30s is --stop-timeout=30s.\n"
                "Exits as the job exits; 128+N: ended by signal N; 125: berth-init itself failed;\n"
                "126: the command cannot be executed; 127: it was not found.\n",
                out);
}
