import { findBinary } from './find-binary.mjs'
import { redisAnswers } from './probes.mjs'
import { thisMachine } from './server-place.mjs'

/**
 * @typedef {import('./server-session.mjs').ServerSession} ServerSession
 * @typedef {import('./server-place.mjs').ServerPlace} ServerPlace
 */

/** Debian's packages that bring the server. */
export const redisPackages = ['redis-server']

/**
 * @returns {string | undefined} path of a Redis or Valkey server on this machine
 */
export function findRedis() {
  return findBinary('redis-server') ?? findBinary('valkey-server')
}

/**
 * Starts a private Redis or Valkey that keeps nothing on disk, on 127.0.0.1 only.
 *
 * @param {ServerSession} session
 * @param {string} command as `findRedis` gives it
 * @param {ServerPlace} [place] where it runs; default: on this machine as it is
 * @returns {Promise<{url: string, pid: number}>}
 * @throws {Error} with the end of the server's log
 */
export async function startRedis(session, command, place = thisMachine) {
  const account = place.account(['redis'])
  const folder = session.makeFolder('redis', account)
  const fixed = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const { port, pid } = await session.start({
    name: 'redis',
    commandLine: (port) =>
      place.wrap({ command, args: ['--port', String(port), ...fixed], account }),
    answers: redisAnswers,
    signal: 'SIGKILL',
  })
  return { url: `redis://127.0.0.1:${port}/0`, pid }
}
