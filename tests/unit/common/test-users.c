/* passwd(5) and group(5). */
#include "test.h"

#include <stdio.h>

#include "common/text.h"
#include "common/users.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "# a comment\n"
                             "short:x:7\n"
                             ":x:8:8::/:/bin/sh\n"
                             "bad:x:many:9::/:/bin/sh\n"
                             "www:x:33:34:Web, Server:/var/www:/usr/sbin/nologin\n"
                             "www:x:99:99:a second one:/:/bin/sh";
static const char group[] =
    "root:x:0:\nbad:x:-1:\nstaff:x:50:www,other\nwheel:x:10:other,www\nagain:x:50:www\n"
    "none:x:11:wwwx,ww\n";

/* The functions split what they are given. */
static int find_user(const char *text, const char *user, struct user_entry *ret)
{
    _cleanup_free_ char *copy = strdup(text);
    return passwd_find(copy, user, ret);
}

static int find_group(const char *text, const char *name, gid_t *ret)
{
    _cleanup_free_ char *copy = strdup(text);
    return group_find(copy, name, ret);
}

static void a_user_is_found_by_name_and_by_number(void **state)
{
    FOREACH_ARRAY (word, ((const char *const[]){"www", "33"}), 2) {
        _cleanup_user_entry_ struct user_entry entry = {0};
        assert_int_equal(find_user(passwd, *word, &entry), 0);
        assert_int_equal(entry.uid, 33);
        assert_int_equal(entry.gid, 34);
        assert_string_equal(entry.name, "www");
        assert_string_equal(entry.home, "/var/www");
        assert_string_equal(entry.shell, "/usr/sbin/nologin");
    }
}

static void what_is_no_entry_is_not_found(void **state)
{
    struct user_entry entry;
    static const char *const words[] = {"short", "7", "", "8", "bad", "nobody", "1234", "w", "# a comment"};

    FOREACH_ARRAY (word, words, ELEMENTSOF(words))
        assert_int_equal(find_user(passwd, *word, &entry), -ESRCH);
}

static void root_needs_no_file(void **state)
{
    _cleanup_user_entry_ struct user_entry entry = {0};

    assert_int_equal(passwd_find(NULL, "root", &entry), 0);
    assert_int_equal(entry.uid, 0);
    assert_string_equal(entry.home, "/root");
    assert_int_equal(passwd_find(NULL, "www", &entry), -ESRCH);
}

static void a_group_is_found_by_its_name(void **state)
{
    gid_t gid = 1;

    assert_int_equal(find_group(group, "wheel", &gid), 0);
    assert_int_equal(gid, 10);
    assert_int_equal(find_group(group, "bad", &gid), -ESRCH);
    assert_int_equal(find_group(group, "whee", &gid), -ESRCH);
    assert_int_equal(group_find(NULL, "wheel", &gid), -ESRCH);
    assert_int_equal(group_lookup("4711", &gid), 0);
    assert_int_equal(gid, 4711);
}

static void members_have_each_of_their_groups_once(void **state)
{
    _cleanup_free_ char *copy = strdup(group);
    _cleanup_free_ gid_t *groups = NULL;
    size_t n = 0;

    assert_int_equal(groups_add(&groups, &n, 34), 0);
    assert_int_equal(group_find_memberships(copy, "www", &groups, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(groups[0], 34);
    assert_int_equal(groups[1], 50);
    assert_int_equal(groups[2], 10);
}

static void too_many_groups_are_an_error(void **state)
{
    _cleanup_free_ gid_t *groups = NULL;
    size_t n = 0;
    gid_t gid = 0;
    int r = 0;

    while (r == 0 && gid < 65536)
        r = groups_add(&groups, &n, gid++);
    assert_int_equal(r, -E2BIG);
    assert_int_equal(groups_add(&groups, &n, 0), 0);
}

static void an_id_is_any_number_but_minus_one(void **state)
{
    uint32_t id;

    assert_int_equal(parse_id("4294967294", &id), 0);
    assert_int_equal(id, UINT32_MAX - 1);
    FOREACH_ARRAY (word, ((const char *const[]){"4294967295", "-1", "", "1x", " 1", "99999999999"}), 6)
        assert_int_equal(parse_id(*word, &id), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_found_by_name_and_by_number),
        cmocka_unit_test(what_is_no_entry_is_not_found),
        cmocka_unit_test(root_needs_no_file),
        cmocka_unit_test(a_group_is_found_by_its_name),
        cmocka_unit_test(members_have_each_of_their_groups_once),
        cmocka_unit_test(too_many_groups_are_an_error),
        cmocka_unit_test(an_id_is_any_number_but_minus_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
