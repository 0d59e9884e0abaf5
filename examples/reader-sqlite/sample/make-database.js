// Makes people.db beside this file.
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import sqlite from 'node-sqlite3-wasm'

const file = fileURLToPath(new URL('people.db', import.meta.url))
rmSync(file, { force: true })
const database = new sqlite.Database(file)
database.exec(`
  CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT, born DATE, photo BLOB);
  INSERT INTO people VALUES
    (1, 'Ada', 'London', '1815-12-10', x'00ff'),
    (2, 'Grace', NULL, '1906-12-09', NULL),
    (9007199254740993, 'Hedy', 'Vienna', '1914-11-09', NULL);
`)
database.close()
