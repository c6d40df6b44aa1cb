import { IconPencil } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { useFormat } from '@/shared/session'
import type { Minutes, Paragraph, PollRecord } from '../api'
import { texts } from '../i18n'
import styles from './paper.module.css'

interface PaperProps {
  minutes: Minutes
  selected: string | null
  onSelect: (paragraphId: string) => void
}

/** The page nearly as it prints; the PDF is what counts. Each sentence can be tapped. */
export function Paper({ minutes, selected, onSelect }: PaperProps) {
  const t = useTexts(texts)
  const { head, sections, closing } = minutes
  const sentence = (paragraph: Paragraph) => (
    <Sentence
      key={paragraph.id}
      paragraph={paragraph}
      selected={selected === paragraph.id}
      onSelect={() => onSelect(paragraph.id)}
    />
  )
  return (
    <article className={styles.paper} lang={minutes.locale}>
      <p className={styles.organisation}>{head.organisation}</p>
      <h2 className={styles.name}>{t('paper.title')}</h2>
      <p className={styles.subject}>{head.title}</p>
      <FactList minutes={minutes} />
      {sections.map(section => (
        <section key={section.id} id={`section-${section.id}`}>
          <h3 className={styles.section}>{[section.number, section.title].filter(Boolean).join('. ')}</h3>
          {section.paragraphs.map(sentence)}
          {section.polls.map(poll => (
            <PollTable key={poll.id} poll={poll} />
          ))}
        </section>
      ))}
      {sentence(closing)}
      <p className={styles.chain}>
        {t('paper.chain', { seq: minutes.last_seq, hash: minutes.last_hash.slice(0, 16) })}
      </p>
    </article>
  )
}

function Sentence({
  paragraph,
  selected,
  onSelect,
}: {
  paragraph: Paragraph
  selected: boolean
  onSelect: () => void
}) {
  return (
    <button
      type="button"
      className={styles.sentence}
      aria-pressed={selected}
      data-corrected={paragraph.composed !== null || undefined}
      data-empty={paragraph.text === '' || undefined}
      onClick={onSelect}
    >
      {paragraph.text || '—'}
      {paragraph.composed !== null && <IconPencil size={16} aria-hidden className={styles.pencil} />}
    </button>
  )
}

function FactList({ minutes }: { minutes: Minutes }) {
  const t = useTexts(texts)
  const format = useFormat()
  const { facts } = minutes
  const people = (...presences: string[]) =>
    facts.attendees
      .filter(one => presences.includes(one.presence))
      .map(one => [one.name, one.title].filter(Boolean).join(', ') + (one.note ? ` (${one.note})` : ''))
  const rows: [string, readonly ReactNode[]][] = [
    [t('paper.started'), [format.dateTime(facts.opened_at)]],
    [t('paper.ended'), facts.closed_at ? [format.dateTime(facts.closed_at)] : []],
    [t('paper.place'), facts.place ? [facts.place] : []],
    [t('paper.chair'), [[facts.chair.name, facts.chair.title].filter(Boolean).join(', ')]],
    [t('paper.secretary'), [[facts.secretary.name, facts.secretary.title].filter(Boolean).join(', ')]],
    [t('paper.present'), people('present')],
    [t('paper.substitutes'), people('substitute')],
    [t('paper.guests'), people('guest')],
    [t('paper.excused'), people('excused')],
    [t('paper.absent'), people('absent')],
    [
      t('paper.quorum'),
      facts.quorum
        ? [
            t('paper.quorumLine', {
              present: facts.quorum.present,
              members: facts.quorum.members,
              needed: facts.quorum.needed,
            }),
          ]
        : [],
    ],
    [
      t('paper.bridges'),
      facts.bridges.map(bridge =>
        bridge.head_count === null
          ? bridge.name
          : `${bridge.name}: ${t('paper.heads', { count: bridge.head_count })}`,
      ),
    ],
  ]
  return (
    <dl className={styles.facts}>
      {rows
        .filter(([, values]) => values.length > 0)
        .map(([label, values]) => (
          <div key={label} className={styles.fact}>
            <dt>{label}:</dt>
            <dd>
              {values.length === 1 ? (
                values[0]
              ) : (
                <ul className={styles.names}>
                  {values.map(value => (
                    <li key={String(value)}>{value}</li>
                  ))}
                </ul>
              )}
            </dd>
          </div>
        ))}
    </dl>
  )
}

function PollTable({ poll }: { poll: PollRecord }) {
  const t = useTexts(texts)
  return (
    <table className={styles.poll}>
      <caption>
        {poll.question} – {poll.outcome}
      </caption>
      <tbody>
        {poll.options.map(option => (
          <tr key={option.label}>
            <th scope="row">{option.label}</th>
            <td>{option.count}</td>
          </tr>
        ))}
        <tr>
          <th scope="row">{t('paper.base', { label: poll.base_label, base: poll.base })}</th>
          <td>{poll.formula}</td>
        </tr>
        {poll.ballots.map(ballot => (
          <tr key={`${ballot.name} ${ballot.title}`}>
            <th scope="row">{ballot.name}</th>
            <td>{ballot.choice}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
