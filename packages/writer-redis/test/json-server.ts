import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { ReplyParser, type RespReply } from '../src/resp/reply-parser.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
type JsonObject = { [name: string]: Json }

/** A server that speaks RESP, remembers every command, and keeps JSON documents as RedisJSON 2.6 does. Nothing else is kept. */
export class JsonServer implements AsyncDisposable {
  /** Every command, its arguments as text. */
  readonly commands: string[][] = []
  /** Commands that it does not know. */
  readonly unknown = new Set<string>()
  /** Keys that hold a value of another type. */
  readonly strings = new Set<string>()
  readonly #documents = new Map<string, Json>()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor() {
    this.#server = createServer((socket) => this.#serve(socket))
  }

  /** Listens on a free port of loopback and gives it. */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }

  /** The document of a key as JSON text; `undefined` when there is none. */
  document(key: string): string | undefined {
    const document = this.#documents.get(key)
    return document === undefined ? undefined : JSON.stringify(document)
  }

  /** Commands about JSON and keys, without what connections and checks ask. */
  get writes(): readonly string[][] {
    return this.commands.filter(
      ([name = '', ...args]) => args.length > 0 && /^(?:JSON\.|DEL|EVAL|SET)/.test(name),
    )
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    const parser = new ReplyParser((command: RespReply) => {
      if (!Array.isArray(command)) throw new Error('a command is an array')
      socket.write(this.#answer(command.map(String)))
    })
    socket.on('data', (chunk: Buffer) => parser.feed(chunk))
  }

  #answer(command: string[]): string {
    this.commands.push(command)
    const [name = '', key = '', path = '', value = '', option] = command
    if (this.unknown.has(name)) return `-ERR unknown command '${name}'\r\n`
    if (name === 'TYPE') return `+${this.#typeOf(key)}\r\n`
    if (name === 'INFO') return bulk('redis_version:7.4.0\r\n')
    if (name === 'DEL') return `:${this.#documents.delete(key) ? 1 : 0}\r\n`
    if (!name.startsWith('JSON.')) return '+OK\r\n'
    if (command.length < 3) return `-ERR wrong number of arguments for '${name}' command\r\n`
    if (this.strings.has(key)) return '-Existing key has wrong Redis type\r\n'
    if (name === 'JSON.DEL') return `:${this.#remove(key, namesIn(path))}\r\n`
    if (name === 'JSON.MERGE') return this.#merge(key, path, JSON.parse(value) as Json)
    return this.#set(key, namesIn(path), JSON.parse(value) as Json, option === 'NX')
  }

  #typeOf(key: string): string {
    if (this.strings.has(key)) return 'string'
    return this.#documents.has(key) ? 'ReJSON-RL' : 'none'
  }

  #set(key: string, names: readonly string[], value: Json, isNew: boolean): string {
    if (names.length === 0) {
      if (isNew && this.#documents.has(key)) return '$-1\r\n'
      this.#documents.set(key, value)
      return '+OK\r\n'
    }
    if (!this.#documents.has(key)) return '-ERR new objects must be created at the root\r\n'
    const parent = this.#objectAt(key, names.slice(0, -1))
    const last = names.at(-1) ?? ''
    if (parent === undefined || (isNew && Object.hasOwn(parent, last))) return '$-1\r\n'
    parent[last] = value
    return '+OK\r\n'
  }

  #merge(key: string, path: string, value: Json): string {
    if (path !== '$') return '-ERR this server merges at the root only\r\n'
    const document = this.#documents.get(key)
    // A document that was not there is taken as it comes, nulls included.
    this.#documents.set(key, document === undefined ? value : merged(document, value))
    return '+OK\r\n'
  }

  #remove(key: string, names: readonly string[]): number {
    const parent = this.#objectAt(key, names.slice(0, -1))
    const last = names.at(-1) ?? ''
    if (parent === undefined || !Object.hasOwn(parent, last)) return 0
    delete parent[last]
    return 1
  }

  #objectAt(key: string, names: readonly string[]): JsonObject | undefined {
    let value = this.#documents.get(key)
    for (const name of names) value = isObject(value) ? value[name] : undefined
    return isObject(value) ? value : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** RFC 7396. */
function merged(document: Json, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result: JsonObject = isObject(document) ? { ...document } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name] ?? null, value)
  }
  return result
}

/** Names of a path such as `$.Lines["a b"]`. */
function namesIn(path: string): string[] {
  return [...path.matchAll(/\.(\w+)|\[("(?:[^"\\]|\\.)*")\]/g)].map(
    ([, plain, quoted]) => plain ?? (JSON.parse(quoted ?? '""') as string),
  )
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`
}
