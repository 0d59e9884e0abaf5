import { createHash } from 'node:crypto'
import type { JsonValue } from '../record/record-batch.ts'
import { dirtyFileLines } from './dirty-file.ts'

/** Bytes of a digest: enough that no line is taken for another, and a multiple of three, so that its text has no padding. */
const digestBytes = 9
const digestLength = 12

/** The lines of a dirty file as a replay has found them, for its checkpoint. */
export interface ReplayedLines {
  /** A digest of each line, one behind the other. */
  readonly digests: string
  /** Each stretch of lines that earlier replays had sent. */
  readonly sentBefore: readonly (readonly [first: number, last: number])[]
}

/** Lines by their digest, each as often as it stands there. */
export type LineCounts = ReadonlyMap<string, number>

export const noLines: ReplayedLines = { digests: '', sentBefore: [] }

/** The lines of a file; those of `sent` are told by what they say, wherever they stand. */
export function replayedLines(file: string, sent: LineCounts): ReplayedLines {
  const open = new Map(sent)
  const digests: string[] = []
  const sentBefore: [number, number][] = []
  for (const text of dirtyFileLines(file)) {
    const digest = digestOf(text)
    const line = digests.push(digest)
    const count = open.get(digest) ?? 0
    if (count === 0) continue
    open.set(digest, count - 1)
    const last = sentBefore.at(-1)
    if (last?.[1] === line - 1) last[1] = line
    else sentBefore.push([line, line])
  }
  return { digests: digests.join(''), sentBefore }
}

/** How many lines there are. */
export function lineCountOf({ digests }: ReplayedLines): number {
  return digests.length / digestLength
}

/** Whether the file still begins with these lines. */
export function beginsWith(file: string, { digests }: ReplayedLines): boolean {
  if (digests === '') return false
  let at = 0
  for (const text of dirtyFileLines(file)) {
    if (at === digests.length) break
    if (!digests.startsWith(digestOf(text), at)) return false
    at += digestLength
  }
  return at === digests.length
}

/** What has been sent when the replay has come to a line: everything up to it, and what it leaves out behind it. */
export function sentLines(lines: ReplayedLines, upTo: number): LineCounts {
  const counts = new Map<string, number>()
  const wasSent = sentBeforeIn(lines)
  for (let line = 1; line <= lineCountOf(lines); line += 1) {
    if (line > upTo && !wasSent(line)) continue
    const digest = lines.digests.slice((line - 1) * digestLength, line * digestLength)
    counts.set(digest, (counts.get(digest) ?? 0) + 1)
  }
  return counts
}

/** Whether earlier replays had sent a line; to be asked in the order of the lines. */
export function sentBeforeIn({ sentBefore }: ReplayedLines): (line: number) => boolean {
  let at = 0
  return (line) => {
    while ((sentBefore[at]?.[1] ?? Infinity) < line) at += 1
    return (sentBefore[at]?.[0] ?? Infinity) <= line
  }
}

/** Reads the range of a split back; what is of another form says nothing of any line. */
export function replayedLinesOf(range: JsonValue | undefined): ReplayedLines {
  if (typeof range !== 'object' || range === null || !('digests' in range)) return noLines
  return range as unknown as ReplayedLines
}

/** Of what a line says; how an editor ends it is no part of that. */
function digestOf(text: string): string {
  return createHash('sha256').update(text.trim()).digest().toString('base64', 0, digestBytes)
}
