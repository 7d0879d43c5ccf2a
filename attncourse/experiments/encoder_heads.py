"""Run MiniLM on the sentences of the widget of heads, and keep what it did.

``python -m attncourse.experiments.encoder_heads`` takes a few seconds and writes the widget's
``runs.json``: maps in 255ths, angles in 255ths of 180 degrees, and what they rest on.
"""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

#: Twins that differ in one word; two pronouns and two persons; words that come twice; two banks.
SENTENCES = [
    "The dog avoided the lake because it was tired.",
    "The dog avoided the lake because it was deep.",
    "The queen thanked the king because he waited for her.",
    "The big dog barked and the little dog ran.",
    "We sat on the bank of the river.",
    "The bank would not lend us the money.",
]


def record() -> dict[str, Any]:
    """Run the sentences, and say what the numbers rest on."""
    import torch

    from attncourse.models import head_runs, load_minilm
    from attncourse.models.archives import MINILM
    from attncourse.widgets.encoder_heads.runs import clean

    torch.set_num_threads(1)
    runs = clean("runs", head_runs(*load_minilm(), SENTENCES))
    return {
        "provenance": {
            "command": "python -m attncourse.experiments.encoder_heads",
            "model": MINILM.name,
            "archive": MINILM.filename,
            "sha256": MINILM.sha256,
            "licence": MINILM.licence,
            "python": platform.python_version(),
            **{name: version(name).partition("+")[0] for name in ("numpy", "torch", "tokenizers")},
            "date": datetime.now(UTC).date().isoformat(),
        },
        "runs": {**runs, "stored": True},
    }


if __name__ == "__main__":
    from attncourse.widgets.encoder_heads.runs import STORED

    STORED.write_text(json.dumps(record(), ensure_ascii=False, indent=None) + "\n", "utf8")
    print(f"{STORED}: {STORED.stat().st_size / 1e3:.0f} kB")
