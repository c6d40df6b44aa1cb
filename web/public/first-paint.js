// Runs before the first paint so that a dark hall never sees a white flash and the page says its language.
// Keep the keys equal to src/shared/preferences.ts.
;(() => {
  const root = document.documentElement
  let scheme = 'auto'
  try {
    scheme = localStorage.getItem('dienhong-colour-scheme') || 'auto'
    root.lang = localStorage.getItem('dienhong-language') === 'en' ? 'en' : 'vi'
  } catch {
    // Storage may be forbidden; the defaults stand.
  }
  const dark = scheme === 'dark' || (scheme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
