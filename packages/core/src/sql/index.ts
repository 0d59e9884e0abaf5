export { expandTableRange, maxTablesPerName } from './expand-table-range.ts'
export { parseColumn, type WrittenColumn } from './column-name.ts'
export {
  positiveProperty,
  propertyFindings,
  type KnownProperties,
} from './connection-properties.ts'
export { keyPosition, positionLost, type KeyValue } from './key-position.ts'
export { matchColumns } from './match-name.ts'
export {
  namedTableFindings,
  namedTableParameters,
  namedTablesIdentity,
  namedTablesOf,
  type NamedTable,
  type NamedTables,
} from './named-tables.ts'
export { nearestName } from './nearest-name.ts'
export {
  integerRanges,
  keyRangeCondition,
  rangesBetween,
  splitsPerTable,
  wholeTable,
  type KeyRange,
} from './key-range.ts'
export { orderedSelect, type OrderDialect, type OrderedRead } from './ordered-select.ts'
export {
  orderedBounds,
  planSplits,
  type BoundLookup,
  type SplitDialect,
  type SplitRange,
} from './plan-splits.ts'
export { relationalParameters, type RelationalParameters } from './relational-parameters.ts'
export {
  normalizeRelational,
  relationalColumnNames,
  relationalDataSources,
  relationalIdentity,
  type RelationalConfig,
  type RelationalSource,
} from './relational-config.ts'
export {
  resolveTables,
  type ListedTable,
  type ResolvedTable,
  type TableCatalogue,
} from './resolve-tables.ts'
export { rowKey } from './row-key.ts'
export type { RowPositions } from './row-positions.ts'
export {
  orderableTable,
  splitOrderOf,
  type OrderableTable,
  type SplitOrder,
  type UniqueKey,
} from './split-order.ts'
export { findSplit, requireOrder, requireSplitKey, type FoundSplit } from './stored-split.ts'
export { requireSplitColumn } from './require-split-column.ts'
export { RowStream, type ChunkDecoder, type RowSink, type RowStreamOptions } from './row-stream.ts'
export { selectStatement } from './select-statement.ts'
export {
  describeAll,
  fromClause,
  schemaNames,
  sourceObjects,
  unevenColumnFindings,
  type NamedObject,
  type SourceObject,
  type TableNaming,
} from './source-object.ts'
export { validateRelational } from './validate-relational.ts'
