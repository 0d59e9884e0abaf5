import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { redisAnswers } from './probes.mjs'
import { ServerSession } from './server-session.mjs'

const fakeServer = `
  const [port] = process.argv.slice(1)
  require('node:net').createServer((socket) => socket.on('data', () => socket.write('+PONG\\r\\n')))
    .listen(Number(port), '127.0.0.1')`
const sessions: ServerSession[] = []

function openSession(): ServerSession {
  const session = new ServerSession()
  sessions.push(session)
  return session
}

afterEach(async () => {
  for (const session of sessions.splice(0)) await session.stop()
})

test('starts a server, waits for it, stops it and removes the folder', async () => {
  const session = openSession()
  const { port, pid } = await session.start({
    name: 'fake',
    commandLine: (port) => ({
      command: process.execPath,
      args: ['-e', fakeServer, String(port)],
      account: undefined,
    }),
    answers: redisAnswers,
    signal: 'SIGKILL',
  })
  expect(await redisAnswers(port)).toBe(true)
  expect(isAlive(pid)).toBe(true)
  await session.stop()
  expect(isServing(pid)).toBe(false)
  expect(existsSync(session.folder)).toBe(false)
})

test('a server that ends at once is an error with its last words', async () => {
  const started = openSession().start({
    name: 'fake',
    commandLine: () => ({
      command: process.execPath,
      args: ['-e', 'console.log("no such setting"); process.exit(3)'],
      account: undefined,
    }),
    answers: redisAnswers,
    signal: 'SIGKILL',
  })
  await expect(started).rejects.toThrow(/fake: not started: exit code 3[^]*no such setting/)
})

test('a program that is not there is an error that names it', async () => {
  const run = openSession().run('fake', {
    command: '/nonexistent/initdb',
    args: [],
    account: undefined,
  })
  await expect(run).rejects.toThrow(/\/nonexistent\/initdb/)
})

test('servers and folder are gone after the process that started them was killed', async () => {
  const owner = spawn(
    process.execPath,
    [fileURLToPath(new URL('session-owner.test-process.mjs', import.meta.url)), fakeServer],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = await once(owner.stdout, 'data')
  const { folder, pid } = JSON.parse(String(line))
  expect(isAlive(pid)).toBe(true)
  owner.kill('SIGKILL')
  for (let waitedMs = 0; existsSync(folder) && waitedMs < 15_000; waitedMs += 50) await sleep(50)
  expect(existsSync(folder)).toBe(false)
  expect(isServing(pid)).toBe(false)
}, 20_000)

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A process that has ended may stay in the process table for a while, without a command line. */
function isServing(pid: number): boolean {
  return isAlive(pid) && existsSync(`/proc/${pid}/exe`)
}
