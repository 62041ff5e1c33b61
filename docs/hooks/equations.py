"""Equations as drawings that are part of the page: no script and no font is fetched.

MathML would be shorter, but most browsers have no font for it that draws braces and roots.
"""

import functools
import html
import re

import ziamath

INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
DISPLAYED = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)
SIZE = 20  # units of a drawing to the height of a letter m; sizes on the page are in em
BOX = re.compile(r'<svg [^>]*viewBox="(\S+) (\S+) (\S+) (\S+)">')

ziamath.config.svg2 = False  # paths stand where they are used, so drawings share no names


def on_page_content(content: str, **_: object) -> str:
    """Replace the LaTeX that arithmatex has marked."""
    content = DISPLAYED.sub(lambda found: displayed(found[1]), content)
    content = INLINE.sub(lambda found: drawing(found[1], True), content)
    if "arithmatex" in content:
        raise ValueError("an equation was left as LaTeX")
    return content


def displayed(latex: str) -> str:
    r"""Return displayed LaTeX; what ``\qquad`` parts stands side by side where there is room."""
    parts = (part.strip() for part in latex.split(r"\qquad"))
    drawn = "\n".join(drawing(part, False) for part in parts if part)
    return f'<div class="equation">{drawn}</div>'


@functools.cache
def drawing(latex: str, inline: bool) -> str:
    """Return the SVG of LaTeX that stands in HTML, in the colour of the text around it."""
    latex = html.unescape(latex).strip()
    svg = ziamath.Latex(latex, size=SIZE, color="currentColor", inline=inline).svg()
    left, top, width, height = (float(number) for number in BOX.match(svg).groups())
    # The baseline is at zero.
    style = f"width:{width / SIZE:.3f}em;height:{height / SIZE:.3f}em;"
    style += f"vertical-align:{-(top + height) / SIZE:.3f}em"
    label = html.escape(latex, quote=True)
    head = (
        f'<svg class="equation" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}"'
        f' style="{style}" viewBox="{left} {top} {width} {height}"><title>{label}</title>'
    )
    return head + svg[BOX.match(svg).end() :]
