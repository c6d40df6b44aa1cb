"""The words of the paper that are neither the format's nor the meeting's: captions, table heads, the proof."""

from __future__ import annotations

from collections.abc import Mapping

from rooms.minutes import Locale

_VI: Mapping[str, str] = {
    "present": "Có mặt {count}/{members} thành viên",
    "present_only": "Có mặt {count} người",
    "substitutes": "Người dự thay, không biểu quyết ({count})",
    "guests": "Đại biểu, khách mời dự họp ({count})",
    "excused": "Vắng mặt có lý do ({count})",
    "absent": "Vắng mặt ({count})",
    "bridges": "Điểm cầu: {count} điểm cầu tham dự, {heads} đại biểu báo cáo có mặt",
    "see_annex": "(danh sách tại Phụ lục {number})",
    "no": "TT",
    "name": "Họ và tên",
    "title": "Chức vụ",
    "note": "Ghi chú",
    "bridge": "Điểm cầu",
    "heads": "Số đại biểu",
    "joined": "Vào lúc",
    "left": "Rời lúc",
    "choice": "Ý kiến",
    "base": "Căn cứ tính",
    "outcome": "Kết quả",
    "share": "Tỷ lệ trên căn cứ",
    "votes": "Số phiếu",
    "annex": "PHỤ LỤC {number}",
    "annex_people": "Danh sách thành phần tham dự: {caption}",
    "annex_bridges": "Danh sách điểm cầu tham dự",
    "annex_ballots": "Kết quả biểu quyết có ghi danh: {question}",
    "proof_1": "Biên bản điện tử; chữ ký số PAdES kiểm tra được bằng phần mềm đọc PDF hoặc tại:",
    "proof_2": "Biên bản ghi theo nhật ký cuộc họp đến mục {seq}, mã băm SHA-256:",
    "proof_3": "Thể thức: {format}.",
    "page": "Trang {page}/{pages}",
    "date_line": "{locality}, {day}",
    "subject": "Biên bản cuộc họp",
    "signed_by": "Người ký: {name}",
    "signed_at": "Thời gian ký: {time}",
    "reason": "Xác nhận biên bản",
}
_EN: Mapping[str, str] = {
    "present": "Present, {count} of {members} members",
    "present_only": "Present ({count})",
    "substitutes": "Substitutes without vote ({count})",
    "guests": "Delegates and guests ({count})",
    "excused": "Excused ({count})",
    "absent": "Absent ({count})",
    "bridges": "Bridges: {count} attended, {heads} delegates reported",
    "see_annex": "(list in Annex {number})",
    "no": "No.",
    "name": "Name",
    "title": "Title",
    "note": "Note",
    "bridge": "Bridge",
    "heads": "Delegates",
    "joined": "Joined",
    "left": "Left",
    "choice": "Vote",
    "base": "Base",
    "outcome": "Result",
    "share": "Share of the base",
    "votes": "Votes",
    "annex": "ANNEX {number}",
    "annex_people": "List of attendance: {caption}",
    "annex_bridges": "List of bridges",
    "annex_ballots": "Named vote: {question}",
    "proof_1": "Electronic minutes; the PAdES signatures can be checked by any PDF reader or at:",
    "proof_2": "These minutes follow the meeting's journal up to entry {seq}, SHA-256:",
    "proof_3": "Layout: {format}.",
    "page": "Page {page} of {pages}",
    "date_line": "{locality}, {day}",
    "subject": "Minutes of a meeting",
    "signed_by": "Signed by: {name}",
    "signed_at": "Signed at: {time}",
    "reason": "Minutes confirmed",
}

WORDS: Mapping[Locale, Mapping[str, str]] = {Locale.VI: _VI, Locale.EN: _EN}


def say(locale: Locale, key: str, **values: object) -> str:
    return WORDS[locale][key].format(**values)


def share(part: int, whole: int, locale: Locale) -> str:
    """Two decimals, rounded half up in integers; a comma in Vietnamese."""
    if whole <= 0:
        return "–"
    hundredths = (20_000 * part + whole) // (2 * whole)
    return f"{hundredths // 100}{',' if locale is Locale.VI else '.'}{hundredths % 100:02}%"
