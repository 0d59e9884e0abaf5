import type { CatalogueColumn } from '../snapshot/source-object.ts'
import { typeNumber } from '../types/native-types.ts'
import { logType } from './log-types.ts'
import type { LoggedColumn, TableMap } from './table-map.ts'

const blobTypes = [typeNumber.blob, logType.compressedBlob, typeNumber.json]
const varcharTypes = [typeNumber.varchar, typeNumber.varString, logType.compressedVarchar]

/** Type numbers that columns of a type have in the log; what is not listed may have any. */
const logTypes: Readonly<Record<string, readonly number[]>> = {
  tinyint: [typeNumber.tinyint],
  smallint: [typeNumber.smallint],
  mediumint: [typeNumber.mediumint],
  int: [typeNumber.int],
  bigint: [typeNumber.bigint],
  decimal: [typeNumber.newDecimal],
  float: [typeNumber.float],
  double: [typeNumber.double],
  bit: [typeNumber.bit],
  date: [typeNumber.date, typeNumber.newDate],
  time: [logType.time2, typeNumber.time],
  datetime: [logType.datetime2, typeNumber.datetime],
  timestamp: [logType.timestamp2, typeNumber.timestamp],
  year: [typeNumber.year],
  char: [typeNumber.string],
  binary: [typeNumber.string],
  varchar: varcharTypes,
  varbinary: varcharTypes,
  tinytext: blobTypes,
  text: blobTypes,
  mediumtext: blobTypes,
  longtext: blobTypes,
  tinyblob: blobTypes,
  blob: blobTypes,
  mediumblob: blobTypes,
  longblob: blobTypes,
  json: blobTypes,
  enum: [typeNumber.enum],
  set: [typeNumber.set],
  uuid: [typeNumber.string],
  inet4: [typeNumber.string],
  inet6: [typeNumber.string],
}

const prefixLengths: Readonly<Record<string, number>> = {
  tinytext: 1,
  text: 2,
  mediumtext: 3,
  longtext: 4,
  tinyblob: 1,
  blob: 2,
  mediumblob: 3,
  longblob: 4,
}

const temporalTypes = new Set<number>([logType.time2, logType.datetime2, logType.timestamp2])

/** Whether the catalogue shows the table as it was when the rows behind the table map were written. */
export function matchesCatalogue(map: TableMap, catalogue: readonly CatalogueColumn[]): boolean {
  return (
    map.columns.length === catalogue.length &&
    map.columns.every((logged, index) => {
      const known = catalogue[index]
      if (known === undefined || !isSameType(logged, known)) return false
      return logged.name === undefined || logged.name === known.name
    })
  )
}

/** Whether cells of the logged column are read as those of the column of the catalogue. */
export function isSameType({ type, meta }: LoggedColumn, known: CatalogueColumn): boolean {
  const types = logTypes[known.dataType]
  if (types === undefined) return true
  if (!types.includes(type)) return false
  const [first, second] = /\((\d+)(?:,(\d+))?\)/.exec(known.columnType)?.slice(1) ?? []
  if (type === typeNumber.newDecimal) {
    return (meta & 0xff) === Number(first ?? meta & 0xff) && meta >> 8 === Number(second ?? 0)
  }
  if (temporalTypes.has(type)) return meta === Number(first ?? 0)
  if (type === typeNumber.bit) return (meta >> 8) * 8 + (meta & 0xff) === Number(first ?? 1)
  const prefixLength = prefixLengths[known.dataType]
  return type !== typeNumber.blob || prefixLength === undefined || prefixLength === meta
}
