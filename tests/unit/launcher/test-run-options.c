/* What people type behind `berth run`, and what the container is asked to be. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <linux/capability.h>
#include <sched.h>

#include "common/capabilities.h"
#include "common/fd.h"
#include "common/text.h"
#include "launcher/run-options.h"

#include <cmocka.h> /* last: its fail() would shadow ours */

#define WORDS_MAX 16

/* A root to name, with an awkward one beside it. */
static char directory[] = "/tmp/berth-options-XXXXXX";

static int make_directories(void **state)
{
    if (!mkdtemp(directory))
        return -1;
    _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mkdirat(fd, "root", 0755) < 0 || mkdirat(fd, "a:b,c d\\e", 0755) < 0 || mkdirat(fd, "top", 0755) < 0)
        return -1;
    _cleanup_close_ int file = openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return file < 0 ? -1 : 0;
}

static int remove_directories(void **state)
{
    return remove_tree_at(AT_FDCWD, directory);
}

struct result {
    struct container_config *config;
    struct failure failure;
    int r;
};

static void result_done(struct result *result)
{
    config_free(result->config);
}

/* Parses "run WORDS…"; "@/" in a word stands for the test's directory. */
static struct result parse(const char *const *words)
{
    struct result result = {.config = config_new()};
    char *argv[WORDS_MAX + 2] = {(char *)"run"};
    _cleanup_strv_ char **copies = NULL;
    int argc = 1;

    assert_non_null(result.config);
    for (; *words && argc < WORDS_MAX; words++) {
        const char *rest = startswith(*words, "@/");
        assert_int_equal(strv_consume(&copies, rest ? xasprintf("%s/%s", directory, rest) : strdup(*words)),
                         0);
        argv[argc++] = copies[strv_length(copies) - 1];
    }
    result.r = run_options_parse(result.config, argc, argv, &result.failure);
    return result;
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void a_name_and_a_root_boot_services_under_that_host_name(void **state)
{
    _cleanup_(result_done) struct result result = PARSE("web", "@/root");
    assert_int_equal(result.r, 0);
    assert_string_equal(result.config->name, "web");
    assert_string_equal(result.config->hostname, "web");
    assert_string_equal(result.config->unit_name, "berth-web.scope");
    assert_true(result.config->boot);
    assert_int_equal(strv_length(result.config->lower), 1);
    assert_int_equal(result.config->overlay, OVERLAY_EPHEMERAL);
}

static void words_behind_the_root_belong_to_the_command(void **state)
{
    _cleanup_(result_done) struct result result = PARSE("j", "@/root", "sh", "-c", "--memory=1", "-e");
    assert_int_equal(result.r, 0);
    assert_false(result.config->boot);
    assert_int_equal(strv_length(result.config->command), 4);
    assert_string_equal(result.config->command[3], "-e");
    assert_int_equal(result.config->limits.memory_max, UINT64_MAX);
}

static void limits_are_read_in_their_units(void **state)
{
    _cleanup_(result_done) struct result result = PARSE(
        "-m", "64M", "--cpus=1.5", "--tasks", "20", "--cpu-weight=200", "--stop-timeout=2min", "x", "@/root");
    assert_int_equal(result.r, 0);
    assert_int_equal(result.config->limits.memory_max, 64 * 1024 * 1024);
    assert_int_equal(result.config->limits.cpu_quota_per_sec, 1500000);
    assert_int_equal(result.config->limits.tasks_max, 20);
    assert_int_equal(result.config->limits.cpu_weight, 200);
    assert_int_equal(result.config->stop_timeout, 120 * USEC_PER_SEC);
}

static void the_default_capabilities_are_dockers(void **state)
{
    _cleanup_(result_done) struct result result = PARSE("x", "@/root");
    assert_int_equal(result.config->capabilities, 0xa80425fb);
}

static uint64_t capabilities_of(const char *const *words)
{
    _cleanup_(result_done) struct result result = parse(words);
    assert_int_equal(result.r, 0);
    return result.config->capabilities;
}

#define CAPABILITIES_OF(...) capabilities_of((const char *const[]){__VA_ARGS__, "x", "@/root", NULL})

static void capabilities_are_added_and_dropped_whatever_the_order(void **state)
{
    uint64_t two = CAPABILITY_MASK(CAP_NET_ADMIN) | CAPABILITY_MASK(CAP_CHOWN);
    assert_int_equal(CAPABILITIES_OF("--cap-drop=all", "--cap-add=net_admin", "--cap-add", "CAP_CHOWN"), two);
    assert_int_equal(CAPABILITIES_OF("--cap-add=net_admin,Cap_Chown", "--cap-drop=ALL"), two);
    assert_int_equal(CAPABILITIES_OF("--cap-drop=chown", "--cap-add=all"), ~CAPABILITY_MASK(CAP_CHOWN));
    assert_int_equal(CAPABILITIES_OF("--privileged", "--cap-drop=chown"), ~CAPABILITY_MASK(CAP_CHOWN));
    assert_int_equal(CAPABILITIES_OF("--cap-drop=chown,mknod"),
                     0xa80425fb & ~CAPABILITY_MASK(CAP_CHOWN) & ~CAPABILITY_MASK(CAP_MKNOD));
}

static void the_last_choice_of_a_namespace_counts(void **state)
{
    _cleanup_(result_done) struct result result =
        PARSE("--network=ns:1", "--network=none", "--ipc=1", "--ipc=host", "--userns=/x", "--userns=auto",
              "--pid=host", "--pid=7", "x", "@/root");
    assert_int_equal(result.r, 0);
    assert_null(result.config->joined[NAMESPACE_NETWORK]);
    assert_null(result.config->joined[NAMESPACE_IPC]);
    assert_null(result.config->joined[NAMESPACE_USER]);
    assert_string_equal(result.config->joined[NAMESPACE_PID], "/proc/7/ns/pid");
    assert_true(config_namespaces(result.config) & CLONE_NEWNET);
    assert_false(config_namespaces(result.config) & (CLONE_NEWPID | CLONE_NEWIPC));
    assert_true(config_entered_namespaces(result.config) & CLONE_NEWPID);
}

static void capabilities_that_contradict_are_refused(void **state)
{
    _cleanup_(result_done) struct result named = PARSE("--cap-add=chown", "--cap-drop=chown", "x", "@/root");
    assert_int_equal(named.r, -EINVAL);
    assert_non_null(strstr(named.failure.text, "cap_chown"));
    _cleanup_(result_done) struct result all = PARSE("--cap-drop=all", "--cap-add=all", "x", "@/root");
    assert_int_equal(all.r, -EINVAL);
    _cleanup_(result_done) struct result empty = PARSE("--cap-add=,", "x", "@/root");
    assert_int_equal(empty.r, -EINVAL);
}

static void a_capability_that_is_misspelt_gets_a_suggestion(void **state)
{
    static const char *const words[][2] = {
        {"--cap-add=cap_sys_admn", "is sys_admin meant?"},
        {"--cap-drop=NETADMIN", "is net_admin meant?"},
        {"--cap-add=xyzzyq", "see capabilities(7)"},
        {"--cap-add=cap_", "see capabilities(7)"},
        {"--cap-add=net_admin_with_a_name_that_is_far_too_long_to_be_one", "see capabilities(7)"},
    };
    FOREACH_ARRAY (word, words, ELEMENTSOF(words)) {
        _cleanup_(result_done) struct result result = PARSE((*word)[0], "x", "@/root");
        assert_int_equal(result.r, -EINVAL);
        assert_non_null(strstr(result.failure.text, (*word)[1]));
    }
}

static void a_directory_with_awkward_characters_is_taken_as_it_is(void **state)
{
    _cleanup_(result_done) struct result result = PARSE("x", "@/a:b,c d\\e");
    assert_int_equal(result.r, 0);
    assert_int_equal(strv_length(result.config->lower), 1);
    assert_non_null(endswith(result.config->lower[0], "/a:b,c d\\e"));
}

static void layers_are_joined_by_colons_and_escaped_by_backslashes(void **state)
{
    _cleanup_free_ char *root = xasprintf("%s/top:%s/a\\:b,c d\\\\e", directory, directory);
    _cleanup_(result_done) struct result result = PARSE("x", root);
    assert_int_equal(result.r, 0);
    assert_int_equal(strv_length(result.config->lower), 2);
    assert_non_null(endswith(result.config->lower[0], "/top"));
    assert_non_null(endswith(result.config->lower[1], "/a:b,c d\\e"));
}

static void binds_have_a_source_a_target_and_flags(void **state)
{
    _cleanup_(result_done) struct result result =
        PARSE("-v", "/etc:/mnt:ro,rbind", "--bind=/a:/b", "x", "@/root");
    assert_int_equal(result.r, 0);
    assert_int_equal(result.config->n_mounts, 2);
    assert_string_equal(result.config->mounts[0].target, "/mnt");
    assert_true(result.config->mounts[0].attributes & MOUNT_ATTR_RDONLY);
    assert_true(result.config->mounts[0].recursive);
    assert_false(result.config->mounts[1].attributes & MOUNT_ATTR_RDONLY);
}

static void targets_of_mounts_are_cleaned_and_parents_come_first(void **state)
{
    _cleanup_(result_done) struct result result =
        PARSE("--tmpfs=/a/./b//c/:size=1%,mode=700", "-v", "/x\\:y\\\\z:/../a/q/..", "x", "@/root");
    assert_int_equal(result.r, 0);
    assert_int_equal(result.config->n_mounts, 2);
    assert_string_equal(result.config->mounts[0].source, "/x:y\\z");
    assert_string_equal(result.config->mounts[0].target, "/a");
    assert_int_equal(result.config->mounts[1].kind, MOUNT_TMPFS);
    assert_string_equal(result.config->mounts[1].target, "/a/b/c");
    assert_string_equal(result.config->mounts[1].options[0], "size=1%");
    assert_string_equal(result.config->mounts[1].options[1], "mode=700");
}

static void the_last_of_two_opposite_words_of_a_mount_counts(void **state)
{
    _cleanup_(result_done) struct result result =
        PARSE("--mount=src=/a,ro,dst=/b,type=bind,noexec,exec,ro=false,rbind", "x", "@/root");
    assert_int_equal(result.r, 0);
    assert_int_equal(result.config->mounts[0].attributes, MOUNT_ATTR_NODEV);
    assert_true(result.config->mounts[0].recursive);
}

static void a_word_of_a_mount_that_is_unknown_gets_a_suggestion(void **state)
{
    _cleanup_(result_done) struct result result =
        PARSE("--mount=type=bind,sorce=/a,target=/b", "x", "@/root");
    assert_int_equal(result.r, -EINVAL);
    assert_non_null(strstr(result.failure.text, "is source meant?"));
}

static void an_ordinary_user_gets_a_user_namespace_and_root_does_not(void **state)
{
    _cleanup_(result_done) struct result result = PARSE("x", "@/root");
    assert_int_equal(result.config->userns, geteuid() == 0 ? USERNS_HOST : USERNS_AUTO);
}

static void a_mistake_is_told_in_one_sentence_that_names_the_word(void **state)
{
    static const struct {
        const char *words[WORDS_MAX];
        const char *complaint;
    } mistakes[] = {
        {{"--memroy=1G", "x", "@/root"}, "--memroy"},
        {{"--memory=lots", "x", "@/root"}, "--memory=lots"},
        {{"--memory"}, "needs a value"},
        {{"--boot=yes", "x", "@/root"}, "takes no value"},
        {{"-Z", "x", "@/root"}, "-Z"},
        {{"--cpus=0", "x", "@/root"}, "--cpus=0"},
        {{"--cpus=-1", "x", "@/root"}, "--cpus=-1"},
        {{"--cpus=nan", "x", "@/root"}, "--cpus=nan"},
        {{"--tasks=0", "x", "@/root"}, "--tasks=0"},
        {{"--cpu-weight=10001", "x", "@/root"}, "10000"},
        {{"--cap-add=fly", "x", "@/root"}, "--cap-add=fly"},
        {{"--userns=5:0", "x", "@/root"}, "--userns"},
        {{"--userns=4294967295:2", "x", "@/root"}, "--userns"},
        {{"--overlay=maybe", "x", "@/root"}, "ephemeral"},
        {{"--stop-signal=SIGFOO", "x", "@/root"}, "SIGFOO"},
        {{"-v", "relative:/b", "x", "@/root"}, "absolute"},
        {{"-v", "/a:/b:rw:ro", "x", "@/root"}, "SOURCE:TARGET"},
        {{"-v", "/a:/b:magic", "x", "@/root"}, "magic"},
        {{"-e", "=x", "x", "@/root"}, "NAME=VALUE"},
        {{"--upper=/x", "x", "@/root"}, "--work"},
        {{"--unit-name=x.service", "x", "@/root"}, ".scope"},
        {{"--user=www", "x", "@/root"}, "--user"},
        {{"--tty", "--detach", "x", "@/root"}, "--detach"},
        {{"--overlay=none", "x", "/:/etc"}, "one root"},
        {{"x"}, "NAME and ROOT"},
        {{"a/b", "@/root"}, "a/b"},
        {{"", "@/root"}, "container name"},
        {{"-x"}, "-x"},
        {{".hidden", "@/root"}, ".hidden"},
        {{"x", "@/missing"}, "/missing: No such file"},
        {{"x", "@/file"}, "is no directory"},
        {{"x", "@/root:@/missing"}, "missing"},
    };
    for (size_t i = 0; i < ELEMENTSOF(mistakes); i++) {
        _cleanup_(result_done) struct result result = parse(mistakes[i].words);
        assert_true(result.r < 0);
        if (!strstr(result.failure.text, mistakes[i].complaint))
            fail_msg("row %zu: \"%s\" does not say \"%s\"", i, result.failure.text, mistakes[i].complaint);
        assert_null(strchr(result.failure.text, '\n'));
    }
}

static void a_name_of_sixty_five_characters_is_too_long(void **state)
{
    char name[66];
    memset(name, 'a', 65);
    name[65] = 0;
    assert_int_equal(container_name_check(name, NULL), -EINVAL);
    name[64] = 0;
    assert_int_equal(container_name_check(name, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_and_a_root_boot_services_under_that_host_name),
        cmocka_unit_test(words_behind_the_root_belong_to_the_command),
        cmocka_unit_test(limits_are_read_in_their_units),
        cmocka_unit_test(the_default_capabilities_are_dockers),
        cmocka_unit_test(capabilities_are_added_and_dropped_whatever_the_order),
        cmocka_unit_test(the_last_choice_of_a_namespace_counts),
        cmocka_unit_test(capabilities_that_contradict_are_refused),
        cmocka_unit_test(a_capability_that_is_misspelt_gets_a_suggestion),
        cmocka_unit_test(a_directory_with_awkward_characters_is_taken_as_it_is),
        cmocka_unit_test(layers_are_joined_by_colons_and_escaped_by_backslashes),
        cmocka_unit_test(binds_have_a_source_a_target_and_flags),
        cmocka_unit_test(targets_of_mounts_are_cleaned_and_parents_come_first),
        cmocka_unit_test(the_last_of_two_opposite_words_of_a_mount_counts),
        cmocka_unit_test(a_word_of_a_mount_that_is_unknown_gets_a_suggestion),
        cmocka_unit_test(an_ordinary_user_gets_a_user_namespace_and_root_does_not),
        cmocka_unit_test(a_mistake_is_told_in_one_sentence_that_names_the_word),
        cmocka_unit_test(a_name_of_sixty_five_characters_is_too_long),
    };
    return cmocka_run_group_tests(tests, make_directories, remove_directories);
}
