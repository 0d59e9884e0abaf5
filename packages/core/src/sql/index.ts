export { expandTableRange, maxTablesPerName } from './expand-table-range.ts'
export { parseColumn, type WrittenColumn } from './column-name.ts'
export { nearestName } from './nearest-name.ts'
export {
  integerRanges,
  keyRangeCondition,
  rangesBetween,
  splitsPerTable,
  wholeTable,
  type KeyRange,
} from './key-range.ts'
export { relationalParameters, type RelationalParameters } from './relational-parameters.ts'
export {
  normalizeRelational,
  relationalColumnNames,
  relationalDataSources,
  type RelationalConfig,
  type RelationalSource,
} from './relational-config.ts'
export { validateRelational } from './validate-relational.ts'
