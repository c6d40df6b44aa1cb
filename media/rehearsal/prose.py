"""A rehearsal's report for whoever prepares the session, in plain Vietnamese or English. No input or output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from media.rehearsal.report import Report
from media.rehearsal.verdict import Limits, judge

#: Of a row the name and the figures, with a bar between.
TEXTS: Final[dict[str, dict[str, str]]] = {
    "vi": {
        "progress": "{joined}/{asked} điểm cầu đã vào, {received:,} gói tin, thiếu {gaps:,}, {failed} lỗi",
        "lingers": "máy khác còn đang xem: nguồn phát được giữ lại (bấm Ctrl-C để dừng)",
        "ready": "SẴN SÀNG: mọi điểm cầu ảo đều vào được và có hình, tiếng đến cuối.",
        "not-ready": "CHƯA SẴN SÀNG:",
        "unsure": "CHƯA KẾT LUẬN ĐƯỢC:",
        "not-joined": "{missing} trên {asked} điểm cầu không vào được",
        "nothing": "không có hình, tiếng nào đang phát",
        "unheard": "{count} trên {joined} điểm cầu vào được nhưng không nhận được gì (tại {where})",
        "silent": "{count} trên {joined} điểm cầu mất hình, tiếng giữa chừng, đến cuối chưa có lại (tại {where})",
        "gone": "trạm chuyển tiếp {relay} lúc đầu có trả lời, đến cuối thì không: đã tắt, hoặc quá tải",
        "slow-join": "điểm cầu phải chờ hình, tiếng đến {value:.1f} giây (cho phép {limit:.0f})",
        "lost": "mất hẳn {value:.2%} gói tin {kind} (cho phép {limit:.1%})",
        "late": "hình, tiếng đến trễ thêm {value:.0f} ms (cho phép {limit:.0f})",
        "undecoded": "có nhận được hình nhưng không giải mã được",
        "frozen": "hình đứng yên {value:.1%} thời gian (cho phép {limit:.0%})",
        "forged": "{count} gói tin không đúng khóa mã",
        "busy": "trạm chuyển tiếp gần quá tải: một tiến trình dùng {value:.0%} một nhân (cho phép {limit:.0%})",
        "own-limits": "máy chạy thử đã hết số kết nối được mở cùng lúc, {count} điểm cầu ảo chưa gọi được: "
        "tăng giới hạn (ulimit -n) hoặc dùng thêm máy",
        "own-drops": "máy chạy thử quá chậm, tự bỏ rơi {count:,} gói tin: hãy dùng thêm máy",
        "stopped": "bị dừng trước khi xong",
        "video": "hình",
        "audio": "tiếng",
        "row-joined": "vào được|{joined} trên {asked}, trong {seconds:.1f} giây",
        "row-heard": "có hình, tiếng|{heard} trên {joined}; đến cuối đã mất: {silent}",
        "row-first": "chờ gói tin đầu tiên|một nửa đến {p50:.2f} giây, 99% đến {p99:.2f} giây",
        "row-last": "điểm cầu chờ lâu nhất|{last:.2f} giây",
        "row-received": "gói tin nhận được|{received:,}",
        "row-lost": "{kind} mất hẳn|{lost:.3%}",
        "row-delay": "trễ thêm|một nửa đến {p50:.1f} ms, 99% đến {p99:.1f} ms",
        "row-thrown": "cố ý làm mất (--loss)|{count:,} gói tin",
        "row-drops": "máy này bỏ rơi|{count:,} gói tin",
        "row-decoded": "giải mã được|{pictures:,} hình, {sounds:,} đoạn tiếng, tại {bridges} điểm cầu",
        "row-frozen": "hình đứng yên|{freezes} lần, {seconds:.1f} giây",
        "row-relay": "trạm chuyển tiếp|{url}: {cores:.2f} nhân CPU (bận nhất {busiest:.0%}), {rss_mb:.0f} MB",
        "row-failure": "lỗi|{failure}",
    },
    "en": {
        "progress": "{joined}/{asked} bridges in, {received:,} packets, {gaps:,} missing, {failed} failed",
        "lingers": "other machines still watch: the source stays on air (Ctrl-C ends it)",
        "ready": "READY: every virtual bridge got in and had picture and sound to the end.",
        "not-ready": "NOT READY:",
        "unsure": "NO VERDICT:",
        "not-joined": "{missing} of {asked} bridges did not get in",
        "nothing": "nothing was on air",
        "unheard": "{count} of {joined} bridges got in but never got anything (at {where})",
        "silent": "{count} of {joined} bridges lost picture and sound and had none at the end (at {where})",
        "gone": "the relay {relay} answered at the start and not at the end: it is gone, or overloaded",
        "slow-join": "bridges waited up to {value:.1f} s for picture and sound (allowed: {limit:.0f})",
        "lost": "{value:.2%} of {kind} packets were lost for good (allowed: {limit:.1%})",
        "late": "picture and sound came {value:.0f} ms late (allowed: {limit:.0f})",
        "undecoded": "what came as a picture could not be decoded",
        "frozen": "the picture stood still for {value:.1%} of the time (allowed: {limit:.0%})",
        "forged": "{count} packets did not fit their keys",
        "busy": "a relay is nearly overloaded: a process used {value:.0%} of a core (allowed: {limit:.0%})",
        "own-limits": "this machine may hold no more connections at once, so {count} virtual bridges could not "
        "even ask: raise its limit (ulimit -n), or use more machines",
        "own-drops": "this machine was too slow and dropped {count:,} packets itself: use more machines",
        "stopped": "it was stopped before its end",
        "video": "picture",
        "audio": "sound",
        "row-joined": "got in|{joined} of {asked}, within {seconds:.1f} s",
        "row-heard": "had picture and sound|{heard} of {joined}; had lost it at the end: {silent}",
        "row-first": "wait for the first packet|half up to {p50:.2f} s, 99% up to {p99:.2f} s",
        "row-last": "longest wait|{last:.2f} s",
        "row-received": "packets received|{received:,}",
        "row-lost": "{kind} lost for good|{lost:.3%}",
        "row-delay": "delay added|half up to {p50:.1f} ms, 99% up to {p99:.1f} ms",
        "row-thrown": "lost on purpose (--loss)|{count:,} packets",
        "row-drops": "dropped by this machine|{count:,} packets",
        "row-decoded": "decoded|{pictures:,} pictures, {sounds:,} pieces of sound, at {bridges} bridges",
        "row-frozen": "picture stood still|{freezes} times, {seconds:.1f} s",
        "row-relay": "relay|{url}: {cores:.2f} cores of CPU (the busiest {busiest:.0%}), {rss_mb:.0f} MB",
        "row-failure": "failure|{failure}",
    },
}  # fmt: skip
_WIDTH: Final = 28
_SWAPPED: Final = str.maketrans(".,", ",.")


class _Vietnamese:
    """A number whose decimals stand after a comma: 1.250 s would be read as twenty minutes."""

    def __init__(self, value: float) -> None:
        self._value = value

    def __format__(self, spec: str) -> str:
        return format(self._value, spec).translate(_SWAPPED)


def say(language: str, name: str, **words: Any) -> str:
    """One text with its figures."""
    if language == "vi":
        words = {key: _Vietnamese(one) if isinstance(one, (int, float)) else one for key, one in words.items()}
    return TEXTS[language][name].format(**words)


def prose(told: Report, limits: Limits, language: str) -> str:
    """The figures, and the verdict with its reasons."""
    lines = [""]
    for name, words in _rows(told):
        if "kind" in words:
            words = words | {"kind": TEXTS[language][words["kind"]]}
        title, _, figures = say(language, f"row-{name}", **words).partition("|")
        lines.append(f"  {title:<{_WIDTH}}{figures}")
    verdict, reasons = judge(told, limits)
    lines += ["", TEXTS[language][verdict.value]]
    for code, words in reasons:
        if "kind" in words:
            words = words | {"kind": TEXTS[language][words["kind"]]}
        lines.append("  - " + say(language, code, **words))
    return "\n".join(lines)


def _rows(told: Report) -> Iterator[tuple[str, dict[str, Any]]]:
    """Only what there is something to say about."""
    yield "joined", {"joined": told.joined, "asked": told.asked, "seconds": told.all_joined_s}
    yield "heard", {"heard": told.heard, "joined": told.joined, "silent": told.silent}
    if told.first_packet_s["p50"] is not None:
        yield "first", told.first_packet_s
    if told.first_packet_s["last"] is not None:
        yield "last", told.first_packet_s
    yield "received", {"received": told.received}
    for kind, lost in told.lost_after_repair.items():
        if lost is not None:
            yield "lost", {"kind": kind, "lost": lost}
    if told.delay_ms["p50"] is not None:
        yield "delay", told.delay_ms
    if told.thrown_away:
        yield "thrown", {"count": told.thrown_away}
    if told.own_drops:
        yield "drops", {"count": told.own_drops}
    if told.decoded is not None:
        words = ("pictures", "sounds", "bridges")
        yield "decoded", {name: getattr(told.decoded, name) for name in words}
    if told.watched is not None and told.watched.watched_s:
        yield "frozen", {"freezes": told.watched.freezes, "seconds": told.watched.frozen_s}
    for use in told.relays:
        yield "relay", {"url": use.url, "cores": use.cores, "busiest": use.busiest, "rss_mb": use.rss_mb}
    for failure in told.failures:
        yield "failure", {"failure": _plain(failure)}


def _plain(failure: str) -> str:
    """A relay's no is a problem document: its sentence is enough."""
    status, _, body = failure.partition(": ")
    try:
        return f"{status}: {json.loads(body)['detail']}"
    except (ValueError, KeyError, TypeError):
        return failure
