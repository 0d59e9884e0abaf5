import { PluginError } from '@millrace/core/plugin'
import { isReadOnly } from '../../lookup/read-only-commands.ts'
import { ExpressionFailure, type RdiRecord, type RdiValue } from '../../model/expression.ts'
import type { TransformBlock } from '../../model/table-job.ts'
import { describeValue, isFields, isList } from '../../record/cell-of-value.ts'
import { parseFieldPath, setField } from '../../record/field-path.ts'
import type { LookupCommand, LookupReply } from '../../lookup/lookup-connection.ts'
import { AbsentValue, type Evaluated, type ExpressionSet } from '../expression-set.ts'
import type { RecordSet, RowReason } from '../record-set.ts'
import { failureReason, type BlockContext, type CompiledBlock } from './compiled-block.ts'
import { isTrue } from './filter.ts'

type Lookup = Extract<TransformBlock, { uses: 'redis.lookup' }>

interface Asked {
  /** Of the record. */
  readonly index: number
  readonly command: LookupCommand
}

/** Asks Redis for every record, many at a time, and keeps the replies in a field. */
export async function compileLookup(block: Lookup, context: BlockContext): Promise<CompiledBlock> {
  const { programs, layout, label, job, writesNothing } = context
  if (writesNothing && !isReadOnly(block.command)) throw mayWrite(block, job.file, label)
  const { when, batchSize, field } = block
  const expressions = [...block.arguments, ...(when === undefined ? [] : [when])]
  const program = await programs.compile(expressions, context.fields())
  const path = parseFieldPath(field)
  layout.set(path)
  const connection = context.lookup(block.connection)
  return {
    async run(set) {
      const asked = commandsOf(block, program, set, label)
      for (let start = 0; start < asked.length; start += batchSize) {
        const chunk = asked.slice(start, start + batchSize)
        const replies = await connection.send(chunk.map(({ command }) => command))
        for (const [at, { index }] of chunk.entries()) {
          const problem = keep(set, index, replies[at])
          if (problem !== undefined) set.fail(index, `${label}, field ${field}: ${problem}`)
        }
      }
      set.compact()
    },
  }

  function keep(set: RecordSet, index: number, reply: LookupReply | undefined): string | undefined {
    const record = set.records[index]
    if (record === undefined || reply === undefined) return `${block.command} was not answered`
    if ('error' in reply) return `${block.command} was answered with ${reply.error}`
    const blocked = setField(record, path, reply.value)
    return blocked === undefined ? undefined : `${blocked} holds no object`
  }
}

function mayWrite({ command }: Lookup, file = 'the job', label: string): PluginError {
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: `${file}: ${label} sends ${command}, which is not known to read only, and a preview writes nothing`,
    hint: 'Look values up with a command that reads, such as HGET, or take the block away to preview the rest.',
  })
}

function commandsOf(block: Lookup, program: ExpressionSet, set: RecordSet, label: string): Asked[] {
  const asked: Asked[] = []
  const results = program.evaluate(set)
  const { when, command } = block
  const path = parseFieldPath(block.field)
  const conditions = when === undefined ? undefined : results[block.arguments.length]
  for (let index = 0; index < set.records.length; index += 1) {
    const condition = conditions?.[index]
    // Who is not known cannot be asked for, and keeps what was found before.
    if (results.some((values) => values[index] instanceof AbsentValue)) {
      setField(set.records[index] as RdiRecord, path, undefined)
      continue
    }
    if (when !== undefined && condition instanceof ExpressionFailure) {
      const read = program.valuesRead(block.arguments.length, set.records[index])
      set.fail(index, failureReason(`${label}, when`, condition, read))
    } else if (when === undefined || isTrue(condition as RdiValue, when.language)) {
      const parts = argumentsOf(block, { program, results }, index, set.records[index])
      if (!Array.isArray(parts))
        set.fail(index, { ...parts, message: `${label}: ${parts.message}` })
      else asked.push({ index, command: [command, ...parts] })
    }
  }
  return asked
}

/** The arguments of one record's command, or what is wrong with one of them. Lists are several arguments. */
function argumentsOf(
  block: Lookup,
  { program, results }: { readonly program: ExpressionSet; readonly results: Evaluated },
  index: number,
  record: RdiRecord | undefined,
): string[] | RowReason {
  const parts: string[] = []
  for (const [at, { text }] of block.arguments.entries()) {
    const value = results[at]?.[index]
    if (value instanceof ExpressionFailure)
      return failureReason(`args ${at + 1}`, value, program.valuesRead(at, record))
    for (const item of isList(value) ? value : [value]) {
      if (item === null || item === undefined || isFields(item) || isList(item))
        return {
          message: `args ${at + 1} (${text}) gave ${describeValue(item)}, expected text or a number`,
        }
      parts.push(typeof item === 'boolean' ? String(Number(item)) : String(item))
    }
  }
  return parts
}
