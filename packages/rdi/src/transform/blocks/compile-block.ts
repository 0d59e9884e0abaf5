import type { TransformBlock } from '../../model/table-job.ts'
import { compileAddField } from './add-field.ts'
import type { BlockContext, CompiledBlock } from './compiled-block.ts'
import { compileFilter } from './filter.ts'
import { compileLookup } from './lookup.ts'
import { compileMap } from './map.ts'
import { compileRemoveField, compileRenameField } from './move-fields.ts'

/**
 * Prepares a block for the records of one table; the layout of the context becomes that behind the block.
 *
 * @throws PluginError CONFIG_INVALID when an expression is not valid, or fields cannot be known before the first row
 */
export async function compileBlock(
  block: TransformBlock,
  context: BlockContext,
): Promise<CompiledBlock> {
  switch (block.uses) {
    case 'add_field':
      return await compileAddField(block, context)
    case 'remove_field':
      return compileRemoveField(block, context)
    case 'rename_field':
      return compileRenameField(block, context)
    case 'map':
      return await compileMap(block, context)
    case 'filter':
      return await compileFilter(block, context)
    case 'redis.lookup':
      return await compileLookup(block, context)
  }
}
