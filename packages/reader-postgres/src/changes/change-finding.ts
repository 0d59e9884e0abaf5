import type { Finding } from '@millrace/core/plugin'

/** Something that stops following changes. */
export function error(message: string, hint?: string, path: Finding['path'] = []): Finding {
  return { severity: 'error', message, path, ...(hint === undefined ? {} : { hint }) }
}

/** Something that does not, yet. */
export function warning(message: string, hint?: string, path: Finding['path'] = []): Finding {
  return { severity: 'warning', message, path, ...(hint === undefined ? {} : { hint }) }
}
