"""Proof from sources that nobody here wrote: ONNX, PyTorch's own samples, `transformers`."""
