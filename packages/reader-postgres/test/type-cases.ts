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
  /** Extension that has the type. */
  readonly extension?: string
}

/** Types of the user's own that the cases use. */
export const ownTypes: readonly string[] = [
  "CREATE TYPE mood AS ENUM ('sad', 'so so', 'ß')",
  'CREATE DOMAIN positive AS int CHECK (value > 0)',
  'CREATE DOMAIN even AS positive CHECK (value % 2 = 0)',
  'CREATE DOMAIN word AS text',
  'CREATE DOMAIN words AS text[]',
  'CREATE TYPE pair AS (a int, b text)',
  'CREATE TYPE floats AS RANGE (subtype = float8)',
]

const ints: readonly TypeCase[] = [
  { declaration: 'smallint', value: '-32768', type: 'int', cell: '-32768' },
  { declaration: 'integer', value: '2147483647', type: 'int', cell: '2147483647' },
  {
    declaration: 'bigint',
    value: '-9223372036854775808',
    type: 'int',
    cell: '-9223372036854775808',
  },
  { declaration: 'bigint', value: '9007199254740993', type: 'int', cell: '9007199254740993' },
  { declaration: 'smallserial', value: '1', type: 'int', cell: '1' },
  { declaration: 'serial', value: '2', type: 'int', cell: '2' },
  { declaration: 'bigserial', value: '3', type: 'int', cell: '3' },
  { declaration: 'oid', value: '4294967295', type: 'int', cell: '4294967295' },
  { declaration: 'xid', value: "'4294967295'", type: 'int', cell: '4294967295' },
  { declaration: 'cid', value: "'7'", type: 'int', cell: '7' },
  {
    declaration: 'xid8',
    value: "'18446744073709551615'",
    type: 'int',
    cell: '18446744073709551615',
  },
  { declaration: 'positive', value: '5', type: 'int', cell: '5' },
  { declaration: 'even', value: '6', type: 'int', cell: '6' },
]

const fractions: readonly TypeCase[] = [
  { declaration: 'real', value: '0.1', type: 'float', cell: '0.1' },
  { declaration: 'real', value: '16777217', type: 'float', cell: '1.6777216e+07' },
  { declaration: 'real', value: '3.4028235e38', type: 'float', cell: '3.4028235e+38' },
  { declaration: 'real', value: "'NaN'", type: 'float', cell: 'NaN' },
  { declaration: 'double precision', value: '0.1', type: 'float', cell: '0.1' },
  {
    declaration: 'double precision',
    value: '0.1::float8 + 0.2::float8',
    type: 'float',
    cell: '0.30000000000000004',
  },
  {
    declaration: 'double precision',
    value: '1.7976931348623157e308',
    type: 'float',
    cell: '1.7976931348623157e+308',
  },
  { declaration: 'double precision', value: "'5e-324'", type: 'float', cell: '5e-324' },
  { declaration: 'double precision', value: "'-0'", type: 'float', cell: '-0' },
  { declaration: 'double precision', value: "'NaN'", type: 'float', cell: 'NaN' },
  { declaration: 'double precision', value: "'Infinity'", type: 'float', cell: 'Infinity' },
  { declaration: 'double precision', value: "'-Infinity'", type: 'float', cell: '-Infinity' },
  { declaration: 'numeric(5,2)', value: '1.5', type: 'decimal', cell: '1.50' },
  { declaration: 'numeric', value: '1.500', type: 'decimal', cell: '1.500' },
  {
    declaration: 'numeric',
    value: '-12345678901234567890123456789012345678901.123456789',
    type: 'decimal',
    cell: '-12345678901234567890123456789012345678901.123456789',
  },
  { declaration: 'numeric', value: "'NaN'", type: 'decimal', cell: 'NaN' },
  { declaration: 'money', value: '1000.5', type: 'string', cell: '$1,000.50' },
  { declaration: 'boolean', value: 'true', type: 'bool', cell: true },
  { declaration: 'boolean', value: 'false', type: 'bool', cell: false },
]

const texts: readonly TypeCase[] = [
  { declaration: 'char(5)', value: "'ab'", type: 'string', cell: 'ab   ' },
  { declaration: 'varchar(20)', value: "'ab  '", type: 'string', cell: 'ab  ' },
  { declaration: 'text', value: "'ü€😀'", type: 'string', cell: 'ü€😀' },
  { declaration: 'text', value: "''", type: 'string', cell: '' },
  {
    declaration: 'text',
    value: "E'a\\tb\\nc\\rd\\\\e\\bf\\fg\\x0bh'",
    type: 'string',
    cell: 'a\tb\nc\rd\\e\bf\fg\vh',
  },
  { declaration: 'text', value: "'\\N'", type: 'string', cell: '\\N' },
  { declaration: 'text', value: "'\\.'", type: 'string', cell: '\\.' },
  { declaration: 'text', value: "repeat('é', 300)", type: 'string', cell: 'é'.repeat(300) },
  { declaration: 'name', value: "'pg_class'", type: 'string', cell: 'pg_class' },
  { declaration: '"char"', value: "'x'", type: 'string', cell: 'x' },
  { declaration: 'mood', value: "'so so'", type: 'string', cell: 'so so' },
  { declaration: 'word', value: "'ß'", type: 'string', cell: 'ß' },
  { declaration: 'citext', value: "'Ab'", type: 'string', cell: 'Ab', extension: 'citext' },
  {
    declaration: 'uuid',
    value: "'123E4567-e89b-12d3-a456-426655440000'",
    type: 'uuid',
    cell: '123e4567-e89b-12d3-a456-426655440000',
  },
  { declaration: 'bit(3)', value: "b'101'", type: 'string', cell: '101' },
  { declaration: 'bit varying', value: "b'0001'", type: 'string', cell: '0001' },
  { declaration: 'bytea', value: "'\\x00ff5c0a09'", type: 'bytes', cell: '0x00ff5c0a09' },
  { declaration: 'bytea', value: "''", type: 'bytes', cell: '0x' },
]

const times: readonly TypeCase[] = [
  { declaration: 'date', value: "'2026-02-03'", type: 'date', cell: '2026-02-03' },
  { declaration: 'date', value: "'infinity'", type: 'date', cell: 'infinity' },
  { declaration: 'date', value: "'0044-03-15 BC'", type: 'date', cell: '0044-03-15 BC' },
  { declaration: 'date', value: "'12026-02-03'", type: 'date', cell: '12026-02-03' },
  { declaration: 'time', value: "'03:04:05'", type: 'time', cell: '03:04:05' },
  { declaration: 'time', value: "'24:00:00'", type: 'time', cell: '24:00:00' },
  { declaration: 'time(3)', value: "'03:04:05.678901'", type: 'time', cell: '03:04:05.679' },
  {
    declaration: 'time with time zone',
    value: "'03:04:05.000006+05:30'",
    type: 'string',
    cell: '03:04:05.000006+05:30',
  },
  {
    declaration: 'timestamp',
    value: "'2026-02-03 04:05:06.000007'",
    type: 'datetime',
    cell: '2026-02-03 04:05:06.000007',
  },
  { declaration: 'timestamp', value: "'-infinity'", type: 'datetime', cell: '-infinity' },
  {
    declaration: 'timestamp',
    value: "'0044-03-15 10:00:00 BC'",
    type: 'datetime',
    cell: '0044-03-15 10:00:00 BC',
  },
  {
    declaration: 'timestamp',
    value: "'294276-12-31 23:59:59.999999'",
    type: 'datetime',
    cell: '294276-12-31 23:59:59.999999',
  },
  {
    declaration: 'timestamp with time zone',
    value: "'2026-03-29 01:30:00.5+02'",
    type: 'timestamptz',
    cell: '2026-03-28 23:30:00.5',
  },
  {
    declaration: 'timestamp with time zone',
    value: "'infinity'",
    type: 'timestamptz',
    cell: 'infinity',
  },
  {
    declaration: 'timestamp with time zone',
    value: "'0044-03-15 10:00:00+00 BC'",
    type: 'timestamptz',
    cell: '0044-03-15 10:00:00 BC',
  },
  {
    declaration: 'timestamp with time zone',
    value: "'12026-02-03 04:05:06+00'",
    type: 'timestamptz',
    cell: '12026-02-03 04:05:06',
  },
  {
    declaration: 'interval',
    value: "'-1 year 2 mons -3 days 04:05:06.000007'",
    type: 'string',
    cell: '-10 mons -3 days +04:05:06.000007',
  },
]

const documents: readonly TypeCase[] = [
  {
    declaration: 'json',
    value: `'{"b":1.10,  "a":12345678901234567890123, "b":"x\\n"}'`,
    type: 'json',
    cell: '{"b":1.10,  "a":12345678901234567890123, "b":"x\\n"}',
  },
  {
    declaration: 'jsonb',
    value: `'{"b":1.10,"a":[9007199254740993,"é"]}'`,
    type: 'json',
    cell: '{"a": [9007199254740993, "é"], "b": 1.10}',
  },
  { declaration: 'xml', value: '\'<a b="c"> x </a>\'', type: 'string', cell: '<a b="c"> x </a>' },
  {
    declaration: 'hstore',
    value: `'a=>1, "b c"=>NULL'`,
    type: 'string',
    cell: '"a"=>"1", "b c"=>NULL',
    extension: 'hstore',
  },
  { declaration: 'tsvector', value: "'a fat cat'", type: 'string', cell: "'a' 'cat' 'fat'" },
  { declaration: 'tsquery', value: "'fat & rat'", type: 'string', cell: "'fat' & 'rat'" },
  { declaration: 'jsonpath', value: "'$.a[*]'", type: 'string', cell: '$."a"[*]' },
]

const arrays: readonly TypeCase[] = [
  { declaration: 'int[]', value: "'{1,NULL,3}'", type: 'json', cell: '[1,null,3]' },
  { declaration: 'int[]', value: "'{}'", type: 'json', cell: '[]' },
  { declaration: 'int[]', value: "'{{1,2},{3,4}}'", type: 'json', cell: '[[1,2],[3,4]]' },
  { declaration: 'int[]', value: "'[0:1]={1,2}'", type: 'json', cell: '[1,2]' },
  {
    declaration: 'bigint[]',
    value: "'{9007199254740993}'",
    type: 'json',
    cell: '[9007199254740993]',
  },
  {
    declaration: 'text[]',
    value: `ARRAY['a,b', '"q"', 'NULL', NULL, '', E'\\\\\\n']`,
    type: 'json',
    cell: '["a,b","\\"q\\"","NULL",null,"","\\\\\\n"]',
  },
  { declaration: 'numeric[]', value: "'{1.50,NaN}'", type: 'json', cell: '[1.50,"NaN"]' },
  {
    declaration: 'double precision[]',
    value: "'{0.1,Infinity}'",
    type: 'json',
    cell: '[0.1,"Infinity"]',
  },
  { declaration: 'boolean[]', value: "'{t,f}'", type: 'json', cell: '[true,false]' },
  { declaration: 'bytea[]', value: `'{"\\\\x00ff"}'`, type: 'json', cell: '["\\\\x00ff"]' },
  { declaration: 'date[]', value: "'{2026-02-03}'", type: 'json', cell: '["2026-02-03"]' },
  {
    declaration: 'timestamp with time zone[]',
    value: `'{"2026-02-03 04:05:06.000007+08"}'`,
    type: 'json',
    cell: '["2026-02-02T20:05:06.000007+00:00"]',
  },
  { declaration: 'uuid[]', value: "'{}'", type: 'json', cell: '[]' },
  { declaration: 'jsonb[]', value: `ARRAY['{"a":1}'::jsonb]`, type: 'json', cell: '[{"a": 1}]' },
  { declaration: 'mood[]', value: "'{sad,ß}'", type: 'json', cell: '["sad","ß"]' },
  { declaration: 'positive[]', value: "'{1,2}'", type: 'json', cell: '[1,2]' },
  { declaration: 'words', value: "'{a,b}'", type: 'json', cell: '["a","b"]' },
  {
    declaration: 'pair[]',
    value: `ARRAY[(1,'x')::pair]`,
    type: 'json',
    cell: '[{"a":1,"b":"x"}]',
  },
  { declaration: 'int4range[]', value: `'{"[1,3)"}'`, type: 'json', cell: '["[1,3)"]' },
  { declaration: 'int2vector', value: "'1 2'", type: 'string', cell: '1 2' },
  { declaration: 'oidvector', value: "'3 4'", type: 'string', cell: '3 4' },
]

const others: readonly TypeCase[] = [
  { declaration: 'int4range', value: "'[1,5]'", type: 'string', cell: '[1,6)' },
  { declaration: 'numrange', value: "'empty'", type: 'string', cell: 'empty' },
  {
    declaration: 'tstzrange',
    value: "'[2026-02-03 04:05:06+08,)'",
    type: 'string',
    cell: '["2026-02-02 20:05:06+00",)',
  },
  { declaration: 'floats', value: "'(0.1,2]'", type: 'string', cell: '(0.1,2]' },
  {
    declaration: 'int4multirange',
    value: "'{[1,3), [5,7)}'",
    type: 'string',
    cell: '{[1,3),[5,7)}',
  },
  { declaration: 'pair', value: '(1,\'a "b"\')::pair', type: 'string', cell: '(1,"a ""b""")' },
  { declaration: 'inet', value: "'192.0.2.1/24'", type: 'string', cell: '192.0.2.1/24' },
  { declaration: 'inet', value: "'2001:db8::1'", type: 'string', cell: '2001:db8::1' },
  { declaration: 'cidr', value: "'192.0.2.0/24'", type: 'string', cell: '192.0.2.0/24' },
  {
    declaration: 'macaddr',
    value: "'08002b010203'",
    type: 'string',
    cell: '08:00:2b:01:02:03',
  },
  {
    declaration: 'macaddr8',
    value: "'08002b0102030405'",
    type: 'string',
    cell: '08:00:2b:01:02:03:04:05',
  },
  { declaration: 'point', value: "'(0.1,2)'", type: 'string', cell: '(0.1,2)' },
  { declaration: 'line', value: "'{1,2,3}'", type: 'string', cell: '{1,2,3}' },
  { declaration: 'lseg', value: "'(1,2),(3,4)'", type: 'string', cell: '[(1,2),(3,4)]' },
  { declaration: 'box', value: "'(1,2),(3,4)'", type: 'string', cell: '(3,4),(1,2)' },
  { declaration: 'path', value: "'[(1,2),(3,4)]'", type: 'string', cell: '[(1,2),(3,4)]' },
  {
    declaration: 'polygon',
    value: "'((1,2),(3,4))'",
    type: 'string',
    cell: '((1,2),(3,4))',
  },
  { declaration: 'circle', value: "'<(1,2),3>'", type: 'string', cell: '<(1,2),3>' },
  { declaration: 'pg_lsn', value: "'16/B374D848'", type: 'string', cell: '16/B374D848' },
  { declaration: 'regclass', value: "'pg_class'", type: 'string', cell: 'pg_class' },
  {
    declaration: 'pg_snapshot',
    value: "'10:20:10,14,15'",
    type: 'string',
    cell: '10:20:10,14,15',
  },
]

/** Every line of TYPES.md, in order. */
export const typeCases: readonly TypeCase[] = [
  ...ints,
  ...fractions,
  ...texts,
  ...times,
  ...documents,
  ...arrays,
  ...others,
]

/** Settings of the database that would change how values are written, if the reader let them. */
export const oddSettings = [
  "datestyle TO 'SQL, DMY'",
  "timezone TO 'Asia/Kathmandu'",
  "bytea_output TO 'escape'",
  "intervalstyle TO 'iso_8601'",
  'extra_float_digits TO -15',
  "xmlbinary TO 'hex'",
  'standard_conforming_strings TO off',
  'quote_all_identifiers TO on',
]

/** The cases the server has; what it lacks is said aloud. */
export async function availableCases(database: TestDatabase): Promise<readonly TypeCase[]> {
  const rows = await database.rows('SELECT name FROM pg_available_extensions')
  const available = new Set(rows.map(([name]) => name))
  return typeCases.filter(({ declaration, extension }) => {
    const isPresent = extension === undefined || available.has(extension)
    if (!isPresent) console.warn(`NOT TESTED: ${declaration}, the server lacks ${extension}`)
    return isPresent
  })
}
