import type { Socket } from 'node:net'
import type { ScramConversation } from '../auth/scram.ts'
import type { User } from '../auth/users.ts'
import { runCommand } from '../commands/run-command.ts'
import { MessageSplitter } from '../wire/message-splitter.ts'
import { readRequest, writeReply, type Request } from '../wire/messages.ts'
import type { Member } from './replica-set.ts'
import type { ServerState } from './server-state.ts'

let lastNumber = 0

/** One client connection: its requests are answered one after the other. */
export class Connection {
  readonly number = (lastNumber += 1)
  readonly member: Member
  /** Aborted when the client is gone. */
  readonly closed = new AbortController()
  /** Who has logged in. */
  user: User | undefined
  /** Who is about to. */
  login:
    { conversation: ScramConversation; skipsEmptyExchange: boolean; finished: boolean } | undefined
  readonly #socket: Socket
  readonly #server: ServerState
  readonly #splitter = new MessageSplitter()
  #last: Promise<void> = Promise.resolve()

  constructor(socket: Socket, member: Member, server: ServerState) {
    this.#socket = socket
    this.#server = server
    this.member = member
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.closed.abort()
      server.connections.delete(this)
    })
    server.connections.add(this)
  }

  /** Ends it at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    for (const message of this.#splitter.push(chunk)) {
      this.#last = this.#last.then(() => this.#answer(message)).catch(() => this.destroy())
    }
  }

  async #answer(message: Buffer): Promise<void> {
    if (this.closed.signal.aborted) return
    const request = readRequest(message)
    const body = await runCommand(this.#server, this, request)
    if (body === undefined) {
      this.destroy()
      return
    }
    if (request.wantsReply) this.#send(request, writeReply(request.id, body, request.legacy))
  }

  #send({ command }: Request, reply: Buffer): void {
    const isHello = command['hello'] !== undefined || isOldHello(command)
    if (!this.#server.cutNextReply || isHello) {
      this.#socket.write(reply)
      return
    }
    this.#server.cutNextReply = false
    this.#socket.write(reply.subarray(0, Math.ceil(reply.length / 2)), () => this.destroy())
  }
}

function isOldHello(command: Record<string, unknown>): boolean {
  return command['ismaster'] !== undefined || command['isMaster'] !== undefined
}
