/* Layers survive the file they are kept in, whatever their names. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "launcher/layers.h"

#include <cmocka.h> /* last: its fail() would shadow ours */

static char directory[] = "/tmp/berth-layers-XXXXXX";

static int enter(void **state)
{
    return mkdtemp(directory) ? 0 : -1;
}

static int leave(void **state)
{
    return remove_tree_at(AT_FDCWD, directory);
}

static void odd_names_come_back(void **unused)
{
    char *const layers[] = {
        (char *)"/plain",     (char *)"/with:colon", (char *)"/back\\slash", (char *)"/end\\",
        (char *)"/new\nline", (char *)"/\\:both",    (char *)"/bad\xff",     NULL};
    _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int user = 0; user < 2; user++) {
        _cleanup_strv_ char **found = NULL;
        bool user_attributes = !user;
        assert_int_equal(layers_write(fd, layers, user), 0);
        assert_int_equal(layers_read(fd, &found, &user_attributes, NULL), 0);
        assert_true(strv_equal(found, layers));
        assert_int_equal(user_attributes, user);
    }
}

static void words_are_split_at_colons(void **unused)
{
    _cleanup_strv_ char **found = NULL;
    char *const wanted[] = {(char *)"a", (char *)"", (char *)"b:c", (char *)"d\\x", (char *)"", NULL};
    assert_int_equal(layers_split("a::b\\:c:d\\x:", &found), 0);
    assert_true(strv_equal(found, wanted));
}

static void nonsense_is_told(void **unused)
{
    _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_strv_ char **found = NULL;
    struct failure failure = {}, missing = {};
    bool user_attributes;
    assert_int_equal(replace_file_at(fd, "layers", "nonsense", 0600), 0);
    assert_int_equal(layers_read(fd, &found, &user_attributes, &failure), -EBADMSG);
    assert_int_equal(unlinkat(fd, "layers", 0), 0);
    assert_int_equal(layers_read(fd, &found, &user_attributes, &missing), -ENODATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_names_come_back),
        cmocka_unit_test(words_are_split_at_colons),
        cmocka_unit_test(nonsense_is_told),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
