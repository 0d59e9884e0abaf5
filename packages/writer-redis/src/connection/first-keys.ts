import type { Logger } from '@millrace/core/plugin'
import { overwritesOtherTypes, type RedisWriterConfig } from '../config/writer-config.ts'
import type { KeyTarget } from '../output/output-target.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'
import { RespError } from '../resp/resp-error.ts'

/** Rows whose keys are looked at. */
const maxRows = 1000

type Key = KeyTarget['key']

/** What is needed to look at the keys of the first rows. */
export interface FirstKeysOptions {
  readonly config: RedisWriterConfig
  readonly logger: Logger
  /** Asks for the types of keys, where they are. */
  readonly typesOf: (keys: readonly Key[], signal: AbortSignal) => Promise<readonly RespReply[]>
}

/**
 * Warns when keys of the first rows hold a value of another type, before those are written: most likely the job was given the
 * wrong database or key. What the user may not look at is passed over, and so is a server that does not answer: writing will
 * say more.
 */
export class FirstKeys {
  readonly #options: FirstKeysOptions
  #rowsLeft = maxRows
  /** Keys that were looked at: the job itself has written them since. */
  readonly #seen = new Set<string>()
  #looked = 0
  readonly #others = { count: 0, found: new Set<string>(), wanted: new Set<string>() }
  /** Keys of another type of which was told. */
  #told = 0
  #last: Promise<void> | undefined

  constructor(options: FirstKeysOptions) {
    this.#options = options
  }

  /**
   * Looks at the keys of a batch, as long as its rows are among the first; batches that come meanwhile wait, in order, also
   * those without rows, which are the next steps of their splits. Never rejects.
   *
   * @param rows which rows of the batch are written
   * @param targetsOf gives the keys of a row
   */
  async look(
    rows: Iterable<number>,
    targetsOf: (row: number) => readonly KeyTarget[],
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#rowsLeft > 0) {
      const targets = this.#take(rows, targetsOf)
      const isLast = this.#rowsLeft === 0
      const before = this.#last ?? Promise.resolve()
      this.#last = before.then(async () => {
        await this.#lookAt(targets, signal)
        if (this.#told === 0 || isLast) this.#tell()
      })
    }
    await this.#last
  }

  /** No further rows come. */
  end(): void {
    this.#tell()
  }

  #take(rows: Iterable<number>, targetsOf: (row: number) => readonly KeyTarget[]): KeyTarget[] {
    const fresh: KeyTarget[] = []
    for (const row of new Set(rows)) {
      if (this.#rowsLeft === 0) break
      this.#rowsLeft -= 1
      for (const target of targetsOf(row)) {
        const id = Buffer.from(target.key).toString('latin1')
        if (this.#seen.has(id)) continue
        this.#seen.add(id)
        fresh.push(target)
      }
    }
    return fresh
  }

  async #lookAt(targets: readonly KeyTarget[], signal: AbortSignal): Promise<void> {
    if (targets.length === 0) return
    const keys = targets.map(({ key }) => key)
    const replies = await this.#options.typesOf(keys, signal).catch(() => [])
    if (replies.some((reply) => reply instanceof RespError)) return
    const types = replies.map((reply) => replyText(reply) ?? 'none')
    this.#looked += types.length
    for (const [at, type] of types.entries()) {
      const wanted = targets[at]?.type ?? ''
      if (type === wanted || type === 'none') continue
      this.#others.count += 1
      this.#others.found.add(type)
      this.#others.wanted.add(wanted)
    }
  }

  #tell(): void {
    const { config, logger } = this.#options
    const { count, found, wanted } = this.#others
    if (count === this.#told) return
    this.#told = count
    const outcome = overwritesOtherTypes(config.kind)
      ? 'they will be overwritten'
      : 'their rows will be dirty'
    logger.warn(
      `${count} of the first ${this.#looked} keys of the job hold a value of another type (${[...found].sort().join(', ')}, not ${[...wanted].join(' or ')}): ${outcome}`,
    )
  }
}
