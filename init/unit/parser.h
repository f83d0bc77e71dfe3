/* The state of reading one unit, and the parsers of values that the table names. A parser returns 0 also for
 * a value that is no good: it has then told so through one of the two functions below. It returns -ENOMEM
 * alone. */
#pragma once

#include <stdbool.h>

#include "common/macro.h"
#include "init/unit/load.h"

struct directive;
struct install_section;

/* Which timeouts a directive means. */
enum { TIMEOUT_START = 1 << 0, TIMEOUT_STOP = 1 << 1 };

/* The string tables of parse_choice(). */
enum choice {
    CHOICE_RESTART,
    CHOICE_RESTART_MODE,
    CHOICE_EXIT_TYPE,
    CHOICE_TIMEOUT_FAILURE_MODE,
    CHOICE_NOTIFY_ACCESS,
    CHOICE_OOM_POLICY,
    CHOICE_PRESERVE,
    CHOICE_KILL_MODE,
    CHOICE_ACTION,
    CHOICE_JOB_MODE,
    CHOICE_COLLECT_MODE,
    CHOICE_MAX,
};

struct unit_parser {
    const struct unit_loader *loader;
    struct unit *unit;
    const char *path; /* of the file that is read */
    unsigned line;    /* 0: what is said is about the unit as a whole */
    const char *directive;
    /* What the files said, for what depends on more than one directive. */
    bool type_set;
    bool permissions_start_only;
    bool output_set; /* StandardOutput= */
    /* Only [Install] is read, into this; NULL: all else is. */
    struct install_section *install;
};

typedef int (*directive_parse_fn)(struct unit_parser *parser, const struct directive *directive,
                                  const char *value);

/* Reports "DIRECTIVE=: text"; the line has no effect. */
void parser_report(struct unit_parser *parser, enum unit_report_level level, const char *format, ...)
    _printf_(3, 4);
#define parser_warn(parser, ...) parser_report(parser, REPORT_WARNING, __VA_ARGS__)
/* The same, and the unit is bad-setting from now on; the first reason stays in load_error. */
void parser_refuse(struct unit_parser *parser, const char *format, ...) _printf_(2, 3);
/* specifier_expand(), with its errors told: 1 with *ret, 0 when the line is to be ignored, -ENOMEM. */
int parser_expand(struct unit_parser *parser, const char *text, char **ret);
/* word_split() in the same manner. */
int parser_split(struct unit_parser *parser, const char *text, unsigned word_flags, char ***ret);
/* strv_consume() to a list of the unit, up to LIST_MAX entries. */
int parser_append(struct unit_parser *parser, char ***list, char *text);
/* Adds it if name is a unit that can be loaded, and tells if not. 0 or -ENOMEM. */
int parser_add_dependency(struct unit_parser *parser, enum unit_dependency dependency, const char *name);
void *parser_field(struct unit_parser *parser, const struct directive *directive);

/* parse-value.c */
int parse_bool_field(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_unsigned_field(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_nice(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_oom_score_adjust(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_mode_field(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_text(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_words(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_seconds(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_seconds_0_never(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_signal(struct unit_parser *parser, const struct directive *directive, const char *value);

/* parse-unit.c */
int parse_dependency(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_condition(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_on_failure_isolate(struct unit_parser *parser, const struct directive *directive,
                             const char *value);
int parse_action_exit_status(struct unit_parser *parser, const struct directive *directive,
                             const char *value);

/* parse-service.c */
int parse_service_type(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_choice(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_timeout(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_timeout_abort(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_pid_file(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_exit_status_set(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_permissions_start_only(struct unit_parser *parser, const struct directive *directive,
                                 const char *value);

/* parse-install.c */
int parse_install_names(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_default_instance(struct unit_parser *parser, const struct directive *directive, const char *value);

/* parse-command.c */
int parse_command(struct unit_parser *parser, const struct directive *directive, const char *value);

/* parse-exec.c */
int parse_environment(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_environment_file(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_variable_names(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_working_directory(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_user(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_users(struct unit_parser *parser, const struct directive *directive, const char *value);

/* parse-streams.c */
int parse_input(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_input_text(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_input_data(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_output(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_log_level(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_tty_path(struct unit_parser *parser, const struct directive *directive, const char *value);

/* parse-privileges.c */
int parse_capabilities(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_secure_bits(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_login_environment(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_root_directory(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_search_path(struct unit_parser *parser, const struct directive *directive, const char *value);

/* parse-directories.c */
int parse_directory(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_preserve(struct unit_parser *parser, const struct directive *directive, const char *value);

/* parse-limits.c */
int parse_rlimit(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_io_class(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_io_priority(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_cpu_policy(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_cpu_priority(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_cpu_affinity(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_timer_slack(struct unit_parser *parser, const struct directive *directive, const char *value);

/* parse-cgroup.c: the data is enum cgroup_limit, with LIMIT_STARTUP */
int parse_memory_limit(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_tasks_max(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_zswap_writeback(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_cpu_quota(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_cpu_period(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_weight(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_cpuset(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_slice(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_delegate(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_delegate_subgroup(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_disable_controllers(struct unit_parser *parser, const struct directive *directive,
                              const char *value);
/* Keeps a setting in the place of an older one of the same kind (and device); text is taken over, also on
 * failure. 0 or -ENOMEM. */
int parser_set_limit(struct unit_parser *parser, const struct directive *directive,
                     const struct cgroup_setting *setting);
/* Forgets those of the kind; device NULL: all. */
void parser_unset_limit(struct unit_parser *parser, const struct directive *directive, const char *device);

/* parse-device.c */
int parse_device_weight(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_device_rate(struct unit_parser *parser, const struct directive *directive, const char *value);
int parse_device_latency(struct unit_parser *parser, const struct directive *directive, const char *value);
/* The weight in text if it is one for that limit: 0, or -EINVAL, told. */
int parser_take_weight(struct unit_parser *parser, enum cgroup_limit limit, const char *text, uint64_t *ret);
