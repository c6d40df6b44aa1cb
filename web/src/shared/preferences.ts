// Language and colour scheme as kept on this device. public/first-paint.js reads the same keys.
export const LANGUAGES = ['vi', 'en'] as const
export type Language = (typeof LANGUAGES)[number]
export const SCHEMES = ['auto', 'light', 'dark'] as const
export type ColourScheme = (typeof SCHEMES)[number]

export const LANGUAGE_KEY = 'dienhong-language'
export const SCHEME_KEY = 'dienhong-colour-scheme'

export const isLanguage = (value: unknown): value is Language => LANGUAGES.some(one => one === value)
export const isScheme = (value: unknown): value is ColourScheme => SCHEMES.some(one => one === value)

/** Storage may be forbidden (private windows, policies); then the preference lives as long as the page. */
export function kept(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Nothing to do: see above.
  }
}
