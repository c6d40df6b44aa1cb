import { IconMinus, IconPointer, IconThumbDown, IconThumbUp, type TablerIcon } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { Choice, Tally } from '@/shared/room-types'
import { texts } from './i18n'
import styles from './tally-bar.module.css'

export const CHOICES = ['for', 'against', 'abstain'] as const satisfies readonly Choice[]
export const GLYPHS: Record<Choice, TablerIcon> = {
  for: IconThumbUp,
  against: IconThumbDown,
  abstain: IconMinus,
}

/** Counts as a bar with their words under it: place, word and icon tell them apart, colour only helps. */
export function TallyBar({ tally, wall = false }: { tally: Tally; wall?: boolean }) {
  const t = useTexts(texts)
  const parts = [
    { key: 'for', count: tally.votes_for, word: t('choice.for'), Glyph: GLYPHS.for },
    { key: 'against', count: tally.votes_against, word: t('choice.against'), Glyph: GLYPHS.against },
    { key: 'abstain', count: tally.abstentions, word: t('choice.abstain'), Glyph: GLYPHS.abstain },
    { key: 'silent', count: tally.silent, word: t('silent'), Glyph: IconPointer },
  ]
  const { votes_for, votes_against, abstentions, silent } = tally
  return (
    <div className={styles.tally} data-wall={wall || undefined}>
      <div
        className={styles.bar}
        role="img"
        aria-label={t('bar', { votes_for, votes_against, abstentions, silent })}
      >
        {parts.map(part => (
          <span key={part.key} data-part={part.key} style={{ flexGrow: part.count }} />
        ))}
      </div>
      <ul className={styles.legend} aria-hidden="true">
        {parts.map(({ key, count, word, Glyph }) => (
          <li key={key} data-part={key}>
            <span className={`dh-numbers ${styles.count}`}>
              <Glyph size="0.8em" />
              {count}
            </span>
            <span className={styles.word}>{word}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
