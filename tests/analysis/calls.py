"""One good call of every public function of the room, by name."""

from __future__ import annotations

import numpy as np

from attncourse.analysis import Operations, TransformerShape

SIZES = {"n_heads": 2, "d_k": 4, "d_v": 3, "batch": 2}
LATENT = {"d_model": 8, "n_heads": 2, "d_latent": 3, "d_nope": 4, "d_rope": 2, "d_v": 5}
SHAPE = TransformerShape(n_layers=2, d_model=12, n_heads=4, d_ff=20, n_vocab=9, n_kv_heads=2)
WEIGHTS = np.array([[[[1.0, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]]] * 2] * 4)
TOKENS = np.array([[1, 2, 1]] * 4)

CALLS: dict[str, tuple[tuple, dict]] = {
    "absorbed_latent_operations": ((3, 7), LATENT | {"d_q_latent": 6, "n_cached": 4}),
    "add_operations": ((Operations(2), Operations(4)), {"times": 3}),
    "attainable_rate": ((2.0,), {"peak": 1000.0, "bandwidth": 10.0}),
    "attention_backward_operations": ((3, 5), SIZES),
    "attention_distance": ((WEIGHTS,), {}),
    "attention_entropy": ((WEIGHTS,), {}),
    "attention_intensity": ((3, 5), {"n_heads": 4, "n_kv_heads": 2, "d_k": 8}),
    "attention_operations": ((3, 5), SIZES | {"pairs": 7}),
    "attention_rollout": ((WEIGHTS,), {"residual": 0.5}),
    "block_operations": ((SHAPE, 3, 7), {"n_cached": 4, "batch": 2}),
    "chunked_delta_operations": ((10,), SIZES | {"chunk_len": 4}),
    "chunked_linear_operations": ((10,), SIZES | {"chunk_len": 4}),
    "duplicate_token_score": ((WEIGHTS, TOKENS), {}),
    "first_token_score": ((WEIGHTS,), {"n_first": 1}),
    "flash_attention_bytes": ((30, 50), {"n_heads": 2, "d_k": 4, "sram_bytes": 600}),
    "head_importance": ((WEIGHTS, WEIGHTS + 1), {}),
    "head_sizes": ((SHAPE,), {}),
    "induction_score": ((WEIGHTS, TOKENS), {}),
    "kv_cache_bytes": ((7,), {"n_layers": 2, "n_kv_heads": 3, "d_k": 4, "window": 5}),
    "latent_cache_bytes": ((7,), {"n_layers": 2, "d_latent": 3, "d_rope": 2}),
    "latent_operations": ((3, 7), LATENT | {"d_q_latent": 6, "n_cached": 4}),
    "least_attention_bytes": ((3, 5), {"n_heads": 4, "n_kv_heads": 2, "d_k": 8, "batch": 3}),
    "linear_state_bytes": ((3,), {"n_layers": 2, "n_heads": 5, "d_k": 4, "d_v": 7}),
    "linformer_operations": ((3, 5), SIZES | {"n_projected": 2}),
    "model_operations": ((SHAPE, 3, 7), {"n_cached": 4, "n_outputs": 1}),
    "multi_head_operations": ((3, 5), {"d_model": 12, "n_heads": 4, "n_kv_heads": 2}),
    "nystrom_operations": ((6, 8), SIZES | {"n_landmarks": 2, "n_iterations": 3}),
    "parameter_table": ((SHAPE,), {}),
    "performer_operations": ((3, 5), SIZES | {"n_features": 6}),
    "plain_attention_bytes": ((3, 5), SIZES),
    "previous_token_score": ((WEIGHTS,), {"offset": 1}),
    "product_bytes": ((3, 5, 7), {"itemsize": 4}),
    "recurrent_delta_operations": ((10,), SIZES | {"gated": True}),
    "recurrent_linear_operations": ((10,), SIZES),
    "shortest_time": ((1000.0, 500.0), {"peak": 1000.0, "bandwidth": 10.0}),
    "six_nd": ((100, 20), {}),
    "training_operations": ((SHAPE, 12), {"length": 6}),
    "visible_pairs": ((4, 6), {"causal": True, "window": 2}),
}
