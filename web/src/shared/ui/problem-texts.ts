// The sentence for each refusal code, written for a secretary. Codes without a sentence here show the server's own
// `detail`, which it writes in the user's language. {{names}} are the problem's facts.
import { defineTexts } from '@/shared/i18n/texts'

export const problems = defineTexts(
  'problems',
  {
    offline: 'Không có mạng. Hãy kiểm tra kết nối rồi thử lại.',
    unavailable: 'Máy chủ đang bận hoặc khởi động lại. Hãy thử lại sau ít phút.',
    internal: 'Máy chủ gặp lỗi. Việc vừa làm chưa được ghi; hãy thử lại.',
    'unreadable-answer': 'Máy chủ trả lời không đúng. Hãy tải lại trang.',
    'not-signed-in': 'Phiên đăng nhập đã hết. Hãy đăng nhập lại.',
    'wrong-credentials': 'Tên đăng nhập hoặc mật khẩu không đúng.',
    'link-expired': 'Mã này đã dùng hoặc đã hết hạn. Hãy xin thư ký một mã mới.',
    'link-unknown': 'Mã không đúng. Hãy kiểm tra từng chữ rồi nhập lại.',
    'too-many-requests': 'Thử quá nhiều lần. Hãy đợi một phút rồi thử lại.',
    forbidden: 'Tài khoản này không có quyền làm việc đó.',
    'not-found': 'Không tìm thấy, hoặc tài khoản này không được xem.',
    'too-large': 'Tệp quá lớn.',
    refused: 'Máy chủ không nhận yêu cầu này.',
    invalid: 'Thông tin chưa đúng. Hãy xem lại các ô được đánh dấu.',
  },
  {
    offline: 'No network. Check the connection and try again.',
    unavailable: 'The server is busy or restarting. Try again in a few minutes.',
    internal: 'The server has failed. Nothing was recorded; please try again.',
    'unreadable-answer': 'The server gave an answer that makes no sense. Reload the page.',
    'not-signed-in': 'Your session has ended. Please sign in again.',
    'wrong-credentials': 'The name or the password is wrong.',
    'link-expired': 'This code has been used or has expired. Ask the secretary for a new one.',
    'link-unknown': 'The code is wrong. Check every character and enter it again.',
    'too-many-requests': 'Too many tries. Wait a minute and try again.',
    forbidden: 'This account may not do that.',
    'not-found': 'Not found, or not for this account to see.',
    'too-large': 'The file is too large.',
    refused: 'The server did not accept this request.',
    invalid: 'Something is not right. Look at the marked fields.',
  },
)
