"""Parameters and operations of whole models: published totals, PyTorch's own layers, its counter."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from attncourse import analysis
from attncourse.analysis import Operations, TransformerShape
from tests.analysis.test_operations import counted

GPT_2 = {"n_vocab": 50257, "n_positions": 1024, "gated": False} | dict.fromkeys(
    ("bias", "norm_bias", "tied"), True
)
# The sizes in the models' public configurations, and the totals of their published weights.
PUBLISHED = {
    "GPT-2": (TransformerShape(12, 768, 12, 3072, **GPT_2), 124_439_808),
    "GPT-2 medium": (TransformerShape(24, 1024, 16, 4096, **GPT_2), 354_823_168),
    "GPT-2 XL": (TransformerShape(48, 1600, 25, 6400, **GPT_2), 1_557_611_200),
    "Llama 2 7B": (TransformerShape(32, 4096, 32, 11008, 32000), 6_738_415_616),
    "Llama 2 70B": (
        TransformerShape(80, 8192, 64, 28672, 32000, n_kv_heads=8),
        68_976_648_192,
    ),
    "Mistral 7B": (TransformerShape(32, 4096, 32, 14336, 32000, n_kv_heads=8), 7_241_732_096),
    "Llama 3 8B": (TransformerShape(32, 4096, 32, 14336, 128256, n_kv_heads=8), 8_030_261_248),
    "Gemma 7B": (
        TransformerShape(28, 3072, 16, 24576, 256000, d_k=256, tied=True),
        8_537_680_896,
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_totals(name):
    shape, total = PUBLISHED[name]
    table = analysis.parameter_table(shape)
    assert table["total"] == total
    assert table["total"] == sum(n for part, n in table.items() if part != "total")


class Block(nn.Module):
    """A block of PyTorch's own layers."""

    def __init__(self, shape: TransformerShape):
        super().__init__()
        d, n_kv_heads = shape.d_model, shape.n_kv_heads or shape.n_heads
        self.h, self.d_k = shape.n_heads, shape.d_k or d // shape.n_heads
        norm = nn.LayerNorm if shape.norm_bias else nn.RMSNorm
        self.norms = nn.ModuleList([norm(d), norm(d)])
        self.q = nn.Linear(d, self.h * self.d_k, bias=shape.bias)
        self.k = nn.Linear(d, n_kv_heads * self.d_k, bias=shape.bias)
        self.v = nn.Linear(d, n_kv_heads * self.d_k, bias=shape.bias)
        self.o = nn.Linear(self.h * self.d_k, d, bias=shape.bias)
        self.up = nn.Linear(d, shape.d_ff, bias=shape.bias)
        self.gate = nn.Linear(d, shape.d_ff, bias=shape.bias) if shape.gated else None
        self.down = nn.Linear(shape.d_ff, d, bias=shape.bias)

    def forward(self, x, past):
        """``past``: as many more keys and values, as if from a cache."""
        heads = [
            m(x).unflatten(-1, (-1, self.d_k)).transpose(1, 2) for m in (self.q, self.k, self.v)
        ]
        q, k, v = heads
        k, v = (torch.cat([t, t[..., :1, :].expand(-1, -1, past, -1)], -2) for t in (k, v))
        k, v = (t.repeat_interleave(self.h // t.shape[1], 1) for t in (k, v))
        x = x + self.o((torch.softmax(q @ k.mT, -1) @ v).transpose(1, 2).flatten(-2))
        return x + self.down(self.up(x) * (self.gate(x) if self.gate else 1))


class Model(nn.Module):
    def __init__(self, shape: TransformerShape):
        super().__init__()
        self.tokens = nn.Embedding(shape.n_vocab, shape.d_model)
        self.positions = nn.Embedding(shape.n_positions, shape.d_model)
        self.blocks = nn.ModuleList([Block(shape) for _ in range(shape.n_layers)])
        self.norm = (nn.LayerNorm if shape.norm_bias else nn.RMSNorm)(shape.d_model)
        self.last = nn.Linear(shape.d_model, shape.n_vocab, bias=False)
        if shape.tied:
            self.last.weight = self.tokens.weight

    def forward(self, tokens, past=0):
        x = self.tokens(tokens)
        for block in self.blocks:
            x = block(x, past)
        return self.last(x)


BASE = TransformerShape(n_layers=3, d_model=12, n_heads=4, d_ff=20, n_vocab=11)
SHAPES = {
    "plain": BASE,
    "grouped": BASE._replace(n_kv_heads=2),
    "wide heads": BASE._replace(d_k=5, n_kv_heads=1),
    "learned positions": BASE._replace(n_positions=7),
    "no gate": BASE._replace(gated=False),
    "biases": BASE._replace(bias=True, n_kv_heads=2),
    "biases, no gate": BASE._replace(bias=True, gated=False),
    "layer norm": BASE._replace(norm_bias=True),
    "tied": BASE._replace(tied=True),
}
EACH = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


@EACH
def test_parameters_of_real_layers(shape):
    model = Model(shape)
    table = analysis.parameter_table(shape)
    assert table["total"] == sum(p.numel() for p in model.parameters())

    def count(*modules):
        return sum(p.numel() for m in modules for p in m.parameters())

    assert table["token embedding"] == count(model.tokens)
    assert table["position embedding"] == count(model.positions)
    assert table["norms"] == count(model.norm, *(block.norms for block in model.blocks))
    mlp = [m for block in model.blocks for m in (block.up, block.down, block.gate) if m]
    assert table["mlp"] == count(*mlp)
    assert table["output"] == (0 if shape.tied else count(model.last))


@EACH
@pytest.mark.parametrize("past", [0, 6])
def test_operations_of_real_layers(shape, past):
    model, tokens = Model(shape), torch.zeros(2, 5, dtype=torch.int64)
    found = analysis.model_operations(shape, 5, 5 + past, n_cached=past, batch=2)
    assert found.matmul == counted(model, tokens, past)
    block = analysis.block_operations(shape, 5, 5 + past, n_cached=past, batch=2)
    assert block.matmul == counted(model.blocks[0], torch.zeros(2, 5, 12), past)
    last = analysis.model_operations(shape, 5, 5 + past, n_cached=past, batch=2, n_outputs=1)
    assert found.matmul - last.matmul == 2 * 2 * 4 * 12 * 11


@EACH
def test_training_of_real_layers(shape):
    """Forward and backward; the first layer's input needs a gradient too: it is an embedding."""
    model, tokens = Model(shape), torch.zeros(2, 5, dtype=torch.int64)
    found = analysis.training_operations(shape, 10, length=5)
    assert found == counted(lambda: model(tokens).sum().backward())


def test_outside_products():
    """Each kind of work alone: what a change of the shape adds."""

    def block(**changed) -> Operations:
        return analysis.block_operations(BASE._replace(**changed), 5, batch=2)

    rows, d, d_ff = 2 * 5, 12, 20
    attention = analysis.attention_operations(5, 5, n_heads=4, d_k=3, batch=2)
    assert block().exponentials == attention.exponentials + rows * d_ff
    # A gate and an activation, two norms of 4 a feature, two residual additions.
    assert block().elementwise - attention.elementwise == rows * (2 * d_ff + 2 * 4 * d + 2 * d)
    assert block().elementwise - block(gated=False).elementwise == rows * d_ff
    assert block(norm_bias=True).elementwise - block().elementwise == rows * 2 * 3 * d
    assert block(bias=True).elementwise - block().elementwise == rows * (4 * d + 2 * d_ff + d)
    no_gate = block(bias=True, gated=False).elementwise - block(gated=False).elementwise
    assert no_gate == rows * (4 * d + d_ff + d)
    # Keys and values from a cache get no bias again.
    cached = analysis.block_operations(BASE._replace(bias=True, n_kv_heads=2), 5, 9, n_cached=4)
    without = analysis.block_operations(BASE._replace(n_kv_heads=2), 5, 9, n_cached=4)
    assert cached.elementwise - without.elementwise == 5 * (2 * d + 2 * 6 + 2 * d_ff + d)
    model = analysis.model_operations(BASE._replace(n_positions=7), 5, batch=2)
    assert model.elementwise == 3 * block().elementwise + rows * (4 * d + d)
    model = analysis.model_operations(BASE._replace(norm_bias=True), 5, batch=2)
    assert model.elementwise == 3 * block(norm_bias=True).elementwise + rows * 7 * d
    assert model.exponentials == 3 * block().exponentials


def test_six_nd_is_near_for_large_models_and_short_sequences():
    shape, n_parameters = PUBLISHED["Llama 2 7B"]
    exact = analysis.training_operations(shape, 4096, length=512)
    embeddings = analysis.parameter_table(shape)["token embedding"]
    assert exact / analysis.six_nd(n_parameters - embeddings, 4096) == pytest.approx(1, abs=0.03)
    # What it leaves out: 12 L d n operations a token, attention's own.
    attention = 12 * 32 * 4096 * 512 * 4096
    norms = analysis.parameter_table(shape)["norms"]
    rule = analysis.six_nd(n_parameters - embeddings - norms, 4096)
    assert exact == rule + attention
