import { Table } from './table'

export { Table }

/** A model with encrypted columns, or one that only leads to some. */
export interface EncryptedModel {
  /** Its encrypted columns, by the names that Prisma's schema has. `undefined` for a model that has none. */
  table?: Table
  /** The model that each relation field leads to. */
  relations?: Record<string, string>
}

/**
 * An extension for `prisma.$extends`: encrypts what is written, fills index columns, decrypts what is read, and turns `where` on an
 * encrypted column into a search: `equals`, `in`, `not`, `notIn` and null, nested and in relations.
 *
 * The record's id is bound where it can be seen: in the data of a create, in the `where` of an update. An id that the database makes,
 * or an update whose `where` does not name the id, is refused with `record_id_missing`; so is a `select` without the id.
 * `findUnique`, `update` and `delete` by an encrypted column are refused, since a search may send several tokens.
 * Raw queries go past the extension.
 */
export declare function encrypted(models: Record<string, EncryptedModel>): any
