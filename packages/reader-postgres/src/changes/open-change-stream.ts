import type { Duplex } from 'node:stream'
import type pg from 'pg'
import { PluginError, type FollowOptions } from '@millrace/core/plugin'
import { closeClient } from '../connection/close-client.ts'
import { openSession, type SessionSettings } from '../connection/open-session.ts'
import { readError, sourceFaultOf, statementError } from '../connection/source-error.ts'
import type { ChangeNames } from './change-names.ts'
import { ChangeStream } from './change-stream.ts'
import type { Ask, FollowedRelations } from './followed-relations.ts'
import { readLogEnd } from './log-end.ts'
import { lsnText, type LogPosition } from './log-position.ts'
import { startCommand } from './replication-messages.ts'
import {
  positionGone,
  readSlot,
  requirePosition,
  slotInUse,
  type SlotState,
} from './replication-slot.ts'
import type { ServerFacts } from './server-facts.ts'

/** How long a slot that is in use is waited for, and how often it is looked at. */
const inUseTimeoutMs = 5_000
const inUseIntervalMs = 250
const objectInUse = '55006'

/** What a change stream is opened with. */
export interface StreamOpening {
  readonly names: ChangeNames
  readonly settings: () => SessionSettings
  readonly ask: Ask
  readonly relations: FollowedRelations
  /** What the target has. */
  readonly acknowledged: () => bigint
  readonly facts: ServerFacts
  /** How long a silent server is waited for; 0: for ever. */
  readonly silenceTimeoutMs: number
  readonly from: LogPosition
  readonly until: bigint | undefined
}

/** A stream that has begun, and its connection. */
export interface OpenedStream {
  readonly stream: ChangeStream
  readonly client: pg.Client
}

/** What is used of the driver's client beyond its public type; pinned by the tests. */
interface DriverInternals {
  readonly connection: { readonly stream: Duplex }
}

/**
 * Begins to read the slot. One that another process reads is waited for: the server notices late that a reader was killed.
 *
 * @throws PluginError POSITION_LOST when the slot does not have everything behind the position; SOURCE_FAILED, retryable, when
 *   another process goes on reading it
 */
export async function openChangeStream(
  opening: StreamOpening,
  options: FollowOptions,
): Promise<OpenedStream> {
  const giveUpAtMs = performance.now() + inUseTimeoutMs
  for (;;) {
    const { activePid } = await requireSlot(opening)
    if (activePid === undefined) {
      const opened = await tryOpen(opening, options)
      if (opened !== undefined) return opened
    }
    if (performance.now() >= giveUpAtMs) throw slotInUse(opening.names.slot, activePid)
    await new Promise((resolve) => setTimeout(resolve, inUseIntervalMs))
    options.signal.throwIfAborted()
  }
}

/** Begins the stream; `undefined` when another reader was first. */
async function tryOpen(
  opening: StreamOpening,
  options: FollowOptions,
): Promise<OpenedStream | undefined> {
  const { signal } = options
  const client = await openSession({ ...opening.settings(), isReplication: true }, signal)
  const stream = streamOn(client, opening, options)
  const abort = () => stream.stop(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await stream.start()
    // Now that nobody else can read the slot: between the look before and now somebody could have.
    await requireSlot(opening)
    return { stream, client }
  } catch (error) {
    stream.close()
    closeClient(client)
    signal.throwIfAborted()
    if (sourceFaultOf(error).state === objectInUse) return undefined
    throw streamError(error)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function streamOn(
  client: pg.Client,
  { names, from, until, relations, acknowledged, facts, silenceTimeoutMs }: StreamOpening,
  { maxRows, maxBytes, maxDelayMs }: FollowOptions,
): ChangeStream {
  let fault: Error | undefined
  client.on('error', (error) => {
    fault ??= error
  })
  return new ChangeStream({
    stream: (client as unknown as DriverInternals).connection.stream,
    command: startCommand(names.slot, names.publication, from.lsn),
    from,
    until,
    relations,
    acknowledged,
    serverTimeoutMs: facts.senderTimeoutMs,
    silenceTimeoutMs,
    maxRows,
    maxBytes,
    maxDelayMs,
    fault: () => fault,
  })
}

async function requireSlot({ names, facts, from, ask }: StreamOpening): Promise<SlotState> {
  const found = await ask((client) => readSlot(client, names.slot))
  const slot = requirePosition(found, names.slot, from, facts.database)
  const end = await ask(readLogEnd)
  if (end >= from.lsn) return slot
  throw positionGone(
    `going on with changes from ${lsnText(from.lsn)}: the log of the server ends at ${lsnText(end)}`,
    'It is another server, or was restored from a backup: take a new snapshot.',
  )
}

/** Errors of the server which say that log is gone. */
const goneMessage =
  /requested WAL segment .* has already been removed|can no longer get changes from replication slot|(?:replication slot|publication) ".*" does not exist/

/** The error for a stream that failed. */
export function streamError(error: unknown): PluginError {
  if (PluginError.isInstance(error)) return error
  const fault = sourceFaultOf(error)
  if (fault.state !== undefined && goneMessage.test(fault.message))
    return positionGone(`following changes: ${fault.message}`)
  if (fault.state === '42501') return statementError('following changes', error)
  return readError('following changes', error)
}
