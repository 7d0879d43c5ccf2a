"""What can be wrong with a page and is seen in its HTML alone."""

from __future__ import annotations

import lxml.html

LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
LOADS |= {"video": "src", "audio": "src", "object": "data", "embed": "src"}


def faults(root: lxml.html.HtmlElement) -> list[str]:
    """Everything wrong with a page's head, headings, pictures and addresses."""
    found = []

    def expect(holds: object, said: str) -> None:
        if not holds:
            found.append(said)

    expect(root.get("lang") == "en", "no language")
    expect((root.findtext(".//title") or "").strip(), "no title")
    description = root.find(".//meta[@name='description']")
    if description is None:
        found.append("no description")
    else:
        text = description.get("content", "")
        expect(20 <= len(text) <= 220, f"a description of {len(text)} characters: {text}")
    h1 = [h.text_content() for h in root.iter("h1")]
    expect(len(h1) == 1, f"{len(h1)} headings of the first rank: {h1}")
    rels = {link.get("rel") for link in root.iter("link")}
    expect(rels & {"icon", "shortcut icon"}, "no icon")
    for image in root.iter("img"):
        expect(image.get("alt") is not None, f"an image without alt: {image.get('src')}")
    for svg in root.iterfind(".//figure//svg"):
        named = svg.get("role") == "img" and (svg.get("aria-label") or "").strip()
        expect(named, f"a drawing without a name: {dict(svg.attrib)}")
    for tag, attribute in LOADS.items():
        for node in root.iter(tag):
            where = node.get(attribute, "")
            foreign = where.startswith(("http:", "https:", "//"))
            expect(not foreign, f"loaded from elsewhere: {where}")
    ids = [node.get("id") for node in root.xpath("//article//*[@id][not(ancestor::svg)]")]
    twice = sorted({i for i in ids if ids.count(i) > 1}) if len(ids) != len(set(ids)) else []
    expect(not twice, f"an address stands twice: {twice}")
    return found
