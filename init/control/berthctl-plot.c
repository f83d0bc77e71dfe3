/* analyze plot: the boot as a picture, a bar a unit. */
#include <inttypes.h>

#include "common/macro.h"
#include "common/text.h"
#include "init/control/berthctl-analyze.h"

#define ROW_HEIGHT  18U
#define TOP         50U
#define LEFT        20U
#define CHART_WIDTH 900U
#define NAME_WIDTH  420U /* right of a bar: room for the longest name that is usual */
#define TICKS       10U

static unsigned x_of(const struct boot_times *times, usec_t when)
{
    return LEFT + (unsigned)(times->end > 0 ? when * CHART_WIDTH / times->end : 0);
}

/* Names come from the container. */
static void put_text(const char *text, FILE *out)
{
    for (; *text; text++)
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else
            fputc((unsigned char)*text < ' ' ? '?' : *text, out);
}

static void put_rectangle(FILE *out, const char *class, unsigned x, unsigned y, unsigned width)
{
    fprintf(out, "  <rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>\n", class, x, y, width,
            ROW_HEIGHT - 4);
}

static void put_head(const struct boot_times *times, FILE *out)
{
    unsigned width = LEFT + CHART_WIDTH + NAME_WIDTH, height = TOP + (unsigned)times->n * ROW_HEIGHT + LEFT;

    fprintf(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" font-family=\"sans-serif\">\n"
        "  <style>\n"
        "    text { font-size: 11px; } .title { font-size: 14px; }\n"
        "    .starting { fill: #d9534f; } .up { fill: #9fc5e8; } line { stroke: #ccc; }\n"
        "  </style>\n"
        "  <rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
        width, height);
    fprintf(out,
            "  <text class=\"title\" x=\"%u\" y=\"18\">%zu units in %" PRIu64 ".%03" PRIu64
            " ms; red: being started, blue: up</text>\n",
            LEFT, times->n, times->end / USEC_PER_MSEC, times->end % USEC_PER_MSEC);
}

static void put_scale(const struct boot_times *times, FILE *out)
{
    unsigned bottom = TOP + (unsigned)times->n * ROW_HEIGHT;

    for (unsigned i = 0; i <= TICKS; i++) {
        usec_t when = times->end * i / TICKS;
        unsigned x = x_of(times, when);
        fprintf(out, "  <line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\"/>\n", x, TOP - 8, x, bottom);
        fprintf(out, "  <text x=\"%u\" y=\"%u\">%" PRIu64 ".%" PRIu64 "ms</text>\n", x, TOP - 12,
                when / USEC_PER_MSEC, when % USEC_PER_MSEC / 100);
    }
}

static void put_unit(const struct boot_times *times, const struct boot_unit *unit, unsigned row, FILE *out)
{
    unsigned y = TOP + row * ROW_HEIGHT, begin = x_of(times, unit->begin), ready = x_of(times, unit->ready);

    put_rectangle(out, "starting", begin, y, MAX(ready - begin, 1u));
    if (unit->up)
        put_rectangle(out, "up", ready, y, LEFT + CHART_WIDTH - ready);
    fprintf(out, "  <text x=\"%u\" y=\"%u\">", begin + 4, y + ROW_HEIGHT - 7);
    put_text(unit->name, out);
    fprintf(out, " (%" PRIu64 ".%03" PRIu64 " ms)</text>\n", (unit->ready - unit->begin) / USEC_PER_MSEC,
            (unit->ready - unit->begin) % USEC_PER_MSEC);
}

void boot_times_plot(const struct boot_times *times, FILE *out)
{
    put_head(times, out);
    put_scale(times, out);
    for (size_t i = 0; i < times->n; i++)
        put_unit(times, &times->units[i], (unsigned)i, out);
    fputs("</svg>\n", out);
}
