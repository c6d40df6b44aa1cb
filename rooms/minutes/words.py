# ruff: noqa: E501 - sentences and citations stay in one line
"""The sentences of the minutes in Vietnamese and English, as data, and how times and numbers are written.

Every key stands in both languages with the same placeholders (a test holds it).
Dates as Decree 30/2020, Annex I: days below 10 and the months 1 and 2 are written with a leading zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rooms.minutes.value import Locale

_VI: Mapping[str, str] = {
    "meeting": "Cuộc họp",
    "conference": "Hội nghị",
    "the_meeting": "cuộc họp",
    "the_conference": "hội nghị",
    "chair": "chủ tọa",
    "party_chair": "đồng chí chủ trì",
    "comrade": "đồng chí {name}",
    "bridge": "điểm cầu {name}",
    "opening": "Khai mạc",
    "opened": "{time}, {chair} tuyên bố khai mạc {gathering}.",
    "quorum_reached": "Có mặt {present}/{members} thành viên có quyền biểu quyết; số tối thiểu theo quy định ({rule}) là {needed}. Phép tính: {formula}. Đủ điều kiện tiến hành {gathering}.",
    "quorum_missed": "Có mặt {present}/{members} thành viên có quyền biểu quyết; số tối thiểu theo quy định ({rule}) là {needed}. Phép tính: {formula}. Không đủ điều kiện theo quy định.",
    "arrived": "{time}, {names} có mặt.",
    "left": "{time}, {names} rời {gathering}.",
    "excused": "{time}, ghi nhận {names} vắng mặt có lý do.",
    "excused_reason": "{time}, ghi nhận {names} vắng mặt có lý do: {reason}.",
    "invited": "{time}, bổ sung thành phần tham dự: {names} ({role}).",
    "uninvited": "{time}, rút khỏi thành phần tham dự: {names}.",
    "bridges_joined": "{time}, {count} điểm cầu kết nối: {names}.",
    "bridges_left": "{time}, {count} điểm cầu ngắt kết nối: {names}.",
    "heads": "{time}, số đại biểu tại các điểm cầu: {names}.",
    "bridges_invited": "{time}, bổ sung điểm cầu: {names}.",
    "bridges_uninvited": "{time}, rút điểm cầu: {names}.",
    "on_air": "{time}, tín hiệu của {bridge} được truyền tới toàn {gathering}.",
    "off_air": "{time}, ngừng truyền tín hiệu hội nghị.",
    "details_changed": "{time}, thông tin {gathering} được điều chỉnh: “{title}”, tại {place}.",
    "item_added": "{time}, bổ sung vào chương trình nội dung: “{title}”.",
    "item_changed": "{time}, một nội dung của chương trình được điều chỉnh thành: “{title}”.",
    "items_moved": "{time}, thứ tự các nội dung của chương trình được điều chỉnh.",
    "items_removed": "{time}, rút khỏi chương trình nội dung: {titles}.",
    "item_started": "{time}, {chair} mời {gathering} bắt đầu nội dung “{title}”.",
    "item_started_by": "{time}, {chair} mời {gathering} bắt đầu nội dung “{title}” (trình bày: {presenter}).",
    "item_resumed": "{time}, {chair} mời {gathering} tiếp tục nội dung “{title}”.",
    "item_finished": "{time}, kết thúc nội dung này.",
    "item_not_reached": "Nội dung này chưa được xem xét.",
    "paper_added": "{time}, bổ sung tài liệu “{title}”.",
    "paper_changed": "{time}, tài liệu được điều chỉnh thành “{title}”.",
    "paper_removed": "{time}, rút tài liệu “{title}”.",
    "paper_led": "{time}, {chair} hướng dẫn đại biểu theo dõi tài liệu “{title}”, trang {pages}.",
    "spoke": "{time}, {speaker} phát biểu.",
    "spoke_limit": "{time}, {speaker} phát biểu (thời lượng quy định {limit}).",
    "spoke_until": "{time}, {speaker} phát biểu; kết thúc lúc {end}, trong {length}.",
    "spoke_limit_until": "{time}, {speaker} phát biểu (thời lượng quy định {limit}); kết thúc lúc {end}, trong {length}.",
    "not_heard": "Đăng ký phát biểu nhưng không phát biểu: {names}.",
    "poll_opened": "{time}, {chair} đề nghị biểu quyết có ghi danh: “{question}”. Có {entitled} người được quyền biểu quyết; tại thời điểm mở biểu quyết có mặt {present}/{members} thành viên.",
    "poll_closed": "{time}, kết thúc biểu quyết. Kết quả: {counts}. Căn cứ tính: {base} ({base_count}); điều kiện thông qua: {rule}, tức ít nhất {needed} phiếu tán thành. Phép tính: {formula}. {outcome}",
    "poll_cancelled": "{time}, không tiến hành biểu quyết về “{question}”.",
    "poll_left_open": "Việc biểu quyết này chưa kết thúc khi {gathering} kết thúc; không có kết quả.",
    "carried": "Nội dung biểu quyết được thông qua.",
    "not_carried": "Nội dung biểu quyết không được thông qua.",
    "outcome_carried": "Thông qua",
    "outcome_not_carried": "Không thông qua",
    "form_named": "Biểu quyết có ghi danh",
    "for": "tán thành",
    "against": "không tán thành",
    "abstain": "không biểu quyết",
    "silent": "không bỏ phiếu",
    "members_in_office": "tổng số thành viên đương nhiệm",
    "present_at_opening": "số thành viên có mặt khi mở biểu quyết",
    "votes_cast": "số phiếu đã bỏ",
    "more_than": "trên {n}/{d}",
    "at_least": "ít nhất {n}/{d}",
    "bridge_heads": "{name} ({heads} đại biểu)",
    "note_arrived": "có mặt từ {time}",
    "note_left": "rời họp lúc {time}",
    "role_chair": "chủ tọa",
    "role_secretary": "thư ký",
    "role_member": "thành viên",
    "role_guest": "khách mời",
    "role_central_bridge": "điểm cầu trung tâm",
    "role_commune_bridge": "điểm cầu",
    "closing": "{gathering} kết thúc vào {time}, {day}.",
    "still_open": "{gathering} chưa kết thúc.",
    "time": "{hour:02} giờ {minute:02} phút",
    "times": "Từ {first} đến {last}",
    "day": "ngày {day:02} tháng {month} năm {year}",
    "duration": "{minutes} phút {seconds:02} giây",
    "duration_even": "{minutes} phút",
    "duration_short": "{seconds} giây",
    "file": "Lưu: VT, Hồ sơ",
    "party_file": "Lưu Văn phòng",
    "plain_file": "Lưu hồ sơ",
}

_EN: Mapping[str, str] = {
    "meeting": "The meeting",
    "conference": "The conference",
    "the_meeting": "the meeting",
    "the_conference": "the conference",
    "chair": "the chair",
    "party_chair": "the chair",
    "comrade": "{name}",
    "bridge": "the bridge {name}",
    "opening": "Opening",
    "opened": "At {time} {chair} opened {gathering}.",
    "quorum_reached": "{present} of {members} voting members were present; the least required ({rule}) was {needed}. Arithmetic: {formula}. {occasion} was quorate.",
    "quorum_missed": "{present} of {members} voting members were present; the least required ({rule}) was {needed}. Arithmetic: {formula}. {occasion} was not quorate.",
    "arrived": "At {time} {names} arrived.",
    "left": "At {time} {names} left {gathering}.",
    "excused": "At {time} {names} was recorded as excused.",
    "excused_reason": "At {time} {names} was recorded as excused: {reason}.",
    "invited": "At {time} added to those invited: {names} ({role}).",
    "uninvited": "At {time} taken off those invited: {names}.",
    "bridges_joined": "At {time} bridges connected ({count}): {names}.",
    "bridges_left": "At {time} bridges disconnected ({count}): {names}.",
    "heads": "At {time} delegates reported by bridges: {names}.",
    "bridges_invited": "At {time} bridges added: {names}.",
    "bridges_uninvited": "At {time} bridges taken off: {names}.",
    "on_air": "At {time} {bridge} went on air to all of {gathering}.",
    "off_air": "At {time} the programme went off air.",
    "details_changed": "At {time} the details of {gathering} were changed to “{title}”, at {place}.",
    "item_added": "At {time} the item “{title}” was added to the agenda.",
    "item_changed": "At {time} an agenda item was changed to “{title}”.",
    "items_moved": "At {time} the order of the agenda was changed.",
    "items_removed": "At {time} taken off the agenda: {titles}.",
    "item_started": "At {time} {chair} asked {gathering} to take up “{title}”.",
    "item_started_by": "At {time} {chair} asked {gathering} to take up “{title}” (presented by {presenter}).",
    "item_resumed": "At {time} {chair} asked {gathering} to resume “{title}”.",
    "item_finished": "At {time} this item was concluded.",
    "item_not_reached": "This item was not dealt with.",
    "paper_added": "At {time} the paper “{title}” was added.",
    "paper_changed": "At {time} a paper was changed to “{title}”.",
    "paper_removed": "At {time} the paper “{title}” was withdrawn.",
    "paper_led": "At {time} {chair} referred those present to the paper “{title}”, page {pages}.",
    "spoke": "At {time} {speaker} spoke.",
    "spoke_limit": "At {time} {speaker} spoke (time allowed: {limit}).",
    "spoke_until": "At {time} {speaker} spoke, ending at {end}, for {length}.",
    "spoke_limit_until": "At {time} {speaker} spoke (time allowed: {limit}), ending at {end}, for {length}.",
    "not_heard": "Asked for the floor but did not speak: {names}.",
    "poll_opened": "At {time} {chair} put to a named vote: “{question}”. Entitled to vote: {entitled}; present when the vote was opened: {present} of {members} members.",
    "poll_closed": "At {time} the vote was closed. Result: {counts}. Base: {base} ({base_count}); required: {rule}, that is at least {needed} votes for. Arithmetic: {formula}. {outcome}",
    "poll_cancelled": "At {time} the vote on “{question}” was called off.",
    "poll_left_open": "This vote had not been closed when {gathering} ended; there is no result.",
    "carried": "The question was carried.",
    "not_carried": "The question was not carried.",
    "outcome_carried": "Carried",
    "outcome_not_carried": "Not carried",
    "form_named": "Named vote",
    "for": "for",
    "against": "against",
    "abstain": "abstaining",
    "silent": "not voting",
    "members_in_office": "members in office",
    "present_at_opening": "members present when the vote was opened",
    "votes_cast": "votes cast",
    "more_than": "more than {n}/{d}",
    "at_least": "at least {n}/{d}",
    "bridge_heads": "{name} ({heads} delegates)",
    "note_arrived": "from {time}",
    "note_left": "left at {time}",
    "role_chair": "chair",
    "role_secretary": "secretary",
    "role_member": "member",
    "role_guest": "guest",
    "role_central_bridge": "central bridge",
    "role_commune_bridge": "bridge",
    "closing": "{gathering} ended at {time} on {day}.",
    "still_open": "{gathering} has not ended.",
    "time": "{hour:02}:{minute:02}",
    "times": "from {first} to {last}",
    "day": "{day} {month} {year}",
    "duration": "{minutes} min {seconds:02} s",
    "duration_even": "{minutes} min",
    "duration_short": "{seconds} s",
    "file": "File",
    "party_file": "File",
    "plain_file": "File",
}

WORDS: Mapping[Locale, Mapping[str, str]] = {Locale.VI: _VI, Locale.EN: _EN}

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def say(locale: Locale, key: str, **values: object) -> str:
    """The sentence, its first letter large: placeholders may stand at its head."""
    text = WORDS[locale][key].format(**values)
    return text[:1].upper() + text[1:] if text.endswith(".") else text


def clock(locale: Locale, at: datetime) -> str:
    return WORDS[locale]["time"].format(hour=at.hour, minute=at.minute)


def day(locale: Locale, at: datetime) -> str:
    if locale is Locale.VI:
        month = f"{at.month:02}" if at.month <= 2 else str(at.month)
    else:
        month = _MONTHS[at.month - 1]
    return WORDS[locale]["day"].format(day=at.day, month=month, year=at.year)


def duration(locale: Locale, seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    key = "duration_short" if minutes == 0 else "duration_even" if rest == 0 else "duration"
    return WORDS[locale][key].format(minutes=minutes, seconds=rest)
