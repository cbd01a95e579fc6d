package fieldward

import fieldward.ffi.HostStore
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import fieldward.ffi.Store as Ffi

/**
 * A key store of yours: a table, a file service, an object store. It holds one document per keyring id, and replaces it by
 * compare-and-swap. Calls may come from any thread, and must not wait for the keyring whose document it is: `invalid_argument`.
 *
 * Throw [FieldwardException.Store] to say what happened; a `SecurityException` is `store_denied`, whatever else is thrown
 * `store_unavailable`. It is the cause of what the caller sees.
 */
interface KeyStore {
    /** The document, exactly as it was saved; null if there is none. A store that fails throws. */
    suspend fun load(keyringId: String): ByteArray?

    /**
     * Puts [document] in the place of the one tagged [expected] (null: there must be none), in one step. True once it is durable, false if
     * another one stands there. [tag] is the document's own, to be kept beside it or read again by [DocumentTag.of].
     */
    suspend fun save(keyringId: String, expected: DocumentTag?, document: ByteArray, tag: DocumentTag): Boolean
}

/**
 * Which document a store holds. A save compares both parts.
 *
 * @property generation the document's generation: only grows.
 */
class DocumentTag internal constructor(private val inner: fieldward.ffi.DocumentTag) {
    val generation: ULong get() = inner.generation

    /** The document's MAC, 32 bytes. Not secret. */
    val mac: ByteArray get() = inner.mac.copyOf()

    override fun equals(other: Any?): Boolean =
        other is DocumentTag && generation == other.generation && inner.mac.contentEquals(other.inner.mac)

    override fun hashCode(): Int = inner.mac.contentHashCode()

    override fun toString(): String = "DocumentTag(generation $generation)"

    companion object {
        /** Reads the tag from a document's bytes. It needs no key, and verifies nothing. */
        fun of(document: ByteArray): DocumentTag = guarded { DocumentTag(fieldward.ffi.documentTag(document.within("keyring_too_large"))) }
    }
}

/** Where the documents of keyrings are kept: wrapped keys only. */
class Store private constructor(internal val of: (Opening) -> Ffi) {
    companion object {
        /** One file per keyring in a directory, atomic and durable. It brings a pin of its own, in the user's state directory. */
        fun file(directory: String): Store = guarded { shared(Ffi.file(directory)) }

        /** Documents in memory, for tests and demonstrations. */
        fun memory(): Store = guarded { shared(Ffi.memory()) }

        /** A store of yours, which brings no pin. One that does not answer within [timeout] is cancelled: `store_timeout`. */
        fun of(store: KeyStore, timeout: Duration = 60.seconds): Store =
            Store { opening -> Ffi.host(Host(store, timeout, opening)) }

        private fun shared(inner: Ffi) = Store { inner }
    }

    private class Host(private val store: KeyStore, private val timeout: Duration, private val opening: Opening) : HostStore {
        override fun load(keyringId: String): ByteArray? =
            opening.ask(timeout, Codes.STORE) { store.load(keyringId)?.within("keyring_too_large") }

        override fun save(
            keyringId: String,
            expected: fieldward.ffi.DocumentTag?,
            document: ByteArray,
            tag: fieldward.ffi.DocumentTag,
        ): Boolean = opening.ask(timeout, Codes.STORE) {
            store.save(keyringId, expected?.let(::DocumentTag), document, DocumentTag(tag))
        }
    }
}
