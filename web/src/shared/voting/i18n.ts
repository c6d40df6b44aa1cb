import { defineTexts } from '@/shared/i18n/texts'

export const texts = defineTexts(
  'poll',
  {
    choice: { for: 'Tán thành', against: 'Không tán thành', abstain: 'Không biểu quyết' },
    silent: 'Không bỏ phiếu',
    base: {
      members_in_office: 'thành viên',
      present_at_opening: 'thành viên có mặt',
      votes_cast: 'phiếu',
    },
    threshold: {
      half: 'quá nửa số {{base}}',
      all: 'toàn bộ {{base}}',
      over: 'quá {{share}} số {{base}}',
      least: 'ít nhất {{share}} số {{base}}',
    },
    short: { half: 'quá nửa', all: 'toàn bộ', over: 'quá {{share}}', least: 'ít nhất {{share}}' },
    carried: 'Thông qua',
    rejected: 'Không thông qua',
    sum: '{{votes}} tán thành / {{base_count}} {{base}} = {{share}}, cần {{short}} ({{needed}})',
    sumEmpty: 'Không có {{base}} nào để tính',
    turnout: 'Đã bỏ phiếu {{cast}}/{{entitled}}',
    bar: 'Kết quả: {{votes_for}} tán thành, {{votes_against}} không tán thành, {{abstentions}} không biểu quyết, {{silent}} không bỏ phiếu',
    close: {
      title: 'Đóng biểu quyết?',
      consequence:
        'Đã bỏ phiếu {{cast}}/{{entitled}}. Sau khi đóng không ai bỏ phiếu hay đổi ý được nữa, kết quả được ghi vào biên bản.',
      unknown: 'Sau khi đóng không ai bỏ phiếu hay đổi ý được nữa, kết quả được ghi vào biên bản.',
      confirm: 'Đóng biểu quyết',
    },
  },
  {
    choice: { for: 'For', against: 'Against', abstain: 'Abstain' },
    silent: 'Did not vote',
    base: {
      members_in_office: 'members',
      present_at_opening: 'members present',
      votes_cast: 'ballots',
    },
    threshold: {
      half: 'more than half of the {{base}}',
      all: 'all {{base}}',
      over: 'more than {{share}} of the {{base}}',
      least: 'at least {{share}} of the {{base}}',
    },
    short: { half: 'more than half', all: 'all', over: 'more than {{share}}', least: 'at least {{share}}' },
    carried: 'Carried',
    rejected: 'Not carried',
    sum: '{{votes}} for / {{base_count}} {{base}} = {{share}}, needs {{short}} ({{needed}})',
    sumEmpty: 'There are no {{base}} to count against',
    turnout: '{{cast}} of {{entitled}} have voted',
    bar: 'Result: {{votes_for}} for, {{votes_against}} against, {{abstentions}} abstained, {{silent}} did not vote',
    close: {
      title: 'Close the vote?',
      consequence:
        '{{cast}} of {{entitled}} have voted. After closing nobody can vote or change a vote; the result goes into the minutes.',
      unknown: 'After closing nobody can vote or change a vote; the result goes into the minutes.',
      confirm: 'Close the vote',
    },
  },
)
