import type { ConfigPath } from '@millrace/core/dialect'
import type { Output } from '../model/table-job.ts'
import type { JobContext } from './job-context.ts'
import type { WriteEntry } from './output-schema.ts'

type Argument = keyof Output['arguments']

/** What each data type is made of besides its key. */
const needed: Readonly<Record<Output['dataType'], readonly Argument[]>> = {
  hash: [],
  json: [],
  stream: [],
  set: ['member'],
  sorted_set: ['member', 'score'],
  string: ['value'],
}

/** Reports what lacks in `args` of an output, and what has no meaning for its data type. */
export function checkArguments(
  entry: WriteEntry,
  dataType: Output['dataType'],
  base: ConfigPath,
  { problems }: JobContext,
): void {
  const path = [...base, 'args']
  const given = entry.args ?? {}
  const names = needed[dataType]
  for (const name of names) {
    if ((given[name] ?? '') !== '') continue
    const message = `is missing: a ${dataType} needs the name of the field with its ${name}`
    problems.error([...path, name], { message, hint: `Add args: { ${name}: <field> }.` })
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || (names as readonly string[]).includes(name)) continue
    const takes = names.length === 0 ? 'which takes no args' : `which takes ${names.join(' and ')}`
    problems.error([...path, name], `has no meaning for a ${dataType}, ${takes}`, 'key')
  }
}

/** `args` of an output: those that its data type needs. */
export function readArguments(
  entry: WriteEntry,
  dataType: Output['dataType'],
): Output['arguments'] {
  const read: Partial<Record<Argument, string>> = {}
  for (const name of needed[dataType]) {
    const value = entry.args?.[name]
    if (value !== undefined) read[name] = value
  }
  return read
}
