import type { Cell } from '@millrace/core/record'
import type { Dataset, ReaderHarness, TypeSampleName } from '../../src/index.ts'
import { batches, changeBatches, type ChangeBatch } from './broken-reader.ts'
import type { Mutant } from './mutant.ts'

/** Changes the cells of the columns that hold a type sample. */
function cells(name: TypeSampleName, change: (cell: Cell) => Cell): ChangeBatch {
  return (batch) => {
    const at = batch.schema.fields.findIndex(({ nativeType }) => nativeType === name)
    if (at < 0) return batch
    const rows = batch.rows.map((row) =>
      row.map((cell, index) => (index === at && cell !== null ? change(cell) : cell)),
    )
    return { ...batch, rows }
  }
}

const twoDigits = (value: number) => String(value).padStart(2, '0')

/** As a driver does that makes dates of the process's zone: the instant of this wall clock there, in UTC. */
function throughLocalDate(cell: Cell): Cell {
  const [, time = '00:00:00', fraction = ''] = /\d (\S{8})(\.\d+)?/.exec(String(cell)) ?? []
  const date = new Date(`${String(cell).slice(0, 10)}T${time}`)
  const day = `${String(date.getUTCFullYear()).padStart(4, '0')}-${twoDigits(date.getUTCMonth() + 1)}-${twoDigits(date.getUTCDate())}`
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits)
  return String(cell).length === 10 ? day : `${day} ${clock.join(':')}${fraction}`
}

const withoutFraction = (cell: Cell) => String(cell).replace(/\.\d+$/, '')
const throughNumber = (cell: Cell) => String(Number(cell))
const throughText = (cell: Cell) => Buffer.from(Buffer.from(cell as Uint8Array).toString('utf8'))
const throughJson = (cell: Cell) => JSON.stringify(JSON.parse(String(cell)))

interface BrokenType {
  readonly name: string
  readonly says: RegExp
  readonly change: (cell: Cell) => Cell
}

const brokenTypes: Readonly<Record<TypeSampleName, BrokenType>> = {
  bool: {
    name: 'makes numbers of booleans',
    says: /bool: true arrives as 1 with TZ=/,
    change: (cell) => Number(cell),
  },
  int32: {
    name: 'reads integers without their sign',
    says: /int32: "-2147483648" arrives as "2147483648"/,
    change: (cell) => String(Number(cell) >>> 0),
  },
  int64: {
    name: 'makes numbers of large integers',
    says: /int64: "-9223372036854775808" arrives as "-9223372036854776000"/,
    change: throughNumber,
  },
  uint64: {
    name: 'reads integers without a sign as if they had one',
    says: /uint64: "18446744073709551615" arrives as "-1"/,
    change: (cell) => String(BigInt.asIntN(64, BigInt(cell as string))),
  },
  decimal: {
    name: 'makes numbers of decimals',
    says: /decimal: "1.50" arrives as "1.5"/,
    change: throughNumber,
  },
  float: {
    name: 'reads floating point of 32 bits',
    says: /float: "0.1" arrives as "0.10000000149011612"/,
    change: (cell) => String(Math.fround(Number(cell))),
  },
  floatSpecial: {
    name: 'has no word for what is no number',
    says: /floatSpecial: "NaN" arrives as null/,
    change: () => null,
  },
  string: {
    name: 'cuts spaces off',
    says: /string: "ab {2}" arrives as "ab"/,
    change: (cell) => String(cell).trimEnd(),
  },
  bytes: {
    name: 'takes bytes for text',
    says: /bytes: bytes 0x00ff80 arrives as bytes 0x00efbfbd/,
    change: throughText,
  },
  date: {
    name: 'makes days of the process of days',
    says: /date: "2026-02-03" arrives as "2026-02-02" with TZ=Asia\/Kathmandu/,
    change: throughLocalDate,
  },
  time: {
    name: 'adds a fraction to times',
    says: /time: "00:00:00" arrives as "00:00:00.0"/,
    change: (cell) => `${String(cell)}.0`,
  },
  timeMicroseconds: {
    name: 'cuts the fraction off times',
    says: /timeMicroseconds: "03:04:05.000006" arrives as "03:04:05"/,
    change: withoutFraction,
  },
  datetime: {
    name: 'takes wall clocks for those of the process',
    says: /datetime: "2026-02-03 04:05:06" arrives as "2026-02-02 22:20:06" with TZ=Asia/,
    change: throughLocalDate,
  },
  datetimeMicroseconds: {
    name: 'cuts wall clocks to milliseconds',
    says: /datetimeMicroseconds: "2026-02-03 04:05:06.000007" arrives as "2026-02-03 04:05:06.000"/,
    change: (cell) => String(cell).slice(0, -3),
  },
  timestamptz: {
    name: 'shifts instants by the zone of the process',
    says: /timestamptz: "2026-03-29 01:30:00" arrives as "2026-03-28 19:45:00"/,
    change: throughLocalDate,
  },
  timestamptzMilliseconds: {
    name: 'cuts the fraction off instants',
    says: /timestamptzMilliseconds: .* arrives as "2026-03-29 01:30:00"/,
    change: withoutFraction,
  },
  timestamptzMicroseconds: {
    name: 'cuts instants to milliseconds',
    says: /timestamptzMicroseconds: .* arrives as "2026-03-29 01:30:00.000"/,
    change: (cell) => String(cell).slice(0, -3),
  },
  uuid: {
    name: 'writes UUIDs in capitals',
    says: /uuid: .* arrives as "123E4567/,
    change: (cell) => String(cell).toUpperCase(),
  },
  json: {
    name: 'parses JSON and prints it again',
    says: /json: .* arrives as "\[9007199254740992,/,
    change: throughJson,
  },
  jsonText: {
    name: 'prints JSON in a form of its own',
    says: /jsonText: .* arrives as ".*1.2345678901234568e\+22/,
    change: throughJson,
  },
}

/** Mutants that change cells, one for each type sample, and one that does so in changes alone. */
export const readerTypeMutants: readonly Mutant<ReaderHarness>[] = [
  ...(Object.entries(brokenTypes) as [TypeSampleName, BrokenType][]).map(
    ([sample, { name, says, change }]): Mutant<ReaderHarness> => ({
      name,
      breaks: 'types',
      says,
      breaking: batches(cells(sample, change)),
    }),
  ),
  {
    name: 'describes integers as text',
    breaks: 'types',
    says: /the column of int32 is described as string, expected int/,
    breaking: (harness) => {
      const asText = (dataset: Dataset) => ({
        ...dataset.schema,
        fields: dataset.schema.fields.map((field) => ({ ...field, type: 'string' as const })),
      })
      return {
        ...harness,
        hold: (dataset) => harness.hold({ ...dataset, schema: asText(dataset) }),
      }
    },
  },
  {
    name: 'makes numbers of decimals in changes',
    breaks: 'snapshot equals stream',
    says: /decimal: "1.50" arrives as "1.5" in changes/,
    breaking: changeBatches(cells('decimal', throughNumber)),
  },
]
