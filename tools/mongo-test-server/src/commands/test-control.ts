import { ServerControl } from '../faults/server-control.ts'
import { isDocument, type BsonDocument } from '../documents/bson-document.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './command.ts'

type Action = (control: ServerControl, command: BsonDocument) => BsonDocument | void

/** What `{millraceTest: 1, action: …}` can ask for: the same as a test in the server's own process. */
const actions: Readonly<Record<string, Action>> = {
  dropConnections: (control) => {
    // The reply goes out first.
    setImmediate(() => control.dropConnections())
  },
  dropNextReply: (control) => {
    setImmediate(() => control.dropNextReply())
  },
  delayReplies: (control, { delayMs }) => control.delayReplies(Number(delayMs)),
  stepDown: (control, { durationMs, closeConnections }) => {
    const options = { closeConnections: closeConnections !== false }
    setImmediate(() => control.stepDown(Number(durationMs), options))
  },
  forgetHistory: (control) => control.forgetHistory(),
  limitEvents: (control, { maxBytes }) => control.limitEvents(Number(maxBytes)),
  commandCounts: (control) => ({ counts: control.commandCounts() }),
  resetCommandCounts: (control) => control.resetCommandCounts(),
  closeCursors: (control) => control.closeCursors(),
  openCursors: (control) => ({ cursors: control.openCursors() }),
  fill: (control, { database, collection, count, idType }) =>
    control.fill(
      { database: String(database), collection: String(collection) },
      Number(count),
      idType === 'int' ? { idType } : {},
    ),
}

/** Does to the server what a test wants. */
export function millraceTest({ server, command }: CommandContext): BsonDocument {
  const action = actions[String(command['action'])]
  if (action === undefined) {
    const known = Object.keys(actions).join(', ')
    throw new CommandError(
      'BadValue',
      `millraceTest: no action "${String(command['action'])}"; there are ${known}`,
    )
  }
  return action(server.control, command) ?? {}
}

/** MongoDB's own way to have commands fail. */
export function configureFailPoint({ server, command }: CommandContext): BsonDocument {
  if (command['configureFailPoint'] !== 'failCommand')
    throw new CommandError('BadValue', 'the only fail point here is failCommand')
  const data = isDocument(command['data']) ? command['data'] : {}
  server.failPoint.configure(command['mode'], data)
  return {}
}
