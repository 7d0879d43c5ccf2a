"""Digits told by attention, by convolutions or by neither, over training time.

Networks of equal size read handwritten digits: a vision transformer, a small convolutional network
(CNN), two dense layers, and attention over what convolutions have seen. They are judged on images
as they are, occluded and blurred; on images whose patches or pixels were shuffled, always the same
way; on fewer images, on moved copies, on larger ones. What rollout ranks first is hidden first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import attncourse.pytorch as att
from attncourse import data
from attncourse.analysis import attention_rollout
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.image_changes import (
    DAMAGES,
    GRID,
    agreement,
    hide,
    move,
    ranks,
    shuffle,
)
from attncourse.training import count_parameters, match_size, train
from attncourse.training import seed as set_seed

N_CLASSES = 10
D_MODEL, N_HEADS, N_LAYERS = 48, 4, 2
BATCH, RATE = 32, 2e-3
HIDDEN = (1, 2, 4, 6, 8, 12)  # patches hidden, of the 16


class Setting(NamedTuple):
    """What the trainings differ in."""

    kind: str = "vit"
    images: str = "mnist"
    shuffled: str = ""  # "patches" or "pixels"
    n_images: int | None = None  # learned from; all, if None
    moved: bool = False  # each image is moved a little, each time anew
    grid: int = GRID


SETTINGS = {
    "vit": Setting(),
    "cnn": Setting("cnn"),
    "dense": Setting("dense"),
    "vit, patches shuffled": Setting(shuffled="patches"),
    "cnn, patches shuffled": Setting("cnn", shuffled="patches"),
    "dense, patches shuffled": Setting("dense", shuffled="patches"),
    "vit, pixels shuffled": Setting(shuffled="pixels"),
    "cnn, pixels shuffled": Setting("cnn", shuffled="pixels"),
    "dense, pixels shuffled": Setting("dense", shuffled="pixels"),
    "vit, 500 images": Setting(n_images=500),
    "cnn, 500 images": Setting("cnn", n_images=500),
    "vit, moved copies": Setting(moved=True),
    "hybrid": Setting("hybrid"),
    "vit, larger images": Setting(images="mnist, larger", grid=6),
    "vit, digits": Setting(images="digits"),
    "cnn, digits": Setting("cnn", images="digits"),
    "vit, digits mixed": Setting(images="digits mixed"),
}


@cache
def images_of(name: str, part: data.Part) -> tuple[Tensor, Tensor]:
    """Give images (n, 1, side, side) from 0 to 1, and their labels.

    Of scikit-learn's 1,797 digits, which come writer by writer, the first 1,300 are learned from
    and the last 360 are held out; the 137 between, about as many as a writer wrote on average, are
    left out. Mixed, the same numbers are drawn at random: then every writer is in both parts.
    """
    if name.startswith("mnist"):
        pixels, labels = data.mnist_sample(part)
        images = torch.tensor(pixels, dtype=torch.float32)[:, None] / 255
        if name == "mnist, larger":
            images = F.interpolate(images, size=(42, 42), mode="bilinear")
        return images, torch.tensor(labels)
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    order = np.arange(len(labels))
    if name == "digits mixed":
        order = np.random.default_rng(0).permutation(order)
    chosen = {"train": order[:1300], "valid": order[1300:1437], "test": order[1437:]}[part]
    images = torch.tensor(pixels[chosen], dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    return images, torch.tensor(labels[chosen])


def read(condition: str, part: data.Part) -> tuple[Tensor, Tensor]:
    """Give what a condition learns from, or is judged on."""
    setting = SETTINGS[condition]
    images, labels = images_of(setting.images, part)
    if setting.shuffled:
        images = shuffle(images, setting.shuffled)
    if part == "train" and setting.n_images is not None:
        each = setting.n_images // N_CLASSES
        chosen = torch.cat([(labels == c).nonzero()[:each, 0] for c in range(N_CLASSES)])
        images, labels = images[chosen], labels[chosen]
    return images, labels


def vit(side: int, grid: int = GRID, channels: int = 1, **options: Any) -> att.VisionTransformer:
    """Make a vision transformer that cuts an image into grid × grid patches."""
    return att.VisionTransformer(
        (channels, side, side),
        side // grid,
        N_CLASSES,
        D_MODEL,
        N_HEADS,
        N_LAYERS,
        mlp=partial(att.MLP, function=att.relu_mlp),
        attend=att.fused_attention,
        **options,
    )


def convolutions(pooled_twice: bool = True) -> list[nn.Module]:
    """Two layers of 3 × 3 filters: 8, then 16; the largest of every 2 × 2 goes on."""
    first = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(8, 16, 3, padding=1), nn.ReLU()]
    return [*first, *second, *([nn.MaxPool2d(2)] if pooled_twice else [])]


def cnn(side: int, width: int) -> nn.Sequential:
    """Convolutions, then two dense layers."""
    dense = nn.Linear(16 * (side // 4) ** 2, width), nn.ReLU(), nn.Linear(width, N_CLASSES)
    return nn.Sequential(*convolutions(), nn.Flatten(), *dense)


def dense(side: int, width: int) -> nn.Sequential:
    """Two dense layers: every pixel has weights of its own, and no neighbours."""
    layers = nn.Linear(side * side, width), nn.ReLU(), nn.Linear(width, N_CLASSES)
    return nn.Sequential(nn.Flatten(), *layers)


def hybrid(side: int, d_hidden: int) -> nn.Sequential:
    """Attention over patches of what convolutions have seen."""
    padded = -(-side // 2 // GRID) * GRID  # half the side, so enlarged that patches fit
    border = padded - side // 2
    pad = nn.ZeroPad2d((border // 2, border - border // 2) * 2)
    return nn.Sequential(
        *convolutions(pooled_twice=False), pad, vit(padded, channels=16, d_hidden=d_hidden)
    )


def build(condition: str, seed: int = 0) -> nn.Module:
    """Make one of the networks; none is smaller than the vision transformer."""
    setting = SETTINGS[condition]
    side = images_of(setting.images, "test")[0].shape[-1]
    made: dict[str, Callable[[int], nn.Module]] = {
        "cnn": partial(cnn, side),
        "dense": partial(dense, side),
        "hybrid": partial(hybrid, side),
    }
    if setting.kind == "vit":
        set_seed(seed)
        return vit(side, setting.grid)
    size = count_parameters(vit(side, setting.grid))
    width = match_size(made[setting.kind], size)
    set_seed(seed)
    return made[setting.kind](width)


def batches(condition: str, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Give batches without end: every image once, then all again in another order."""
    images, labels = read(condition, "train")
    draw = torch.Generator().manual_seed(seed)
    while True:
        for chosen in torch.randperm(len(labels), generator=draw).split(BATCH):
            some = images[chosen]
            yield move(some, draw) if SETTINGS[condition].moved else some, labels[chosen]


def learn(model: nn.Module, condition: str, n_steps: int, seed: int = 0, label: str = "") -> Any:
    """Train; networks of one seed see the same images in the same order."""

    def loss(images: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(model(images), labels)

    supply = batches(condition, seed)
    return train(model, loss, supply, n_steps=n_steps, learning_rate=RATE, label=label or condition)


@torch.no_grad()
def scores(model: nn.Module, images: Tensor) -> Tensor:
    """Give one score for each class, many images at a time."""
    return torch.cat([model(some) for some in images.split(250)])


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Give the share of images that get their label."""
    return (scores(model, images).argmax(-1) == labels).float().mean().item()


def rollout(model: att.VisionTransformer, images: Tensor) -> np.ndarray:
    """Give, for each image, how much of each patch is in the class token, by rollout."""
    with torch.no_grad():
        _, weights = model(images, attend=att.scaled_dot_product_attention, return_weights=True)
    layers = np.stack([layer.self_attention.double().numpy() for layer in weights])
    return attention_rollout(layers)[-1, :, 0, 1:]


def rankings(model: att.VisionTransformer, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Say in which order to hide an image's patches: high numbers first, (n, n_patches).

    ``effect`` is what hiding that patch alone takes from the log probability of the label.
    """
    cut = att.patches(images, images.shape[-1] // GRID)
    n_patches = cut.shape[-2]

    def sure(shown: Tensor) -> Tensor:
        return scores(model, shown).log_softmax(-1).gather(-1, labels[:, None])[:, 0]

    alone = torch.eye(n_patches, dtype=torch.bool)
    lost = [sure(images) - sure(hide(images, one.expand(len(images), -1))) for one in alone]
    untrained: Any = build("vit", seed=100)
    return {
        "rollout": torch.tensor(rollout(model, images)),
        "ink": cut.sum(-1),
        "chance": torch.rand(cut.shape[:2], generator=torch.Generator().manual_seed(0)),
        "rollout, untrained": torch.tensor(rollout(untrained, images)),
        "effect": torch.stack(lost, -1),
    }


def hidden_first(model: nn.Module, images: Tensor, labels: Tensor, values: Tensor) -> list[float]:
    """Give the accuracy after hiding the highest patch of each image, the two highest ..."""
    place = ranks(values)
    return [round(accuracy(model, hide(images, place < n), labels), 4) for n in HIDDEN]


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and judge it on held-out images."""
    model = build(trial.condition, trial.seed)
    learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    images, labels = read(trial.condition, "test")
    found: dict[str, Any] = {"accuracy": round(accuracy(model, images, labels), 4)}
    longest = trial.n_steps == max(EXPERIMENT.budgets[trial.condition])
    if longest and SETTINGS[trial.condition]._replace(kind="") == Setting(""):
        found["learned"] = round(accuracy(model, *read(trial.condition, "train")), 4)
        found["damaged"] = {
            name: [round(accuracy(model, damage(images), labels), 4) for damage in levels]
            for name, levels in DAMAGES.items()
        }
    if longest and trial.condition == "vit" and isinstance(model, att.VisionTransformer):
        orders = rankings(model, images, labels)
        found["hidden"] = {n: hidden_first(model, images, labels, v) for n, v in orders.items()}
        found["agreement with ink"] = {
            name: round(agreement(values, orders["ink"]), 3) for name, values in orders.items()
        }
    return found


SHORT, LONG = 400, 1500
EXPERIMENT = Experiment(
    __file__,
    budgets={
        "vit": (150, SHORT, LONG, 4000),
        "cnn": (150, SHORT, LONG, 4000),
        "dense": (150, SHORT, LONG, 4000),
        **{c: (SHORT,) for c in SETTINGS if "shuffled" in c},
        **dict.fromkeys(
            ("vit, pixels shuffled", "vit, digits", "vit, digits mixed"), (SHORT, LONG)
        ),
        **dict.fromkeys(("vit, 500 images", "vit, larger images"), (SHORT,)),
        "hybrid": (SHORT, LONG, 4000),
        "vit, moved copies": (LONG, 2 * LONG, 4000),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
