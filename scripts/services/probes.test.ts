import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { mongodbAnswers, mysqlAnswers, postgresAnswers, redisAnswers } from './probes.mjs'
import { freePort } from './server-session.mjs'

const login = { user: 'millrace', database: 'test' }
let server: Server | undefined

afterEach(() => server?.close())

/** A server that sends something on connect, or in answer to the first bytes it gets. */
function listen({ greeting, answer }: { greeting?: Buffer; answer?: Buffer }): Promise<number> {
  const listening = createServer((socket) => {
    if (greeting !== undefined) socket.write(greeting)
    if (answer !== undefined) socket.once('data', () => socket.write(answer))
    socket.on('error', () => {})
  })
  server = listening
  return new Promise((resolve) => {
    listening.listen(0, '127.0.0.1', () => resolve((listening.address() as AddressInfo).port))
  })
}

test('nobody listens', async () => {
  const port = await freePort()
  expect(await postgresAnswers(port, login)).toBe(false)
  expect(await mysqlAnswers(port)).toBe(false)
  expect(await redisAnswers(port)).toBe(false)
  expect(await mongodbAnswers(port)).toBe(false)
})

test('PostgreSQL is ready when it says so', async () => {
  const readyForQuery = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1')
  expect(await postgresAnswers(await listen({ answer: readyForQuery }), login)).toBe(true)
})

test('PostgreSQL is not ready while it starts up', async () => {
  const startingUp = Buffer.from('E\0\0\0\x0eSFATAL\0\0', 'latin1')
  expect(await postgresAnswers(await listen({ answer: startingUp }), login)).toBe(false)
})

test('MySQL is ready when it greets with protocol 10', async () => {
  const greeting = Buffer.from([1, 0, 0, 0, 10])
  expect(await mysqlAnswers(await listen({ greeting }))).toBe(true)
})

test('MySQL is not ready when it refuses the connection', async () => {
  const refusal = Buffer.from([5, 0, 0, 0, 0xff, 0x10, 0x04, 0x23, 0x30])
  expect(await mysqlAnswers(await listen({ greeting: refusal }))).toBe(false)
})

test('Redis is ready when it answers PING, and not while it loads', async () => {
  const loading = Buffer.from('-LOADING Redis is loading the dataset in memory\r\n')
  expect(await redisAnswers(await listen({ answer: loading }))).toBe(false)
  server?.close()
  expect(await redisAnswers(await listen({ answer: Buffer.from('+PONG\r\n') }))).toBe(true)
})

test('MongoDB is ready when it is the primary, and not while it has yet to be elected', async () => {
  const reply = (isPrimary: number) => {
    const message = Buffer.from(
      `....hello: \x08isWritablePrimary\0${String.fromCharCode(isPrimary)}`,
    )
    message.writeInt32LE(message.length)
    return message
  }
  expect(await mongodbAnswers(await listen({ answer: reply(0) }))).toBe(false)
  server?.close()
  expect(await mongodbAnswers(await listen({ answer: reply(1) }))).toBe(true)
})
