import type { TableSchema } from '@millrace/core/record'
import { redisTypeOf, type KeyConfig, type RedisWriterConfig } from '../config/writer-config.ts'
import { parseKeyTemplate } from '../encode/key-template.ts'
import { defaultKeyOf, escapedGlob } from './default-key.ts'
import { keyTypeOf, outputsOf, type WriterOutput } from './writer-output.ts'

/** A glob that matches keys of the job, an example of one, and their type as `TYPE` says it. */
export interface KeyGlob {
  readonly glob: string
  readonly example: string
  readonly type: string
}

/** What stands for a column in an example. */
const placeholder = '1'

/** Globs of the keys that a job writes, of those that have something in common. */
export function keyGlobs(
  config: RedisWriterConfig,
  schemas: readonly TableSchema[],
): readonly KeyGlob[] {
  const { outputs } = config
  const globs =
    outputs === undefined
      ? [globOf(piecesOf(config.key), redisTypeOf(config.kind))]
      : schemas.flatMap((schema) =>
          (outputsOf(outputs, schema.route) ?? []).map((output) =>
            globOf(outputPieces(output, schema), keyTypeOf(output.type)),
          ),
        )
  const known = globs.filter((one) => one !== undefined)
  return [...new Map(known.map((one) => [`${one.type} ${one.glob}`, one])).values()]
}

/** Literal texts, and `undefined` for what rows decide. */
type Pieces = readonly (string | undefined)[]

function globOf(pieces: Pieces, type: string): KeyGlob | undefined {
  // What begins with a column may be any key.
  if (!pieces[0]) return undefined
  return {
    glob: pieces.map((piece) => (piece === undefined ? '*' : escapedGlob(piece))).join(''),
    example: pieces.map((piece) => piece ?? placeholder).join(''),
    type,
  }
}

function piecesOf(key: KeyConfig): Pieces {
  if (key.kind === 'indexes') return []
  return key.pieces.map((piece) => (piece.kind === 'text' ? piece.text : undefined))
}

function outputPieces(output: WriterOutput, schema: TableSchema): Pieces {
  const { key } = output
  if (key !== undefined && 'template' in key)
    return parseKeyTemplate(key.template, { mayBeConstant: true }).map((piece) =>
      piece.kind === 'text' ? piece.text : undefined,
    )
  const prefix = defaultKeyOf(output, schema)?.prefix
  return prefix === undefined ? [] : [prefix, undefined]
}
