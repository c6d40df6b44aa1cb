import { defineTexts } from '@/shared/i18n/texts'

export const detailTexts = defineTexts(
  'prepare-details',
  {
    title: 'Tên cuộc họp',
    startsAt: 'Bắt đầu lúc',
    needsStart: 'Cần ngày và giờ bắt đầu',
    place: 'Địa điểm',
    body: 'Cơ quan, ban họp',
    countInvited: 'Số thành viên của ban bằng số thành viên được mời',
    membersInOffice: 'Số thành viên đương nhiệm',
    membersInOfficeWhy: 'Là mẫu số khi tính túc số và kết quả biểu quyết, kể cả người vắng.',
    quorum: 'Túc số',
    twoThirds: 'Túc số: từ 2/3 thành viên',
    moreThanHalf: 'Túc số: quá nửa thành viên',
  },
  {
    title: 'Title of the meeting',
    startsAt: 'Starts at',
    needsStart: 'A day and a time are needed',
    place: 'Place',
    body: 'Body that meets',
    countInvited: 'The body has as many members as are invited',
    membersInOffice: 'Members in office',
    membersInOfficeWhy: 'The base of quorum and votes, absent members included.',
    quorum: 'Quorum',
    twoThirds: 'Quorum: two thirds of the members',
    moreThanHalf: 'Quorum: more than half of the members',
  },
)
