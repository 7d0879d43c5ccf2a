"""The publications that claim checks cite, as a box shows them outside the book.

The book has the whole entry in its bibliography. A box in a notebook or a terminal has no
bibliography, so it carries the short form and the address. A test holds both to the entry.
"""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    """Author and year as the book cites them, and where to read the work."""

    text: str
    address: str


SOURCES = {
    "bahdanau2015": Source("Bahdanau et al., 2015", "https://arxiv.org/abs/1409.0473"),
    "gehring2017": Source("Gehring et al., 2017", "https://arxiv.org/abs/1705.03122"),
    "kobayashi2020": Source("Kobayashi et al., 2020", "https://arxiv.org/abs/2004.10102"),
    "qiu2020nndl": Source("Qiu, 2020", "https://nndl.github.io"),
    "socher2011": Source(
        "Socher et al., 2011", "https://nlp.stanford.edu/pubs/SocherLinNgManning_ICML2011.pdf"
    ),
    "sutskever2014": Source("Sutskever et al., 2014", "https://arxiv.org/abs/1409.3215"),
    "tolstikhin2021": Source("Tolstikhin et al., 2021", "https://arxiv.org/abs/2105.01601"),
    "vaswani2017": Source("Vaswani et al., 2017", "https://arxiv.org/abs/1706.03762"),
    "wang2020": Source("Wang et al., 2020", "https://arxiv.org/abs/2006.04768"),
    "xiong2021": Source("Xiong et al., 2021", "https://arxiv.org/abs/2102.03902"),
    "xu2015": Source("Xu et al., 2015", "https://arxiv.org/abs/1502.03044"),
}
