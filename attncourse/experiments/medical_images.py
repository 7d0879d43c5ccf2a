"""U-Nets with and without gates on slices of one averaged brain, over training time.

Two tasks. Tissues: which pixel is grey and which white matter, split with a leak and without.
Spots: of four spots alike, mark the one in white matter.
The network with gates and the one without are of equal size. The gates are changed in trained
networks, and their maps are held against where the spot is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from attncourse.experiments import brain_slices as brain
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.unet import N_GROUPS, Change, UNet
from attncourse.training import count_parameters, match_size, train
from attncourse.training import seed as set_seed

WIDTHS = (8, 16, 32)
BATCH = 4
RATE, GENTLE = 1e-2, 4e-3  # the second where nothing is normalised: it diverges sooner
RARE = 50.0  # the weight of a spot's pixels
RADII = {"small": 2.0, "large": 4.0}
NOISE = 0.3  # its deviation, where white and grey matter differ by 0.2
N_JUDGED = 96  # images with spots, planted in the judged slices


class Setting(NamedTuple):
    """What the trainings differ in."""

    task: str = "small"  # or "large", "tissues"
    gated: bool = True
    split: brain.Split = "apart"
    noisy: bool = False
    normed: bool = True


SETTINGS = {
    "gated, small": Setting(),
    "plain, small": Setting(gated=False),
    "gated, large": Setting("large"),
    "plain, large": Setting("large", gated=False),
    "gated, small, not normed": Setting(normed=False),
    "gated, tissues": Setting("tissues"),
    "plain, tissues": Setting("tissues", gated=False),
    "gated, noisy": Setting("tissues", noisy=True),
    "gated, noisy, mixed": Setting("tissues", split="mixed", noisy=True),
}


def unet(setting: Setting, groups: int = WIDTHS[-1] // N_GROUPS) -> UNet:
    """Make a U-Net for a setting; the bottom's width is what makes sizes equal."""
    n_classes = 3 if setting.task == "tissues" else 2
    widths = (*WIDTHS[:2], N_GROUPS * groups)
    return UNet(1, n_classes, widths, gated=setting.gated, normed=setting.normed)


def build(condition: str, seed: int = 0) -> UNet:
    """Make a network; without gates it is a little wider at the bottom, and not smaller."""
    setting = SETTINGS[condition]
    groups = WIDTHS[-1] // N_GROUPS
    if not setting.gated:
        size = count_parameters(unet(setting._replace(gated=True)))
        groups = match_size(lambda n: unet(setting, n), size, widest=64)
    set_seed(seed)
    return unet(setting, groups).to(memory_format=torch.channels_last)  # pyrefly: ignore


def shown(setting: Setting, chosen: Tensor, draw: torch.Generator) -> Tensor:
    """Give slices as a network that marks tissues sees them."""
    images = brain.slices().images[chosen]
    return images + NOISE * torch.randn(images.shape, generator=draw) if setting.noisy else images


def batches(condition: str, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Give batches without end; spots are planted anew in each image."""
    setting = SETTINGS[condition]
    draw = torch.Generator().manual_seed(seed)
    learned, _ = brain.parts(setting.split)
    if setting.task != "tissues":
        learned = brain.roomy(learned, RADII[setting.task])
    while True:
        chosen = learned[torch.randint(len(learned), (BATCH,), generator=draw)]
        if setting.task == "tissues":
            yield shown(setting, chosen, draw), brain.slices().tissues[chosen]
        else:
            planted = brain.plant(chosen, RADII[setting.task], draw)
            yield planted.images, planted.marked.long()


def judged(task: str) -> brain.Planted:
    """Give the images with spots that networks are judged on, always the same."""
    slices = brain.roomy(brain.parts("apart")[1], RADII[task])
    chosen = slices.repeat(-(-N_JUDGED // len(slices)))[:N_JUDGED]
    return brain.plant(chosen, RADII[task], torch.Generator().manual_seed(1000))


def overlap(found: Tensor, truth: Tensor) -> Tensor:
    """Dice: twice what two masks share, over the sum of their sizes, one number an image."""
    found, truth = found.flatten(1).double(), truth.flatten(1).double()
    return (2 * (found * truth).sum(-1) + 1e-9) / (found.sum(-1) + truth.sum(-1) + 1e-9)


def loss_of(model: UNet) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy, and one minus Dice of the probabilities, over all classes but the first."""

    def loss(images: Tensor, truth: Tensor) -> Tensor:
        logits = model(images)
        likely = logits.softmax(1)[:, 1:]
        wanted = F.one_hot(truth, logits.shape[1]).movedim(-1, 1)[:, 1:].float()
        shared, sizes = (x.sum((0, 2, 3)) for x in (likely * wanted, likely + wanted))
        weight = torch.tensor([1.0, *[RARE if logits.shape[1] == 2 else 1.0] * likely.shape[1]])
        return F.cross_entropy(logits, truth, weight) + 1 - (2 * shared / sizes).mean()

    return loss


def learn(model: UNet, condition: str, n_steps: int, seed: int = 0, label: str = "") -> Any:
    """Train; networks of one seed and one task see the same images in the same order."""
    supply = batches(condition, seed)
    loss = loss_of(model)
    rate = RATE if SETTINGS[condition].normed else GENTLE
    return train(model, loss, supply, n_steps=n_steps, learning_rate=rate, label=label or condition)


@torch.no_grad()
def logits(model: UNet, images: Tensor, change: Change | None = None) -> Tensor:
    """Give logits, some images at a time."""
    return torch.cat([model(some, change=change) for some in images.split(32)])


def dice(model: UNet, planted: brain.Planted, change: Change | None = None) -> float:
    """Give the mean Dice of the marked spot over images."""
    said = logits(model, planted.images, change).argmax(1) == 1
    return overlap(said, planted.marked).mean().item()


def pooled(said: Tensor, truth: Tensor) -> float:
    """Give the mean Dice of grey and white matter, each over all pixels of all slices."""
    each = [overlap((said == c)[None], (truth == c)[None]) for c in (brain.GREY, brain.WHITE)]
    return torch.cat(each).mean().item()


def above(values: Tensor, here: Tensor, there: Tensor) -> float:
    """Give how often a pixel here has a higher value than one there, the mean over images.

    1 if every one is higher, 0.5 if there is no difference, 0 if every one is lower.
    """
    found = []
    for value, a, b in zip(values, here, there, strict=True):
        difference = value[a][:, None] - value[b]
        found.append((difference.sign().double().mean() + 1) / 2)
    return torch.stack(found).mean().item()


@torch.no_grad()
def gate_maps(model: UNet, images: Tensor) -> list[Tensor]:
    """Give each gate's coefficients at the image's size, the finest gate first."""
    per = [model(some, return_gates=True)[1] for some in images.split(32)]
    maps = [torch.cat(level)[:, None] for level in zip(*per, strict=True)]
    return [F.interpolate(m, size=images.shape[-2:])[:, 0] for m in maps]


def saliency(model: UNet, images: Tensor) -> Tensor:
    """Give the size of the gradient at each pixel, of all that speaks for the spot."""
    found = []
    for some in images.split(32):
        some = some.clone().requires_grad_()
        scores = model(some)
        (gradient,) = torch.autograd.grad((scores[:, 1] - scores[:, 0]).sum(), some)
        found.append(gradient[:, 0].abs())
    return torch.cat(found)


def opened(level: int, alpha: Tensor) -> Tensor:
    """Let everything pass."""
    return torch.ones_like(alpha)


def levelled(level: int, alpha: Tensor) -> Tensor:
    """Let as much pass as before on average, everywhere."""
    return alpha.mean((1, 2), keepdim=True).expand_as(alpha)


def moved(level: int, alpha: Tensor) -> Tensor:
    """Move the gate by a third of the image."""
    return alpha.roll((alpha.shape[1] // 3, alpha.shape[2] // 3), (1, 2))


def swapped(level: int, alpha: Tensor) -> Tensor:
    """Use the gate of the image before."""
    return alpha.roll(1, 0)


def shuffled(level: int, alpha: Tensor) -> Tensor:
    """Lay the same coefficients at places drawn by chance, the same for all images."""
    order = torch.randperm(alpha[0].numel(), generator=torch.Generator().manual_seed(0))
    return alpha.flatten(1)[:, order].view_as(alpha)


CHANGES: dict[str, Change] = {
    "opened": opened,
    "levelled": levelled,
    "moved": moved,
    "swapped": swapped,
    "shuffled": shuffled,
}


def maps_judged(maps: dict[str, Tensor], planted: brain.Planted) -> dict[str, list[float]]:
    """Hold maps against the truth: the spot against the other spots, and against the rest."""
    spots = planted.marked | planted.distractors
    rest = (planted.images[:, 0] > 0.05) & ~spots
    return {
        name: [round(above(m, planted.marked, other), 4) for other in (planted.distractors, rest)]
        for name, m in maps.items()
    }


def looked_into(model: UNet, planted: brain.Planted, trial: Trial) -> dict[str, Any]:
    """Change a trained network's gates, and hold its maps against the truth."""
    fine, coarse = gate_maps(model, planted.images)
    raw, raw_coarse = gate_maps(build(trial.condition, 100 + trial.seed), planted.images)
    maps = {"fine": fine, "coarse": coarse, "fine, untrained": raw, "coarse, untrained": raw_coarse}
    maps |= {"saliency": saliency(model, planted.images), "brightness": planted.images[:, 0]}
    return {
        "changed": {n: round(dice(model, planted, c), 4) for n, c in CHANGES.items()},
        "maps": maps_judged(maps, planted),
        "open": [round(m.mean().item(), 3) for m in (fine, coarse)],
    }


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and judge it on slices that were held out."""
    setting = SETTINGS[trial.condition]
    model = build(trial.condition, trial.seed)
    learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    if setting.task == "tissues":
        chosen = brain.parts(setting.split)[1]
        images = shown(setting, chosen, torch.Generator().manual_seed(1000))
        said = logits(model, images).argmax(1)
        return {"dice": round(pooled(said, brain.slices().tissues[chosen]), 4)}
    planted = judged(setting.task)
    found: dict[str, Any] = {"dice": round(dice(model, planted), 4)}
    if trial.n_steps == max(EXPERIMENT.budgets[trial.condition]):
        found["shifted"] = {
            name: round(dice(model, planted._replace(images=change(planted.images))), 4)
            for name, change in brain.SHIFTS.items()
        }
        if setting.gated:
            found |= looked_into(model, planted, trial)
    return found


FIRST, SHORT, LONG = 100, 300, 600
EXPERIMENT = Experiment(
    __file__,
    budgets={
        "gated, small": (FIRST, SHORT, LONG),
        "plain, small": (FIRST, SHORT, LONG),
        "gated, large": (LONG,),
        "plain, large": (LONG,),
        "gated, small, not normed": (LONG,),
        **{c: (SHORT,) for c, setting in SETTINGS.items() if setting.task == "tissues"},
    },
    seeds=(0, 1, 2, 3, 4),
    measure=measure,
)
