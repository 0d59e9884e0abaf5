import type pg from 'pg'
import { PluginError, type Logger } from '@millrace/core/plugin'
import type { Field, TableSchema } from '@millrace/core/record'
import { readTypes } from '../snapshot/read-catalogue.ts'
import { arrayToJson } from '../types/array-to-json.ts'
import { cellFormOf } from '../types/cell-form.ts'
import { JsonForms } from '../types/json-forms.ts'
import { isArray, logicalTypeOf } from '../types/native-types.ts'
import { readAncestors, readTypeNames, type FollowedTable } from './followed-table.ts'
import type { ChangeCellForm, RelationBinding } from './relation-binding.ts'
import { isSameRelation, type RelationColumn, type RelationMessage } from './relation-message.ts'
import { isSameSchema, relationSchema } from './relation-schema.ts'

/** A table of the job whose changes are handed out. */
export interface FollowedObject {
  /** As the job names it, for messages. */
  readonly label: string
  readonly table: FollowedTable
  /** As `describe` gives it. */
  readonly schema: TableSchema
  /** The column of the table behind each field; `undefined` for what is no column of it. */
  readonly columns: readonly (string | undefined)[]
  /** Whether the job names the columns, so that others are not read. */
  readonly isRestricted: boolean
}

/** Runs statements on a connection that may be lost in between. */
export type Ask = <T>(work: (client: pg.Client) => Promise<T>) => Promise<T>

interface KnownColumn {
  readonly field: Field
  readonly typeOid: number
  readonly typeModifier: number
}

/** How a table of the job stands at the place of the log that is read. */
interface ObjectState {
  readonly object: FollowedObject
  schema: TableSchema
  columns: readonly (string | undefined)[]
  /** By the name of the column. */
  known: ReadonlyMap<string, KnownColumn>
}

const noTables: ReadonlySet<string> = new Set()

/**
 * The tables of the job as the log describes them. The log describes a table before its first change and after each change
 * of its definition, as it was then; the catalogue is asked for names of types and the like.
 */
export class FollowedRelations {
  /** Of each relation that is followed, by its oid. */
  readonly bindings = new Map<number, RelationBinding>()
  readonly #states: readonly ObjectState[]
  readonly #messages = new Map<number, RelationMessage>()
  #ask: Ask
  #leaveOut: ReadonlySet<string> = noTables
  readonly #logger: Logger

  constructor(objects: readonly FollowedObject[], ask: Ask, logger: Logger) {
    this.#ask = ask
    this.#logger = logger
    this.#states = objects.map((object) => ({
      object,
      schema: object.schema,
      columns: object.columns,
      known: knownColumns(object),
    }))
  }

  /** The schema of the first table as it stands. */
  get firstSchema(): TableSchema | undefined {
    return this.#states[0]?.schema
  }

  /**
   * The log is read anew from now on, and the catalogue asked in this way.
   *
   * @param leaveOut tables whose changes are passed over
   */
  use(ask: Ask, leaveOut: ReadonlySet<string> = noTables): void {
    this.#ask = ask
    this.#leaveOut = leaveOut
    // The log describes every table again.
    this.#messages.clear()
    this.bindings.clear()
  }

  /** Whether the relation is known exactly so, so that `describe` has nothing to do. */
  isKnown(relation: RelationMessage): boolean {
    const known = this.#messages.get(relation.oid)
    return known !== undefined && isSameRelation(known, relation)
  }

  /**
   * Takes a new description of a relation.
   *
   * @throws PluginError SOURCE_OBJECT_MISSING when a column that the job names is gone
   */
  async describe(relation: RelationMessage): Promise<void> {
    const state = await this.#stateOf(relation)
    const isWanted = state !== undefined && !this.#leaveOut.has(state.object.label)
    if (!isWanted) this.bindings.delete(relation.oid)
    else this.bindings.set(relation.oid, await this.#bind(state, relation))
    this.#messages.set(relation.oid, relation)
  }

  async #stateOf({ oid, namespace, name }: RelationMessage): Promise<ObjectState | undefined> {
    const byOid = (wanted: number) => this.#states.find(({ object }) => object.table.oid === wanted)
    const own = byOid(oid)
    if (own !== undefined) {
      const { table, label } = own.object
      if (table.name !== name || table.namespace !== namespace)
        this.#logger.warn(
          `table ${label} is called ${namespace}.${name} at this place of the log: its changes go on as those of ${label}`,
        )
      return own
    }
    const ancestors = await this.#ask((client) => readAncestors(client, oid))
    const root = ancestors.map(byOid).find((state) => state !== undefined)
    if (root !== undefined) return root
    return this.#states.find(
      ({ object: { table } }) => table.name === name && table.namespace === namespace,
    )
  }

  async #bind(state: ObjectState, relation: RelationMessage): Promise<RelationBinding> {
    const columns = new Map(relation.columns.map((column) => [column.name, column]))
    const names = this.#columnNames(state, relation, columns)
    const known = await this.#describeColumns(state, columns)
    const fields = names.map((name, index) => {
      const field = state.schema.fields[state.columns.indexOf(name)]
      const own = name === undefined ? undefined : known.get(name)?.field
      if (own === undefined) return (field ?? state.schema.fields[index]) as Field
      // The job may write the name of a column in another case.
      return field === undefined || field.name === own.name ? own : { ...own, name: field.name }
    })
    const next = relationSchema(state, relation, names, fields)
    if (!isSameSchema(state.schema, next)) {
      state.schema = { ...next, version: state.schema.version + 1 }
      state.columns = names
    }
    state.known = new Map([...state.known, ...known])
    return await this.#bindingOf(state, relation)
  }

  /** The column behind each field of the table as the relation has it. */
  #columnNames(
    { object, columns: before }: ObjectState,
    relation: RelationMessage,
    columns: ReadonlyMap<string, RelationColumn>,
  ): readonly (string | undefined)[] {
    const { label, table, isRestricted } = object
    const generated = new Set(
      table.columns.filter(({ isGenerated }) => isGenerated).map(({ name }) => name),
    )
    const isThere = (name: string | undefined) =>
      name !== undefined && (columns.has(name) || generated.has(name))
    if (isRestricted) {
      const missing = before.filter((name) => name !== undefined && !isThere(name))
      if (missing.length > 0) throw columnsGone(label, missing, relation)
      return before
    }
    const kept = before.filter(isThere)
    const added = relation.columns.filter(({ name }) => !before.includes(name))
    if (kept.length === before.length && added.length === 0) return before
    const unsent = kept.filter((name) => name !== undefined && !columns.has(name))
    return [...relation.columns.map(({ name }) => name), ...unsent]
  }

  /** The columns of the relation with their types; the catalogue is asked for those that are new. */
  async #describeColumns(
    { known }: ObjectState,
    columns: ReadonlyMap<string, RelationColumn>,
  ): Promise<ReadonlyMap<string, KnownColumn>> {
    const described = new Map<string, KnownColumn>()
    const unknown: RelationColumn[] = []
    for (const column of columns.values()) {
      const own = known.get(column.name)
      if (own?.typeOid === column.typeOid && own.typeModifier === column.typeModifier)
        described.set(column.name, own)
      else unknown.push(column)
    }
    if (unknown.length === 0) return described
    const types = await this.#ask((client) =>
      readTypes(
        client,
        unknown.map(({ typeOid }) => typeOid),
      ),
    )
    const typeNames = await this.#ask((client) => readTypeNames(client, unknown))
    for (const [index, { name, typeOid, typeModifier }] of unknown.entries()) {
      const type = logicalTypeOf(typeOid, types)
      const field = { name, type, nullable: true, nativeType: typeNames[index] ?? 'unknown' }
      described.set(name, { field, typeOid, typeModifier })
    }
    return described
  }

  async #bindingOf(state: ObjectState, relation: RelationMessage): Promise<RelationBinding> {
    const { schema, columns } = state
    const targets = Int32Array.from(relation.columns, ({ name }) => columns.indexOf(name))
    const forms: ChangeCellForm[] = []
    for (const [index, column] of relation.columns.entries()) {
      const field = schema.fields[targets[index] ?? -1]
      forms.push(field === undefined ? 'text' : await this.#formOf(column, field))
    }
    return {
      schema,
      isPart: await this.#isPart(state, relation),
      targets,
      forms,
      isConverted: Uint8Array.from(forms, (form) => (form === 'text' ? 0 : 1)),
      isIdentity: Uint8Array.from(relation.columns, ({ isIdentity }) => (isIdentity ? 1 : 0)),
      fieldCount: schema.fields.length,
      isWhole: schema.fields.every((_, index) => targets.includes(index)),
    }
  }

  async #isPart({ object: { table } }: ObjectState, { oid }: RelationMessage): Promise<boolean> {
    if (oid === table.oid) return false
    const ancestors = await this.#ask((client) => readAncestors(client, oid))
    return ancestors.includes(table.oid)
  }

  /** A part of a table was emptied: which of its rows that were is not known. */
  warnOfPart({ schema }: RelationBinding): void {
    this.#logger.warn(`a part of table ${schema.table} was truncated: its rows stay in the target`)
  }

  async #formOf({ typeOid }: RelationColumn, field: Field): Promise<ChangeCellForm> {
    if (field.type !== 'json') return cellFormOf(field.type)
    return await this.#ask(async (client) => {
      const types = await readTypes(client, [typeOid])
      if (!isArray(typeOid, types)) return 'text'
      const form = await new JsonForms(client, (oids) => readTypes(client, oids)).of(typeOid)
      return (text: string) => arrayToJson(text, form)
    })
  }
}

function knownColumns({ table, schema, columns }: FollowedObject): Map<string, KnownColumn> {
  const known = new Map<string, KnownColumn>()
  for (const { name, typeOid, typeModifier } of table.columns) {
    const field = schema.fields[columns.indexOf(name)]
    if (field !== undefined) known.set(name, { field: { ...field, name }, typeOid, typeModifier })
  }
  return known
}

function columnsGone(
  label: string,
  missing: readonly (string | undefined)[],
  { columns }: RelationMessage,
): PluginError {
  return new PluginError({
    code: 'SOURCE_OBJECT_MISSING',
    message: `following the changes of table ${label}: it has no column ${missing.join(', ')} any more, which the job reads`,
    hint: `The column was dropped or renamed. The columns are now ${columns.map(({ name }) => name).join(', ')}: mend the job.`,
  })
}
