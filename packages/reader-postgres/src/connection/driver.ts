import { createRequire } from 'node:module'
import type pg from 'pg'

const require = createRequire(import.meta.url)

/**
 * The driver. Loaded by the first call, since it is most of what the start of this reader costs.
 *
 * While it loads, it looks whether it runs in a Cloudflare Worker: by `navigator`, or where there is none, as in Node
 * 20, by trying `Response`, for which Node loads its whole fetch: 24 ms of 55. So it is given a `navigator` to look at.
 */
export function loadDriver(): typeof pg {
  if ('navigator' in globalThis) return require('pg') as typeof pg
  const nodes = { value: { userAgent: 'Node.js' }, configurable: true }
  Object.defineProperty(globalThis, 'navigator', nodes)
  try {
    return require('pg') as typeof pg
  } finally {
    Reflect.deleteProperty(globalThis, 'navigator')
  }
}
