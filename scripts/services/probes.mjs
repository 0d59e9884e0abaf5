import { createConnection } from 'node:net'

const attemptMs = 2_000
/** The letter E: what PostgreSQL answers while it starts up. */
const errorResponse = 0x45

/**
 * Whether a PostgreSQL server takes connections: a start-up message has to be answered by "ready for query", and not by
 * "the database system is starting up".
 *
 * @param {number} port on 127.0.0.1
 * @param {{user: string, database: string}} login without a password
 * @returns {Promise<boolean>}
 */
export function postgresAnswers(port, { user, database }) {
  const parameters = Buffer.from(`user\0${user}\0database\0${database}\0\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + parameters.length, 0)
  head.writeInt32BE(0x0003_0000, 4)
  const readyForQuery = Buffer.from('Z\0\0\0\x05I', 'latin1')
  return exchange(port, Buffer.concat([head, parameters]), (answer) =>
    answer[0] === errorResponse ? false : answer.includes(readyForQuery) || undefined,
  )
}

/**
 * Whether a MySQL or MariaDB server takes connections: it sends a greeting of protocol 10 by itself.
 *
 * @param {number} port on 127.0.0.1
 * @returns {Promise<boolean>}
 */
export function mysqlAnswers(port) {
  return exchange(port, undefined, (answer) => (answer.length > 4 ? answer[4] === 10 : undefined))
}

/**
 * Whether a Redis server takes commands: PING is answered by PONG, and not by LOADING.
 *
 * @param {number} port on 127.0.0.1
 * @returns {Promise<boolean>}
 */
export function redisAnswers(port) {
  return exchange(port, Buffer.from('PING\r\n'), (answer) => answer.toString().startsWith('+PONG'))
}

/**
 * Whether a MongoDB server takes commands as a primary: `hello` is answered by `isWritablePrimary: true`.
 *
 * @param {number} port on 127.0.0.1
 * @returns {Promise<boolean>}
 */
export function mongodbAnswers(port) {
  const primary = Buffer.from('\x08isWritablePrimary\0\x01', 'latin1')
  return exchange(port, helloMessage(), (answer) =>
    answer.length < 4 || answer.length < answer.readInt32LE(0)
      ? undefined
      : answer.includes(primary),
  )
}

/** `{hello: 1, $db: 'admin'}` as OP_MSG. */
function helloMessage() {
  const body = Buffer.from('\0\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0', 'latin1')
  body.writeInt32LE(body.length)
  const head = Buffer.alloc(21)
  head.writeInt32LE(head.length + body.length, 0)
  head.writeInt32LE(1, 4)
  head.writeInt32LE(2013, 12)
  return Buffer.concat([head, body])
}

/**
 * @param {number} port
 * @param {Buffer | undefined} request
 * @param {(answer: Buffer) => boolean | undefined} judge called with all that has come so far; undefined: more to come
 * @returns {Promise<boolean>} false when the server refuses, hangs up or says nothing of the kind within 2 s
 */
function exchange(port, request, judge) {
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0)
    const socket = createConnection({ host: '127.0.0.1', port })
    /** @param {boolean} ready */
    const finish = (ready) => {
      socket.destroy()
      resolve(ready)
    }
    socket.setTimeout(attemptMs, () => finish(false))
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      const ready = judge(answer)
      if (ready !== undefined) finish(ready)
    })
    if (request !== undefined) socket.write(request)
  })
}
