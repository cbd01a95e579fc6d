import type { Field, HandleOptions, Keyring, Schema, Value } from '..'
import { Table } from './table'

export { Table }

/**
 * A value transformer for one column: `@Column({ type: 'blob', transformer: transformer(keyring, schema, 'note') })`.
 *
 * **It cannot see its row**: a field that binds a record id is refused with `record_id_missing`. Declare `record_binding = "none"`, or
 * use a `subscriber`. `where: { column: value }` compares a deterministic field with the current key's envelope alone: use `tokens`.
 * Parameters of a query builder go past it, and so does what `getRawMany` gives.
 */
export declare function transformer(keyring: Keyring, schema: Schema, name: string, options?: HandleOptions): { to(value: any): any, from(stored: any): any }

/** For `where`, with a transformer: finds values of a deterministic field under every key version. */
export declare function tokens(field: Field, ...values: Value[]): any

/**
 * A subscriber for one entity, for `subscribers` of the data source: encrypts declared columns before a write, bound to the record's id,
 * fills index columns, and decrypts after a write and after a load. Ids must be there before the insert: one that the database makes is
 * refused with `record_id_missing`, and so is `repository.update` of a bound column, and a partial `select` without the id.
 *
 * After a write that failed the entity holds envelopes: load it anew. Query builders' own values and raw results go past it.
 */
export declare function subscriber(entity: any, table: Table): any

/** A part of `where` that finds values through a subscriber's table: `find({ where: matching(table, 'ssn', '999-41-1234') })`. */
export declare function matching(table: Table, column: string, ...values: Value[]): any
