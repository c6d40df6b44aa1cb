# ruff: noqa: E501 - sentences and citations stay in one line
"""Minutes of Party bodies from 27 May 2026: Hướng dẫn 05-HD/VPTW, as its implementers read it.

Sources disagree on the size of the heading (15 or 14), the body's line spacing (18, 19 or 20 pt) and the date
line; the full text has not been seen. Not yet compared with a printout by an office clerk.
"""

from dataclasses import replace
from datetime import date

from server.minutes.formats.party_2018 import GUIDE_36_2018

GUIDE_05_2026 = replace(
    GUIDE_36_2018,
    id="party-05hd-2026",
    name="Hướng dẫn 05-HD/VPTW",
    citation="Hướng dẫn số 05-HD/VPTW của Văn phòng Trung ương Đảng về thể thức và kỹ thuật trình bày văn bản của Đảng, áp dụng từ ngày 27/5/2026",
    valid_from=date(2026, 5, 27),
    valid_until=None,
    leading=1.36,
)
