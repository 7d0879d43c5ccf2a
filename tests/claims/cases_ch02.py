import numpy as np

from tests.claims.case import Case

_rng = np.random.default_rng(0)
_inputs = _rng.normal(size=(3, 4))
_weights = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
_projection = np.diag([0.1, 1.0, 2.0, 3.0])
_even = _inputs / np.linalg.norm(_inputs, axis=-1, keepdims=True)

CASES = {
    "C04": Case(
        measured={"encoder_self": (0.4, 0.0), "decoder_self": (0.0, 0.3), "cross": (0.2, 0.5)},
        expected="does not hold",
        # A world in which self-attention mixes the two sequences.
        counterexample={
            "encoder_self": (0.4, 0.2),
            "decoder_self": (0.1, 0.3),
            "cross": (0.2, 0.5),
        },
        flipped="holds",
    ),
    "C05": Case(
        measured={
            "inputs": _inputs,
            "weights": _weights,
            "values": _inputs @ _projection,
            "output": _weights @ _inputs @ _projection,
            "output_unprojected": _weights @ _inputs,
        },
        expected="holds if",
        # Values equal to inputs, all of one length: the article's sum is the layer's.
        counterexample={
            "inputs": _even,
            "weights": _weights,
            "values": _even,
            "output": _weights @ _even,
            "output_unprojected": _weights @ _even,
        },
        flipped="holds",
    ),
    "C26": Case(
        measured={
            "weights": _weights,
            "pair_weight": [1.0, 0.4, 0.05],
            "pair_score": [-1.3, -1.3, -1.3],
            "pair_correlation": [-0.8, -0.8, -0.8],
        },
        expected="holds if",
        # Weights that take no notice of the other keys, and are the pair's correlation.
        counterexample={
            "weights": _weights,
            "pair_weight": [0.3, 0.3, 0.3],
            "pair_score": [0.5, 0.5, 0.5],
            "pair_correlation": [0.3, 0.3, 0.3],
        },
        flipped="holds",
    ),
    "C29": Case(
        measured={
            "runs": [
                ((4, 6), (5, 2), (4, 3), (5, 3)),
                ((4, 6), (4, 2), (4, 3), (4, 3)),
                ((4, 6), (4, 2), (4, 6), (4, 6)),
            ]
        },
        expected="holds if",
        # Attention that gives back one row for each input, whoever asked.
        counterexample={
            "runs": [((4, 6), (5, 2), (4, 3), (4, 6)), ((4, 6), (4, 2), (4, 6), (4, 6))]
        },
        flipped="holds",
    ),
    "C28": Case(
        measured={"without": 0, "diffuse": 900, "focused": 900, "decided_before": 200},
        expected="does not hold",
        # Weights of zero that save the work, against something dearer.
        counterexample={"without": 400, "diffuse": 900, "focused": 300, "decided_before": 200},
        flipped="holds",
    ),
    "C38": Case(
        measured={
            "hosts": {
                "recurrent": {"fits": 1, "reach_before": 0.0, "reach_after": 0.2, "order": 0},
                "image": {"fits": 1, "reach_before": 0.0, "reach_after": 0.1, "order": 0},
            }
        },
        expected="holds if",
        # A layer that is made for one host's width.
        counterexample={
            "hosts": {
                "recurrent": {"fits": 1, "reach_before": 0.0, "reach_after": 0.2, "order": 1},
                "image": {"fits": 0, "reach_before": 0.0, "reach_after": 0.0, "order": 1},
            }
        },
        flipped="does not hold",
    ),
}
