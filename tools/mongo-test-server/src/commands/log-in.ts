import { Binary } from 'bson'
import { ScramConversation } from '../auth/scram.ts'
import type { BsonDocument } from '../documents/bson-document.ts'
import type { Connection } from '../server/connection.ts'
import type { ServerState } from '../server/server-state.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './command.ts'

const mechanism = 'SCRAM-SHA-256'

/** Begins to log in. */
export function saslStart({ server, connection, command }: CommandContext): BsonDocument {
  return begin(server, connection, command)
}

/** Goes on to log in. */
export function saslContinue({ server, connection, command }: CommandContext): BsonDocument {
  const { login } = connection
  if (login === undefined) throw failed()
  // Clients that do not skip it send one more empty message.
  if (login.finished) return { conversationId: 1, done: true, payload: new Binary() }
  const reply = attempt(() => login.conversation.finish(textOf(command['payload'])))
  connection.user = server.users.find(login.conversation.userName)
  login.finished = true
  return { conversationId: 1, done: login.skipsEmptyExchange, payload: bytesOf(reply) }
}

/** Forgets who has logged in. */
export function logout({ connection }: CommandContext): BsonDocument {
  connection.user = undefined
  return {}
}

/** @returns who has logged in, and with which roles */
export function connectionStatus({ connection }: CommandContext): BsonDocument {
  const { user } = connection
  return {
    authInfo: {
      authenticatedUsers: user === undefined ? [] : [{ user: user.name, db: 'admin' }],
      authenticatedUserRoles: user?.roles ?? [],
    },
  }
}

/** @returns the users that `usersInfo` names */
export function usersInfo({ server, command, connection }: CommandContext): BsonDocument {
  const asked: unknown = command['usersInfo']
  const named: unknown = typeof asked === 'string' ? asked : Object(asked)['user']
  const user = server.users.find(typeof named === 'string' ? named : (connection.user?.name ?? ''))
  return { users: user === undefined ? [] : [{ user: user.name, db: 'admin', roles: user.roles }] }
}

/**
 * What `hello` says of logging in: the mechanisms of a user, and the answer to a first message that came with it.
 *
 * @param context
 * @returns fields of the reply
 */
export function logInWithHello({ server, connection, command }: CommandContext): BsonDocument {
  const first: unknown = command['speculativeAuthenticate']
  const reply: BsonDocument = {}
  if (command['saslSupportedMechs'] !== undefined) reply['saslSupportedMechs'] = [mechanism]
  if (first === undefined || !server.users.required) return reply
  try {
    reply['speculativeAuthenticate'] = begin(server, connection, Object(first))
  } catch {
    // Then the client logs in by commands of its own, and gets the error there.
  }
  return reply
}

function begin(server: ServerState, connection: Connection, command: BsonDocument): BsonDocument {
  if (command['mechanism'] !== mechanism) {
    throw new CommandError(
      'AuthenticationFailed',
      `Received authentication for mechanism ${String(command['mechanism'])} which is not enabled`,
    )
  }
  const conversation = attempt(
    () =>
      new ScramConversation(
        textOf(command['payload']),
        (name) => server.users.find(name)?.credentials,
      ),
  )
  const skipsEmptyExchange = Object(command['options'])['skipEmptyExchange'] === true
  connection.login = { conversation, skipsEmptyExchange, finished: false }
  return { conversationId: 1, done: false, payload: bytesOf(conversation.firstReply) }
}

function attempt<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw error instanceof RangeError ? failed() : error
  }
}

function failed(): CommandError {
  return new CommandError('AuthenticationFailed', 'Authentication failed.')
}

function textOf(payload: unknown): string {
  return payload instanceof Binary ? Buffer.from(payload.value()).toString('utf8') : ''
}

function bytesOf(text: string): Binary {
  return new Binary(Buffer.from(text))
}
