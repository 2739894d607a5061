"""Drawing in SVG: scales, marks and text in one style that reads well on light and on dark.

It knows nothing of what is drawn; charts.py does.
"""
import math
from html import escape

# Each series has a colour and a shape, so that it is told apart without colours, too.
COLOURS = ("#e8590c", "#2f9e44", "#1c7ed6", "#9c36b5", "#868e96", "#c2255c", "#0c8599", "#a37200")
SHAPES = ("circle", "square", "diamond", "triangle", "bar", "cross")
MOST_TICKS = 12
STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 15px; font-weight: 600; }
.paper { fill: #ffffff; }
.grid { stroke: #d0d7de; }
.faint { fill: #57606a; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .paper { fill: #0d1117; }
  .grid { stroke: #30363d; }
  .faint { fill: #8b949e; }
}"""


class LogScale:
    """From values above 0 to places between two ends, equal ratios being equal distances."""

    def __init__(self, values, start, end):
        self.low, self.high = min(values) / 1.15, max(values) * 1.15
        self.start, self.end = start, end

    def __call__(self, value):
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self):
        """1, 2 and 5 times the powers of ten; the powers alone where that would be a crowd."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)

        def within(*steps):
            return [step * 10.0 ** power for power in powers for step in steps
                    if self.low <= step * 10.0 ** power <= self.high]
        return fine if len(fine := within(1, 2, 5)) <= MOST_TICKS else within(1)


class LinearScale:
    """From values of 0 and above to places between two ends."""

    def __init__(self, values, start, end):
        most = max(values) or 1
        self.step = self._step(most)
        self.high = math.ceil(most / self.step + 0.05) * self.step
        self.start, self.end = start, end

    @staticmethod
    def _step(most):
        """The 1, 2 or 5 times a power of ten that cuts the axis into about five."""
        power = 10.0 ** math.floor(math.log10(most / 5))
        return next(step * power for step in (1, 2, 5, 10) if step * power * 5 >= most)

    def __call__(self, value):
        return self.start + value / self.high * (self.end - self.start)

    def ticks(self):
        return [self.step * i for i in range(round(self.high / self.step) + 1)]


def short(value):
    """A number as an axis shows it: 0.5, 20, 1,000."""
    return f"{value:,.0f}" if value >= 1 and value == round(value) else f"{value:g}"


def colour(index):
    return COLOURS[index % len(COLOURS)]


def text(x, y, words, anchor="start", kind=""):
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(words)}</text>'


def line(x1, y1, x2, y2, kind="grid"):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def path(points, index):
    """A line through points in the colour of a series."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour(index)}" stroke-width="2"/>'


def mark(x, y, index, title="", hollow=False):
    """The mark of a series; hollow is for the same series under other conditions."""
    shape = SHAPES[index % len(SHAPES)]
    paint = (f'fill="none" stroke="{colour(index)}" stroke-width="1.6"' if hollow
             else f'fill="{colour(index)}"')
    told = f"<title>{escape(title)}</title>" if title else ""
    outlines = {
        "square": f"M{x - 4.5:.1f} {y - 4.5:.1f}h9v9h-9z",
        "diamond": f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z",
        "triangle": f"M{x:.1f} {y - 6:.1f}l6 10h-12z",
        "bar": f"M{x - 1.5:.1f} {y - 8:.1f}h3v16h-3z",
        "cross": f"M{x - 1.5:.1f} {y - 6:.1f}h3v4.5h4.5v3h-4.5v4.5h-3v-4.5h-4.5v-3h4.5z",
    }
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" {paint}>{told}</circle>'
    return f'<path d="{outlines[shape]}" {paint}>{told}</path>'


def document(width, height, title, parts):
    """The whole picture; `title` is also what a screen reader says."""
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>',
        text(20, 28, title, kind="title"), *parts, "</svg>"]) + "\n"
