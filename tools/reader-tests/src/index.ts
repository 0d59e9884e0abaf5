export { ConformanceTables, type SqlServer } from './conformance-tables.ts'
export {
  begin,
  changesBetween,
  changesUntilNow,
  followOptions,
  type Following,
} from './following.ts'
export { batchesOf, column, never, readOptions, rowsOf, shown } from './reading.ts'
export { resumed } from './resuming.ts'
export { testedReader, type StepParameters } from './tested-reader.ts'
