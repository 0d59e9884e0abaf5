import { createServer, connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A TCP proxy of the test's own in front of a Redis. */
export interface RespProxy extends AsyncDisposable {
  readonly port: number
  /** Connections it has ended on purpose. */
  readonly resets: number
}

/** Does something to one connection; the default passes everything through. */
export interface ProxyBehaviour {
  /** Takes bytes of the client; gives what goes to the server, or answers the client itself. */
  fromClient?(bytes: Buffer, client: Socket, server: Socket): void
  /** Takes bytes of the server. */
  fromServer?(bytes: Buffer, client: Socket, server: Socket): void | Promise<void>
}

/** Starts a proxy; `behave` is asked once for every connection. */
export async function startProxy(
  serverPort: number,
  behave: (reset: () => void) => ProxyBehaviour,
): Promise<RespProxy> {
  let resets = 0
  const sockets = new Set<Socket>()
  const listener = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1')
    const end = () => {
      client.resetAndDestroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    const behaviour = behave(() => {
      resets += 1
      end()
    })
    client.on('data', (bytes: Buffer) => {
      if (behaviour.fromClient === undefined) server.write(bytes)
      else behaviour.fromClient(bytes, client, server)
    })
    let order = Promise.resolve()
    server.on('data', (bytes: Buffer) => {
      if (behaviour.fromServer === undefined) return void client.write(bytes)
      order = order.then(async () => await behaviour.fromServer?.(bytes, client, server))
    })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    get resets() {
      return resets
    },
    async [Symbol.asyncDispose]() {
      listener.close()
      for (const socket of sockets) socket.destroy()
      await sleep(0)
    },
  }
}

/** Takes commands out of a stream of RESP arrays, cut anywhere. */
export class CommandReader {
  #rest: Buffer = Buffer.alloc(0)

  /** The commands that are complete now: name in capitals, and bytes as they came. */
  feed(bytes: Buffer): { readonly name: string; readonly bytes: Buffer }[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const commands = []
    for (let end = this.#endOfCommand(); end > 0; end = this.#endOfCommand()) {
      const command = this.#rest.subarray(0, end)
      const name = /^\*\d+\r\n\$\d+\r\n([^\r]*)/.exec(command.toString('latin1'))?.[1] ?? ''
      commands.push({ name: name.toUpperCase(), bytes: command })
      this.#rest = this.#rest.subarray(end)
    }
    return commands
  }

  /** 0 while the first command is not complete. */
  #endOfCommand(): number {
    let at = this.#rest.indexOf('\r\n')
    if (at < 0) return 0
    const count = Number(this.#rest.toString('latin1', 1, at))
    at += 2
    for (let argument = 0; argument < count; argument += 1) {
      const line = this.#rest.indexOf('\r\n', at)
      if (line < 0) return 0
      at = line + 2 + Number(this.#rest.toString('latin1', at + 1, line)) + 2
    }
    return at <= this.#rest.length ? at : 0
  }
}
