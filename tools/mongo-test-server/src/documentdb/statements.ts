/** What a statement is given, `$1` first. */
type Argument = 'database' | 'body' | 'sequence' | 'collection'

/** How a command is given to DocumentDB. */
export interface Statement {
  /** A column `reply` is the whole reply to the client, as BSON. */
  readonly sql: string
  readonly takes: readonly Argument[]
}

const body = '$2::bytea::documentdb_core.bson'

/** The commands that DocumentDB carries out, by name. The functions are those that its own gateway calls. */
export const statements: ReadonlyMap<string, Statement> = new Map(
  Object.entries({
    find: firstPage('find_cursor_first_page'),
    aggregate: firstPage('aggregate_cursor_first_page'),
    listCollections: firstPage('list_collections_cursor_first_page'),
    listIndexes: firstPage('list_indexes_cursor_first_page'),
    insert: write('insert'),
    update: write('update'),
    delete: write('delete'),
    count: answer('count_query'),
    distinct: answer('distinct_query'),
    create: answer('create_collection_view'),
    drop: {
      sql: 'SELECT documentdb_api.drop_collection($1, $2)',
      takes: ['database', 'collection'],
    },
    dropDatabase: { sql: 'SELECT documentdb_api.drop_database($1)', takes: ['database'] },
  } satisfies Record<string, Statement>),
)

/** The database, the command, and the column `continuation` that came before. */
export const getMoreSql = `SELECT cursorpage::bytea AS reply, continuation::bytea
  FROM documentdb_api.cursor_get_more($1, ${body}, $3::bytea::documentdb_core.bson)`

function firstPage(name: string): Statement {
  const sql = `SELECT cursorpage::bytea AS reply, continuation::bytea, persistconnection, cursorid
    FROM documentdb_api.${name}($1, ${body})`
  return { sql, takes: ['database', 'body'] }
}

function write(name: string): Statement {
  const sql = `SELECT p_result::bytea AS reply
    FROM documentdb_api.${name}($1, ${body}, $3::bytea::documentdb_core.bsonsequence)`
  return { sql, takes: ['database', 'body', 'sequence'] }
}

function answer(name: string): Statement {
  const sql = `SELECT documentdb_api.${name}($1, ${body})::bytea AS reply`
  return { sql, takes: ['database', 'body'] }
}
