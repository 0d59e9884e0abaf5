import { PluginError, tlsFaultOf, type DataSource } from '@millrace/core/plugin'
import type { Cluster, Redis } from 'ioredis'
import type { RdiValue } from '../model/expression.ts'
import type { LookupCommand, LookupConnection, LookupReply } from './lookup-connection.ts'
import { LookupPatience, type LookupRetries } from './lookup-patience.ts'
import { clientOptions, clusterNodes } from './redis-client-options.ts'

const passingCodes = /^(?:LOADING|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|BUSY)\b/
const permissionCodes = /^(?:NOPERM|NOAUTH|WRONGPASS)\b/

/** Lookups in a Redis. Connects when the first command is sent. */
export function openRedisLookup(dataSource: DataSource, retries: LookupRetries): LookupConnection {
  return new RedisLookup(dataSource, retries)
}

class RedisLookup implements LookupConnection {
  readonly #dataSource: DataSource
  readonly #retries: LookupRetries
  #client: Promise<Redis | Cluster> | undefined
  #connections = 0

  constructor(dataSource: DataSource, retries: LookupRetries) {
    this.#dataSource = dataSource
    this.#retries = retries
  }

  async send(commands: readonly LookupCommand[]): Promise<readonly LookupReply[]> {
    const { signal } = this.#retries
    let patience: LookupPatience | undefined
    for (;;) {
      signal.throwIfAborted()
      try {
        return await this.#sendOnce(commands)
      } catch (error) {
        signal.throwIfAborted()
        if (PluginError.isInstance(error)) throw error
        const trouble = this.#unreachable(error)
        patience ??= new LookupPatience(this.#retries)
        if (!(await patience.wait(trouble.message))) throw trouble
      }
    }
  }

  async probe(): Promise<void> {
    try {
      const [answer] = await answersOf(await (this.#client ??= this.#connect()), [['PING']])
      const [problem] = answer ?? []
      // Of one who may look up and nothing else it is an answer, too.
      if (problem && /^(?:NOAUTH|WRONGPASS)\b/.test(problem.message)) throw problem
      if (problem && problem.name !== 'ReplyError') throw problem
    } catch (error) {
      await this.close()
      this.#retries.signal.throwIfAborted()
      const known = this.#loginProblem(error)
      throw PluginError.isInstance(known) ? known : this.#unreachable(error)
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined)
    this.#client = undefined
    client?.disconnect()
  }

  async #sendOnce(commands: readonly LookupCommand[]): Promise<readonly LookupReply[]> {
    const connecting = (this.#client ??= this.#connect())
    try {
      const client = await connecting
      const answers = await answersOf(client, commands)
      return answers.map(([error, reply], index) =>
        this.#replyOf(commands[index] as LookupCommand, error, reply),
      )
    } catch (error) {
      if (this.#client === connecting) await this.close()
      throw this.#loginProblem(error)
    }
  }

  async #connect(): Promise<Redis | Cluster> {
    // Loaded by the first lookup: few jobs have one.
    const { Redis: RedisClient, Cluster: ClusterClient } = await import('ioredis')
    const options = clientOptions(this.#dataSource, this.#connections++)
    const { cluster } = this.#dataSource
    const client =
      cluster === undefined
        ? new RedisClient(options)
        : new ClusterClient(clusterNodes(cluster), {
            lazyConnect: true,
            redisOptions: options,
            clusterRetryStrategy: () => null,
          })
    let reason: unknown
    // What is wrong with a connection comes as an event; the promise only says that it is closed.
    client.on('error', (error: unknown) => (reason ??= error))
    const onAbort = () => client.disconnect()
    const { signal } = this.#retries
    signal.addEventListener('abort', onAbort)
    client.once('end', () => signal.removeEventListener('abort', onAbort))
    try {
      await client.connect()
    } catch (error) {
      signal.removeEventListener('abort', onAbort)
      client.disconnect()
      throw reason ?? error
    }
    return client
  }

  #replyOf(command: LookupCommand, error: Error | null, reply: unknown): LookupReply {
    if (error === null) return { value: valueOf(command, reply) }
    if (error.name !== 'ReplyError' || passingCodes.test(error.message)) throw error
    const [name] = command
    if (permissionCodes.test(error.message)) throw this.#notPermitted(name, error)
    if (/unknown command/i.test(error.message)) throw this.#unknown(name)
    return { error: error.message }
  }

  #loginProblem(error: unknown): unknown {
    if (!(error instanceof Error) || PluginError.isInstance(error)) return error
    return permissionCodes.test(error.message) ? this.#notPermitted('AUTH', error) : error
  }

  #notPermitted(command: string, { message }: Error): PluginError {
    return new PluginError({
      code: 'TARGET_NOT_PERMITTED',
      message: `Redis ${this.#dataSource.name} does not permit the ${command} of a lookup: ${message}`,
      hint: 'Correct user and password of the target, or let the user run the command (ACL SETUSER).',
    })
  }

  #unknown(command: string): PluginError {
    return new PluginError({
      code: 'TARGET_UNFIT',
      message: `Redis ${this.#dataSource.name} does not have the command ${command} of a lookup.`,
      hint: 'Correct cmd of redis.lookup in the job file.',
    })
  }

  #unreachable(cause: unknown): PluginError {
    const found = tlsFaultOf(cause)
    const text = cause instanceof Error ? cause.message : String(cause)
    return new PluginError({
      code: 'TARGET_UNREACHABLE',
      message: `Redis ${this.#dataSource.name} could not be asked for a lookup: ${found?.found ?? text}`,
      hint: found?.hint ?? 'Check that the server runs, and host, port and TLS of the target.',
      cause,
    })
  }
}

type Answer = readonly [Error | null, unknown]

async function answersOf(
  client: Redis | Cluster,
  commands: readonly LookupCommand[],
): Promise<readonly Answer[]> {
  if (!client.isCluster) {
    const pipeline = client.pipeline()
    for (const [name, ...parts] of commands) pipeline.call(name, ...parts)
    return (await pipeline.exec()) ?? []
  }
  // Keys of one pipeline would have to stand on one node.
  return await Promise.all(
    commands.map(async ([name, ...parts]): Promise<Answer> => {
      try {
        return [null, await client.call(name, ...parts)]
      } catch (error) {
        return [error instanceof Error ? error : new Error(String(error)), undefined]
      }
    }),
  )
}

/** A reply as a record holds it; hashes are objects. */
function valueOf([name]: LookupCommand, reply: unknown): RdiValue {
  const value = plainValue(reply)
  if (name.toUpperCase() !== 'HGETALL' || !Array.isArray(value)) return value
  const fields: [string, RdiValue][] = []
  for (let at = 0; at + 1 < value.length; at += 2) fields.push([String(value[at]), value[at + 1]])
  return Object.fromEntries(fields)
}

function plainValue(reply: unknown): RdiValue {
  if (Array.isArray(reply)) return reply.map(plainValue)
  if (typeof reply === 'object' && reply !== null)
    return Object.fromEntries(
      Object.entries(reply).map(([name, value]) => [name, plainValue(value)]),
    )
  const isPlain =
    typeof reply === 'string' || typeof reply === 'number' || typeof reply === 'bigint'
  return isPlain ? reply : null
}
