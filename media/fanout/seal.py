"""The innermost loop: AES-GCM of every packet of a run for every receiver of a chunk, into the arena.

Four packets of one receiver at a time: its key lies in the cache for three of them, which pays at a thousand keys,
and the loop turns a quarter as often. Written out because any inner loop or `map` costs more than it saves.
"""

from collections.abc import Sequence

from media.transport.srtp import EncryptInto

Clear = tuple[bytes, bytes]  # what is authenticated only, what is sealed


def seal(
    encrypts: Sequence[EncryptInto],
    nonces: Sequence[Sequence[bytes]],
    bodies: Sequence[Sequence[memoryview]],
    clear: Sequence[Clear],
) -> None:
    """Seal `clear[packet]` for each receiver. Shape: nonces and bodies are [packet][receiver]."""
    packets, fours = len(clear), len(clear) // 4 * 4
    for at in range(0, fours, 4):
        _seal_four(encrypts, nonces[at : at + 4], bodies[at : at + 4], clear[at : at + 4])
    for at in range(fours, packets):
        header, payload = clear[at]
        for encrypt, nonce, body in zip(encrypts, nonces[at], bodies[at], strict=False):
            encrypt(nonce, payload, header, body)


def _seal_four(
    encrypts: Sequence[EncryptInto],
    nonces: Sequence[Sequence[bytes]],
    bodies: Sequence[Sequence[memoryview]],
    clear: Sequence[Clear],
) -> None:
    (header0, clear0), (header1, clear1), (header2, clear2), (header3, clear3) = clear
    for encrypt, n0, n1, n2, n3, b0, b1, b2, b3 in zip(encrypts, *nonces, *bodies, strict=False):
        encrypt(n0, clear0, header0, b0)
        encrypt(n1, clear1, header1, b1)
        encrypt(n2, clear2, header2, b2)
        encrypt(n3, clear3, header3, b3)
