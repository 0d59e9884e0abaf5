import type { BsonDocument } from '../documents/bson-document.ts'
import { errorCodes } from '../commands/command-error.ts'
import { idKeyOf } from '../documents/document-id.ts'
import { fillCollection } from '../fill/fill-collection.ts'
import type { ServerState } from '../server/server-state.ts'
import type { Namespace } from '../storage/catalog.ts'

/** What tests can do to a running server. */
export class ServerControl {
  readonly #server: ServerState
  #stepUp: NodeJS.Timeout | undefined

  constructor(server: ServerState) {
    this.#server = server
  }

  /** Ends every client connection; new ones are taken. */
  dropConnections(): void {
    for (const connection of this.#server.connections) connection.destroy()
  }

  /** Sends half of the next reply, then ends that connection; the command has been carried out. */
  dropNextReply(): void {
    this.#server.cutNextReply = true
  }

  /** Has every reply wait, from now on; 0 ends it. */
  delayReplies(delayMs: number): void {
    this.#server.replyDelayMs = delayMs
  }

  /**
   * Leaves the set without a primary, open transactions given up; then the same member is elected again.
   *
   * @param durationMs
   * @param options whether connections are ended, too; default true
   */
  stepDown(
    durationMs: number,
    { closeConnections = true }: { closeConnections?: boolean } = {},
  ): void {
    this.#server.replicaSet.stepDown()
    this.#server.sessions.abortAll()
    this.#server.steppedDown.abort()
    this.#server.steppedDown = new AbortController()
    if (closeConnections) this.dropConnections()
    clearTimeout(this.#stepUp)
    this.#stepUp = setTimeout(() => this.#server.replicaSet.stepUp(), durationMs)
    this.#stepUp.unref()
  }

  /** Lets go of the operation log and of all snapshots: older positions can no longer be resumed from. */
  forgetHistory(): void {
    this.#server.store.forgetHistory()
  }

  /** What is written from now on reaches few members only, until a read asks for it by `afterClusterTime`. */
  delayMajority(): void {
    this.#server.majorityTime = this.#server.store.clock.now
  }

  /** Sets the size that an event of a change stream may have. */
  limitEvents(maxBytes: number): void {
    this.#server.maxEventBytes = maxBytes
  }

  /** Fails the next commands of that name. */
  failCommand(
    command: string,
    error: keyof typeof errorCodes | number,
    { times = 1, labels = [] }: { times?: number; labels?: readonly string[] } = {},
  ): void {
    const errorCode = typeof error === 'number' ? error : errorCodes[error]
    const data = { failCommands: [command], errorCode, errorLabels: labels }
    this.#server.failPoint.configure({ times }, data)
  }

  /** The fail point `failCommand` with all that MongoDB's has: `closeConnection`, `blockTimeMS` and so on. */
  configureFailPoint(mode: unknown, data: BsonDocument): void {
    this.#server.failPoint.configure(mode, data)
  }

  /**
   * How often each command has come since the start or since `resetCommandCounts`.
   *
   * @param member by its index, the primary first; absent: to all of them
   */
  commandCounts(member?: number): Record<string, number> {
    const { commandLog, replicaSet } = this.#server
    return commandLog.counts(member === undefined ? undefined : replicaSet.members[member])
  }

  /** The last command of that name since then, as it was sent. */
  latestCommand(name: string): BsonDocument | undefined {
    return this.#server.commandLog.latest(name)
  }

  resetCommandCounts(): void {
    this.#server.commandLog.clear()
  }

  /** Ends one of the members or routers for good: nobody answers there any more, and its cursors are gone. */
  async closeMember(index: number): Promise<void> {
    const member = this.#server.replicaSet.members[index]
    if (member === undefined) throw new RangeError(`there is no member ${index}`)
    const stopped = this.#server.stops[index]?.()
    for (const connection of this.#server.connections)
      if (connection.member === member) connection.destroy()
    this.#server.cursors.closeAll(member)
    await stopped
  }

  /** Closes all cursors, as MongoDB does with those that were idle for too long. */
  closeCursors(): void {
    this.#server.cursors.closeAll()
  }

  /** How many cursors are open. */
  openCursors(): number {
    return this.#server.cursors.count
  }

  /** How many client connections there are, those for monitoring included. */
  connections(): number {
    return this.#server.connections.size
  }

  /** Inserts a document, or replaces the one with its `_id`, by its bytes, which no driver has looked at. */
  putBytes(namespace: Namespace, bytes: Uint8Array): void {
    const { store } = this.#server
    const after = Buffer.from(bytes)
    const key = idKeyOf(after)
    const before = store.catalog.find(namespace)?.find(key)?.latest.bytes
    const kind = before === undefined ? 'insert' : 'replace'
    store.write({ kind, namespace, key, before, after }, undefined)
    store.log.publish()
  }

  /**
   * Puts made-up documents of 10 fields into a collection, as if they had always been there; a million takes a few seconds.
   *
   * @param namespace
   * @param count how many
   * @param options `_id` is an ObjectId or, with `int`, a number from 0 on
   */
  fill(
    namespace: Namespace,
    count: number,
    options: { readonly idType?: 'objectId' | 'int' } = {},
  ): void {
    fillCollection(this.#server.store, namespace, count, options.idType ?? 'objectId')
  }
}
