import type pg from 'pg'
import { logicalTypeOf, isArray, type CatalogueType } from './native-types.ts'
import type { JsonForm } from './array-to-json.ts'

const text: JsonForm = { kind: 'text' }

/** What else of a type is needed to make JSON of its arrays. */
interface Details {
  readonly delimiter: string
  /** Columns of a composite type. */
  readonly attributes: readonly (readonly [name: string, typeOid: number])[]
}

/**
 * Asks the catalogue how JSON is made of the values of types, elements and parts of composite types included.
 *
 * @param readTypes - the types of these ids, with the base types of domains
 */
export class JsonForms {
  readonly #client: pg.Client
  readonly #readTypes: (oids: readonly number[]) => Promise<ReadonlyMap<number, CatalogueType>>

  constructor(
    client: pg.Client,
    readTypes: (oids: readonly number[]) => Promise<ReadonlyMap<number, CatalogueType>>,
  ) {
    this.#client = client
    this.#readTypes = readTypes
  }

  async of(oid: number): Promise<JsonForm> {
    const types = await this.#readTypes([oid])
    const base = baseOf(oid, types)
    if (base === undefined) return text
    if (isArray(oid, types)) {
      const element = await this.of(base.elementOid)
      const { delimiter } = await this.#details(base.elementOid)
      return { kind: 'array', element, delimiter }
    }
    if (base.kind === 'c') {
      const { attributes } = await this.#details(base.oid)
      const fields: { name: string; form: JsonForm }[] = []
      for (const [name, typeOid] of attributes) fields.push({ name, form: await this.of(typeOid) })
      return { kind: 'composite', fields }
    }
    return scalarForm(base.oid, types)
  }

  async #details(oid: number): Promise<Details> {
    const { rows } = await this.#client.query<[string, [string, string][] | null]>({
      rowMode: 'array',
      text: `SELECT t.typdelim::text, (SELECT json_agg(json_build_array(a.attname, a.atttypid::text) ORDER BY a.attnum)
          FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
        FROM pg_type t WHERE t.oid = $1::oid`,
      values: [String(oid)],
    })
    const [delimiter, attributes] = rows[0] ?? [',', null]
    return {
      delimiter,
      attributes: (attributes ?? []).map(([name, typeOid]) => [name, Number(typeOid)] as const),
    }
  }
}

function baseOf(oid: number, types: ReadonlyMap<number, CatalogueType>): CatalogueType | undefined {
  const type = types.get(oid)
  return type?.kind === 'd' ? baseOf(type.baseOid, types) : type
}

/** Numbers to the server's JSON functions: int8, int2, int4, float4, float8, numeric; oids are text to them. */
const numberOids = new Set([20, 21, 23, 700, 701, 1700])

function scalarForm(oid: number, types: ReadonlyMap<number, CatalogueType>): JsonForm {
  if (numberOids.has(oid)) return { kind: 'number' }
  const type = logicalTypeOf(oid, types)
  if (type === 'bool' || type === 'json' || type === 'datetime') return { kind: type }
  return type === 'timestamptz' ? { kind: 'instant' } : text
}
