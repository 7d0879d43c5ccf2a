"""What is copied is found, also renamed and reformatted; what is only right is not."""

from attncourse.grading.classroom.hand_ins import find
from attncourse.grading.classroom.similar import alike

OWN = """
def masked_attention(q, k, v, mask):
    result = []
    for position, query in enumerate(q):
        numbers = [float(query @ key) / len(query) ** 0.5 for key in k]
        allowed = [x for x, open_ in zip(numbers, mask[position]) if open_]
        if not allowed:
            result.append(0 * v[0])
            continue
        top = max(allowed)
        shares = [np.exp(x - top) if open_ else 0 for x, open_ in zip(numbers, mask[position])]
        result.append(sum(s * row for s, row in zip(shares, v)) / sum(shares))
    return np.stack(result)
"""
COPIED = """
def masked_attention(queries, keys, values, allowed_mask):   # all my own work
    answer = []
    for where, one_query in enumerate(queries):

        scores = [float(one_query @ one) / len(one_query) ** 0.5 for one in keys]
        good = [s for s, yes in zip(scores, allowed_mask[where]) if yes]
        if not good:
            answer.append(0 * values[0])
            continue
        biggest = max(good)
        parts = [np.exp(s - biggest) if yes else 0 for s, yes in zip(scores, allowed_mask[where])]
        answer.append(sum(p * value for p, value in zip(parts, values)) / sum(parts))
    return np.stack(answer)
"""
OTHER = """
def masked_attention(q, k, v, mask):
    s = np.einsum("...id,...jd->...ij", q, k) / np.sqrt(q.shape[-1])
    e = np.where(mask, np.exp(s - s.max()), 0)
    total = e.sum(-1, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=total > 0) @ v
"""
STUB = "def {0}(x):\n    raise NotImplementedError('{0}')\n"
REST = {name: STUB.format(name) for name in ("softmax", "scaled_scores", "additive_scores")}


def test_pairs(notebook, submissions):
    folder = submissions(
        ada=notebook(name="1.ipynb", masked_attention=OWN, **REST),
        bob=notebook(name="2.ipynb", masked_attention=COPIED, **REST),
        eve=notebook(name="3.ipynb", masked_attention=OTHER, **REST),
        idle=notebook(name="4.ipynb", masked_attention=STUB.format("masked_attention"), **REST),
    )
    # A second attempt of one learner is no copy.
    (folder / "ada" / "again.ipynb").write_bytes(next((folder / "ada").iterdir()).read_bytes())
    (folder / "broken").mkdir()
    (folder / "broken" / "x.ipynb").write_text("{")
    pairs = alike(find(folder))
    assert {(p.first.split("/")[0], p.second.split("/")[0]) for p in pairs} == {("ada", "bob")}
    assert all(p.share > 0.9 for p in pairs)
    assert len(pairs) == 2
    assert [p.share for p in alike(find(folder), 0.0)] == sorted(
        (p.share for p in alike(find(folder), 0.0)), reverse=True
    )
