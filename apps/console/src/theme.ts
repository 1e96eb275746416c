import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** Sea water seen from above: the one accent of the console. */
const tide: MantineColorsTuple = [
  '#e6f6f8',
  '#c9eaee',
  '#9dd9df',
  '#66c2cc',
  '#35a9b7',
  '#158fa0',
  '#0b7687',
  '#085f6e',
  '#064a57',
  '#043640',
];
const dark: MantineColorsTuple = [
  '#d8e2e9',
  '#b6c4ce',
  '#95a7b4',
  '#6a7d8a',
  '#3b4e5b',
  '#2a3b47',
  '#1c2a35',
  '#13202a',
  '#0d1821',
  '#081017',
];

export const theme = createTheme({
  colors: { tide, dark },
  primaryColor: 'tide',
  primaryShade: { light: 7, dark: 6 },
  black: '#10212c',
  autoContrast: true,
  respectReducedMotion: true,
  cursorType: 'pointer',
  defaultRadius: 'md',
  fontFamily: 'Inter, "Segoe UI", system-ui, -apple-system, Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: '650' },
  components: {
    // The label that says what is loading is not allowed on an element without a role.
    Skeleton: { defaultProps: { role: 'status' } },
    Notification: {
      // Mantine gives the button no name of its own, and the text a grey below the 4.5:1 of WCAG AA.
      defaultProps: { closeButtonProps: { 'aria-label': 'Close' } },
      styles: { description: { color: 'var(--mantine-color-dimmed)' } },
    },
  },
});

/** Mantine's own dimmed and placeholder greys stay below the 4.5:1 that WCAG AA asks of text. */
export const readableGreys: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#50626e',
    '--mantine-color-placeholder': '#5f717d',
    '--mantine-color-body': '#ffffff',
    '--mantine-color-error': '#b02525',
  },
  dark: {
    '--mantine-color-dimmed': '#9fb1bd',
    '--mantine-color-placeholder': '#93a5b2',
    '--mantine-color-body': '#13202a',
    '--mantine-color-error': '#ff9b94',
  },
});
