# ruff: noqa: E501 - sentences and citations stay in one line
"""Minutes of state bodies: Decree 30/2020/NĐ-CP, Annex I (layout) and Annex III, Mẫu 1.9 (skeleton).

No date line in the head, secretary left, chair right, recipients below the signatures, `./.` at the end.
"""

from datetime import date

from rooms.minutes import Body, Locale
from server.minutes.formats.rules import Align, Format, Labels, Margins, PageNumbers, Sizes

_VI = Labels(
    motto="CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    motto_line="Độc lập - Tự do - Hạnh phúc",
    type_name="BIÊN BẢN",
    opened="Thời gian bắt đầu",
    place="Địa điểm",
    attendance="Thành phần tham dự",
    chair="Chủ trì (chủ tọa)",
    secretary="Thư ký (người ghi biên bản)",
    course="Nội dung (theo diễn biến cuộc họp)",
    sign_secretary="THƯ KÝ",
    sign_chair="CHỦ TỌA",
    recipients="Nơi nhận:",
)
_EN = Labels(
    motto="SOCIALIST REPUBLIC OF VIET NAM",
    motto_line="Independence - Freedom - Happiness",
    type_name="MINUTES",
    opened="Opened at",
    place="Place",
    attendance="In attendance",
    chair="In the chair",
    secretary="Secretary",
    course="Proceedings",
    sign_secretary="SECRETARY",
    sign_chair="CHAIR",
    recipients="Recipients:",
)

DECREE_30_2020 = Format(
    id="state-nd30-2020",
    body=Body.STATE,
    name="Nghị định 30/2020/NĐ-CP, Mẫu 1.9",
    citation="Nghị định số 30/2020/NĐ-CP ngày 05/3/2020 của Chính phủ về công tác văn thư, Phụ lục I và Phụ lục III, Mẫu 1.9",
    valid_from=date(2020, 3, 5),
    valid_until=None,
    compared_by_clerk=False,
    margins=Margins(top_mm=20, bottom_mm=20, left_mm=30, right_mm=15),
    sizes=Sizes(
        motto=12,
        motto_line=13,
        parent=12,
        issuer=12,
        number=13,
        date_line=13,
        type_name=14,
        title=14,
        body=13.5,
        table=12,
        signature=13,
        recipients_label=12,
        recipients=11,
    ),
    head_align=Align.CENTRE,
    number_template="Số: {number}/{symbol}",
    labels={Locale.VI: _VI, Locale.EN: _EN},
    end_mark="./.",
    leading=1.32,
    indent_mm=10,
    gap_pt=6,
    page_numbers=PageNumbers.TOP_FROM_SECOND,
)
