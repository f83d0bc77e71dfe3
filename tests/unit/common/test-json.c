/* JSON as scripts read it. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/json.h"

static void a_document_nests_with_commas_in_the_right_places(void **state)
{
    _cleanup_free_ char *text = NULL;
    size_t size;
    struct json json = {.out = open_memstream(&text, &size)};

    json_object_begin(&json, NULL);
    json_string(&json, "name", "web");
    json_string(&json, "none", NULL);
    json_array_begin(&json, "list");
    json_u64(&json, NULL, UINT64_MAX);
    json_i64(&json, NULL, INT64_MIN);
    json_bool(&json, NULL, true);
    json_array_begin(&json, NULL);
    json_array_end(&json);
    json_object_begin(&json, NULL);
    json_object_end(&json);
    json_array_end(&json);
    json_bool(&json, "last", false);
    json_object_end(&json);
    fclose(json.out);
    assert_string_equal(text, "{\"name\":\"web\",\"none\":null,\"list\":[18446744073709551615,"
                              "-9223372036854775808,true,[],{}],\"last\":false}\n");
}

static void any_string_becomes_valid_json(void **state)
{
    _cleanup_free_ char *text = NULL;
    size_t size;
    struct json json = {.out = open_memstream(&text, &size)};

    json_array_begin(&json, NULL);
    json_string(&json, NULL, "\"\\/\n\t\x1b\x7f");
    json_string(&json, NULL, "\xc3\xa4 \xc2\x9b \xff \xc3");
    json_array_end(&json);
    fclose(json.out);
    assert_string_equal(text, "[\"\\\"\\\\/\\n\\u0009\\u001b\\u007f\","
                              "\"\xc3\xa4 \\u009b \xef\xbf\xbd \xef\xbf\xbd\"]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_nests_with_commas_in_the_right_places),
        cmocka_unit_test(any_string_becomes_valid_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
