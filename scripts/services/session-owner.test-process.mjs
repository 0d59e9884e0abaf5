// Started by server-session.test.ts: starts a server, says where, and waits to be killed.
import { redisAnswers } from './probes.mjs'
import { ServerSession } from './server-session.mjs'

const [fakeServer = ''] = process.argv.slice(2)
const session = new ServerSession()
const { pid } = await session.start({
  name: 'fake',
  commandLine: (port) => ({
    command: process.execPath,
    args: ['-e', fakeServer, String(port)],
    account: undefined,
  }),
  answers: redisAnswers,
  signal: 'SIGKILL',
})
console.log(JSON.stringify({ folder: session.folder, pid }))
setInterval(() => {}, 1_000_000)
