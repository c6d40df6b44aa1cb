// The wall with more bridges than a province has: rendered in part, and cheaply when one line changes.
import { act, fireEvent, screen, waitFor } from '@testing-library/react'
import { useState } from 'react'
import { expect, it } from 'vitest'
import { renderInApp } from '@/shared/test/render'
import { roomOf } from '@/shared/test/room'
import { link, province } from './bridges.fixture'
import { Wall } from './parts/wall'
import { noKeys } from './sources'
import type { Stage } from './use-stage'
import { countsOf, type Links, tilesOf } from './wall-model'

const stage: Stage = {
  onAir: null,
  standBy: null,
  centre: 'bridge-0',
  asked: null,
  last: null,
  allowed: true,
  problem: null,
  clear: () => undefined,
  prepare: () => undefined,
  putOnAir: () => undefined,
  record: () => undefined,
  toCentre: () => undefined,
  take: () => undefined,
  undo: () => undefined,
}
const { bridges, links } = province(1200)
/** By selector: asking jsdom for roles among so many elements takes seconds. */
const tilesShown = (): Element[] => [...document.querySelectorAll('[role=option]')]
let change: (next: Links) => void = () => undefined

function Whole() {
  const [now, setNow] = useState<Links>(links)
  const [trouble, setTrouble] = useState(false)
  change = setNow
  const tiles = tilesOf(roomOf('chair', { bridges }), now)
  return (
    <Wall
      tiles={tiles}
      counts={countsOf(tiles)}
      known
      open
      stage={stage}
      keys={{ keys: noKeys, add: () => undefined, drop: () => undefined }}
      troubleOnly={trouble}
      onTroubleOnly={setTrouble}
      search={{ current: null }}
    />
  )
}

it('renders only what is in sight, and of that only what changed', async () => {
  const begun = performance.now()
  renderInApp(<Whole />)
  const first_ms = performance.now() - begun
  const tiles = tilesShown()
  expect(tiles.length).toBeGreaterThan(20)
  expect(tiles.length).toBeLessThan(200)
  expect(tiles[0]).toHaveAttribute('aria-setsize', '1200')

  const touched = new Set<Node>()
  const observer = new MutationObserver(records => {
    for (const { target } of records) {
      const tile = (target instanceof Element ? target : target.parentElement)?.closest('[role=option]')
      if (tile) touched.add(tile)
    }
  })
  observer.observe(screen.getByRole('listbox'), {
    attributes: true,
    childList: true,
    subtree: true,
    characterData: true,
  })
  const took = Array.from({ length: 21 }, (_, n) => {
    const started = performance.now()
    act(() => change({ ...links, 'bridge-5': link(5, { quality: n % 2 ? 'good' : 'bad' }) }))
    return performance.now() - started
  }).toSorted((one, other) => one - other)
  expect(screen.getByRole('option', { name: /Thường Xuân 1, Rất yếu/ })).toBeVisible()
  await Promise.resolve()
  observer.disconnect()
  expect(touched.size).toBe(1)
  // Against the first rendering and not against a clock: a busy machine slows both.
  expect(took[10]).toBeLessThan(first_ms / 4)
})

it('counts on top, finds by typing, hides what is well', async () => {
  renderInApp(<Whole />)
  expect(screen.getByTestId('wall-counts')).toHaveTextContent('1.169/1.200 kết nối')
  fireEvent.change(screen.getByRole('textbox', { name: 'Tìm điểm cầu' }), { target: { value: 'bim son 7' } })
  await waitFor(() => {
    for (const tile of tilesShown()) expect(tile.textContent).toContain('Bỉm Sơn')
  })
  expect(tilesShown().length).toBeGreaterThan(5)
  fireEvent.change(screen.getByRole('textbox', { name: 'Tìm điểm cầu' }), { target: { value: '' } })
  fireEvent.click(screen.getByRole('switch', { name: 'Chỉ hiện sự cố' }))
  await waitFor(() => {
    for (const tile of tilesShown()) expect(tile.getAttribute('data-line')).toMatch(/weak|bad|lost|absent/)
  })
  expect(tilesShown().length).toBeGreaterThan(5)
})

it('one chosen bridge has its levers in a reserved line; the arrows walk', () => {
  renderInApp(<Whole />)
  const wall = screen.getByRole('listbox')
  fireEvent.keyDown(wall, { key: 'ArrowRight' })
  fireEvent.keyDown(wall, { key: 'ArrowRight' })
  expect(screen.getByTestId('wall-chosen')).toHaveTextContent('Xã Đông Sơn 1')
  fireEvent.click(screen.getByRole('option', { name: /Nga Thắng 1,/ }))
  expect(screen.getByTestId('wall-chosen')).toHaveTextContent('Xã Nga Thắng 1')
  expect(screen.getByTestId('wall-chosen')).toHaveTextContent('TH-0002')
  expect(screen.getByTestId('wall-chosen')).toHaveTextContent('hình đầy đủ')
  act(() => change({ ...links, 'bridge-2': link(2, { quality: 'weak', rendition: 'low', jitter_ms: 45 }) }))
  expect(screen.getByTestId('wall-chosen')).toHaveTextContent('hình nhỏ')
  expect(screen.getByTestId('wall-chosen')).toHaveTextContent('độ rung 45 ms')
})
