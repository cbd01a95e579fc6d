import type { Field, HandleOptions, Keyring, Schema, Value } from '..'
import { Table } from './table'

/**
 * For tables whose fields are bound to their records: `db.insert(patients).values(table.seal(row))`, `table.open(row)`, and
 * `inArray(patients.ssn_exact, table.search('ssn', value).tokens)`.
 */
export { Table }

/**
 * A column type: `encrypted(customType, 'blob', keyring, schema, 'insurance')('insurance')` in a table's declaration. Encrypts what is
 * written, decrypts what is read.
 *
 * **It cannot see its row**: a field that binds a record id is refused with `record_id_missing`. Declare `record_binding = "none"`, or
 * use a `Table`.
 *
 * `customType` is that of the dialect, `dataType` the SQL type: `text` where the field is stored as text, else `blob` or `bytea`.
 * `eq(column, value)` compares a deterministic field with the current key's envelope alone: search with `inArray(column, tokens(...))`.
 * SQLite's relational queries turn columns into JSON, which has no blobs: store as text there.
 */
export declare function encrypted<T extends (options: any) => any>(customType: T, dataType: string, keyring: Keyring, schema: Schema, name: string,
  options?: HandleOptions): ReturnType<T>

/** What `inArray(column, ...)` takes to find values of a deterministic field: a token for each key version. */
export declare function tokens(field: Field, ...values: Value[]): any[]
