"""Train the networks that pages and widgets carry, and keep them in :mod:`attncourse.trained`.

``make trained`` calls this; ``ONLY=name`` picks one network. A network is trained as its experiment
trains it, from one seed, and rounded to eight bits a number. What the rounding costs is measured on
the same held-out words and kept beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import nn

from attncourse import trained
from attncourse.experiments import (
    bitext,
    letters_to_sounds,
    translation,
    translation_scores,
    writing,
)
from attncourse.experiments.core import Experiment, Trial, provenance
from attncourse.training import History


@dataclass(frozen=True)
class Network:
    """A network that is kept.

    Parameters
    ----------
    experiment
        What it is taken from: its name, and the code that is hashed.
    trial
        Which of its trainings.
    build
        Makes it, untrained.
    learn
        Trains it in place, and gives what was looked at meanwhile: the log that is kept.
    judge
        Gives, for two networks, the second a rounded copy, what is measured on held-out data.
    symbols
        Gives what one must know to use it.
    """

    experiment: Experiment
    trial: Trial
    build: Callable[[Trial], nn.Module]
    learn: Callable[[Any, Trial], History]
    judge: Callable[[nn.Module, nn.Module], dict[str, Any]]
    symbols: Callable[[], dict[str, Any]]


def filled(model: nn.Module, arrays: Mapping[str, np.ndarray]) -> nn.Module:
    """Fill a network with a file's numbers, in the precision that it has."""
    model.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return model.eval()


def keep(network: Network, model: nn.Module, history: History) -> dict[str, Any]:
    """Round a trained network, judge both, and write the file in one step."""
    arrays = trained.rounded({name: x.numpy() for name, x in model.state_dict().items()})
    copy = filled(network.build(network.trial), trained.restored(arrays))
    name = network.experiment.name
    record = {
        **provenance(network.experiment),
        "command": f"make trained ONLY={name}",
        **vars(network.trial),
        "cpu_seconds": round(history.cpu_seconds, 3),
        "date": datetime.now(UTC).date().isoformat(),
        "log": [[step, round(score, 4)] for step, score in history.validations],
        "held out": network.judge(model, copy),
        **network.symbols(),
    }
    beside = trained.path(name).with_suffix(".part")
    beside.write_bytes(trained.pack(arrays, record))
    os.replace(beside, trained.path(name))
    return record


def judge_speakers(model: Any, copy: Any) -> dict[str, Any]:
    """Let both say the held-out words: errors a phoneme, words right, words said otherwise."""
    words = letters_to_sounds.words().test
    said = [letters_to_sounds.pronounce(each, words)[0] for each in (model, copy)]
    counted = [letters_to_sounds.tally(each) for each in said]
    errors = [letters_to_sounds.rate(each) for each in counted]
    right = [sum(n == 0 for n, _ in each.values()) / len(each) for each in counted]
    return {
        "words": len(said[0]),
        "errors": {"float32": errors[0], "int8": errors[1]},
        "words right": {"float32": right[0], "int8": right[1]},
        "said otherwise": sum(sounds != said[1][word] for word, sounds in said[0].items()),
    }


def speaker_symbols() -> dict[str, Any]:
    """Give its letters and its sounds, numbered from 3 on."""
    known = letters_to_sounds.words().phonemes.symbols
    return {"letters": "".join(letters_to_sounds.LETTERS.symbols), "sounds": known}


@torch.no_grad()
def judge_writers(model: Any, copy: Any) -> dict[str, Any]:
    """Let both read the held-out windows: the loss, and how far the logits lie from each other."""
    windows = writing.unread("test")
    said = [each(windows[:, :-1]) for each in (model, copy)]
    apart = (said[0] - said[1]).abs()
    first = [each.argmax(-1) for each in said]
    losses = [writing.judge(each, windows) for each in (model, copy)]
    return {
        "windows": len(windows),
        "loss": {"float32": losses[0], "int8": losses[1]},
        "logits apart": {"mean": apart.mean().item(), "most": apart.max().item()},
        "another first choice": (first[0] != first[1]).float().mean().item(),
    }


def judge_translators(model: Any, copy: Any) -> dict[str, Any]:
    """Let both translate: BLEU and chrF on new components and on siblings, and what differs."""
    known = bitext.strings("es")
    found: dict[str, Any] = {}
    for part, pairs in {"new": known.new, "siblings": known.siblings}.items():
        said = [translation.translate(each, "es", [a for a, _ in pairs]) for each in (model, copy)]
        judged = [translation_scores.judge("es", each, pairs) for each in said]
        scores = [{name: each[name] for name in ("BLEU", "chrF")} for each in judged]
        found[part] = {
            "strings": len(pairs),
            **{"float32": scores[0], "int8": scores[1]},
            "said otherwise": sum(a.words != b.words for a, b in zip(*said, strict=True)),
        }
    return found


def translator_symbols() -> dict[str, Any]:
    """Give its two lists of words, numbered from 3 on."""
    known = bitext.strings("es")
    return {"english": known.english.symbols, "spanish": known.foreign.symbols}


NETWORKS = (
    Network(
        letters_to_sounds.EXPERIMENT,
        Trial("attention", 6000, 0),
        build=lambda trial: letters_to_sounds.build(trial.condition, trial.seed),
        learn=lambda model, trial: letters_to_sounds.learn(
            model, trial.n_steps, trial.seed, str(trial)
        ),
        judge=judge_speakers,
        symbols=speaker_symbols,
    ),
    Network(
        writing.EXPERIMENT,
        Trial("attention", 3000, 0),
        build=lambda trial: writing.build(trial.seed),
        learn=lambda model, trial: writing.learn(model, trial.n_steps, trial.seed, str(trial)),
        judge=judge_writers,
        symbols=lambda: {"alphabet": writing.text().alphabet, "window": writing.WINDOW},
    ),
    Network(
        translation.EXPERIMENT,
        Trial("Spanish, attention", 1500, 0),
        build=lambda trial: translation.build("es", "attention", trial.seed),
        learn=lambda model, trial: translation.learn(
            model, "es", trial.n_steps, trial.seed, str(trial), every=250
        ),
        judge=judge_translators,
        symbols=translator_symbols,
    ),
)


def main(only: Annotated[str, typer.Option(help="one network; all, if left out")] = "") -> None:
    """Train and keep; what is there is replaced once the new one is complete."""
    known = {network.experiment.name: network for network in NETWORKS}
    if only and only not in known:
        raise SystemExit(f"no network is called {only!r}; known: {', '.join(known)}.")
    torch.set_num_threads(1)
    for name in [only] if only else known:
        network = known[name]
        model = network.build(network.trial)
        history = network.learn(model, network.trial)
        record = keep(network, model.eval(), history)
        print(f"{name}: {trained.path(name).stat().st_size:,} bytes; {record['held out']}")


if __name__ == "__main__":
    typer.run(main)
