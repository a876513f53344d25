"""Which bucket a text falls into, as the operations say that Keras hashes with: two published hash functions.

`tf.strings.to_hash_bucket_fast` is FarmHash's Fingerprint64 (Pike and Alakuijala 2014, `farmhashna`), and
`tf.strings.to_hash_bucket_strong` is SipHash-2-4 (Aumasson and Bernstein 2012). Python's own whole numbers
compute them: each different text is hashed once, which takes some microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

_MASK = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_SEED = 81


def fingerprint64(text: bytes) -> int:
    """FarmHash's Fingerprint64."""
    size = len(text)
    if size <= 16:
        return _up_to_16(text)
    if size <= 32:
        return _up_to_32(text)
    return _up_to_64(text) if size <= 64 else _longer(text)


def siphash(text: bytes, key: Sequence[int]) -> int:
    """SipHash-2-4.

    Args:
        text: What is hashed.
        key: Two whole numbers below 2 ** 64.
    """
    first, second = (part & _MASK for part in key)
    state = [
        first ^ 0x736F6D6570736575,
        second ^ 0x646F72616E646F6D,
        first ^ 0x6C7967656E657261,
        second ^ 0x7465646279746573,
    ]
    whole = len(text) // 8 * 8
    words = [_word(text, start) for start in range(0, whole, 8)]
    words.append(int.from_bytes(text[whole:], "little") | (len(text) & 0xFF) << 56)
    for word in words:
        state[3] ^= word
        _sip_round(state)
        _sip_round(state)
        state[0] ^= word
    state[2] ^= 0xFF
    for _ in range(4):
        _sip_round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _sip_round(state: list[int]) -> None:
    a, b, c, d = state
    a, c = a + b & _MASK, c + d & _MASK
    b, d = _left(b, 13) ^ a, _left(d, 16) ^ c
    a = _left(a, 32)
    c, a = c + b & _MASK, a + d & _MASK
    b, d = _left(b, 17) ^ c, _left(d, 21) ^ a
    state[:] = a, b, _left(c, 32), d


def _left(value: int, bits: int) -> int:
    return (value << bits | value >> 64 - bits) & _MASK


def _right(value: int, bits: int) -> int:
    """A sum of words, of which the last 64 bits count, turned to the right."""
    value &= _MASK
    return (value >> bits | value << 64 - bits) & _MASK


def _word(text: bytes, start: int, size: int = 8) -> int:
    return int.from_bytes(text[start : start + size], "little")


def _mixed(value: int) -> int:
    value &= _MASK
    return value ^ value >> 47


def _of_two(first: int, second: int, factor: int) -> int:
    """`HashLen16` of two sums of words."""
    once = _mixed(((first ^ second) & _MASK) * factor)
    return _mixed((second & _MASK ^ once) * factor) * factor & _MASK


def _up_to_16(text: bytes) -> int:
    size = len(text)
    factor = _K2 + 2 * size
    if size >= 8:
        first, last = _word(text, 0) + _K2, _word(text, size - 8)
        return _of_two(_right(last, 37) * factor + first, (_right(first, 25) + last) * factor, factor)
    if size >= 4:
        return _of_two(size + (_word(text, 0, 4) << 3), _word(text, size - 4, 4), factor)
    if size > 0:
        low, high = text[0] + (text[size >> 1] << 8), size + (text[-1] << 2)
        return _mixed(low * _K2 & _MASK ^ high * _K0 & _MASK) * _K2 & _MASK
    return _K2


def _ends(text: bytes, factor_of_first: int) -> tuple[int, int, int]:
    """What a text of 17 to 64 bytes is hashed by: of its first and last 16 bytes two words, and the first."""
    size = len(text)
    factor = _K2 + 2 * size
    a, b = _word(text, 0) * factor_of_first & _MASK, _word(text, 8)
    c, d = _word(text, size - 8) * factor & _MASK, _word(text, size - 16) * _K2
    return _right(a + b, 43) + _right(c, 30) + d & _MASK, a + _right(b + _K2, 18) + c & _MASK, a


def _up_to_32(text: bytes) -> int:
    one, other, _ = _ends(text, _K1)
    return _of_two(one, other, _K2 + 2 * len(text))


def _up_to_64(text: bytes) -> int:
    size = len(text)
    factor = _K2 + 2 * size
    y, other, a = _ends(text, _K2)
    z = _of_two(y, other, factor)
    e, f = _word(text, 16) * factor & _MASK, _word(text, 24)
    g, h = (y + _word(text, size - 32)) * factor & _MASK, (z + _word(text, size - 24)) * factor
    return _of_two(_right(e + f, 43) + _right(g, 30) + h, e + _right(f + a, 18) + g, factor)


def _weak(text: bytes, start: int, a: int, b: int) -> tuple[int, int]:
    """`WeakHashLen32WithSeeds` of 32 bytes."""
    w, x, y, z = (_word(text, start + place) for place in (0, 8, 16, 24))
    a += w
    b = _right(b + a + z, 21)
    c = a
    a += x + y
    return a + z & _MASK, b + _right(a, 44) + c & _MASK


class _Running:
    """What the hash of a text of more than 64 bytes goes through, 64 of them at a time."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.y = _SEED * _K1 + 113 & _MASK
        self.z = _mixed(self.y * _K2 + 113) * _K2 & _MASK
        self.x = _SEED * _K2 + _word(text, 0) & _MASK
        self.v, self.w = (0, 0), (0, 0)

    def take(self, start: int, factor: int, weight: int) -> None:
        """64 bytes; the last ones have a factor and a weight of their own."""
        text, v, w = self.text, self.v, self.w
        x = _right(self.x + self.y + v[0] + _word(text, start + 8), 37) * factor & _MASK
        y = _right(self.y + v[1] + _word(text, start + 48), 42) * factor & _MASK
        x ^= w[1] * weight & _MASK
        y += v[0] * weight + _word(text, start + 40)
        z = _right(self.z + w[0], 33) * factor & _MASK
        self.v = _weak(text, start, v[1] * factor, x + w[0])
        self.w = _weak(text, start + 32, z + w[1], y + _word(text, start + 16))
        self.x, self.y, self.z = z, y & _MASK, x


def _longer(text: bytes) -> int:
    size = len(text)
    running = _Running(text)
    for start in range(0, (size - 1) // 64 * 64, 64):
        running.take(start, _K1, 1)
    factor = _K1 + ((running.z & 0xFF) << 1)
    more = running.w[0] + (size - 1 & 63)
    running.v = running.v[0] + more & _MASK, running.v[1]
    running.w = more + running.v[0] & _MASK, running.w[1]
    running.take(size - 64, factor, 9)
    (v, v2), (w, w2) = running.v, running.w
    first = _of_two(v, w, factor) + _mixed(running.y) * _K0 + running.z
    return _of_two(first, _of_two(v2, w2, factor) + running.x, factor)
