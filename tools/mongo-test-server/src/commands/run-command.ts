import { setTimeout as sleep } from 'node:timers/promises'
import { Binary, Long } from 'bson'
import { encodeDocument, type BsonDocument } from '../documents/bson-document.ts'
import { isAllowed } from '../auth/users.ts'
import type { Connection } from '../server/connection.ts'
import type { ServerState } from '../server/server-state.ts'
import { timestampOf } from '../storage/cluster-clock.ts'
import { encodeCursorReply } from '../wire/cursor-reply.ts'
import type { Request } from '../wire/messages.ts'
import { CommandError } from './command-error.ts'
import {
  CursorResult,
  type CommandContext,
  type CommandDefinition,
  type CommandResult,
} from './command.ts'
import { labelled } from './error-labels.ts'
import { commands } from './index.ts'

/**
 * Carries out a command.
 *
 * @param server
 * @param connection that it came on
 * @param request
 * @returns the reply as BSON, an error reply included; undefined: the connection is to be closed
 */
export async function runCommand(
  server: ServerState,
  connection: Connection,
  request: Request,
): Promise<Buffer | undefined> {
  const name = Object.keys(request.command)[0] ?? ''
  server.commandLog.add(name, request.command, connection.member)
  try {
    const fault = server.failPoint.take(name)
    const waitMs = server.replyDelayMs + (fault?.blockMs ?? 0)
    if (waitMs > 0) await sleep(waitMs)
    if (fault?.closeConnection === true) return undefined
    if (fault?.error !== undefined) throw fault.error
    return await carryOut(server, connection, request, name)
  } catch (error) {
    return errorReply(server, request, name, error)
  }
}

async function carryOut(
  server: ServerState,
  connection: Connection,
  request: Request,
  name: string,
): Promise<Buffer> {
  const { command } = request
  const definition = commands.get(name)
  if (definition === undefined)
    throw new CommandError('CommandNotFound', `no such command: '${name}'`)
  checkRole(server, connection, definition, command)
  const session = server.sessions.find(command)
  const retried = session?.retryable
  const txnNumber = command['autocommit'] === undefined ? command['txnNumber'] : undefined
  if (txnNumber !== undefined && retried?.txnNumber === String(txnNumber))
    return encodeDocument({ ...retried.reply, ...closing(server) })
  const transaction = server.sessions.transactionOf(session, command)
  const database = String(command['$db'])
  const context: CommandContext = {
    server,
    connection,
    request,
    command,
    name,
    database,
    session,
    transaction,
  }
  checkPrivilege(definition, context)
  const forwarded = await server.engine?.run(context)
  if (forwarded !== undefined) return withFields(forwarded, times(server))
  const result = await runInTransaction(context, definition)
  if (result instanceof CursorResult) {
    server.documentsReturned += result.documents.length
    return encodeCursorReply(result, closing(server))
  }
  // A client that got no reply sends the write again, and gets the reply of the first time.
  if (txnNumber !== undefined && session !== undefined)
    session.retryable = { txnNumber: String(txnNumber), reply: result }
  return encodeDocument({ ...result, ...closing(server) })
}

/** A command that fails ends the transaction it belongs to, as in MongoDB: nothing of that is ever committed. */
async function runInTransaction(
  context: CommandContext,
  definition: CommandDefinition,
): Promise<CommandResult> {
  try {
    return await definition.run(context)
  } catch (error) {
    if (context.transaction?.state === 'open') context.transaction.end('aborted')
    throw error
  }
}

/** @throws {CommandError} Unauthorized */
function checkPrivilege(definition: CommandDefinition, context: CommandContext): void {
  const { server, connection, database, name } = context
  if (!server.users.required) return
  const privilege = definition.privilege(context)
  if (isAllowed(connection.user, privilege)) return
  throw new CommandError(
    'Unauthorized',
    connection.user === undefined
      ? `Command ${name} requires authentication`
      : `not authorized on ${database} to execute command { ${name}: … }`,
  )
}

/** @throws {CommandError} when this member does not take the command now */
function checkRole(
  { replicaSet }: ServerState,
  { member }: Connection,
  { role }: CommandDefinition,
  command: BsonDocument,
): void {
  if (role === 'any member' || replicaSet.isPrimary(member)) return
  const details = { topologyVersion: replicaSet.topologyVersion }
  if (role === 'primary') throw new CommandError('NotWritablePrimary', 'not primary', { details })
  const preference: unknown = Object(command['$readPreference'])['mode']
  const isMore = command['getMore'] !== undefined
  if (isMore || (preference !== undefined && preference !== 'primary')) return
  throw new CommandError('NotPrimaryNoSecondaryOk', 'not primary and secondaryOk=false', {
    details,
  })
}

function errorReply(
  server: ServerState,
  { command }: Request,
  name: string,
  error: unknown,
): Buffer {
  const known =
    error instanceof CommandError
      ? error
      : new CommandError(
          'InternalError',
          error instanceof Error ? String(error.stack) : String(error),
        )
  const { code, codeName, message, labels, details } = labelled(known, name, command)
  return encodeDocument({
    ok: 0,
    errmsg: message,
    code,
    codeName,
    ...details,
    ...(labels.length === 0 ? {} : { errorLabels: labels }),
    ...times(server),
  })
}

const unsigned = { hash: new Binary(Buffer.alloc(20)), keyId: Long.ZERO }

function closing(server: ServerState): BsonDocument {
  return { ok: 1, ...times(server) }
}

/** A reply that was made elsewhere, with further fields. */
function withFields(reply: Buffer, fields: BsonDocument): Buffer {
  const joined = Buffer.concat([reply.subarray(0, -1), encodeDocument(fields).subarray(4)])
  joined.writeInt32LE(joined.length)
  return joined
}

function times({ store, replicaSet }: ServerState): BsonDocument {
  if (replicaSet.deployment === 'standalone') return {}
  const operationTime = timestampOf(store.clock.now)
  return { $clusterTime: { clusterTime: operationTime, signature: unsigned }, operationTime }
}
