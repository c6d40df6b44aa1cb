import { useElementSize } from '@mantine/hooks'
import { useTexts } from '@/shared/i18n/texts'
import { PaperPage } from '@/shared/pdf/paper-page'
import { usePaper } from '@/shared/pdf/use-paper'
import type { Room } from '@/shared/room-types'
import { useMe } from '@/shared/session'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { texts } from '../i18n'
import { lengthOf } from '../length'
import styles from '../projector.module.css'
import type { Scene } from '../scene'
import { Clock } from './plain-scenes'

interface PageSceneProps {
  room: Room
  scene: Extract<Scene, { kind: 'page' }>
}

/** The page everyone is led to, as large as the wall; beside it where we are and who speaks. */
export function PageScene({ room, scene: { paper, page, turn, item } }: PageSceneProps) {
  const t = useTexts(texts)
  const owner = { actor_id: useMe().id, meeting_id: room.meeting.id }
  const { document, problem, retry } = usePaper(owner, paper)
  const box = useElementSize<HTMLDivElement>()
  const pages = document?.numPages ?? paper.pages
  return (
    <section className={styles.page}>
      <div ref={box.ref} className={styles.sheet}>
        <ProblemNotice problem={problem} onRetry={retry} />
        {document && box.width > 0 && (
          <PaperPage
            document={document}
            page={Math.min(page, document.numPages)}
            width={box.width}
            height={box.height}
            label={t('page', { page, pages })}
          />
        )}
      </div>
      <aside className={styles.beside}>
        {item && (
          <div>
            <p className={styles.kicker}>{t('item', { number: item.number })}</p>
            <h1 className={styles.large} data-length={lengthOf(item.item.title)} title={item.item.title}>
              {item.item.title}
            </h1>
          </div>
        )}
        {turn && (
          <div className={styles.speaker}>
            <div>
              <p className={styles.kicker}>{t('speaking')}</p>
              <p className={styles.large} data-length={lengthOf(turn.name)} translate="no">
                {turn.name}
              </p>
            </div>
            <Clock turn={turn} small />
          </div>
        )}
        <p className={`dh-numbers ${styles.under}`}>{t('page', { page, pages })}</p>
      </aside>
    </section>
  )
}
