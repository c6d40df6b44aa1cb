import { defineTexts } from '@/shared/i18n/texts'

export const texts = defineTexts(
  'agenda',
  {
    title: 'Nội dung',
    progress: '{{done}}/{{all}} xong',
    none: 'Chưa có nội dung',
    noneHint: 'Thư ký thêm nội dung trong phần chuẩn bị cuộc họp.',
    state: { pending: 'Chưa đến', current: 'Đang bàn', done: 'Đã xong' },
    minutes: '{{count}} phút',
    begun: 'bắt đầu {{time}}',
    start: 'Bắt đầu nội dung này',
    again: 'Bàn lại nội dung này',
    papers_other: '{{count}} tài liệu',
    pages: '{{count}} trang',
    download: 'chỉ tải về được',
  },
  {
    title: 'Agenda',
    progress: '{{done}} of {{all}} done',
    none: 'No agenda items yet',
    noneHint: 'The secretary adds them while preparing the meeting.',
    state: { pending: 'To come', current: 'Now', done: 'Done' },
    minutes: '{{count}} min',
    begun: 'begun {{time}}',
    start: 'Start this item',
    again: 'Take this item up again',
    papers_one: '{{count}} paper',
    papers_other: '{{count}} papers',
    pages: '{{count}} pp.',
    download: 'download only',
  },
)
