import { services, startServices } from './index.mjs'

/**
 * @typedef {import('./index.mjs').ServiceName} ServiceName
 *
 * @typedef {object} SharedServices
 * @property {Promise<import('./index.mjs').Services>} started
 * @property {number} users projects of this run that have not been torn down
 */

// Vitest loads this file once per project, each time as another module: what they share stands on the process.
const shared = Symbol.for('millrace.test-services')
const holder = /** @type {{[shared]?: SharedServices}} */ (/** @type {unknown} */ (process))

/** Starts the servers that integration and fault tests need, once for all projects of the run. */
export async function setup() {
  const names = /** @type {ServiceName[]} */ (Object.keys(services))
  const print = (/** @type {string} */ line) => console.error(line)
  holder[shared] ??= { started: startServices(names, { print }), users: 0 }
  holder[shared].users += 1
  const { urls } = await holder[shared].started
  for (const name of names) process.env[services[name].variable] = urls[name]
}

/** Stops them with the last project. */
export async function teardown() {
  const current = holder[shared]
  if (current === undefined) return
  current.users -= 1
  if (current.users > 0) return
  delete holder[shared]
  const { stop, given } = await current.started
  for (const [name, { variable }] of Object.entries(services)) {
    if (!given.has(/** @type {ServiceName} */ (name))) delete process.env[variable]
  }
  await stop()
}
