"""The page itself: sections of text, tables and pictures, and their way into HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Literal

from bonemetrics.outcomes.report.tables import ReportTable

if TYPE_CHECKING:
    from markupsafe import Markup

_TEMPLATE = "report.html.j2"
_LONGEST_WORD = 22
_FIRST_TAG = re.compile(r"<svg\b[^>]*>")
_BEFORE_AND_METADATA = re.compile(r"^.*?(?=<svg\b)|<metadata>.*?</metadata>|<style\b.*?</style>", re.DOTALL)
# Within a tag only: text of a label that happens to look like an attribute stays as it is.
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_ID = re.compile(r'\bid="([^"]*)"')
_LINK = re.compile(r'\b(?:xlink:)?href="#([^"]*)"')
_URL = re.compile(r"url\(#([^)]*)\)")
_NAMESPACE = re.compile(r'\sxmlns(?::\w+)?="[^"]*"')


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a `caution` is set apart, an `absent` one says what is not there."""

    text: str
    style: Literal["plain", "caution", "absent", "small", "label"] = "plain"
    kind: Literal["text"] = field(default="text", init=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines with a bullet each."""

    items: tuple[str, ...]
    small: bool = False
    kind: Literal["listing"] = field(default="listing", init=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """Pairs of a name and what is to be said of it."""

    pairs: tuple[tuple[str, str], ...]
    kind: Literal["facts"] = field(default="facts", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure: the name of its files, its SVG and PNG, its title and the words that stand for it.

    `half` takes half the width, so that two stand beside each other.
    """

    name: str
    svg: str = field(repr=False)
    png: bytes = field(repr=False)
    title: str
    description: str
    caption: str = ""
    half: bool = False
    kind: Literal["picture"] = field(default="picture", init=False)

    @property
    def inline(self) -> Markup:
        """Its SVG for the page."""
        from markupsafe import Markup

        # The SVG is made by matplotlib, which escapes every text in it; title and description are escaped here.
        inline = inline_svg(self.svg, prefix=self.name, title=self.title, description=self.description)
        return Markup(inline)  # noqa: S704


Block = Text | Listing | Facts | ReportTable | Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page with an anchor. `new_page` is for paper; `parts` are its own sections."""

    anchor: str
    title: str
    subtitle: str = ""
    blocks: tuple[Block, ...] = ()
    parts: tuple[Section, ...] = ()
    new_page: bool = False
    boxed: bool = False

    @property
    def pictures(self) -> Iterator[Picture]:
        """All of its pictures, those of its parts included."""
        yield from (block for block in self.blocks if isinstance(block, Picture))
        for part in self.parts:
            yield from part.pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole report."""

    study: str
    title: str
    head: Facts
    sections: tuple[Section, ...]
    footer: Facts

    def html(self) -> str:
        """The page as one text of HTML that names nothing outside itself.

        Returns
        -------
        str
            HTML 5; every text of the study is escaped.
        """
        from jinja2 import Environment, PackageLoader, StrictUndefined

        environment = Environment(
            loader=PackageLoader("bonemetrics.outcomes.report"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.tests["unbreakable"] = _is_unbreakable
        return environment.get_template(_TEMPLATE).render(page=self) + "\n"


def anchor(*words: str) -> str:
    """A name for links and files, made of letters, digits and hyphens."""
    text = "-".join(words)
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return plain or "x" + "-".join(f"{ord(letter):x}" for letter in text)


_ENLARGED = 1.45
"""How much larger than in print a figure may be on a screen, so that it fills the text column of a wide one."""


def inline_svg(svg: str, *, prefix: str, title: str, description: str) -> str:
    """Make an SVG fit to stand in a page beside others.

    Parameters
    ----------
    svg
        A whole SVG document.
    prefix
        Put before each of its ids, so that no two figures of a page share one.
    title
        Name for those who do not see it, and what a pointer shows.
    description
        What the picture shows, in words.

    Returns
    -------
    str
        An element `svg` that takes the width it is given. Declarations, metadata and style sheets are left out:
        the latter would act on the whole page.
    """
    body = _BEFORE_AND_METADATA.sub("", svg).strip()
    body = _TAG.sub(lambda tag: _own_ids(tag.group(), prefix), body)
    box = re.search(r'viewBox="([^"]*)"', body)
    width = float(box.group(1).split()[2]) if box else 0.0
    names = f"{prefix}-title {prefix}-desc"
    limits = f' viewBox="{box.group(1)}" style="max-width:{_ENLARGED * width:.0f}pt"' if box else ""
    # Where paper limits its height, it stays at the left, below the heading.
    head = f'<svg preserveAspectRatio="xMinYMin" role="img" aria-labelledby="{names}"{limits}>'
    said = f'<title id="{prefix}-title">{escape(title)}</title><desc id="{prefix}-desc">{escape(description)}</desc>'
    return _FIRST_TAG.sub(lambda _: head + said, body, count=1)


def _own_ids(tag: str, prefix: str) -> str:
    tag = _NAMESPACE.sub("", tag)
    tag = _ID.sub(lambda found: f'id="{prefix}-{found.group(1)}"', tag)
    tag = _LINK.sub(lambda found: f'href="#{prefix}-{found.group(1)}"', tag)
    return _URL.sub(lambda found: f"url(#{prefix}-{found.group(1)})", tag)


def _is_unbreakable(text: str) -> bool:
    """Whether a word of the text is so long that it must be broken for its column to fit a sheet of paper."""
    return any(len(word) > _LONGEST_WORD for word in text.split())


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Names in their order, a number added to one that was there before."""
    found: dict[str, None] = {}
    for name in names:
        free = (f"{name}-{number}" if number > 1 else name for number in count(1))
        found[next(one for one in free if one not in found)] = None
    return tuple(found)
