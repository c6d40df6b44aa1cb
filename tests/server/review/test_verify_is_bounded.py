"""The verification page takes anybody's file: what it costs must be bounded."""

from __future__ import annotations

import time

from tests.server.town import Town


def family_tree(depth: int) -> bytes:
    """Form fields whose two children are one and the same, again and again: 2**depth names to walk."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>>>",
        2: b"<</Type/Pages/Kids[]/Count 0>>",
        3: b"<<>>",
    }
    for n in range(4, 4 + depth):
        objects[n] = b"<</T(f%d)/Kids[%d 0 R %d 0 R]>>" % (n, n + 1, n + 1)
    objects[4 + depth] = b"<</T(x)/FT/Tx>>"
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number in sorted(objects):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, objects[number])
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, count = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, table)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, start)
    return bytes(out)


async def test_a_strangers_file_does_not_keep_the_server_busy(town: Town) -> None:
    """At depth 17 some five seconds; at 40 (three kilobytes) it would be years.

    `server.minutes.apart` does this in a process of its own, with bounds.
    """
    before = time.process_time()
    headers = {"Content-Type": "application/pdf"}
    answer = await town.nobody.call("POST", "/api/verify", data=family_tree(17), headers=headers)
    assert answer.status == 200
    assert time.process_time() - before < 2.0, "parsed in the server's own process"
