import { Button, Menu } from '@mantine/core'
import { IconCheck, IconChevronDown, IconDownload, IconFileText } from '@tabler/icons-react'
import { useTexts } from '@/shared/i18n/texts'
import type { Paper, Room } from '@/shared/room-types'
import { numbered, papersOf } from '@/shared/room-views'
import { texts } from '../i18n'
import styles from '../papers.module.css'

interface PaperMenuProps {
  room: Room
  paper: Paper
  onChoose: (paper_id: string) => void
}

/** The open paper's title; pressed, all papers by item. */
export function PaperMenu({ room, paper, onChoose }: PaperMenuProps) {
  const t = useTexts(texts)
  const groups = [
    { key: '', label: t('general'), papers: papersOf(room, null) },
    ...numbered(room.agenda).map(({ item, number }) => ({
      key: item.id,
      label: `${t('item', { number })}: ${item.title}`,
      papers: papersOf(room, item.id),
    })),
  ].filter(group => group.papers.length > 0)
  return (
    <Menu position="bottom-start" width={420} withinPortal>
      <Menu.Target>
        <Button
          variant="subtle"
          color="abstain"
          className={styles.choose ?? ''}
          aria-label={`${t('choose')}: ${paper.title}`}
          leftSection={<IconFileText size={22} aria-hidden />}
          rightSection={<IconChevronDown size={20} aria-hidden />}
        >
          <span className={styles.title} title={paper.title}>
            {paper.title}
          </span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={styles.menu ?? ''}>
        {groups.map(group => (
          <div key={group.key}>
            <Menu.Label className={styles.group ?? ''}>{group.label}</Menu.Label>
            {group.papers.map(one => (
              <Menu.Item
                key={one.id}
                onClick={() => onChoose(one.id)}
                leftSection={
                  one.state === 'ready' ? (
                    <IconFileText size={22} aria-hidden />
                  ) : (
                    <IconDownload size={22} aria-hidden />
                  )
                }
                rightSection={one.id === paper.id ? <IconCheck size={22} aria-hidden /> : undefined}
              >
                {one.title}
                <span className={styles.small}>
                  {one.state === 'ready' ? t('pages', { count: one.pages }) : t('keptTitle')}
                </span>
              </Menu.Item>
            ))}
          </div>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
