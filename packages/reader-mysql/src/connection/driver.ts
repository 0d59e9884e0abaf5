import { createRequire } from 'node:module'
import type * as mysql from 'mysql2'

const require = createRequire(import.meta.url)

/** The driver. Loaded by the first call, since it is most of what the start of this reader costs: 60 ms. */
export function loadDriver(): typeof mysql {
  return require('mysql2') as typeof mysql
}
