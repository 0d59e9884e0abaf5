import type { TableSchema } from '@millrace/core/record'
import { parseKeyTemplate } from '../encode/key-template.ts'
import { defaultKeyOf } from './default-key.ts'
import { outputsOf, type OutputRoutes, type WriterOutput } from './writer-output.ts'

/** What the keys look like that rows of a table have, for people: `item:id:…`. Messages in streams are nobody's key. */
export function keyTexts(routes: OutputRoutes, schema: TableSchema): readonly string[] {
  const outputs = (outputsOf(routes, schema.route) ?? []).filter(({ type }) => type !== 'stream')
  return [...new Set(outputs.map((output) => keyText(output, schema)))]
}

function keyText(output: WriterOutput, schema: TableSchema): string {
  const prefix = defaultKeyOf(output, schema)?.prefix
  const whole = prefix === undefined ? otherKey(output) : `${prefix}…`
  const { type, nest } = output
  if (nest !== undefined) return `${nest.path} in ${whole}`
  return type === 'set' || type === 'zset' ? `members of ${whole}` : whole
}

function otherKey({ key }: WriterOutput): string {
  if (key === undefined || 'column' in key) return 'what an expression gives'
  return parseKeyTemplate(key.template, { mayBeConstant: true })
    .map((piece) => (piece.kind === 'text' ? piece.text : '…'))
    .join('')
}
