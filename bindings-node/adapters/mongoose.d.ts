import { Table } from './table'

export { Table }

/**
 * A plug-in: `schema.plugin(encrypted, { table: new Table(keyring, declared) })`. Encrypts what is written, fills index paths, decrypts what
 * is read, lean rows too, and turns filters on an encrypted path into a search: `$eq`, `$in`, `$ne`, `$nin`, `$exists` and null, in
 * `$and`, `$or`, `$nor` and in the `$match` stages of an aggregation.
 *
 * Encrypted paths and index paths are of the type `Schema.Types.Mixed`. The record's id is bound where it can be seen: in the document that
 * is saved, in the filter of an update; an object id is the text of its digits. A bound path in an update whose filter does not name the id
 * is refused with `record_id_missing`, and so is a projection without the id. `bulkWrite` of an encrypted path is refused; the driver's own
 * collection goes past the plug-in.
 */
export declare function encrypted(schema: any, options: { table: Table }): void
