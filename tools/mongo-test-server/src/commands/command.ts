import type { Timestamp } from 'bson'
import type { BsonDocument } from '../documents/bson-document.ts'
import type { Connection } from '../server/connection.ts'
import type { ServerState } from '../server/server-state.ts'
import type { Session } from '../sessions/sessions.ts'
import type { Transaction } from '../sessions/transaction.ts'
import type { Namespace } from '../storage/catalog.ts'
import { clusterTimeOf, type ClusterTime } from '../storage/cluster-clock.ts'
import { asBuffer } from '../documents/bson-document.ts'
import { decodeDocument } from '../documents/bson-document.ts'
import type { Request } from '../wire/messages.ts'
import { CommandError } from './command-error.ts'

/** One command that is being carried out. */
export interface CommandContext {
  readonly server: ServerState
  readonly connection: Connection
  readonly name: string
  readonly database: string
  readonly command: BsonDocument
  readonly request: Request
  readonly session: Session | undefined
  readonly transaction: Transaction | undefined
}

/** The reply to a command that gives documents. */
export class CursorResult {
  readonly batchName: 'firstBatch' | 'nextBatch'
  readonly documents: readonly Buffer[]
  /** The other fields of `cursor`. */
  readonly cursor: BsonDocument

  constructor(
    batchName: 'firstBatch' | 'nextBatch',
    documents: readonly Buffer[],
    cursor: BsonDocument,
  ) {
    this.batchName = batchName
    this.documents = documents
    this.cursor = cursor
  }
}

/** Fields of the reply beside `ok` and the times. */
export type CommandResult = BsonDocument | CursorResult

/** Who may give a command. */
export type Privilege =
  | { readonly kind: 'nobody in particular' }
  | { readonly kind: 'logged in' }
  | { readonly kind: 'read' | 'write' | 'administer'; readonly database: string | undefined }
  | { readonly kind: 'monitor' | 'manage cluster' }

/** A command of this server. */
export interface CommandDefinition {
  readonly run: (context: CommandContext) => CommandResult | Promise<CommandResult>
  readonly privilege: (context: CommandContext) => Privilege
  /** Where it may be sent: to any member, to one that may be read from, to the primary. */
  readonly role: 'any member' | 'reader' | 'primary'
}

/**
 * @param context
 * @returns the collection that the command names
 * @throws {CommandError} InvalidNamespace
 */
export function namespaceOf({ name, database, command }: CommandContext): Namespace {
  const collection: unknown = command[name]
  if (typeof collection === 'string' && collection !== '') return { database, collection }
  throw new CommandError('InvalidNamespace', `Invalid namespace specified '${database}.'`)
}

/**
 * @param request
 * @param field argument of the command, such as `documents`
 * @returns the documents of that argument, in whichever way they were sent, as BSON bytes
 */
export function sentDocuments({ request, command }: CommandContext, field: string): Buffer[] {
  const sequence = request.sequences.get(field)
  if (sequence !== undefined) return [...sequence]
  const listed: unknown = command[field]
  return Array.isArray(listed) ? listed.map((document: Uint8Array) => asBuffer(document)) : []
}

/**
 * @param context
 * @param field argument of the command, such as `updates`
 * @returns the same, decoded
 */
export function sentStatements(context: CommandContext, field: string): BsonDocument[] {
  const sequence = context.request.sequences.get(field)
  if (sequence !== undefined) return sequence.map(decodeDocument)
  const listed: unknown = context.command[field]
  return Array.isArray(listed) ? listed : []
}

/**
 * @param context
 * @returns the time that the command reads at; undefined: now
 * @throws {CommandError} SnapshotTooOld
 */
export function readTime({
  command,
  transaction,
  server,
}: CommandContext): ClusterTime | undefined {
  if (transaction !== undefined) return transaction.startTime
  const concern = Object(command['readConcern'])
  const { replicaSet, version } = server
  if (replicaSet.deployment === 'standalone' && ![undefined, 'local'].includes(concern['level']))
    throw new CommandError(
      'NotAReplicaSet',
      'node needs to be a replica set member to use read concern',
    )
  if (concern['level'] === 'majority') return majorityTime(server, concern['afterClusterTime'])
  if (concern['level'] !== 'snapshot') return undefined
  if (!version.readsSnapshots)
    throw new CommandError(
      'InvalidOptions',
      'read concern level snapshot is only valid in a transaction',
    )
  const given = concern['atClusterTime'] as Timestamp | undefined
  const time = given === undefined ? server.store.clock.now : clusterTimeOf(given)
  server.store.checkSnapshot(time)
  return time
}

/** Whether the client is told the time at which the command reads. */
export function isSnapshotRead({ command, transaction }: CommandContext): boolean {
  return transaction === undefined && Object(command['readConcern'])['level'] === 'snapshot'
}

/** What most members have; a read that asks for something later waits until they have caught up. */
function majorityTime(server: ServerState, after: Timestamp | undefined): ClusterTime | undefined {
  const time = server.majorityTime
  if (time !== undefined && after !== undefined && clusterTimeOf(after) > time)
    server.majorityTime = undefined
  return server.majorityTime
}

export const nobodyInParticular: Privilege = { kind: 'nobody in particular' }
export const loggedIn: Privilege = { kind: 'logged in' }
