import type { KeyConfig } from '../config/writer-config.ts'

/**
 * The hash tag that all keys share, so that they stand in one slot of a cluster; `undefined` when what a row holds may
 * decide. `{shop}:#{id}` has one: the first brace and the one that closes it stand before the first column.
 */
export function constantHashTag(key: KeyConfig): string | undefined {
  const [first] = key.kind === 'template' ? key.pieces : []
  if (first?.kind !== 'text') return undefined
  const open = first.text.indexOf('{')
  const close = first.text.indexOf('}', open + 1)
  // Nothing between the braces is no tag: the whole key decides then.
  return open < 0 || close <= open + 1 ? undefined : first.text.slice(open + 1, close)
}
