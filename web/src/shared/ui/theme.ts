// The Mantine theme: it only points at the tokens of tokens.css, so that light and dark, and our own CSS,
// say the same. It must not hold a colour of its own.
import {
  ActionIcon,
  Button,
  Checkbox,
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  Input,
  type MantineColorsTuple,
  PasswordInput,
  SegmentedControl,
  Switch,
  Tabs,
} from '@mantine/core'

/** Names a component may be given as `color`; each has --dh-X, --dh-X-text, --dh-on-X and --dh-X-soft. */
export const TONES = ['accent', 'for', 'against', 'abstain', 'live', 'good', 'warn', 'bad'] as const
export type Tone = (typeof TONES)[number]

const isTone = (name: unknown): name is Tone => TONES.some(tone => tone === name)

const tuple = (tone: Tone): MantineColorsTuple => {
  const shade = `var(--dh-${tone})`
  return [shade, shade, shade, shade, shade, shade, shade, shade, shade, shade]
}

/** Heights that fingers need: 48 px, 56 px for the one primary act, 88 px for a vote. */
const heights: Record<string, string> = { sm: '3rem', md: '3rem', lg: '3.5rem', xl: 'var(--dh-target-vote)' }

/** What a sheet over the page is about. */
const sheetTitle = { fontSize: 'var(--dh-fz-20)', fontWeight: 600, lineHeight: 1.4 }

export const theme = createTheme({
  fontFamily: 'var(--dh-font)',
  headings: {
    fontFamily: 'var(--dh-font)',
    fontWeight: '600',
    sizes: {
      h1: { fontSize: 'var(--dh-fz-34)', lineHeight: '1.4' },
      h2: { fontSize: 'var(--dh-fz-26)', lineHeight: '1.4' },
      h3: { fontSize: 'var(--dh-fz-20)', lineHeight: '1.5' },
      h4: { fontSize: 'var(--dh-fz-17)', lineHeight: '1.5' },
    },
  },
  fontSizes: {
    xs: 'var(--dh-fz-13)',
    sm: 'var(--dh-fz-15)',
    md: 'var(--dh-fz-17)',
    lg: 'var(--dh-fz-20)',
    xl: 'var(--dh-fz-26)',
  },
  lineHeights: { xs: '1.5', sm: '1.5', md: '1.5', lg: '1.5', xl: '1.4' },
  spacing: {
    xs: 'var(--dh-8)',
    sm: 'var(--dh-12)',
    md: 'var(--dh-16)',
    lg: 'var(--dh-24)',
    xl: 'var(--dh-32)',
  },
  radius: {
    xs: '4px',
    sm: 'var(--dh-radius)',
    md: 'var(--dh-radius)',
    lg: 'var(--dh-radius)',
    xl: 'var(--dh-radius)',
  },
  defaultRadius: 'md',
  shadows: {
    xs: 'var(--dh-shadow)',
    sm: 'var(--dh-shadow)',
    md: 'var(--dh-shadow)',
    lg: 'var(--dh-shadow)',
    xl: 'var(--dh-shadow)',
  },
  colors: Object.fromEntries(TONES.map(tone => [tone, tuple(tone)])),
  primaryColor: 'accent',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'never', // base.css draws one ring for everything
  variantColorResolver: input => {
    const resolved = defaultVariantColorsResolver(input)
    const tone = input.color ?? input.theme.primaryColor
    return input.variant === 'filled' && isTone(tone)
      ? { ...resolved, color: `var(--dh-on-${tone})` }
      : resolved
  },
  components: {
    Button: Button.extend({
      vars: (_, props) => ({
        root: {
          '--button-height': heights[props.size ?? 'md'] ?? '3rem',
          '--button-fz': props.size === 'lg' || props.size === 'xl' ? 'var(--dh-fz-20)' : 'var(--dh-fz-17)',
          '--button-padding-x': 'var(--dh-24)',
        },
      }),
    }),
    ActionIcon: ActionIcon.extend({
      defaultProps: { size: 48, variant: 'subtle', color: 'abstain' },
    }),
    Input: Input.extend({
      vars: () => ({ wrapper: { '--input-height': '3rem', '--input-fz': 'var(--dh-fz-17)' } }),
    }),
    InputWrapper: Input.Wrapper.extend({
      styles: {
        label: { fontSize: 'var(--dh-fz-15)', fontWeight: 500, marginBottom: 'var(--dh-4)' },
        description: { fontSize: 'var(--dh-fz-15)', color: 'var(--dh-muted)' },
        error: { fontSize: 'var(--dh-fz-15)' },
      },
    }),
    PasswordInput: PasswordInput.extend({ vars: () => ({ root: { '--psi-button-size': '2.75rem' } }) }),
    SegmentedControl: SegmentedControl.extend({
      vars: () => ({ root: { '--sc-font-size': 'var(--dh-fz-17)' } }),
    }),
    Checkbox: Checkbox.extend({ defaultProps: { radius: 'xs' } }), // rounder, it looks like a radio button
    Switch: Switch.extend({ defaultProps: { size: 'md' } }),
    Tabs: Tabs.extend({ styles: { tab: { fontSize: 'var(--dh-fz-17)' } } }),
    Modal: {
      defaultProps: { centered: true, radius: 'md', transitionProps: { duration: 160, transition: 'fade' } },
      styles: { title: sheetTitle },
    },
    Drawer: { defaultProps: { transitionProps: { duration: 160 } }, styles: { title: sheetTitle } },
    Tooltip: { defaultProps: { openDelay: 400, events: { hover: true, focus: true, touch: false } } },
  },
})

const tones = Object.fromEntries(
  TONES.flatMap(tone => [
    [`--mantine-color-${tone}-filled`, `var(--dh-${tone})`],
    [`--mantine-color-${tone}-filled-hover`, `color-mix(in srgb, var(--dh-${tone}) 86%, var(--dh-ink))`],
    [`--mantine-color-${tone}-light`, `var(--dh-${tone}-soft)`],
    [`--mantine-color-${tone}-light-hover`, `color-mix(in srgb, var(--dh-${tone}) 18%, var(--dh-surface))`],
    [`--mantine-color-${tone}-light-color`, `var(--dh-${tone}-text)`],
    [`--mantine-color-${tone}-outline`, `var(--dh-${tone}-text)`],
    [`--mantine-color-${tone}-outline-hover`, `var(--dh-${tone}-soft)`],
    [`--mantine-color-${tone}-text`, `var(--dh-${tone}-text)`],
  ]),
)

const both = {
  ...tones,
  '--mantine-color-body': 'var(--dh-surface)',
  '--mantine-color-text': 'var(--dh-ink)',
  '--mantine-color-bright': 'var(--dh-ink)',
  '--mantine-color-dimmed': 'var(--dh-muted)',
  '--mantine-color-placeholder': 'var(--dh-muted)',
  '--mantine-color-anchor': 'var(--dh-accent-text)',
  '--mantine-color-error': 'var(--dh-bad-text)',
  '--mantine-color-default': 'var(--dh-surface)',
  '--mantine-color-default-hover': 'var(--dh-ground)',
  '--mantine-color-default-color': 'var(--dh-ink)',
  '--mantine-color-default-border': 'var(--dh-line-strong)',
  '--mantine-primary-color-contrast': 'var(--dh-on-accent)',
}

/** Mantine paints dark surfaces from ten neutral greys; ours are these few. */
const darks = {
  '--mantine-color-dark-0': 'var(--dh-ink)',
  '--mantine-color-dark-1': 'var(--dh-ink)',
  '--mantine-color-dark-2': 'var(--dh-muted)',
  '--mantine-color-dark-3': 'var(--dh-line-strong)',
  '--mantine-color-dark-4': 'var(--dh-line)',
  '--mantine-color-dark-5': 'var(--dh-line)',
  '--mantine-color-dark-6': 'var(--dh-surface)',
  '--mantine-color-dark-7': 'var(--dh-surface)',
  '--mantine-color-dark-8': 'var(--dh-ground)',
  '--mantine-color-dark-9': 'var(--dh-ground)',
}

export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: { '--mantine-line-height': '1.5' },
  light: both,
  dark: { ...both, ...darks },
})
