import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundleWorkspace } from '../bundle/bundle-workspace.mjs'
import { mongodbAnswers } from './probes.mjs'

/**
 * @typedef {import('./server-session.mjs').ServerSession} ServerSession
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = 'tools/mongo-test-server'
const command = fileURLToPath(new URL(`../../${folder}/bin/mongo-test-server.mjs`, import.meta.url))

/**
 * @returns {string | undefined} path of the project's own test server: Debian has no MongoDB
 */
export function findMongodb() {
  return existsSync(command) ? command : undefined
}

/**
 * Starts the project's own MongoDB test server, a replica set of one member, on 127.0.0.1.
 *
 * @param {ServerSession} session
 * @param {string} script as `findMongodb` gives it
 * @param {string} [backend] a PostgreSQL with DocumentDB that holds the data; default: they are in memory
 * @returns {Promise<{url: string, pid: number}>}
 * @throws {Error} with the end of the server's log
 */
export async function startMongodb(session, script, backend) {
  await bundleWorkspace(root, [folder])
  const { port, pid } = await session.start({
    name: 'mongodb',
    commandLine: (port) => ({
      command: process.execPath,
      args: [
        script,
        '--port',
        String(port),
        ...(backend === undefined ? [] : ['--backend', backend]),
      ],
    }),
    answers: mongodbAnswers,
    signal: 'SIGKILL',
  })
  return { url: `mongodb://127.0.0.1:${port}/?replicaSet=rs0`, pid }
}
