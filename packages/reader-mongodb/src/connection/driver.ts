import { createRequire } from 'node:module'
import type * as mongodb from 'mongodb'

const require = createRequire(import.meta.url)

/** The driver. Loaded by the first call, since it is most of what the start of this reader costs. */
export function loadDriver(): typeof mongodb {
  return require('mongodb') as typeof mongodb
}
