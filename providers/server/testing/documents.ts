/** A document that has something of everything: types, a shared segment, odd names, numbers that are not for everybody. */
export const flag = (defaultVariant: string, more: object = {}): object => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant,
  ...more,
})

const inside = { if: [{ $ref: 'staff' }, 'on', 'off'] }

/** `staff`: the domain whose people see `beta` and `tools`. */
export function shop({ banner = 'on', staff = '@acme.example' }: { banner?: string; staff?: string } = {}): object {
  return {
    metadata: { flagSetId: 'shop', version: '7' },
    $evaluators: { staff: { ends_with: [{ var: 'email' }, staff] } },
    flags: {
      banner: flag(banner, { metadata: { owner: 'web' } }),
      beta: flag('off', { targeting: inside }),
      tools: flag('off', { targeting: inside }),
      constructor: flag('on'),
      title: { state: 'ENABLED', variants: { a: 'Hello', b: 'Hi' }, defaultVariant: 'a' },
      limit: { state: 'ENABLED', variants: { low: 10, high: 2.5 }, defaultVariant: 'low' },
      theme: { state: 'ENABLED', variants: { dark: { color: '#000', sizes: [1, 2] } }, defaultVariant: 'dark' },
      none: { state: 'ENABLED', variants: { on: true }, defaultVariant: null },
      since: {
        state: 'ENABLED',
        variants: { yes: true, no: false },
        defaultVariant: 'no',
        targeting: { if: [{ starts_with: [{ var: 'joined' }, '2026-'] }, 'yes', 'no'] },
      },
    },
  }
}
