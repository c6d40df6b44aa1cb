import { defineTexts } from '@/shared/i18n/texts'

export const texts = defineTexts(
  'signin',
  {
    title: 'Đăng nhập',
    way: 'Cách đăng nhập',
    withPassword: 'Mật khẩu',
    withCode: 'Mã',
    username: 'Tên đăng nhập',
    password: 'Mật khẩu',
    code: 'Mã đăng nhập hoặc mã điểm cầu',
    codeHint: 'Mã do thư ký hoặc người quản trị gửi.',
    enter: 'Vào',
    link: {
      working: 'Đang đăng nhập',
      none: 'Đường dẫn thiếu mã đăng nhập',
      noneHint: 'Hãy mở lại đường dẫn trong thư mời, hoặc nhập mã bằng tay.',
      byHand: 'Nhập mã bằng tay',
    },
    join: {
      title: 'Điểm cầu vào hội nghị',
      code: 'Mã điểm cầu',
      hint: 'Mã ghi trong giấy mời của điểm cầu.',
      enter: 'Vào hội nghị',
    },
  },
  {
    title: 'Sign in',
    way: 'How to sign in',
    withPassword: 'Password',
    withCode: 'Code',
    username: 'User name',
    password: 'Password',
    code: 'Sign-in code or bridge code',
    codeHint: 'The code that the secretary or the administrator sent you.',
    enter: 'Enter',
    link: {
      working: 'Signing in',
      none: 'The link has no sign-in code',
      noneHint: 'Open the link in the invitation again, or enter the code by hand.',
      byHand: 'Enter the code by hand',
    },
    join: {
      title: 'Bridge joins the conference',
      code: 'Bridge code',
      hint: 'The code stands in the invitation of the bridge.',
      enter: 'Join',
    },
  },
)
