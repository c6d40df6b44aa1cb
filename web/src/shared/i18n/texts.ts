// Texts live beside the screens that show them: features/<name>/i18n.ts calls `defineTexts`, a component calls
// `useTexts(texts)`. A missing key or a key in one language only does not compile; texts.test.ts proves the rest.
import i18next from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'
import { isLanguage, keep, kept, LANGUAGE_KEY, type Language } from '@/shared/preferences'

export interface TextTree {
  readonly [key: string]: string | TextTree
}

/** English must have every key of the Vietnamese, and may add the singular that Vietnamese does not have. */
export type SameKeys<V extends TextTree> = {
  readonly [K in keyof V]: V[K] extends TextTree ? SameKeys<V[K]> : string
} & {
  readonly [K in keyof V as K extends `${infer Base}_other` ? `${Base}_one` : never]?: string
}

type WithoutPlural<K extends string> = K extends `${infer Base}_other` ? Base : K

/** 'a.b.c' for every text of the tree. */
export type TextKey<V extends TextTree> = {
  [K in keyof V & string]: V[K] extends TextTree ? `${K}.${TextKey<V[K]>}` : WithoutPlural<K>
}[keyof V & string]

export interface Texts<V extends TextTree> {
  readonly namespace: string
  readonly vi: V
  readonly en: SameKeys<V>
}

export type Translate<V extends TextTree> = (
  key: TextKey<V>,
  values?: Readonly<Record<string, string | number>>,
) => string

// i18next types keys against one global dictionary; ours are typed per feature above.
type PlainT = (key: string, values: Readonly<Record<string, unknown>>) => string

function firstLanguage(): Language {
  const language = kept(LANGUAGE_KEY)
  return isLanguage(language) ? language : 'vi'
}

void i18next.use(initReactI18next).init({
  lng: firstLanguage(),
  fallbackLng: 'vi',
  resources: {},
  initAsync: false,
  interpolation: { escapeValue: false }, // React escapes
  react: { useSuspense: false, bindI18nStore: 'added' },
})

export function defineTexts<const V extends TextTree>(namespace: string, vi: V, en: SameKeys<V>): Texts<V> {
  i18next.addResourceBundle('vi', namespace, vi, true, true)
  i18next.addResourceBundle('en', namespace, en, true, true)
  return { namespace, vi, en }
}

/** The translate function of one feature's texts, in the language of the page. */
export function useTexts<V extends TextTree>(texts: Texts<V>): Translate<V> {
  const { t } = useTranslation(texts.namespace)
  const plain = t as unknown as PlainT
  return (key, values) => plain(key, { ns: texts.namespace, ...values })
}

/** The same outside React (notifications from a client, say). */
export function translate<V extends TextTree>(texts: Texts<V>): Translate<V> {
  const plain = i18next.t as unknown as PlainT
  return (key, values) => plain(key, { ns: texts.namespace, ...values })
}

export function language(): Language {
  return isLanguage(i18next.language) ? i18next.language : 'vi'
}

export function useLanguage(): Language {
  const { i18n } = useTranslation()
  return isLanguage(i18n.language) ? i18n.language : 'vi'
}

export async function setLanguage(next: Language): Promise<void> {
  keep(LANGUAGE_KEY, next)
  document.documentElement.lang = next
  await i18next.changeLanguage(next)
}
