"""Pages as a browser reads them, and forms as a browser sends them."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

from aiohttp import ClientSession

__all__ = ["Page", "Sent", "flat", "follow", "page_of", "send"]

BLOCKS = {"p", "li", "dt", "dd", "h1", "h2", "h3", "div", "section", "summary", "pre", "blockquote"}
FORM = "application/x-www-form-urlencoded"
VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """A page as a browser reads it: elements with attributes, text, and whether all that opened was closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not (tag in BLOCKS | {"ul", "ol", "form", "details"} and "p" in self.open), f"<{tag}> would end a <p>"
        self.elements.append((tag, dict(attrs)))
        self.text += " " if tag in BLOCKS else ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


async def page_of(client: ClientSession, path: str, **headers: str) -> Page:
    async with client.get(path, headers={"Accept": "text/html", **headers}) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        page = Page(await answer.text())
    assert not page.open, page.open
    return page


def flat(page: Page) -> str:
    return re.sub(r"\s+", " ", page.text)


@dataclass
class Sent:
    """What a form was answered. `cookie`: as it would be sent back."""

    status: int
    location: str
    cookie: str
    text: str

    @property
    def said(self) -> str:
        return flat(Page(self.text))


async def send(client: ClientSession, path: str, headers: dict[str, str] | None = None, /, **fields: str) -> Sent:
    """A form, as a browser sends it from our own page; a redirect is not followed."""
    own = {
        "Accept": "text/html",
        "Origin": str(client._base_url).rstrip("/"),
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": FORM,
    }
    async with client.post(
        path, data=urlencode(fields), headers={**own, **(headers or {})}, allow_redirects=False
    ) as answer:
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in answer.cookies.items())
        return Sent(answer.status, answer.headers.get("Location", ""), cookie, await answer.text())


async def follow(client: ClientSession, sent: Sent) -> str:
    """The page that a form leads to, as text."""
    assert sent.status == 303, sent.said
    return flat(await page_of(client, sent.location))
