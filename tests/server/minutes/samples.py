# ruff: noqa: E501 - sentences stay in one line
"""Minutes to draw and sign in the tests: every letter that breaks, every kind of block."""

from datetime import UTC, datetime, timedelta, timezone

from rooms.minutes import (
    Attendee,
    Body,
    BridgeAttendance,
    Facts,
    Head,
    Locale,
    Minutes,
    NamedBallot,
    Officer,
    OptionCount,
    Paragraph,
    PollRecord,
    Presence,
    QuorumRecord,
    Section,
    formula,
)
from rooms.values import MORE_THAN_HALF, TWO_THIRDS

HANOI = timezone(timedelta(hours=7))
HARD_LETTERS = "Ẵ Ỗ Ữ Ẩ ợ ặ đ Đ ễ ệ ỡ ự Ằ Ở ỹ ỵ"
LAST_HASH = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


def at(hour: int, minute: int) -> datetime:
    return datetime(2026, 11, 5, hour, minute, tzinfo=UTC).astimezone(HANOI) - timedelta(hours=7)


def sample(body: Body = Body.STATE, locale: Locale = Locale.VI, *, members: int = 9, bridges: int = 3) -> Minutes:
    vi = locale is Locale.VI
    heads = {
        Body.STATE: ("Ủy ban nhân dân xã Quảng Lập", "Tỉnh Lâm Đồng", "BB-UBND"),
        Body.PARTY: ("Đảng ủy xã Quảng Lập", "Đảng bộ tỉnh Lâm Đồng", "BB/ĐU"),
        Body.PLAIN: ("Hội Khuyến học Quảng Lập" if vi else "Quang Lap Society for Learning", "", "2026"),
    }
    organisation, parent, symbol = heads[body]
    names = ["Nguyễn Đức Thưởng", "Trần Thị Ngọc Ẩn", "Lê Hữu Đỗ", "Phạm Quỳnh Ngữ", "Vũ Đặng Ẵm"]
    people = tuple(
        Attendee(
            names[n % 5] + ("" if n < 5 else f" {n}"),
            ("Phó Chủ tịch" if n % 2 else "Ủy viên") if vi else "Member",
            Presence.PRESENT,
            note=("có mặt từ 08 giờ 20 phút" if vi else "from 08:20") if n == 2 else "",
        )
        for n in range(members - 2)
    )
    absent = (
        Attendee("Đoàn Thế Ợt", "Ủy viên", Presence.EXCUSED, note="đi công tác" if vi else "on duty"),
        Attendee("Hồ Sỹ Ỗn", "Ủy viên", Presence.ABSENT),
    )
    guests = (Attendee("Bùi Xuân Dũng", "Trưởng phòng Kinh tế", Presence.GUEST),)
    rule, base, yes = MORE_THAN_HALF, members, members - 3
    result = formula(rule, yes, base)
    labels = (
        ("tán thành", "không tán thành", "không biểu quyết", "không bỏ phiếu")
        if vi
        else ("for", "against", "abstaining", "not voting")
    )
    poll = PollRecord(
        id="7",
        question="Nghị quyết về kế hoạch đầu tư công" if vi else "Resolution on public investment",
        form="Biểu quyết có ghi danh" if vi else "Named vote",
        opened_at=at(9, 10),
        closed_at=at(9, 15),
        options=tuple(OptionCount(label, n) for label, n in zip(labels, (yes, 1, 0, 2), strict=True)),
        electorate=members,
        cast=yes + 1,
        base_label="tổng số thành viên đương nhiệm" if vi else "members in office",
        base=base,
        counted=yes,
        rule=rule,
        formula=result,
        outcome="Thông qua" if vi else "Carried",
        carried=True,
        ballots=tuple(
            NamedBallot(p.name, p.title, labels[1] if n == 3 else labels[0]) for n, p in enumerate(people)
        ),
        evidence=(40, 41),
    )
    closing = (
        f"{'Hội nghị' if body is Body.PARTY else 'Cuộc họp'} kết thúc vào 11 giờ 30 phút, ngày 05 tháng 11 năm 2026."
        if vi
        else "The meeting ended at 11:30 on 5 November 2026."
    )
    return Minutes(
        locale=locale,
        head=Head(
            organisation=organisation,
            title="Cuộc họp thường kỳ tháng 11 năm 2026" if vi else "Ordinary meeting of November 2026",
            body=body,
            gathering="Cuộc họp" if vi else "The meeting",
            parent_body=parent or None,
            number=5,
            symbol=symbol,
            locality="Quảng Lập" if vi else "Quang Lap",
        ),
        facts=Facts(
            opened_at=at(8, 5),
            closed_at=at(11, 30),
            place="Phòng họp số 1, trụ sở Ủy ban nhân dân xã" if vi else "Meeting room 1",
            chair=Officer("Trần Văn Chủ Tọa", "Chủ tịch" if vi else "Chair"),
            secretary=Officer("Nguyễn Thị Thư Ký", "Chánh Văn phòng" if vi else "Head of office"),
            members_in_office=members,
            attendees=people + guests + absent,
            bridges=tuple(
                BridgeAttendance(
                    f"Điểm cầu thôn {n + 1}", 12 + n, at(7, 50), at(11, 31) if n % 2 else None, (3 + n,)
                )
                for n in range(bridges)
            ),
            quorum=QuorumRecord(members - 2, members, TWO_THIRDS.needed(members), TWO_THIRDS, True, (9,)),
        ),
        sections=(
            Section(
                "opening",
                "",
                "Khai mạc" if vi else "Opening",
                (
                    Paragraph(
                        "p9",
                        "08 giờ 05 phút, chủ tọa tuyên bố khai mạc cuộc họp."
                        if vi
                        else "At 08:05 the chair opened the meeting.",
                        (9,),
                    ),
                    Paragraph("p10", f"Chữ khó: {HARD_LETTERS}; a<b & c>d.", (10,)),
                ),
            ),
            Section(
                "item-1",
                "1",
                "Kế hoạch đầu tư công năm 2027" if vi else "Public investment plan for 2027",
                (
                    Paragraph(
                        "p12",
                        (
                            "08 giờ 20 phút, chủ tọa mời cuộc họp bắt đầu nội dung “Kế hoạch đầu tư công năm 2027” "
                            "(trình bày: Phòng Kinh tế). Đường giao thông liên thôn cần được ưu tiên vốn; "
                            "các thành viên thống nhất phương án phân bổ theo tờ trình."
                        )
                        if vi
                        else "At 08:20 the chair asked the meeting to take up “Public investment plan for 2027”.",
                        (12,),
                    ),
                    Paragraph(
                        "poll-7",
                        f"09 giờ 15 phút, kết thúc biểu quyết. Phép tính: {result}. Nội dung biểu quyết được thông qua."
                        if vi
                        else f"At 09:15 the vote was closed. Arithmetic: {result}. The question was carried.",
                        (40, 41),
                    ),
                ),
                (poll,),
            ),
            Section(
                "item-2",
                "2",
                "Công tác tháng 12" if vi else "Work in December",
                (
                    Paragraph(
                        "p50",
                        "10 giờ 00 phút, Lê Hữu Đỗ phát biểu (thời lượng quy định 3 phút)."
                        if vi
                        else "At 10:00 Lê Hữu Đỗ spoke (time allowed: 3 min).",
                        (50,),
                    ),
                ),
            ),
        ),
        closing=Paragraph("closing", closing, (60,)),
        recipients=("Các thành viên Ủy ban", "Lưu: VT, Hồ sơ") if vi else ("Members", "File"),
        last_seq=60,
        last_hash=LAST_HASH,
    )
