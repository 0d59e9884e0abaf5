/** First and last number of a run of transactions. */
type Interval = [first: number, last: number]

/**
 * The GTIDs of transactions that came so far, as the server writes them: MySQL's `uuid:1-5:7` with commas between, or MariaDB's
 * `domain-server-number`, the last one of every domain.
 */
export interface GtidSet {
  readonly text: string
}

/** MySQL's set. Source: manual, "GTID Format and Storage". */
export class MysqlGtidSet implements GtidSet {
  /** By `uuid` or `uuid:tag`, in lower case. */
  readonly #intervals = new Map<string, Interval[]>()

  constructor(text: string) {
    for (const part of text.split(',')) {
      const pieces = part.trim().toLowerCase().split(':')
      const uuid = pieces.shift() ?? ''
      if (uuid === '') continue
      let source = uuid
      for (const piece of pieces) {
        if (!/^\d+(?:-\d+)?$/.test(piece)) {
          source = `${uuid}:${piece}`
          continue
        }
        const [first = '', last = first] = piece.split('-')
        this.#listOf(source).push([Number(first), Number(last)])
      }
    }
  }

  /** By source: its intervals in order. */
  get sources(): ReadonlyMap<string, readonly Interval[]> {
    return this.#intervals
  }

  add(source: string, number: number): void {
    const list = this.#listOf(source)
    const last = list.at(-1)
    if (last !== undefined && last[1] === number - 1) {
      last[1] = number
      return
    }
    if (list.some(([first, end]) => number >= first && number <= end)) return
    list.push([number, number])
    list.sort(([left], [right]) => left - right)
    const joined: Interval[] = []
    for (const interval of list) {
      const before = joined.at(-1)
      if (before !== undefined && before[1] + 1 >= interval[0]) {
        before[1] = Math.max(before[1], interval[1])
      } else joined.push(interval)
    }
    this.#intervals.set(source, joined)
  }

  get text(): string {
    return [...this.#intervals]
      .map(([source, list]) => {
        const runs = list.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
        return `${source}:${runs.join(':')}`
      })
      .join(',')
  }

  #listOf(source: string): Interval[] {
    const known = this.#intervals.get(source)
    if (known !== undefined) return known
    const list: Interval[] = []
    this.#intervals.set(source, list)
    return list
  }
}

/** MariaDB's position: the last GTID of every domain. */
export class MariadbGtidPosition implements GtidSet {
  readonly #last = new Map<number, string>()

  constructor(text: string) {
    for (const part of text.split(',')) {
      const gtid = part.trim()
      if (gtid !== '') this.#last.set(Number(gtid.split('-')[0]), gtid)
    }
  }

  add(domain: number, server: number, number: number): void {
    this.#last.set(domain, `${domain}-${server}-${number}`)
  }

  get text(): string {
    return [...this.#last.values()].join(',')
  }
}
