import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { PluginError } from '@millrace/core/plugin'

/** Where lines go. */
export interface LineOutput extends AsyncDisposable {
  /** Resolves when the text has left the process, so that a slow reader of it slows the job down. */
  write(text: string, signal: AbortSignal): Promise<void>
}

/** Standard output, or a stream in its place; it stays open. */
export class StreamOutput implements LineOutput {
  readonly #stream: Writable
  /** Without a listener a broken pipe would end the process; the write that fails tells of it. */
  readonly #ignoreError = () => undefined

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', this.#ignoreError)
  }

  write(text: string, signal: AbortSignal): Promise<void> {
    return writeText(this.#stream, text, 'standard output', signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.off('error', this.#ignoreError)
  }
}

/** A file, opened and emptied by the first write. */
export class FileOutput implements LineOutput {
  readonly #folder: string
  readonly #file: string
  #stream: Promise<WriteStream> | undefined

  constructor(folder: string, fileName: string) {
    this.#folder = folder
    this.#file = join(folder, fileName)
  }

  async write(text: string, signal: AbortSignal): Promise<void> {
    this.#stream ??= this.#open()
    await writeText(await this.#stream, text, this.#file, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stream = await this.#stream?.catch(() => undefined)
    this.#stream = undefined
    if (!stream || stream.destroyed) return
    stream.end()
    await finished(stream)
  }

  async #open(): Promise<WriteStream> {
    try {
      await mkdir(this.#folder, { recursive: true })
      const stream = createWriteStream(this.#file)
      await new Promise<void>((resolve, reject) => {
        stream.once('open', () => resolve())
        stream.once('error', reject)
      })
      stream.on('error', () => undefined)
      return stream
    } catch (error) {
      throw outputError('TARGET_UNFIT', 'opening', this.#file, error)
    }
  }
}

function writeText(
  stream: Writable,
  text: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    stream.write(text, 'utf8', (error) => {
      signal.removeEventListener('abort', abort)
      if (error) reject(outputError('TARGET_FAILED', 'writing to', target, error))
      else resolve()
    })
  })
}

function outputError(
  code: 'TARGET_FAILED' | 'TARGET_UNFIT',
  doing: string,
  target: string,
  cause: unknown,
): PluginError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new PluginError({
    code,
    message: `Failed ${doing} ${target}: ${reason}.`,
    hint:
      target === 'standard output'
        ? 'Whatever read the output has ended; let it read to the end.'
        : 'Look whether the folder can be written and has room.',
    cause,
  })
}
