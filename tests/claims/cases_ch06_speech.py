from tests.claims.case import Case

WITH, VECTOR, NONE = [0.07, 0.08, 0.07], [0.20, 0.22, 0.21], [0.02, 0.03, 0.02]
BROKEN = [0.5, 0.6, 0.55]

CASES = {
    "C18-speech": Case(
        measured={
            "usual": {"attention": WITH, "one vector": VECTOR, "no decoder": NONE},
            "long": {"attention": BROKEN, "one vector": BROKEN, "no decoder": NONE},
        },
        expected="holds if",
        # Attention that no other network matches, at any length.
        counterexample={
            "usual": {"attention": NONE, "one vector": VECTOR, "no decoder": WITH},
            "long": {"attention": WITH, "one vector": BROKEN, "no decoder": VECTOR},
        },
        flipped="holds",
    ),
    "C33-speech": Case(
        measured={"shares": {"the network of this page": 0.04, "Whisper": 0.3}},
        expected="holds if",
        # A recogniser that listens through ten times the layers before it attends.
        counterexample={"shares": {"the network of this page": 0.01, "Whisper": 0.1}},
        flipped="does not hold",
    ),
    "C34-speech": Case(
        measured={
            "with_them": WITH,
            "without": {"fewer voices": BROKEN, "fewer strings": VECTOR, "convolutions": WITH},
        },
        expected="holds if",
        counterexample={
            "with_them": WITH,
            "without": {"fewer voices": BROKEN, "fewer strings": VECTOR, "convolutions": NONE},
        },
        flipped="holds",
    ),
    "C39": Case(
        measured={
            "noise": {"attention": WITH, "one vector": VECTOR, "no decoder": NONE},
            "voice": {"attention": BROKEN, "one vector": BROKEN, "no decoder": BROKEN},
            "backwards": {"attention": BROKEN, "one vector": BROKEN, "no decoder": BROKEN},
        },
        expected="holds if",
        # Attention is best in noise, and a second voice's words get in its way alone.
        counterexample={
            "noise": {"attention": NONE, "one vector": VECTOR, "no decoder": WITH},
            "voice": {"attention": BROKEN, "one vector": VECTOR, "no decoder": WITH},
            "backwards": {"attention": VECTOR, "one vector": VECTOR, "no decoder": WITH},
        },
        flipped="holds",
    ),
}
