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
    "ainslie2023": Source("Ainslie et al., 2023", "https://arxiv.org/abs/2305.13245"),
    "arnab2021": Source("Arnab et al., 2021", "https://arxiv.org/abs/2103.15691"),
    "bahdanau2015": Source("Bahdanau et al., 2015", "https://arxiv.org/abs/1409.0473"),
    "belinkov2018": Source("Belinkov and Bisk, 2018", "https://arxiv.org/abs/1711.02173"),
    "bertasius2021": Source("Bertasius et al., 2021", "https://arxiv.org/abs/2102.05095"),
    "cho2014gru": Source("Cho et al., 2014", "https://arxiv.org/abs/1406.1078"),
    "chan2016": Source("Chan et al., 2016", "https://arxiv.org/abs/1508.01211"),
    "chorowski2015": Source("Chorowski et al., 2015", "https://arxiv.org/abs/1506.07503"),
    "dao2022": Source("Dao et al., 2022", "https://arxiv.org/abs/2205.14135"),
    "deepseek2024v2": Source("DeepSeek-AI, 2024", "https://arxiv.org/abs/2405.04434"),
    "devlin2019": Source("Devlin et al., 2019", "https://arxiv.org/abs/1810.04805"),
    "dosovitskiy2021": Source("Dosovitskiy et al., 2021", "https://arxiv.org/abs/2010.11929"),
    "gehring2017": Source("Gehring et al., 2017", "https://arxiv.org/abs/1705.03122"),
    "jelassi2024": Source("Jelassi et al., 2024", "https://arxiv.org/abs/2402.01032"),
    "kaplan2020": Source("Kaplan et al., 2020", "https://arxiv.org/abs/2001.08361"),
    "hori2017": Source("Hori et al., 2017", "https://arxiv.org/abs/1706.02737"),
    "kobayashi2020": Source("Kobayashi et al., 2020", "https://arxiv.org/abs/2004.10102"),
    "jean2015": Source("Jean et al., 2015", "https://arxiv.org/abs/1412.2007"),
    "koehn2017": Source("Koehn and Knowles, 2017", "https://arxiv.org/abs/1706.03872"),
    "kwon2023": Source("Kwon et al., 2023", "https://arxiv.org/abs/2309.06180"),
    "liu2020": Source("Liu et al., 2020", "https://arxiv.org/abs/2001.08210"),
    "luong2015rare": Source("Luong et al., 2015", "https://arxiv.org/abs/1410.8206"),
    "naseer2021": Source("Naseer et al., 2021", "https://arxiv.org/abs/2105.10497"),
    "oktay2018": Source("Oktay et al., 2018", "https://arxiv.org/abs/1804.03999"),
    "openai2025": Source("OpenAI, 2025", "https://arxiv.org/abs/2508.10925"),
    "qiu2020nndl": Source("Qiu, 2020", "https://nndl.github.io"),
    "radford2022": Source("Radford et al., 2022", "https://arxiv.org/abs/2212.04356"),
    "raffel2020": Source("Raffel et al., 2020", "https://arxiv.org/abs/1910.10683"),
    "see2017": Source("See et al., 2017", "https://arxiv.org/abs/1704.04368"),
    "shazeer2019": Source("Shazeer, 2019", "https://arxiv.org/abs/1911.02150"),
    "socher2011": Source(
        "Socher et al., 2011", "https://nlp.stanford.edu/pubs/SocherLinNgManning_ICML2011.pdf"
    ),
    "su2021": Source("Su et al., 2021", "https://arxiv.org/abs/2104.09864"),
    "sutskever2014": Source("Sutskever et al., 2014", "https://arxiv.org/abs/1409.3215"),
    "tolstikhin2021": Source("Tolstikhin et al., 2021", "https://arxiv.org/abs/2105.01601"),
    "vaswani2017": Source("Vaswani et al., 2017", "https://arxiv.org/abs/1706.03762"),
    "wang2020": Source("Wang et al., 2020", "https://arxiv.org/abs/2006.04768"),
    "xiao2021": Source("Xiao et al., 2021", "https://arxiv.org/abs/2106.14881"),
    "xiong2021": Source("Xiong et al., 2021", "https://arxiv.org/abs/2102.03902"),
    "xu2015": Source("Xu et al., 2015", "https://arxiv.org/abs/1502.03044"),
    "yang2016": Source("Yang et al., 2016", "https://aclanthology.org/N16-1174"),
    "yuan2025": Source("Yuan et al., 2025", "https://arxiv.org/abs/2502.11089"),
    "zhu2020": Source("Zhu et al., 2020", "https://arxiv.org/abs/2002.06823"),
}
