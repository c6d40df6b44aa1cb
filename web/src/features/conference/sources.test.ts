import { expect, it } from 'vitest'
import { actOfKey } from './desk-keys'
import { dropped, KEPT_KEYS, type Keys, kept, keysFrom, noKeys } from './sources'

const ids = (keys: Keys): (string | null)[] => keys.map(key => key?.id ?? null)
const free: ReadonlySet<string> = new Set()
const filled = Array.from({ length: KEPT_KEYS }, (_, n) => `b${n}`).reduce<Keys>(
  (keys, id) => kept(keys, id, free),
  noKeys,
)

it('a key keeps its bridge, however often it is used', () => {
  const keys = kept(kept(kept(noKeys, 'a', free), 'b', free), 'a', free)
  expect(ids(keys).slice(0, 3)).toEqual(['a', 'b', null])
})

it('when all are taken the longest unused gives way, never one on air', () => {
  expect(ids(kept(filled, 'new', free))[0]).toBe('new')
  expect(ids(kept(filled, 'new', new Set(['b0'])))[1]).toBe('new')
  expect(ids(kept(kept(filled, 'b0', free), 'new', free))[1]).toBe('new')
  expect(kept(filled, 'new', new Set(ids(filled).filter(id => id !== null)))).toBe(filled)
})

it('a dropped key is free and the others stay', () => {
  const keys = dropped(filled, 'b3')
  expect(ids(keys)[3]).toBeNull()
  expect(ids(kept(keys, 'new', free))[3]).toBe('new')
})

it('comes back from the device as it was, and odd text is no keys', () => {
  expect(keysFrom(JSON.stringify(filled))).toEqual(filled)
  for (const odd of [null, '', '{', '{}', '[1,null,"x"]']) expect(keysFrom(odd)).toEqual(noKeys)
})

const press = (key: string, change = {}) => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  repeat: false,
  ...change,
})

it.each([
  ['0', { act: 'centre' }],
  ['Home', { act: 'centre' }],
  ['3', { act: 'source', key: 3 }],
  ['l', { act: 'take' }],
  ['L', { act: 'take' }],
  ['/', { act: 'search' }],
  ['x', null],
])('the key %s', (key, act) => {
  expect(actOfKey(press(key), false)).toEqual(act)
})

it('letters are letters where one types, and a held key acts once', () => {
  expect(actOfKey(press('l'), true)).toBeNull()
  expect(actOfKey(press('l', { repeat: true }), false)).toBeNull()
  expect(actOfKey(press('l', { ctrlKey: true }), false)).toBeNull()
  expect(actOfKey(press('z', { ctrlKey: true }), false)).toEqual({ act: 'undo' })
})
