// A poll's rule and result in words, the same in the room and on the wall.

import type { Format } from '@/shared/format'
import type { Translate } from '@/shared/i18n/texts'
import type { Poll, PollRule, Room, Tally, Threshold } from '@/shared/room-types'
import { needed, quorum } from '@/shared/room-views'
import type { texts } from './i18n'

type T = Translate<(typeof texts)['vi']>

function kindOf({ numerator, denominator, strict }: Threshold): 'half' | 'all' | 'over' | 'least' {
  if (numerator === denominator) return 'all'
  if (numerator * 2 === denominator && strict) return 'half'
  return strict ? 'over' : 'least'
}

const shareOf = ({ numerator, denominator }: Threshold): string => `${numerator}/${denominator}`

/** "quá nửa số thành viên (≥ 16/31)"; without the count while nobody can know it. */
export function ruleWords(t: T, rule: PollRule, base_count: number | null): string {
  const words = t(`threshold.${kindOf(rule.threshold)}`, {
    base: t(`base.${rule.base}`),
    share: shareOf(rule.threshold),
  })
  return base_count === null ? words : `${words} (≥\u00a0${needed(rule.threshold, base_count)}/${base_count})`
}

/** What the votes will be measured against, as it stands. */
export function baseCount(room: Room, poll: Poll): number | null {
  const there = quorum(room)
  switch (poll.rule.base) {
    case 'members_in_office':
      return poll.frozen?.members_in_office ?? there.members
    case 'present_at_opening':
      return poll.frozen?.present ?? there.present
    case 'votes_cast':
      return poll.tally?.base_count ?? null
  }
}

/** "19 tán thành / 31 thành viên = 61,3 %, cần quá nửa (16)" */
export function sumWords(t: T, format: Format, rule: PollRule, tally: Tally): string {
  const base = t(`base.${tally.base}`)
  if (tally.base_count === 0) return t('sumEmpty', { base })
  return t('sum', {
    votes: tally.votes_for,
    base_count: tally.base_count,
    base,
    share: format.percent(tally.votes_for / tally.base_count),
    short: t(`short.${kindOf(rule.threshold)}`, { share: shareOf(rule.threshold) }),
    needed: tally.needed,
  })
}
