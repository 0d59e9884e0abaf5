import { open, readdir, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { PluginError, type ErrorCode } from '@millrace/core/plugin'
import type { Config, Format } from './config.ts'

/** The files that a job reads: names in one folder, in order. */
export interface FileList {
  readonly folder: string
  readonly names: readonly string[]
}

const formats: Readonly<Record<string, Format>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.txt': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
}

/** The format of a file; undefined where neither the job nor its ending says. */
export function formatOf({ format }: Config, name: string): Format | undefined {
  return format ?? formats[extname(name).toLowerCase()]
}

/** Looks for the files of a job: the file itself, those of a folder, those of a pattern. */
export async function filesOf(config: Config, signal: AbortSignal): Promise<FileList> {
  signal.throwIfAborted()
  const { path } = config
  const found = await stat(path).catch((cause: unknown) => {
    if (/[*?]/.test(basename(path)) && isMissing(cause)) return undefined
    throw fileError('looking for', path, cause)
  })
  signal.throwIfAborted()
  if (found?.isDirectory() === true) {
    const isWanted = (name: string) =>
      formats[extname(name).toLowerCase()] !== undefined &&
      (config.format === undefined || formats[extname(name).toLowerCase()] === config.format)
    return { folder: path, names: await namesIn(path, isWanted, signal) }
  }
  if (found !== undefined) return { folder: dirname(path), names: [basename(path)] }
  const pattern = patternOf(basename(path))
  const folder = dirname(path)
  return { folder, names: await namesIn(folder, (name) => pattern.test(name), signal) }
}

async function namesIn(
  folder: string,
  isWanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw fileError('listing', folder, cause)
  })
  signal.throwIfAborted()
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.') && isWanted(entry.name))
    .map(({ name }) => name)
    .sort()
}

function patternOf(text: string): RegExp {
  const escaped = text.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
}

let openFiles = 0

/** How many files are open now: the conformance suite looks whether any is left behind. */
export function countOpenFiles(): number {
  return openFiles
}

/** A file that is read from places the caller names, a chunk at a time: nothing is read ahead. */
export class SourceFile implements AsyncDisposable {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #signal: AbortSignal

  private constructor(handle: FileHandle, path: string, signal: AbortSignal) {
    this.#handle = handle
    this.#path = path
    this.#signal = signal
  }

  static async open(list: Pick<FileList, 'folder'>, name: string, signal: AbortSignal) {
    signal.throwIfAborted()
    const path = join(list.folder, name)
    const handle = await open(path).catch((cause: unknown) => {
      throw fileError('opening', path, cause)
    })
    openFiles += 1
    return new SourceFile(handle, path, signal)
  }

  /** Up to `size` bytes from `start` on; none at the end of the file. Whoever gets the chunk owns it. */
  async read(start: number, size: number): Promise<Buffer> {
    this.#signal.throwIfAborted()
    const chunk = Buffer.allocUnsafe(size)
    const { bytesRead } = await this.#handle.read(chunk, 0, size, start).catch((cause: unknown) => {
      throw fileError('reading', this.#path, cause, 'SOURCE_FAILED')
    })
    this.#signal.throwIfAborted()
    return chunk.subarray(0, bytesRead)
  }

  async size(): Promise<number> {
    const { size } = await this.#handle.stat()
    this.#signal.throwIfAborted()
    return size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    openFiles -= 1
    await this.#handle.close()
  }
}

function isMissing(cause: unknown): boolean {
  return codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR'
}

function codeOf(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
}

function fileError(doing: string, path: string, cause: unknown, code?: ErrorCode): PluginError {
  const shown = JSON.stringify(path)
  if (isMissing(cause)) {
    return new PluginError({
      code: 'SOURCE_OBJECT_MISSING',
      message: `${doing} ${shown}: it is not there`,
      hint: `\`path\` is relative to the working directory, now ${process.cwd()}.`,
      cause,
    })
  }
  if (codeOf(cause) === 'EACCES' || codeOf(cause) === 'EPERM') {
    return new PluginError({
      code: 'SOURCE_NOT_PERMITTED',
      message: `${doing} ${shown}: the user who runs Millrace may not read it`,
      hint: `chmod a+r ${shown}`,
      cause,
    })
  }
  return new PluginError({
    code: code ?? 'SOURCE_UNREACHABLE',
    message: `${doing} ${shown}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'See to it that the file can be read, and run the job again.',
    cause,
  })
}
