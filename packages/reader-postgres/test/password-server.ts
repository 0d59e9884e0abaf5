import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A server that speaks just enough of the protocol to ask for a password and then to refuse it. */
export async function openPasswordServer(): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    let answers = 0
    socket.on('data', (data) => {
      answers += 1
      if (answers === 1) return void socket.write(message('R', saslRequest()))
      const nonce = /r=([^,]+)/.exec(data.toString('latin1'))?.[1] ?? ''
      if (answers === 2) return void socket.write(message('R', saslChallenge(nonce)))
      socket.end(message('E', refusal()))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, server }
}

function message(kind: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(kind)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

function authentication(kind: number, rest: string): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(kind)
  return Buffer.concat([head, Buffer.from(rest)])
}

const saslRequest = () => authentication(10, 'SCRAM-SHA-256\0\0')
const saslChallenge = (nonce: string) => authentication(11, `r=${nonce}server,s=c2FsdA==,i=4096`)
const refusal = () =>
  Buffer.from('SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "app"\0\0')
