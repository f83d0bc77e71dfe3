/* The heap of deadlines: whatever is armed, moved and disarmed, the next one is on top. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "init/manager/internal.h"

#define N 200

static void deadlines_come_in_the_order_of_their_times(void **state)
{
    struct deadline_heap heap = {0};
    struct deadline deadlines[N] = {0};
    usec_t last = 0;

    assert_int_equal(deadline_heap_reserve(&heap, N), 0);
    for (size_t i = 0; i < N; i++)
        deadline_arm(&heap, &deadlines[i], (i * 7919) % 1009);
    for (size_t i = 0; i < N; i++) {
        assert_true(heap.items[0]->when >= last);
        last = heap.items[0]->when;
        deadline_disarm(&heap, heap.items[0]);
    }
    assert_int_equal(heap.n, 0);
    free(heap.items);
}

static void a_deadline_can_be_moved_and_taken_away(void **state)
{
    struct deadline_heap heap = {0};
    struct deadline early = {0}, late = {0}, never = {0};

    assert_int_equal(deadline_heap_reserve(&heap, 3), 0);
    deadline_arm(&heap, &early, 10);
    deadline_arm(&heap, &late, 20);
    deadline_arm(&heap, &never, USEC_INFINITY);
    assert_int_equal(heap.n, 2);
    deadline_arm(&heap, &late, 5);
    assert_ptr_equal(heap.items[0], &late);
    deadline_arm(&heap, &late, USEC_INFINITY);
    assert_ptr_equal(heap.items[0], &early);
    deadline_disarm(&heap, &late);
    assert_int_equal(heap.n, 1);
    free(heap.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_come_in_the_order_of_their_times),
        cmocka_unit_test(a_deadline_can_be_moved_and_taken_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
