import type { TransformBlock } from '../../model/table-job.ts'
import {
  getField,
  hasField,
  parseFieldPath,
  removeField,
  setField,
} from '../../record/field-path.ts'
import type { BlockContext, CompiledBlock } from './compiled-block.ts'

/** Removes fields; one that is not there is no mistake. */
export function compileRemoveField(
  block: Extract<TransformBlock, { uses: 'remove_field' }>,
  { layout }: BlockContext,
): CompiledBlock {
  const paths = block.fields.map(({ field }) => parseFieldPath(field))
  for (const path of paths) layout.remove(path)
  return {
    run({ records }) {
      for (const record of records) for (const path of paths) removeField(record, path)
    },
  }
}

/** Gives fields other names; one that is not there is no mistake. */
export function compileRenameField(
  block: Extract<TransformBlock, { uses: 'rename_field' }>,
  { layout, label }: BlockContext,
): CompiledBlock {
  const renames = block.fields.map(({ from, to }) => ({
    from: parseFieldPath(from),
    to: parseFieldPath(to),
    text: to,
  }))
  for (const { from, to } of renames) layout.rename(from, to)
  return {
    run(set) {
      for (const [index, record] of set.records.entries()) {
        for (const { from, to, text } of renames) {
          if (!hasField(record, from)) continue
          const value = getField(record, from)
          removeField(record, from)
          const blocked = setField(record, to, value)
          if (blocked !== undefined)
            set.fail(index, `${label}: field ${text} cannot be made: ${blocked} holds no object`)
        }
      }
      set.compact()
    },
  }
}
