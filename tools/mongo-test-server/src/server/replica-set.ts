import { EventEmitter } from 'node:events'
import { Long, ObjectId } from 'bson'
import type { BsonDocument } from '../documents/bson-document.ts'

/** One listening address of the replica set. */
export interface Member {
  readonly host: string
  /** Whether it takes writes while the set has a primary. */
  readonly mayBePrimary: boolean
}

/** What the server passes for. */
export type Deployment = 'replica set' | 'sharded cluster' | 'standalone'

/** Who is the primary, as clients are told; members of a sharded cluster are its routers. */
export class ReplicaSet {
  readonly name: string
  readonly deployment: Deployment
  readonly members: Member[] = []
  readonly #processId = new ObjectId()
  readonly #changed = new EventEmitter().setMaxListeners(0)
  #electionId = new ObjectId('7fffffff0000000000000001')
  #election = 1
  #version = 0
  #hasPrimary = true

  constructor(name: string, deployment: Deployment) {
    this.name = name
    this.deployment = deployment
  }

  /** Counted up with every change of roles. */
  get topologyVersion(): BsonDocument {
    return { processId: this.#processId, counter: Long.fromNumber(this.#version) }
  }

  isPrimary(member: Member): boolean {
    return member.mayBePrimary && this.#hasPrimary
  }

  /** What `hello` says of a member. */
  describe(member: Member): BsonDocument {
    const primary = this.isPrimary(member)
    if (this.deployment !== 'replica set') {
      return {
        ...(this.deployment === 'sharded cluster' ? { msg: 'isdbgrid' } : {}),
        isWritablePrimary: primary,
        ismaster: primary,
        topologyVersion: this.topologyVersion,
      }
    }
    const leader = this.members.find((candidate) => this.isPrimary(candidate))
    return {
      setName: this.name,
      setVersion: 1,
      hosts: this.members.map(({ host }) => host),
      me: member.host,
      ...(leader === undefined ? {} : { primary: leader.host }),
      isWritablePrimary: primary,
      ismaster: primary,
      secondary: !primary,
      ...(primary ? { electionId: this.#electionId } : {}),
      topologyVersion: this.topologyVersion,
    }
  }

  /** Leaves the set without a primary. */
  stepDown(): void {
    this.#hasPrimary = false
    this.#change()
  }

  /** The same member becomes the primary again, by a new election. */
  stepUp(): void {
    this.#hasPrimary = true
    this.#election += 1
    const counter = this.#election.toString(16).padStart(16, '0')
    this.#electionId = new ObjectId(`7fffffff${counter}`)
    this.#change()
  }

  /**
   * @param known version that a client has
   * @param timeoutMs
   * @param signal ends the waiting
   * @returns resolves when the version is another, or after the time
   */
  async changedSince(known: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (known !== String(this.#version)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#changed.off('change', done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      this.#changed.once('change', done)
      if (signal.aborted) done()
      else signal.addEventListener('abort', done)
    })
  }

  #change(): void {
    this.#version += 1
    this.#changed.emit('change')
  }
}
