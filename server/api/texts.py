"""Every sentence a reader sees for a refusal, in Vietnamese and English, by code.

Written for a secretary: what happened and what to do now. A test holds that every code we have stands here.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

VI, EN = "vi", "en"
#: Where a signed-in reader's own language is kept during a request; it goes before Accept-Language.
READER_LOCALE: web.RequestKey[str] = web.RequestKey("locale", str)

TITLES: Mapping[int, tuple[str, str]] = {
    400: ("Yêu cầu chưa đúng", "The request is not right"),
    401: ("Cần đăng nhập", "Sign in first"),
    403: ("Không có quyền", "Not allowed"),
    404: ("Không tìm thấy", "Not found"),
    405: ("Cách gọi không đúng", "Method not allowed"),
    409: ("Chưa thực hiện được lúc này", "Not possible now"),
    413: ("Dữ liệu quá lớn", "Too large"),
    415: ("Loại dữ liệu không dùng được", "Kind of data not taken"),
    422: ("Nội dung chưa hợp lệ", "Not valid"),
    429: ("Thao tác quá nhanh", "Too many requests"),
    500: ("Lỗi hệ thống", "Internal error"),
    502: ("Bộ phận truyền hình chưa trả lời", "The relay does not answer"),
    503: ("Tạm thời chưa phục vụ được", "Not available for now"),
}

#: `{…}` are facts of the refusal; a fact that is missing reads as "…".
SENTENCES: Mapping[str, tuple[str, str]] = {
    # requests
    "bad-request": (
        "Dữ liệu gửi lên không đúng khuôn dạng. Hãy tải lại trang rồi thử lại.",
        "What was sent does not have the right form. Reload the page and try again.",
    ),
    "not-found": ("Địa chỉ này không có.", "There is nothing at this address."),
    "method-not-allowed": ("Địa chỉ này không nhận cách gọi đó.", "This address does not take that method."),
    "json-wanted": ("Dữ liệu phải ở dạng JSON.", "The body must be JSON."),
    "bytes-wanted": (
        "Tệp phải được gửi ở dạng nhị phân (application/octet-stream).",
        "Send the file as raw bytes (application/octet-stream).",
    ),
    "body-too-large": ("Dữ liệu gửi lên quá lớn.", "What was sent is too large."),
    "internal": (
        "Hệ thống gặp lỗi và đã ghi lại. Chưa có gì bị thay đổi; xin thử lại sau ít phút.",
        "Something went wrong on our side and was recorded. Please try again in a few minutes.",
    ),
    "not-ready": ("Hệ thống đang khởi động hoặc bận. Xin thử lại.", "The system is starting or busy. Try again."),
    "too-many-requests": (
        "Bạn đã thử quá nhiều lần. Xin đợi {retry_after_s} giây rồi thử lại.",
        "Tried too often. Wait {retry_after_s} seconds and try again.",
    ),
    "try-again": (
        "Nhiều người cùng thao tác một lúc. Xin bấm lại.",
        "Several people did the same at once. Please try again.",
    ),
    "idempotency-key-reused": (
        "Mã lần gửi này đã dùng cho một yêu cầu khác. Hãy tải lại trang.",
        "This idempotency key was used for another request. Reload the page.",
    ),
    # signing in
    "sign-in-first": ("Bạn chưa đăng nhập hoặc phiên đã hết hạn.", "You are not signed in, or no longer."),
    "token-expired": ("Phiên làm việc đã hết hạn. Xin đăng nhập lại.", "The session has expired. Sign in again."),
    "token-invalid": (
        "Phiên làm việc không hợp lệ. Xin đăng nhập lại.",
        "This session is not valid. Sign in.",
    ),
    "session-ended": (
        "Phiên làm việc đã kết thúc. Xin đăng nhập lại.",
        "This session has ended. Sign in again.",
    ),
    "session-reused": (
        "Phiên đã được dùng ở nơi khác nên bị khóa để bảo đảm an toàn. Xin đăng nhập lại.",
        "This session was used twice and has been closed for safety. Sign in again.",
    ),
    "wrong-credentials": (
        "Tên đăng nhập hoặc mật khẩu không đúng.",
        "The user name or the password is wrong.",
    ),
    "wrong-password": ("Mật khẩu hiện tại không đúng.", "The present password is wrong."),
    "password-too-short": (
        "Mật khẩu cần ít nhất {least} ký tự.",
        "A password needs at least {least} characters.",
    ),
    "link-unknown": ("Đường dẫn đăng nhập không đúng.", "This sign-in link is not known."),
    "link-expired": (
        "Đường dẫn đăng nhập đã dùng hoặc hết hạn. Xin người quản trị cấp đường dẫn mới.",
        "This sign-in link was used or has expired. Ask the administrator for a new one.",
    ),
    "link-needed": (
        "Để đặt mật khẩu lần đầu, hãy đăng nhập bằng một đường dẫn mới rồi đặt trong vòng 15 phút.",
        "To set your first password, sign in with a new link and set it within 15 minutes.",
    ),
    "join-code-unknown": (
        "Mã tham gia của điểm cầu không đúng. Xin kiểm tra lại từng ký tự.",
        "This join code is not known. Check every character.",
    ),
    "join-code-expired": (
        "Mã tham gia của điểm cầu đã hết hạn hoặc đã được thay. Xin mã mới từ thư ký.",
        "This join code has expired or was replaced. Ask the secretary for a new one.",
    ),
    "account-inactive": ("Tài khoản đã bị khóa.", "The account is closed."),
    "people-only": ("Việc này chỉ dành cho người dùng, không dành cho điểm cầu.", "Only a person can do this."),
    # directory
    "organisation-unknown": ("Không có tổ chức này.", "There is no such organisation."),
    "username-taken": ("Tên đăng nhập này đã có người dùng.", "This user name is taken."),
    "bridge-code-taken": ("Mã điểm cầu này đã có.", "This bridge code is taken."),
    "last-administrator": (
        "Tổ chức phải còn ít nhất một người quản trị.",
        "At least one administrator must remain.",
    ),
    "bridge-inside-itself": ("Một điểm cầu không thể trực thuộc chính nó.", "A bridge cannot be its own parent."),
    "person-unknown": ("Không có người này trong tổ chức.", "There is no such person in this organisation."),
    "bridge-unknown": ("Không có điểm cầu này trong tổ chức.", "There is no such bridge in this organisation."),
    # text and numbers
    "text-empty": ("Ô “{field}” không được để trống.", "“{field}” must not be empty."),
    "text-too-long": ("Ô “{field}” dài quá {limit} ký tự.", "“{field}” has over {limit} characters."),
    "text-control-characters": (
        "Ô “{field}” có ký tự không hiển thị được. Hãy gõ lại.",
        "“{field}” has characters that cannot be shown. Type it again.",
    ),
    "bad-threshold": ("Tỷ lệ phải là một phân số từ 0 đến 1.", "The threshold must be a fraction from 0 to 1."),
    "time-without-zone": ("Thời gian phải kèm múi giờ.", "A time needs its zone."),
    "bad-time": (
        "Thời gian phải từ năm {first} đến năm {last}.",
        "A time must be in the years {first} to {last}.",
    ),
    "ends-before-start": ("Giờ kết thúc phải sau giờ bắt đầu.", "The meeting must end after it starts."),
    "bad-members-in-office": (
        "Số thành viên đương nhiệm phải là số dương.",
        "The number of members in office must be positive.",
    ),
    "bad-planned-minutes": ("Thời lượng dự kiến không hợp lệ.", "The planned time is not valid."),
    "bad-time-limit": ("Thời gian phát biểu không hợp lệ.", "The speaking time is not valid."),
    "bad-head-count": ("Số đại biểu không hợp lệ.", "The number of delegates is not valid."),
    # meetings
    "not-your-right": ("Bạn không có quyền làm việc này.", "You do not have the right to do this."),
    "meeting-unknown": (
        "Không có cuộc họp này, hoặc bạn không được mời.",
        "There is no such meeting, or you are not invited.",
    ),
    "meeting-is-draft": ("Cuộc họp còn đang chuẩn bị, chưa triệu tập.", "The meeting is still being prepared."),
    "meeting-is-convened": ("Cuộc họp đã triệu tập nhưng chưa khai mạc.", "The meeting is convened but not open."),
    "meeting-is-open": ("Cuộc họp đang diễn ra.", "The meeting is open already."),
    "meeting-is-closed": ("Cuộc họp đã kết thúc.", "The meeting is closed."),
    "not-ready-to-convene": (
        "Chưa triệu tập được: còn thiếu {missing}.",
        "Not ready to convene: {missing} missing.",
    ),
    "role-not-for-a-person": ("Vai trò này không dành cho người.", "A person cannot have this role."),
    "role-not-for-a-bridge": ("Vai trò này không dành cho điểm cầu.", "A bridge cannot have this role."),
    "role-fixed-while-open": (
        "Không đổi vai trò khi cuộc họp đang diễn ra.",
        "Roles do not change while the meeting is open.",
    ),
    "second-chair": ("Cuộc họp đã có chủ tọa.", "The meeting has a chair already."),
    "second-secretary": ("Cuộc họp đã có thư ký.", "The meeting has a secretary already."),
    "second-central-bridge": ("Hội nghị đã có điểm cầu trung tâm.", "There is a central bridge already."),
    "too-many-attendants": ("Tối đa {limit} người dự.", "At most {limit} people."),
    "cannot-change-own-role": (
        "Thư ký không thể tự đổi vai trò của mình.",
        "The secretary cannot change his or her own role.",
    ),
    "chair-needed": (
        "Cuộc họp đã phát hành giấy mời phải có chủ tọa. Hãy chọn chủ tọa mới trước.",
        "A convened meeting needs a chair. Name the next one first.",
    ),
    "cannot-uninvite-self": ("Thư ký không thể tự rút tên.", "The secretary stays invited."),
    "person-not-invited": ("Người này không được mời dự.", "This person is not invited."),
    "person-is-present": ("Người này đang có mặt.", "This person is present."),
    "bridge-not-invited": ("Điểm cầu này không được mời dự.", "This bridge is not invited."),
    "bridge-is-on-stage": (
        "Điểm cầu đang lên hình hoặc chờ lên hình.",
        "The bridge is on air or standing by.",
    ),
    "bridge-is-on-air": ("Điểm cầu đang lên hình rồi.", "The bridge is on air already."),
    "no-recordings": (
        "Máy chủ chưa được đặt nơi lưu bản ghi. Hãy báo người quản trị.",
        "The server has no place for recordings. Tell the administrator.",
    ),
    "recording-unknown": ("Không có bản ghi này.", "There is no such recording."),
    "not-a-bridge": ("Chỉ điểm cầu mới làm được việc này.", "Only a bridge can do this."),
    # agenda
    "item-unknown": ("Nội dung chương trình này không còn.", "There is no such agenda item."),
    "item-is-current": ("Nội dung này đang được bàn.", "This item is under discussion."),
    "item-not-current": ("Nội dung này không phải đang được bàn.", "This item is not under discussion."),
    "item-was-dealt-with": ("Nội dung này đã được bàn.", "This item was dealt with."),
    "item-inside-itself": ("Không thể đặt một nội dung vào trong chính nó.", "An item cannot go inside itself."),
    "agenda-too-deep": ("Chương trình tối đa ba cấp.", "The agenda has at most three levels."),
    "too-many-items": ("Tối đa {limit} nội dung.", "At most {limit} items."),
    # papers
    "paper-unknown": (
        "Không có tài liệu này, hoặc bạn không được xem.",
        "There is no such paper, or you may not see it.",
    ),
    "paper-has-no-pages": (
        "Tài liệu này chỉ tải về được, không xem từng trang.",
        "This paper can only be downloaded.",
    ),
    "page-out-of-range": ("Tài liệu chỉ có {pages} trang.", "The paper has {pages} pages."),
    "too-many-papers": ("Tối đa {limit} tài liệu.", "At most {limit} papers."),
    "paper-empty": ("Tệp rỗng. Hãy chọn tệp khác.", "The file is empty. Choose another."),
    "paper-too-large": (
        "Tệp lớn quá {limit_mb} MB. Hãy giảm dung lượng hoặc chia nhỏ rồi tải lại.",
        "The file is over {limit_mb} MB. Make it smaller or split it.",
    ),
    "paper-broken": (
        "Tệp bị hỏng, không mở được. Hãy xuất lại tệp rồi tải lên.",
        "The file is broken and cannot be opened. Export it anew and upload it again.",
    ),
    "paper-encrypted": (
        "Tệp được đặt mật khẩu. Hãy bỏ mật khẩu rồi tải lên.",
        "The file is protected by a password. Remove it and upload again.",
    ),
    "paper-too-many-pages": (
        "Tài liệu có quá {limit} trang. Hãy chia nhỏ.",
        "The paper has over {limit} pages. Split it.",
    ),
    "paper-bomb": (
        "Tệp nén chứa lượng dữ liệu bất thường nên không được nhận.",
        "The file unpacks to an unreasonable size and is not taken.",
    ),
    "paper-type-unknown": (
        "Chỉ nhận PDF, Word, Excel, PowerPoint, OpenDocument, ảnh PNG/JPEG và văn bản thuần.",
        "Only PDF, Word, Excel, PowerPoint, OpenDocument, PNG/JPEG and plain text are taken.",
    ),
    "paper-was-changed": (
        "Tệp lưu trữ khác với lúc tải lên. Xin báo người quản trị.",
        "The stored file differs from what was uploaded. Tell the administrator.",
    ),
    "upload-broke-off": (
        "Việc tải tệp bị ngắt giữa chừng. Hãy tải lại.",
        "The upload broke off. Try again.",
    ),
    # floor
    "floor-asked-already": ("Bạn đã đăng ký phát biểu.", "You have asked for the floor already."),
    "too-many-waiting": ("Danh sách đăng ký phát biểu đã đầy.", "The list of speakers is full."),
    "turn-unknown": ("Lượt phát biểu này không còn.", "There is no such turn."),
    "turn-not-waiting": ("Lượt này không còn ở danh sách chờ.", "This turn is not waiting."),
    "turn-not-speaking": ("Lượt này không phải đang phát biểu.", "This turn is not speaking."),
    "turn-unlimited": ("Lượt này không giới hạn thời gian.", "This turn has no time limit."),
    "not-your-turn": ("Đây không phải lượt phát biểu của bạn.", "This is not your turn."),
    # polls
    "poll-unknown": ("Không có biểu quyết này.", "There is no such vote."),
    "poll-is-prepared": ("Biểu quyết này chưa mở.", "The vote is not open yet."),
    "poll-is-open": ("Biểu quyết này đang mở.", "The vote is open."),
    "poll-is-closed": (
        "Biểu quyết đã kết thúc, không nhận thêm phiếu.",
        "The vote is closed; no more ballots are taken.",
    ),
    "poll-is-cancelled": ("Biểu quyết này đã hủy.", "The vote was called off."),
    "poll-still-open": (
        "Còn biểu quyết đang mở. Hãy kết thúc biểu quyết trước.",
        "A vote is still open. Close it first.",
    ),
    "another-poll-is-open": ("Đang có biểu quyết khác mở.", "Another vote is open."),
    "too-many-polls": ("Tối đa {limit} biểu quyết.", "At most {limit} votes."),
    "not-entitled-to-vote": ("Bạn không thuộc diện biểu quyết lần này.", "You are not entitled to this vote."),
    "check-in-first": ("Hãy điểm danh trước khi biểu quyết.", "Check in before you vote."),
    "already-voted": ("Bạn đã bỏ phiếu; phiếu này không đổi được.", "You have voted; it cannot be changed."),
    # minutes
    "minutes-are-none": ("Chưa có biên bản.", "There are no minutes yet."),
    "minutes-are-draft": ("Biên bản còn là bản thảo, chưa khóa.", "The minutes are still a draft."),
    "minutes-are-locked": ("Biên bản đã khóa để ký.", "The minutes are locked for signing."),
    "minutes-are-signed": ("Biên bản đã ký đủ.", "The minutes are signed."),
    "minutes-changed-meanwhile": (
        "Người khác vừa sửa biên bản. Hãy xem bản mới rồi sửa lại.",
        "Somebody changed the minutes meanwhile. Look at the new text first.",
    ),
    "minutes-unreadable": (
        "Bản ghi biên bản bị hỏng. Xin báo người quản trị.",
        "The stored minutes cannot be read. Tell the administrator.",
    ),
    "paragraph-unknown": ("Đoạn này không còn trong biên bản.", "There is no such paragraph."),
    "secretary-signs-first": ("Thư ký ký trước, chủ tọa ký sau.", "The secretary signs before the chair."),
    "signed-already": ("Bạn đã ký biên bản này.", "You have signed already."),
    "certificate-revoked": (
        "Chứng thư số của người ký đã bị thu hồi.",
        "The signer's certificate has been revoked.",
    ),
    "signing-failed": (
        "Chưa ký được. Biên bản không thay đổi; xin thử lại.",
        "Signing failed. The minutes are unchanged; try again.",
    ),
    # verification, relay
    "not-a-pdf": ("Tệp không phải là PDF.", "The file is not a PDF."),
    "pdf-wanted": ("Hãy gửi tệp PDF (application/pdf).", "Send a PDF (application/pdf)."),
    "blobs-unreachable": (
        "Kho lưu tài liệu chưa trả lời. Cuộc họp vẫn tiếp tục; xin thử mở hoặc gửi tài liệu lại sau ít phút.",
        "The store of papers does not answer. The meeting goes on; try the paper again in a few minutes.",
    ),
    "media-moved": (
        "Đường truyền đã chuyển sang máy khác. Hệ thống đang tự nối lại.",
        "Picture and sound come from another relay now. The system is reconnecting.",
    ),
    "relay-unreachable": (
        "Bộ phận truyền hình chưa trả lời. Hệ thống đang tự nối lại.",
        "The relay does not answer. The system is reconnecting.",
    ),
}

#: How a fact's own words read.
WORDS: Mapping[str, tuple[str, str]] = {
    "chair": ("chủ tọa", "a chair"),
    "members": ("thành viên", "members"),
    "agenda": ("chương trình", "an agenda"),
    "place": ("địa điểm", "a place"),
    "title": ("tiêu đề", "title"),
    "body_name": ("tên cơ quan", "name of the body"),
    "question": ("nội dung biểu quyết", "question"),
    "presenter": ("người trình bày", "presenter"),
    "name": ("họ và tên", "name"),
    "position": ("chức vụ", "position"),
    "reason": ("lý do", "reason"),
    "text": ("nội dung", "text"),
    "code": ("mã", "code"),
    "phone": ("điện thoại", "telephone"),
    "filename": ("tên tệp", "file name"),
    "excuse": ("lý do vắng mặt", "excuse"),
}


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def sentence(code: str, status: int, locale: str, facts: Mapping[str, object]) -> tuple[str, str]:
    """Title and detail."""
    n = 1 if locale == EN else 0
    title = TITLES.get(status, TITLES[500])[n]
    template = SENTENCES.get(code)
    if template is None:
        return title, title
    return title, template[n].format_map(_Facts({k: _word(v, n) for k, v in facts.items()}))


def _word(value: object, n: int) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_word(v, n) for v in value)
    return WORDS[str(value)][n] if str(value) in WORDS else str(value)


def locale_of(request: web.Request) -> str:
    """The reader's own language, else what the browser prefers; Vietnamese when it says nothing."""
    kept = request.get(READER_LOCALE)
    if kept in (VI, EN):
        return str(kept)
    best, best_q = VI, 0.0
    for part in request.headers.get("Accept-Language", "").split(",")[:10]:
        tag, _, quality = part.strip().partition(";q=")
        language = tag.split("-")[0].lower()
        if language not in (VI, EN):
            continue
        try:
            q = float(quality) if quality else 1.0
        except ValueError:
            continue
        if q > best_q:
            best, best_q = language, q
    return best
