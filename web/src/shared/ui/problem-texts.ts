// Sentences for what the server did not say itself: no line, no answer, an answer of a proxy in between. Every refusal of
// ours comes with its own sentence (`detail`), written by the server in the reader's language.
import { defineTexts } from '@/shared/i18n/texts'

export const problems = defineTexts(
  'problems',
  {
    offline: 'Không có mạng. Hãy kiểm tra kết nối rồi thử lại.',
    unavailable: 'Máy chủ đang bận hoặc khởi động lại. Hãy thử lại sau ít phút.',
    internal: 'Máy chủ gặp lỗi. Hãy thử lại; nếu vẫn lỗi, hãy báo người quản trị.',
    'unreadable-answer': 'Máy chủ trả lời không đúng. Hãy tải lại trang.',
    'not-signed-in': 'Phiên đăng nhập đã hết. Hãy đăng nhập lại.',
    'too-many-requests': 'Thử quá nhiều lần. Hãy đợi một phút rồi thử lại.',
    forbidden: 'Tài khoản này không có quyền làm việc đó.',
    'not-found': 'Không tìm thấy, hoặc tài khoản này không được xem.',
    'too-large': 'Tệp quá lớn.',
    refused: 'Máy chủ không nhận yêu cầu này.',
  },
  {
    offline: 'No network. Check the connection and try again.',
    unavailable: 'The server is busy or restarting. Try again in a few minutes.',
    internal: 'The server has failed. Try again; if it goes on, tell the administrator.',
    'unreadable-answer': 'The server gave an answer that makes no sense. Reload the page.',
    'not-signed-in': 'Your session has ended. Please sign in again.',
    'too-many-requests': 'Too many tries. Wait a minute and try again.',
    forbidden: 'This account may not do that.',
    'not-found': 'Not found, or not for this account to see.',
    'too-large': 'The file is too large.',
    refused: 'The server did not accept this request.',
  },
)
