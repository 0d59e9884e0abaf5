import type { ConfigPath } from './config-path.ts'
import type { Problem } from './problem.ts'
import type { TextPosition } from './text-position.ts'

/** A parsed configuration file: its value and where everything in it stands. */
export interface ConfigDocument {
  /** Path of the file as the user gave it. */
  readonly file: string
  /**
   * The value. Integers that a number cannot hold exactly are kept as text with all their digits. `undefined` when
   * the file has syntax errors or holds nothing.
   */
  readonly value: unknown
  /** Syntax errors and duplicate keys; empty when the file is well formed. */
  readonly problems: readonly Problem[]
  /**
   * Where the value (or, with `key`, the key) at `path` begins; with `text`, the first character of a text, behind its
   * quote or in its block. A path that is not in the file gives the nearest thing around it that is.
   */
  locate(path: ConfigPath, part?: ConfigPart): TextPosition
}

/** What `locate` looks for. */
export type ConfigPart = 'value' | 'key' | 'text'
