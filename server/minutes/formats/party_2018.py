# ruff: noqa: E501 - sentences and citations stay in one line
"""Minutes of Party bodies until 26 May 2026: Hướng dẫn 36-HD/VPTW of 3 April 2018.

Not yet compared with a printout by an office clerk: `compared_by_clerk` stays False until that is done.
"""

from datetime import date

from rooms.minutes import Body, Locale
from server.minutes.formats.rules import Align, Format, Labels, Margins, PageNumbers, Sizes

LABELS_VI = Labels(
    motto="ĐẢNG CỘNG SẢN VIỆT NAM",
    motto_line="",
    type_name="BIÊN BẢN",
    opened="Thời gian khai mạc",
    place="Địa điểm",
    attendance="Thành phần tham dự",
    chair="Chủ trì hội nghị",
    secretary="Người ghi biên bản",
    course="Nội dung hội nghị",
    sign_secretary="NGƯỜI GHI BIÊN BẢN",
    sign_chair="CHỦ TRÌ HỘI NGHỊ",
    recipients="Nơi nhận:",
)
LABELS_EN = Labels(
    motto="COMMUNIST PARTY OF VIET NAM",
    motto_line="",
    type_name="MINUTES",
    opened="Opened at",
    place="Place",
    attendance="In attendance",
    chair="In the chair",
    secretary="Minutes taken by",
    course="Proceedings",
    sign_secretary="MINUTES TAKEN BY",
    sign_chair="IN THE CHAIR",
    recipients="Recipients:",
)

GUIDE_36_2018 = Format(
    id="party-36hd-2018",
    body=Body.PARTY,
    name="Hướng dẫn 36-HD/VPTW",
    citation="Hướng dẫn số 36-HD/VPTW ngày 03/4/2018 của Văn phòng Trung ương Đảng về thể thức và kỹ thuật trình bày văn bản của Đảng",
    valid_from=date(2018, 4, 3),
    valid_until=date(2026, 5, 26),
    compared_by_clerk=False,
    margins=Margins(top_mm=20, bottom_mm=20, left_mm=30, right_mm=15),
    sizes=Sizes(
        motto=15,
        motto_line=14,
        parent=14,
        issuer=14,
        number=14,
        date_line=14,
        type_name=16,
        title=14,
        body=14,
        table=12,
        signature=14,
        recipients_label=14,
        recipients=12,
    ),
    head_align=Align.CENTRE,
    number_template="Số {number}-{symbol}",
    labels={Locale.VI: LABELS_VI, Locale.EN: LABELS_EN},
    end_mark=".",
    leading=1.3,
    indent_mm=10,
    gap_pt=6,
    page_numbers=PageNumbers.TOP_FROM_SECOND,
    date_line=True,
    issuer_mark="*",
    issuer_rule=False,
    motto_rule_under="motto",
    recipients_style="underlined",
)
