"""The two charts of the documents: dots on a row each, and lines over a growing number."""
from svg import LinearScale, LogScale, document, line, mark, path, short, text

WIDTH = 860
LABELS, RIGHT = 260, 30  # room for the rows' labels, and at the right
TOP, ROW, BOTTOM = 78, 26, 46
LINES_HEIGHT = 320


def legend(series, y=54):
    """The series' marks and names on one line; a name ending in "|hollow" has a hollow mark."""
    parts, x = [], 26
    for index, name in series:
        hollow = name.endswith("|hollow")
        label = name.removesuffix("|hollow")
        parts += [mark(x, y - 4, index, hollow=hollow), text(x + 11, y, label)]
        x += 36 + 6.7 * len(label)
    return parts


def dot_chart(title, axis, rows, series):
    """A row for each of `rows`, (label, {series name: value}), on one logarithmic axis.

    `series` are (index of the mark, name); values of 0 and absent ones are not drawn.
    """
    values = [value for _, dots in rows for value in dots.values() if value]
    if not values:
        return document(WIDTH, TOP, title + ": nothing was measured", [])
    height = TOP + ROW * len(rows) + BOTTOM
    scale = LogScale(values, LABELS, WIDTH - RIGHT)
    floor = height - BOTTOM
    parts = legend(series)
    for tick in scale.ticks():
        parts += [line(scale(tick), TOP - 8, scale(tick), floor),
                  text(scale(tick), floor + 16, short(tick), "middle", "faint")]
    parts.append(text((LABELS + WIDTH - RIGHT) / 2, floor + 36, axis, "middle", "faint"))
    for number, (label, dots) in enumerate(rows):
        y = TOP + ROW * (number + 0.5)
        parts += [line(LABELS, y, WIDTH - RIGHT, y), text(LABELS - 12, y + 4, label, "end")]
        for index, name in reversed(series):  # the first one lies on top
            if value := dots.get(name):
                told = f"{label}, {name.removesuffix('|hollow')}: {value:,.4g}"
                parts.append(mark(scale(value), y, index, told, name.endswith("|hollow")))
    return document(WIDTH, height, title, parts)


def line_chart(title, x_axis, y_axis, lines, series, marks=True):
    """One line for each series, {name: [(x, y)]}: x is logarithmic, y begins at 0. Without `marks`,
    for many points, lines alone and round numbers along x."""
    points = [point for name in lines for point in lines[name]]
    if not points:
        return document(WIDTH, TOP, title + ": nothing was measured", [])
    left, floor = 80, LINES_HEIGHT - BOTTOM
    across = LogScale([x for x, _ in points], left, WIDTH - RIGHT)
    up = LinearScale([y for _, y in points], floor, TOP)
    parts = [*legend(series), text(WIDTH - RIGHT, TOP - 24, y_axis, "end", "faint"),
             text((left + WIDTH - RIGHT) / 2, floor + 36, x_axis, "middle", "faint")]
    for tick in up.ticks():
        parts += [line(left, up(tick), WIDTH - RIGHT, up(tick)),
                  text(left - 8, up(tick) + 4, short(tick), "end", "faint")]
    for x in sorted({x for x, _ in points}) if marks else across.ticks():
        parts.append(text(across(x), floor + 16, short(x), "middle", "faint"))
    for index, name in reversed(series):
        places = [(across(x), up(y)) for x, y in sorted(lines.get(name, []))]
        parts.append(path(places, index))
        parts += [mark(x, y, index) for x, y in places] if marks else []
    return document(WIDTH, LINES_HEIGHT, title, parts)
