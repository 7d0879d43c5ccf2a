"""Transformer: the parts that stand around attention, and the models they make."""

from attncourse.pytorch.transformer.norms import layer_norm, rms_norm

__all__ = ["layer_norm", "rms_norm"]
