import type { JobPlan } from '../job/job-plan.ts'
import type { Split } from '../plugin/reader.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { CompiledTransforms } from '../transform/index.ts'

/** Tells of a split whether writing its rows twice leaves what writing them once leaves. */
export type RepeatableSplits = (split: Pick<Split, 'table'>) => boolean

/** Judges splits by the outputs that the rows of their table are for. */
export function repeatableSplits(
  { writer }: JobPlan,
  schemas: readonly TableSchema[],
  transforms: Pick<CompiledTransforms, 'outputOf'>,
): RepeatableSplits {
  const isRepeatable = (route?: string) =>
    writer.plugin.guarantee(writer.config, route).isIdempotent
  const isWholeJobRepeatable = isRepeatable()
  const byTable = new Map<string, boolean>()
  for (const schema of schemas) {
    const { route } = transforms.outputOf(schema)
    if (route !== undefined) byTable.set(qualifiedName(schema), isRepeatable(route))
  }
  return ({ table }) => isWholeJobRepeatable || byTable.get(table) === true
}
