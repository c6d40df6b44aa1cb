"""Minutes of any other body, in Vietnamese or English: no state heading, date under the name, page X of Y."""

from datetime import date

from rooms.minutes import Body, Locale
from server.minutes.formats.rules import Align, Format, Labels, Margins, PageNumbers, Sizes

_VI = Labels(
    motto="",
    motto_line="",
    type_name="BIÊN BẢN",
    opened="Bắt đầu",
    place="Địa điểm",
    attendance="Thành phần tham dự",
    chair="Chủ trì",
    secretary="Thư ký",
    course="Diễn biến",
    sign_secretary="THƯ KÝ",
    sign_chair="CHỦ TRÌ",
    recipients="Nơi nhận:",
)
_EN = Labels(
    motto="",
    motto_line="",
    type_name="MINUTES",
    opened="Opened",
    place="Place",
    attendance="In attendance",
    chair="Chair",
    secretary="Secretary",
    course="Proceedings",
    sign_secretary="SECRETARY",
    sign_chair="CHAIR",
    recipients="Distribution:",
)

PLAIN = Format(
    id="plain",
    body=Body.PLAIN,
    name="Plain / Phổ thông",
    citation="No rule set: the house's own plain layout",
    valid_from=date(1900, 1, 1),
    valid_until=None,
    compared_by_clerk=True,
    margins=Margins(top_mm=22, bottom_mm=22, left_mm=25, right_mm=25),
    sizes=Sizes(
        motto=12,
        motto_line=12,
        parent=11,
        issuer=12,
        number=11,
        date_line=11,
        type_name=20,
        title=14,
        body=12,
        table=11,
        signature=11.5,
        recipients_label=10.5,
        recipients=10.5,
        page_number=9.5,
    ),
    head_align=Align.LEFT,
    number_template="{number}/{symbol}",
    labels={Locale.VI: _VI, Locale.EN: _EN},
    end_mark=".",
    leading=1.36,
    indent_mm=0,
    gap_pt=6,
    page_numbers=PageNumbers.BOTTOM_OF_TOTAL,
    date_line=True,
    motto_rule_under="",
)
