// The director's keyboard: one key, one act. Pure.

export type KeyAct =
  | { readonly act: 'centre' }
  | { readonly act: 'take' }
  | { readonly act: 'undo' }
  | { readonly act: 'search' }
  | { readonly act: 'trouble' }
  /** 1 to 9 */
  | { readonly act: 'source'; readonly key: number }

interface Pressed {
  readonly key: string
  readonly ctrlKey: boolean
  readonly altKey: boolean
  readonly metaKey: boolean
  readonly repeat: boolean
}

/** `typing`: the focus is where letters are written; then keys are letters. */
export function actOfKey(pressed: Pressed, typing: boolean): KeyAct | null {
  if (typing || pressed.repeat || pressed.altKey || pressed.metaKey) return null
  const key = pressed.key.toLowerCase()
  if (pressed.ctrlKey) return key === 'z' ? { act: 'undo' } : null
  if (key === '0' || key === 'home') return { act: 'centre' }
  if (/^[1-9]$/.test(key)) return { act: 'source', key: Number(key) }
  if (key === 'l') return { act: 'take' }
  if (key === '/') return { act: 'search' }
  if (key === 's') return { act: 'trouble' }
  return null
}
