/* Unit files of a real directory: what symlinks can reach, and what verify says. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/init/unit-fixture.h"

#include "common/fd.h"
#include "init/main.h"
#include "init/platform/files.h"

#define UNITS "lib/systemd/system"

struct root {
    char path[64];
    int fd;
    struct root_files files;
};

static int setup(void **state)
{
    static struct root root;
    strcpy(root.path, "/tmp/berth-verify-XXXXXX");
    assert_non_null(mkdtemp(root.path));
    root.fd = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    root.files.root_fd = root.fd;
    assert_int_equal(make_dirs_at(root.fd, UNITS, 0755), 0);
    assert_int_equal(make_dirs_at(root.fd, "bin", 0755), 0);
    *state = &root;
    return 0;
}

static int teardown(void **state)
{
    struct root *root = *state;
    close_fd(root->fd);
    return remove_tree_at(AT_FDCWD, root->path);
}

static void put(struct root *root, const char *path, const char *text)
{
    assert_int_equal(replace_file_at(root->fd, path, text, 0755), 0);
}

/* Runs verify with its output in the reports. */
static int verify(struct root *root, char *const *units)
{
    _cleanup_free_ char *path = xasprintf("%s/output", root->path), *text = NULL;
    size_t size = 0;
    fflush(stdout);
    _cleanup_close_ int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    _cleanup_close_ int output = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

    assert_true(dup2(output, STDOUT_FILENO) >= 0);
    int status = verify_main(root->path, NULL, units);
    fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    assert_int_equal(read_file_at(AT_FDCWD, path, sizeof(reports) - 1, &text, &size), 0);
    strcpy(reports, text);
    return status;
}

static void an_absolute_link_stays_in_the_root(void **state)
{
    struct root *root = *state;
    _cleanup_free_ char *text = NULL;
    size_t size = 0;

    put(root, "inside", "inside");
    assert_int_equal(symlinkat("/../../inside", root->fd, "link"), 0);
    assert_int_equal(root_files_ops.read(&root->files, "/link", &text, &size), 0);
    assert_string_equal(text, "inside");
    assert_int_equal(symlinkat("/etc/passwd", root->fd, "passwd"), 0);
    char *none = NULL;
    assert_int_equal(root_files_ops.read(&root->files, "/passwd", &none, &size), -ENOENT);
}

static void a_pipe_blocks_nobody(void **state)
{
    struct root *root = *state;
    char *none = NULL;
    size_t size = 0;
    assert_int_equal(mkfifoat(root->fd, "pipe", 0600), 0);
    assert_int_equal(root_files_ops.read(&root->files, "/pipe", &none, &size), -EINVAL);
}

static void a_file_over_the_limit_is_too_big(void **state)
{
    struct root *root = *state;
    char *none = NULL;
    size_t size = 0;
    _cleanup_close_ int fd = openat(root->fd, "big", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, UNIT_FILE_MAX + 1), 0);
    assert_int_equal(root_files_ops.read(&root->files, "/big", &none, &size), -EFBIG);
}

static void names_come_sorted_and_links_are_told_from_files(void **state)
{
    struct root *root = *state;
    _cleanup_strv_ char **names = NULL;
    _cleanup_free_ char *target = NULL;
    char *none = NULL;

    put(root, "bin/b", "");
    put(root, "bin/a", "");
    put(root, "bin/.hidden", "");
    assert_int_equal(symlinkat("a", root->fd, "bin/c"), 0);
    assert_int_equal(root_files_ops.list(&root->files, "/bin", &names), 0);
    assert_strv(names, "[a] [b] [c]");
    assert_int_equal(root_files_ops.read_link(&root->files, "/bin/c", &target), 0);
    assert_string_equal(target, "a");
    assert_int_equal(root_files_ops.read_link(&root->files, "/bin/a", &none), -EINVAL);
    assert_int_equal(root_files_ops.read_link(&root->files, "/bin/z", &none), -ENOENT);
}

static void links_are_found_by_where_they_lead(void **state)
{
    struct root *root = *state;
    char *search_path[] = {(char *)"/" UNITS, (char *)"/none", NULL};
    struct root_files files = {.root_fd = root->fd, .search_path = search_path};
    _cleanup_strv_ char **names = NULL, **later = NULL, **none = NULL, **pairs = NULL;
    _cleanup_free_ char *target = NULL;

    put(root, UNITS "/a.service", "");
    assert_int_equal(symlinkat("a.service", root->fd, UNITS "/z.service"), 0);
    assert_int_equal(symlinkat("b.service", root->fd, UNITS "/c.service"), 0);
    assert_int_equal(symlinkat("/" UNITS "/a.service", root->fd, UNITS "/b.service"), 0);
    assert_int_equal(root_files_ops.links_to(&files, "/" UNITS, "a.service", &names), 0);
    assert_strv(names, "[b.service] [z.service]");
    assert_int_equal(root_files_ops.read_link(&files, "/" UNITS "/c.service", &target), 0);
    assert_string_equal(target, "b.service");
    assert_int_equal(root_files_ops.links_to(&files, "/none", "a.service", &none), 0);
    assert_int_equal(root_files_ops.links_to(&files, "/" UNITS, "z.service", &none), 0);
    assert_int_equal(root_files_ops.links_to(&files, "/bin", "a.service", &none), 0);
    assert_null(none);
    assert_int_equal(unlinkat(root->fd, UNITS "/z.service", 0), 0);
    root_files_forget(&files);
    assert_int_equal(root_files_ops.links_to(&files, "/" UNITS, "a.service", &later), 0);
    assert_strv(later, "[b.service]");
    assert_int_equal(root_files_ops.list_links(&files, "/" UNITS, &pairs), 0);
    assert_strv(pairs, "[a.service] [] [b.service] [/" UNITS "/a.service] [c.service] [b.service]");
    root_files_forget(&files);
}

static void folders_are_asked_for_by_name_and_suffix(void **state)
{
    struct root *root = *state;
    char *search_path[] = {(char *)"/" UNITS, (char *)"/none", NULL};
    struct root_files files = {.root_fd = root->fd, .search_path = search_path};

    put(root, UNITS "/a.service", "");
    put(root, UNITS "/file.service.d", "");
    assert_int_equal(make_dirs_at(root->fd, UNITS "/a.service.d", 0755), 0);
    assert_int_equal(make_dirs_at(root->fd, UNITS "/a-b.service.wants", 0755), 0);
    assert_int_equal(symlinkat("a.service.d", root->fd, UNITS "/b.service.d"), 0);
    assert_true(root_files_ops.may_have_folder(&files, "/" UNITS, "a.service", ".d"));
    assert_true(root_files_ops.may_have_folder(&files, "/" UNITS, "a-b.service", ".wants"));
    assert_true(root_files_ops.may_have_folder(&files, "/" UNITS, "b.service", ".d"));
    assert_false(root_files_ops.may_have_folder(&files, "/" UNITS, "a.service", ".wants"));
    assert_false(root_files_ops.may_have_folder(&files, "/" UNITS, "a", ".d"));
    assert_false(root_files_ops.may_have_folder(&files, "/" UNITS, "file.service", ".d"));
    assert_false(root_files_ops.may_have_folder(&files, "/none", "a.service", ".d"));
    assert_true(root_files_ops.may_have_folder(&files, "/bin", "a.service", ".d")); /* nobody knows */
    root_files_forget(&files);
}

static void a_link_that_is_no_other_name_is_told(void **state)
{
    struct root *root = *state;
    put(root, "bin/true", "");
    put(root, UNITS "/a.service", "[Service]\nExecStart=/bin/true\n");
    put(root, "bin/linked.service", "[Service]\nExecStart=/bin/true\n");
    assert_int_equal(symlinkat("a.service", root->fd, UNITS "/b.service"), 0);
    assert_int_equal(symlinkat("/bin/linked.service", root->fd, UNITS "/own.service"), 0);
    char *const *all = NULL;
    assert_int_equal(verify(root, all), EXIT_SUCCESS);
    assert_string_equal(reports, "");
    assert_int_equal(symlinkat("a.service", root->fd, UNITS "/b.target"), 0);
    assert_int_equal(verify(root, all), EXIT_FAILURE);
    assert_non_null(strstr(reports, "/" UNITS "/b.target: ignored: a symbolic link to a.service, for which"));
    assert_non_null(strstr(reports, "b.target: no file b.target in the unit search path"));
}

static void good_units_pass_without_a_word(void **state)
{
    struct root *root = *state;
    put(root, "bin/true", "");
    put(root, UNITS "/a.service", "[Service]\nExecStart=/bin/true\n");
    put(root, UNITS "/a@.service", "[Service]\nExecStart=/bin/true %i\n");
    assert_int_equal(verify(root, NULL), EXIT_SUCCESS);
    assert_string_equal(reports, "");
}

static void warnings_pass_and_name_their_line(void **state)
{
    struct root *root = *state;
    put(root, "bin/true", "");
    put(root, UNITS "/a.service", "[Service]\nExecStart=/bin/true\nFoo=1\nExecStop=/bin/none\n");
    assert_int_equal(verify(root, NULL), EXIT_SUCCESS);
    assert_string_equal(reports,
                        "/lib/systemd/system/a.service:3: unknown directive Foo= in [Service], ignored\n"
                        "/lib/systemd/system/a.service: ExecStop=: /bin/none: No such file or directory\n");
}

static void errors_fail_and_name_their_line(void **state)
{
    struct root *root = *state;
    put(root, UNITS "/a.service", "[Service]\nExecStart=bin/true\n");
    assert_int_equal(verify(root, NULL), EXIT_FAILURE);
    assert_non_null(strstr(reports, "/lib/systemd/system/a.service:2: ExecStart=: the program is neither"));
}

static void a_missing_requirement_fails(void **state)
{
    struct root *root = *state;
    put(root, "bin/true", "");
    put(root, UNITS "/a.service", "[Unit]\nRequires=b.service\n[Service]\nExecStart=/bin/true\n");
    char *units[] = {(char *)"a", NULL};
    assert_int_equal(verify(root, units), EXIT_FAILURE);
    assert_string_equal(reports,
                        "/lib/systemd/system/a.service: Requires=b.service: no file b.service in the "
                        "unit search path\n");
}

static void a_unit_that_is_not_there_fails(void **state)
{
    char *units[] = {(char *)"nobody", (char *)"x.socket", NULL};
    assert_int_equal(verify(*state, units), EXIT_FAILURE);
    assert_string_equal(reports, "nobody: no file nobody.service in the unit search path\n"
                                 "x.socket: not the name of a service, target or slice\n");
}

static void a_file_anywhere_in_the_root_is_checked_by_its_path(void **state)
{
    struct root *root = *state;
    put(root, "bin/true", "");
    put(root, "mine@.service", "[Service]\nExecStart=/bin/true %i\nUMask=x\n");
    char *units[] = {(char *)"/mine@.service", NULL};
    assert_int_equal(verify(root, units), EXIT_SUCCESS);
    assert_string_equal(reports,
                        "/mine@.service:3: UMask=: \"x\" is not an octal mode up to 7777, ignored\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_absolute_link_stays_in_the_root, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pipe_blocks_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_over_the_limit_is_too_big, setup, teardown),
        cmocka_unit_test_setup_teardown(names_come_sorted_and_links_are_told_from_files, setup, teardown),
        cmocka_unit_test_setup_teardown(links_are_found_by_where_they_lead, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_are_asked_for_by_name_and_suffix, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_that_is_no_other_name_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(good_units_pass_without_a_word, setup, teardown),
        cmocka_unit_test_setup_teardown(warnings_pass_and_name_their_line, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_fail_and_name_their_line, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_requirement_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(a_unit_that_is_not_there_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_anywhere_in_the_root_is_checked_by_its_path, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
