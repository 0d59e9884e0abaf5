import { parseArgs } from 'node:util'
import { startMongoTestServer } from './server/start-server.ts'

const usage = `Usage: mongo-test-server [--port 27017] [--secondaries 0] [--user name:password]
                         [--backend postgres://…]

Serves a MongoDB replica set from memory on 127.0.0.1, until it is stopped. Prints one line of JSON: {"port": …, "url": …}.
With --user, which is given every role, clients have to log in. {millraceTest: 1, action: …} on the database admin tells it to fail.
With --backend, documents are held and queried by DocumentDB in that database: no change streams, transactions or snapshots.`

/**
 * The command: a server in a process of its own.
 *
 * @param args of the command line
 */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '0' },
      secondaries: { type: 'string', default: '0' },
      user: { type: 'string' },
      backend: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    return
  }
  const server = await startMongoTestServer({
    port: Number(values.port),
    secondaries: Number(values.secondaries),
    users: usersOf(values.user),
    ...(values.backend === undefined ? {} : { backend: values.backend }),
  })
  process.stdout.write(`${JSON.stringify({ port: server.port, url: server.url })}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void server.close())
}

function usersOf(text: string | undefined) {
  if (text === undefined) return []
  const [name = '', ...password] = text.split(':')
  return [{ name, password: password.join(':'), roles: [{ role: 'root', db: 'admin' }] }]
}
