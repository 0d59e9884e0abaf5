import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A PostgreSQL that asks everybody for a password and refuses it: private test servers trust whoever comes. */
export interface PasswordGate extends AsyncDisposable {
  readonly port: number
}

const sslRequestLength = 8
const passwordMessage = 0x70

/** Starts a {@link PasswordGate} on a free port of loopback. */
export async function startPasswordGate(user: string): Promise<PasswordGate> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (data: Buffer) => answer(socket, data, user))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Messages of protocol version 3: no TLS, then a password in clear text, then the refusal. */
function answer(socket: Socket, data: Buffer, user: string): void {
  if (data.length === sslRequestLength) {
    socket.write('N')
  } else if (data[0] === passwordMessage) {
    const fields = `SFATAL\0C28P01\0Mpassword authentication failed for user "${user}"\0\0`
    const header = Buffer.alloc(5)
    header.write('E')
    header.writeInt32BE(4 + Buffer.byteLength(fields), 1)
    socket.end(Buffer.concat([header, Buffer.from(fields)]))
  } else {
    socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]))
  }
}
