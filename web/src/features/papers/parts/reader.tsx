import { ActionIcon, Button, Popover, Progress, Tooltip } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { IconChevronLeft, IconChevronRight, IconZoomIn, IconZoomOut } from '@tabler/icons-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useTexts } from '@/shared/i18n/texts'
import { PaperPage } from '@/shared/pdf/paper-page'
import { usePaper } from '@/shared/pdf/use-paper'
import type { Paper } from '@/shared/room-types'
import { useFormat, useMe } from '@/shared/session'
import { ProblemNotice } from '@/shared/ui/problem-notice'
import { PaperSkeleton } from '@/shared/ui/skeletons'
import { texts } from '../i18n'
import styles from '../papers.module.css'
import { useSwipe } from '../use-swipe'

const ZOOMS = [1, 1.25, 1.5, 2, 3] as const

interface ReaderProps {
  meeting_id: string
  paper: Paper
  page: number
  onTurn: (page: number) => void
}

/** A paper page by page: big arrows, swipe, keys, zoom. */
export function Reader({ meeting_id, paper, page, onTurn }: ReaderProps) {
  const t = useTexts(texts)
  const format = useFormat()
  const actor_id = useMe().id
  const { document, progress, problem, retry } = usePaper({ actor_id, meeting_id }, paper)
  const [zoom, setZoom] = useState(0)
  const box = useElementSize<HTMLDivElement>()
  const top = useRef<HTMLDivElement>(null)
  const pages = document?.numPages ?? paper.pages
  const turn = (step: number): void => {
    const next = page + step
    if (next >= 1 && next <= pages) onTurn(next)
  }
  const swipe = useSwipe(turn, zoom === 0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page begins at its top
  useEffect(() => {
    top.current?.scrollTo({ top: 0 }) // returns a promise in newer browsers: no clean-up function
  }, [page])

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, PageUp: -1, ArrowRight: 1, PageDown: 1 }[event.key]
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    turn(step)
  }

  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: no fieldset of a form */}
      <div
        ref={top}
        className={styles.scroll}
        data-zoomed={zoom > 0 || undefined}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
        tabIndex={0}
        aria-label={t('page', { page, pages })}
        onKeyDown={onKeyDown}
        {...swipe}
      >
        <div ref={box.ref} className={styles.measure}>
          {problem && (
            <div className={styles.notice}>
              <ProblemNotice problem={problem} onRetry={retry} />
            </div>
          )}
          {!document && !problem && (
            <div className={styles.waiting}>
              {progress > 0 && progress < 1 && (
                <>
                  <p>{t('fetching', { share: format.percent(progress) })}</p>
                  <Progress value={progress * 100} aria-label={t('opening')} />
                </>
              )}
              <PaperSkeleton />
            </div>
          )}
          {document && box.width > 0 && (
            <PaperPage
              document={document}
              page={Math.min(page, document.numPages)}
              width={box.width}
              zoom={ZOOMS[zoom] ?? 1}
              label={t('page', { page, pages })}
            />
          )}
        </div>
      </div>
      <div className={styles.bar}>
        <Zoom label={t('zoomOut')} icon={IconZoomOut} off={zoom === 0} onPress={() => setZoom(zoom - 1)} />
        <div className={styles.turning}>
          <ActionIcon
            size={56}
            variant="default"
            aria-label={t('previous')}
            disabled={page <= 1}
            onClick={() => turn(-1)}
          >
            <IconChevronLeft size={30} aria-hidden />
          </ActionIcon>
          <PageChoice page={page} pages={pages} onTurn={onTurn} />
          <ActionIcon
            size={56}
            variant="default"
            aria-label={t('next')}
            disabled={page >= pages}
            onClick={() => turn(1)}
          >
            <IconChevronRight size={30} aria-hidden />
          </ActionIcon>
        </div>
        <Zoom
          label={t('zoomIn')}
          icon={IconZoomIn}
          off={zoom === ZOOMS.length - 1}
          onPress={() => setZoom(zoom + 1)}
        />
      </div>
    </>
  )
}

interface ZoomProps {
  label: string
  icon: typeof IconZoomIn
  off: boolean
  onPress: () => void
}

function Zoom({ label, icon: Glyph, off, onPress }: ZoomProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} disabled={off} onClick={onPress}>
        <Glyph size={26} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
}

/** "7 / 30"; pressed, every page as a button. */
function PageChoice({
  page,
  pages,
  onTurn,
}: {
  page: number
  pages: number
  onTurn: (page: number) => void
}) {
  const t = useTexts(texts)
  const [opened, setOpened] = useState(false)
  return (
    <Popover opened={opened} onChange={setOpened} position="top" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Button
          variant="subtle"
          color="abstain"
          className={`dh-numbers ${styles.number}`}
          aria-label={`${t('page', { page, pages })}. ${t('goTo')}`}
          onClick={() => setOpened(!opened)}
        >
          {page}/{pages}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={styles.pages ?? ''}>
        {Array.from({ length: pages }, (_, index) => index + 1).map(one => (
          <Button
            key={one}
            variant={one === page ? 'filled' : 'default'}
            className={`dh-numbers ${styles.pageButton}`}
            aria-current={one === page ? 'page' : undefined}
            aria-label={t('page', { page: one, pages })}
            onClick={() => {
              setOpened(false)
              onTurn(one)
            }}
          >
            {one}
          </Button>
        ))}
      </Popover.Dropdown>
    </Popover>
  )
}
