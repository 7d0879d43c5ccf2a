"""The line between a worker and its grader. Its victim is this grader, so nothing here has a harm:
that the line is found, and written to, is what :func:`tests.grading.test_corpus.test_found` tries.
"""

from tests.grading.corpus import Attack

_WRITE = """import os, struct, json, sys
def _say(header, body=b''):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    for fd in range(3, 64):
        try: os.write(fd, struct.pack('>I', len(text)) + text + body)
        except OSError: pass
def _id():
    frame = sys._getframe()
    while frame:
        found = frame.f_locals.get('request')
        if isinstance(found, dict) and 'id' in found: return found['id']
        frame = frame.f_back
def softmax(x):
    n = list(x.shape)
    right = {'dtype': 'float64', 'shape': n}
"""


def line(body):
    """An answer that writes this before it leaves."""
    return Attack(
        _WRITE + "\n".join(f"    {part}" for part in body.split("\n")) + "\n    os._exit(0)"
    )


ATTACKS = {
    "an answer of the wrong kind": line("_say({'id': _id(), 'value': 'x', 'arrays': []})"),
    "an answer of no kind": line("_say({'id': _id(), 'arrays': []})"),
    "an undefined function": line("_say({'id': _id(), 'undefined': True, 'arrays': []})"),
    "a refusal with escapes": line("_say({'id': _id(), 'refused': '\\x1b[2J' * 99, 'arrays': []})"),
    "a refusal that is a list": line("_say({'id': _id(), 'refused': [[]] * 99, 'arrays': []})"),
    "an error with a forged cell": line(
        "_say({'id': _id(), 'error': 'E', 'message': 'm', 'frames': [[-1, 2, 'x'], [1]], 'arrays': []})"),
    "an error called NotImplementedError": line(
        "_say({'id': _id(), 'error': 'NotImplementedError', 'frames': [[5, 1, 'softmax']], 'arrays': []})"),
    "points in the header": line(
        "_say({'id': _id(), 'earned': 10, 'points': 10, 'status': 'passed', 'arrays': []})"),
    "values that are too few": line(
        "_say({'id': _id(), 'value': {'array': 0}, 'values': {'tuple': []}, 'options': {}, 'arrays': [right]}, (x * 0).tobytes())"),
    "an array out of range": line(
        "_say({'id': _id(), 'value': {'array': 9}, 'values': {'tuple': []}, 'options': {}, 'arrays': []})"),
    "an array of objects": line("_say({'id': _id(), 'arrays': [{'dtype': 'object', 'shape': [1]}]}, b'x' * 8)"),
    "an array of impossible shape": line("_say({'id': _id(), 'arrays': [{'dtype': 'float64', 'shape': [1 << 60]}]})"),
    "an infinite number": line("_say(b'{\"id\": \"' + str(_id()).encode() + b'\", \"value\": Infinity, \"arrays\": []}')"),
    "half a message": line("_say(b'{')"),
    "no message": line("_say(b'')"),
    "two messages": line("_say({'id': _id(), 'value': 0, 'arrays': []})\n_say({'id': 'x', 'arrays': []})"),
    "an old identity": Attack(
        _WRITE.replace("def softmax", "_old = []\ndef softmax")
        + "    _old.append(_id())\n    _say({'id': _old[0], 'value': 0, 'arrays': []})\n    return x * 0"),
    "binary rubbish": line("_say(bytes(range(256)) * 9)"),
}  # fmt: skip
