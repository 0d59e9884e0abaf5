import { setTimeout as sleep } from 'node:timers/promises'
import { PluginError } from '@millrace/core/plugin'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'
import { RespError } from '../resp/resp-error.ts'
import {
  addressText,
  connectTimeoutMs,
  targetText,
  type RedisAddress,
  type RedisConnectionOptions,
  type SentinelGroup,
} from './connection-options.ts'
import { loginCommands } from './login.ts'
import { openConnection } from './open-connection.ts'
import { retryable, shownText, unreachable } from './server-errors.ts'

/** What one sentinel says: where the primary is, since which failover, or why it does not say. */
interface SentinelAnswer {
  readonly address?: RedisAddress
  /** Grows with every failover, so the highest is the newest. */
  readonly epoch: number
  readonly problem?: string
}

/** Sentinels that are slower than the first by this much are not waited for. */
const graceMs = 500
/** Between two looks at an address that is not a primary yet. */
const pauseMs = 200

/**
 * The addresses of the target, to be tried in order: those of the data source, or the one at which the sentinels have
 * the primary now, known to be one, or what the connection is located at.
 *
 * @throws PluginError TARGET_UNREACHABLE, with `isRetryable`, when no sentinel knows a primary that says to be one; or
 * the reason of the signal
 */
export async function serverAddresses(
  connection: RedisConnectionOptions,
  signal: AbortSignal,
): Promise<readonly RedisAddress[]> {
  const { sentinel } = connection
  if (connection.locate !== undefined) return await connection.locate(signal)
  if (sentinel === undefined) return connection.addresses
  const deadlineMs = performance.now() + connectTimeoutMs(connection)
  for (;;) {
    const candidates = await askSentinels(connection, sentinel, signal)
    const found = await firstPrimary(candidates, connection, signal)
    if ('address' in found) return [found.address]
    // While a failover is under way sentinels name servers that are replicas still, or again.
    if (!found.isStale || performance.now() >= deadlineMs) throw found.error
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

type Search =
  { readonly address: RedisAddress } | { readonly isStale: boolean; readonly error: PluginError }

async function firstPrimary(
  candidates: readonly RedisAddress[],
  connection: RedisConnectionOptions,
  signal: AbortSignal,
): Promise<Search> {
  let isStale = false
  let failure: unknown
  for (const address of candidates) {
    try {
      const role = await roleAt(address, connection, signal)
      if (role === undefined || role === 'master') return { address }
      isStale = true
      failure ??= new Error(`the sentinels name ${addressText(address)}, which is a replica`)
    } catch (error) {
      signal.throwIfAborted()
      failure ??= unreachable(targetText(connection, [address]), error)
    }
  }
  const error = PluginError.isInstance(failure)
    ? failure
    : unreachable(targetText(connection), failure)
  return { isStale, error: retryable(error) }
}

/** `undefined` when the server does not tell: whoever connects for good will see. */
async function roleAt(
  address: RedisAddress,
  connection: RedisConnectionOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { user, password } = connection
  const commands = [...loginCommands(user, password), ['ROLE']]
  const reply = (await ask(address, connection, commands, signal)).at(-1)
  return isArray(reply) ? replyText(reply[0]) : undefined
}

/** Where the sentinels have the primary, the newest word first. */
async function askSentinels(
  connection: RedisConnectionOptions,
  group: SentinelGroup,
  signal: AbortSignal,
): Promise<readonly RedisAddress[]> {
  const late = new AbortController()
  const answers = await gather(
    group.nodes.map(async (node) => {
      const bounds = AbortSignal.any([signal, late.signal])
      return await askSentinel(node, connection, group, bounds)
    }),
  )
  late.abort()
  signal.throwIfAborted()
  const known = answers
    .flatMap(({ address, epoch }) => (address === undefined ? [] : [{ address, epoch }]))
    .sort((one, other) => other.epoch - one.epoch)
  if (known.length === 0) throw noPrimary(connection, group, answers)
  return [...new Map(known.map(({ address }) => [addressText(address), address])).values()]
}

/** The answers of all, or of those that are not much slower than the first that knows an address. */
async function gather(asked: readonly Promise<SentinelAnswer>[]): Promise<SentinelAnswer[]> {
  const answers: SentinelAnswer[] = []
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>((resolve) => {
    for (const one of asked) {
      void one.then((answer) => {
        answers.push(answer)
        if (answers.length === asked.length) resolve()
        else if (answer.address !== undefined) timer ??= setTimeout(resolve, graceMs)
      })
    }
  })
  clearTimeout(timer)
  return [...answers]
}

/** Never rejects: a sentinel that cannot be asked is one answer among others. */
async function askSentinel(
  node: RedisAddress,
  connection: RedisConnectionOptions,
  group: SentinelGroup,
  signal: AbortSignal,
): Promise<SentinelAnswer> {
  const { name, user, password, tls } = group
  const commands = [
    ...loginCommands(user, password),
    ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name],
    ['SENTINEL', 'MASTER', name],
  ]
  const { tls: _, ...options } = connection
  try {
    const place = { ...options, ...(tls === undefined ? {} : { tls }) }
    const replies = await ask(node, place, commands, signal)
    const [found, details = null] = replies.slice(-2)
    const refused = replies.slice(0, -1).find((reply) => reply instanceof RespError)
    if (refused instanceof RespError) return { epoch: 0, problem: shownText(refused) }
    if (!isArray(found)) return { epoch: 0, problem: `it knows no primary named ${name}` }
    const [host = '', port] = found.map(replyText)
    return { address: { kind: 'tcp', host, port: Number(port) }, epoch: epochIn(details) }
  } catch (error) {
    return { epoch: 0, problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Opens a connection, sends the commands and closes it again. */
async function ask(
  address: RedisAddress,
  connection: RedisConnectionOptions,
  commands: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<RespReply[]> {
  const callbacks = { onLost: () => {}, onDrain: () => {} }
  const timeoutMs = connectTimeoutMs(connection)
  const opened = await openConnection(
    address,
    { ...connection, timeoutMs },
    { signal, ...callbacks },
  )
  const onAbort = () => opened.close()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await opened.call(commands)
  } finally {
    signal.removeEventListener('abort', onAbort)
    opened.close()
  }
}

function epochIn(details: RespReply | undefined): number {
  if (!isArray(details)) return 0
  const texts = details.map(replyText)
  const at = texts.indexOf('config-epoch')
  return at < 0 ? 0 : Number(texts[at + 1])
}

function noPrimary(
  connection: RedisConnectionOptions,
  { nodes, name }: SentinelGroup,
  answers: readonly SentinelAnswer[],
): PluginError {
  const reasons = new Set(answers.flatMap(({ problem }) => problem ?? []))
  return new PluginError({
    code: 'TARGET_UNREACHABLE',
    message: `no sentinel says where the primary ${name} of data source ${connection.name} is (asked ${nodes.map(addressText).join(', ')}): ${[...reasons].join('; ')}`,
    hint: 'Check addresses, name, password and TLS in "sentinel" of the data source.',
    isRetryable: true,
  })
}

function isArray(reply: RespReply | undefined): reply is readonly RespReply[] {
  return Array.isArray(reply)
}
