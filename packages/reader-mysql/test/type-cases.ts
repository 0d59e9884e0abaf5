import type { Cell, LogicalType } from '@millrace/core/record'
import type { TestDatabase } from './test-source.ts'

/** One line of TYPES.md. */
export interface TypeCase {
  /** The column as declared. */
  readonly declaration: string
  /** SQL of the value that is stored. */
  readonly value: string
  readonly type: LogicalType
  /** The cell; bytes as `0x…`. */
  readonly cell: Cell
  /** Servers that have the type; absent: all. */
  readonly server?: 'MariaDB' | 'MySQL' | 'MySQL 9'
}

const bytes64 = (character: string) => character.repeat(64)

/** Every line of TYPES.md, in order. */
export const typeCases: readonly TypeCase[] = [
  { declaration: 'tinyint', value: '-128', type: 'int', cell: '-128' },
  { declaration: 'tinyint(1)', value: '2', type: 'int', cell: '2' },
  { declaration: 'boolean', value: 'true', type: 'int', cell: '1' },
  { declaration: 'tinyint unsigned', value: '255', type: 'int', cell: '255' },
  { declaration: 'smallint', value: '-32768', type: 'int', cell: '-32768' },
  { declaration: 'smallint unsigned', value: '65535', type: 'int', cell: '65535' },
  { declaration: 'mediumint', value: '-8388608', type: 'int', cell: '-8388608' },
  { declaration: 'mediumint unsigned', value: '16777215', type: 'int', cell: '16777215' },
  { declaration: 'int', value: '-2147483648', type: 'int', cell: '-2147483648' },
  { declaration: 'int unsigned', value: '4294967295', type: 'int', cell: '4294967295' },
  { declaration: 'int(8) zerofill', value: '42', type: 'int', cell: '42' },
  { declaration: 'int(4) unsigned zerofill', value: '0', type: 'int', cell: '0' },
  {
    declaration: 'bigint',
    value: '-9223372036854775808',
    type: 'int',
    cell: '-9223372036854775808',
  },
  {
    declaration: 'bigint unsigned',
    value: '18446744073709551615',
    type: 'int',
    cell: '18446744073709551615',
  },
  { declaration: 'year', value: '2155', type: 'int', cell: '2155' },
  { declaration: 'year', value: '0', type: 'int', cell: '0' },
  { declaration: 'decimal(5,2)', value: '1.50', type: 'decimal', cell: '1.50' },
  {
    declaration: 'decimal(65,30)',
    value: '-12345678901234567890123456789012345.123456789012345678901234567890',
    type: 'decimal',
    cell: '-12345678901234567890123456789012345.123456789012345678901234567890',
  },
  { declaration: 'decimal(8,3) zerofill', value: '0.5', type: 'decimal', cell: '0.500' },
  { declaration: 'float', value: '0.1', type: 'float', cell: '0.1' },
  { declaration: 'float', value: '16777217', type: 'float', cell: '16777216' },
  { declaration: 'float', value: '3.4028234e38', type: 'float', cell: '3.4028235e38' },
  { declaration: 'float', value: '-1.17549435e-38', type: 'float', cell: '-1.1754944e-38' },
  { declaration: 'float(9,4)', value: '1.5', type: 'float', cell: '1.5' },
  { declaration: 'double', value: '0.1', type: 'float', cell: '0.1' },
  { declaration: 'double', value: '9007199254740993', type: 'float', cell: '9.007199254740992e15' },
  {
    declaration: 'double',
    value: '1.7976931348623157e308',
    type: 'float',
    cell: '1.7976931348623157e308',
  },
  {
    declaration: 'double',
    value: '-2.2250738585072014e-308',
    type: 'float',
    cell: '-2.2250738585072014e-308',
  },
  { declaration: 'double(9,2)', value: '1.5', type: 'float', cell: '1.50' },
  { declaration: 'bit(1)', value: "b'1'", type: 'bool', cell: true },
  { declaration: 'bit(1)', value: "b'0'", type: 'bool', cell: false },
  { declaration: 'bit(10)', value: "b'1000000001'", type: 'bytes', cell: '0x0201' },
  {
    declaration: 'bit(64)',
    value: `b'${bytes64('1')}'`,
    type: 'bytes',
    cell: '0xffffffffffffffff',
  },
  { declaration: 'date', value: "'2026-02-03'", type: 'date', cell: '2026-02-03' },
  { declaration: 'date', value: "'0000-00-00'", type: 'date', cell: '0000-00-00' },
  { declaration: 'date', value: "'2026-00-00'", type: 'date', cell: '2026-00-00' },
  { declaration: 'time', value: "'03:04:05'", type: 'time', cell: '03:04:05' },
  { declaration: 'time', value: "'838:59:59'", type: 'time', cell: '838:59:59' },
  { declaration: 'time(6)', value: "'-101:02:03.000004'", type: 'time', cell: '-101:02:03.000004' },
  {
    declaration: 'datetime',
    value: "'2026-02-03 04:05:06'",
    type: 'datetime',
    cell: '2026-02-03 04:05:06',
  },
  {
    declaration: 'datetime(6)',
    value: "'9999-12-31 23:59:59.999999'",
    type: 'datetime',
    cell: '9999-12-31 23:59:59.999999',
  },
  {
    declaration: 'datetime(3)',
    value: "'2026-02-03 04:05:06.7'",
    type: 'datetime',
    cell: '2026-02-03 04:05:06.700',
  },
  {
    declaration: 'datetime',
    value: "'0000-00-00 00:00:00'",
    type: 'datetime',
    cell: '0000-00-00 00:00:00',
  },
  {
    declaration: 'timestamp null',
    value: "'2026-03-29 01:30:00'",
    type: 'timestamptz',
    cell: '2026-03-29 01:30:00',
  },
  {
    declaration: 'timestamp(6) null',
    value: "'2038-01-19 03:14:07.999999'",
    type: 'timestamptz',
    cell: '2038-01-19 03:14:07.999999',
  },
  {
    declaration: 'timestamp null',
    value: "'0000-00-00 00:00:00'",
    type: 'timestamptz',
    cell: '0000-00-00 00:00:00',
  },
  { declaration: 'char(5)', value: "'ab  '", type: 'string', cell: 'ab' },
  { declaration: 'varchar(20)', value: "'ab  '", type: 'string', cell: 'ab  ' },
  { declaration: 'varchar(20)', value: "'ü€😀'", type: 'string', cell: 'ü€😀' },
  { declaration: 'varchar(20)', value: "''", type: 'string', cell: '' },
  { declaration: 'varchar(20) character set latin1', value: "'é€'", type: 'string', cell: 'é€' },
  { declaration: 'varchar(20) character set gbk', value: "'中文'", type: 'string', cell: '中文' },
  { declaration: 'varchar(20) character set utf16', value: "'中😀'", type: 'string', cell: '中😀' },
  { declaration: 'varchar(20) character set sjis', value: "'日本'", type: 'string', cell: '日本' },
  { declaration: 'tinytext', value: "'t'", type: 'string', cell: 't' },
  { declaration: 'text', value: "'a\\nb\\0c'", type: 'string', cell: 'a\nb\0c' },
  { declaration: 'mediumtext', value: "repeat('x', 300)", type: 'string', cell: 'x'.repeat(300) },
  { declaration: 'longtext', value: "repeat('é', 300)", type: 'string', cell: 'é'.repeat(300) },
  { declaration: "enum('a','ß')", value: "'ß'", type: 'string', cell: 'ß' },
  { declaration: "set('a','b','c')", value: "'c,a'", type: 'string', cell: 'a,c' },
  {
    declaration: 'json',
    value: `'{"b":1.10,"a":[9007199254740993]}'`,
    type: 'json',
    cell: '{"b":1.10,"a":[9007199254740993]}',
    server: 'MariaDB',
  },
  {
    declaration: 'json',
    value: `'{"b": 1.5, "a": [9007199254740993, "é"]}'`,
    type: 'json',
    cell: '{"a": [9007199254740993, "é"], "b": 1.5}',
    server: 'MySQL',
  },
  { declaration: 'binary(4)', value: "x'00ff'", type: 'bytes', cell: '0x00ff0000' },
  { declaration: 'varbinary(10)', value: "x'00ff80'", type: 'bytes', cell: '0x00ff80' },
  { declaration: 'varbinary(10)', value: "''", type: 'bytes', cell: '0x' },
  { declaration: 'tinyblob', value: "x'01'", type: 'bytes', cell: '0x01' },
  { declaration: 'blob', value: "x'c3'", type: 'bytes', cell: '0xc3' },
  { declaration: 'mediumblob', value: "x'02'", type: 'bytes', cell: '0x02' },
  { declaration: 'longblob', value: "x'03'", type: 'bytes', cell: '0x03' },
  {
    declaration: 'geometry',
    value: "ST_GeomFromText('POINT(1 2)', 4326)",
    type: 'bytes',
    cell: '0xe61000000101000000000000000000f03f0000000000000040',
    server: 'MariaDB',
  },
  {
    declaration: 'point',
    value: "ST_GeomFromText('POINT(1 2)')",
    type: 'bytes',
    cell: '0x000000000101000000000000000000f03f0000000000000040',
  },
  {
    declaration: 'inet6',
    value: "'2001:db8::1'",
    type: 'string',
    cell: '2001:db8::1',
    server: 'MariaDB',
  },
  {
    declaration: 'inet4',
    value: "'192.0.2.1'",
    type: 'string',
    cell: '192.0.2.1',
    server: 'MariaDB',
  },
  {
    declaration: 'uuid',
    value: "'123e4567-e89b-12d3-a456-426655440000'",
    type: 'uuid',
    cell: '123e4567-e89b-12d3-a456-426655440000',
    server: 'MariaDB',
  },
  {
    declaration: 'vector(2)',
    value: "string_to_vector('[1,2]')",
    type: 'bytes',
    cell: '0x0000803f00000040',
    server: 'MySQL 9',
  },
]

/** Those that the server has. */
export function presentCases({ isMariaDb, version }: TestDatabase): readonly TypeCase[] {
  const major = Number.parseInt(version, 10)
  return typeCases.filter(({ server }) => {
    if (server === undefined) return true
    if (server === 'MariaDB') return isMariaDb
    return !isMariaDb && (server === 'MySQL' || major >= 9)
  })
}
