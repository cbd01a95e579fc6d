package fieldward

import fieldward.ffi.DestroyRequest
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import kotlin.time.Duration
import fieldward.ffi.Keyring as Ffi

/** Waits for providers and stores off the caller's thread. */
internal suspend fun <T> waiting(call: () -> T): T = withContext(Dispatchers.IO) { guarded(call) }

/**
 * What makes or opens a keyring: one for each user or device is the usual one on a phone.
 *
 *     val keyring = KeyringConfig("device-7", mapOf("primary" to Provider.keyFile(path)), Store.file(directory)).open()
 *
 * @property id 1 to 64 of `a-z 0-9 - _ .`; stands in the document.
 * @property providers what can open it, by your names; the first that answers does.
 * @property store where its document is kept.
 * @property pin what remembers how far the document has come. A file store brings one; a store in memory needs one, or [noPin].
 * @property noPin why there is none.
 * @property refreshAfter the age at which the store is read again in the background.
 * @property maxStaleness the age at which what was read no longer encrypts.
 * @property rollbackWindow how long a rotation can be rolled back; for [create] only.
 * @property acceptIdentity the identity of a root that another process set in the place of this one's, 32 bytes.
 * @property audit where the audit log goes. Without a sink, nothing is logged.
 * @property storeTimeout how long a use of a key waits for the store where it must, 5 s unless said otherwise.
 * @property cacheCapacity how many derived keys are kept beside those of handles, 1,024 unless said otherwise.
 * @property clock a clock in place of the system's.
 */
class KeyringConfig(
    val id: String,
    val providers: Map<String, Provider>,
    val store: Store,
    val pin: Pin? = null,
    val noPin: String? = null,
    val refreshAfter: Duration? = null,
    val maxStaleness: Duration? = null,
    val rollbackWindow: Duration? = null,
    val acceptIdentity: ByteArray? = null,
    val audit: List<Sink> = emptyList(),
    val storeTimeout: Duration? = null,
    val cacheCapacity: UInt? = null,
    val clock: ManualClock? = null,
) {
    /** Makes a new keyring. One that exists is refused as `keyring_exists`. */
    suspend fun create(): Keyring = begun { Ffi.create(it) }

    /** Opens the keyring that the store holds: one call of a provider, whatever its age. */
    suspend fun open(): Keyring = begun { Ffi.open(it) }

    /** Opens an exported document and saves it. */
    suspend fun recover(export: ByteArray): Keyring = begun { Ffi.recover(it, export.within("keyring_too_large")) }

    private suspend fun begun(begin: (fieldward.ffi.Config) -> Ffi): Keyring {
        val opening = Opening()
        return waiting { Keyring(begin(ffi(opening)), opening) }
    }

    private fun ffi(opening: Opening) = fieldward.ffi.Config(
        keyringId = id,
        providers = providers.map { (name, provider) -> fieldward.ffi.NamedProvider(name, provider.of(opening)) },
        store = store.of(opening),
        pin = pin?.of?.invoke(opening),
        noPin = noPin,
        refreshAfter = refreshAfter?.seconds(),
        maxStaleness = maxStaleness?.seconds(),
        rollbackWindow = rollbackWindow?.seconds(),
        acceptIdentity = acceptIdentity,
        audit = audit.map { it.of(opening) },
        storeTimeout = storeTimeout?.seconds(),
        cacheCapacity = cacheCapacity,
        clock = clock?.inner,
    )

    override fun toString(): String = "KeyringConfig($id)"
}

internal fun Duration.seconds(): ULong {
    if (isNegative() || inWholeSeconds * 1_000_000_000 != inWholeNanoseconds && inWholeSeconds < Long.MAX_VALUE / 1_000_000_000) {
        refuse("invalid_argument", "whole seconds, not negative")
    }
    return inWholeSeconds.toULong()
}

/**
 * The versioned keys of one user, device, tenant or application, open. Any thread may use it.
 *
 * Closing it wipes its keys and closes every handle that it gave out: they throw the code `closed` from then on.
 */
class Keyring internal constructor(private val inner: Ffi, private val opening: Opening) : AutoCloseable {
    /** The keyring's id. */
    val id: String get() = guarded { inner.id() }

    /** A handle for one field of a schema, of one tenant where there are tenants. Make it once and keep it. */
    fun field(schema: Schema, name: String, tenant: String? = null): Field =
        guarded { Field(inner.field(schema.inner, name, tenant)) }

    /** A handle for whole records of a schema, of one tenant where there are tenants. Make it once and keep it. */
    fun records(schema: Schema, tenant: String? = null): Records =
        guarded { Records(inner.records(schema.inner, tenant)) }

    /** A handle that also decrypts under suspended or compromised keys, for re-encryption. What it gives is marked untrusted. */
    fun allow(state: KeyState, reason: String): Keyring =
        changed { Keyring(inner.allow(state.text, reason), opening) }

    /** The keyring with a duty: its decryptions are logged, with actor and reason. */
    fun readingAs(actor: String, reason: String): Keyring = changed { Keyring(inner.readingAs(actor, reason), opening) }

    /** Publishes a new version that takes over after a delay, 24 hours unless said otherwise; returns its number. */
    suspend fun rotate(after: Duration? = null): UInt = changing { inner.rotate(after?.seconds(), false) }

    /** Publishes a new version that takes over at once, before other processes can know it; returns its number. */
    suspend fun rotateImmediately(): UInt = changing { inner.rotate(null, true) }

    /** Goes back to the version that was current before, inside the rollback window; returns its number. */
    suspend fun rollback(): UInt = changing { inner.rollback() }

    /** Suspends a version: it neither encrypts nor decrypts until it is resumed. */
    suspend fun suspendVersion(version: UInt, reason: String): Unit = changing { inner.suspend(version, reason) }

    /** Takes up a suspended version again. */
    suspend fun resume(version: UInt, reason: String): Unit = changing { inner.resume(version, reason) }

    /** Marks a version compromised: it is read only by name, for re-encryption. */
    suspend fun markCompromised(version: UInt, reason: String): Unit =
        changing { inner.markCompromised(version, reason) }

    /**
     * Marks the root compromised: every version is; a new epoch, version and index key begin. [dropProviders] names entries that cannot be
     * reached, which are left out: `epoch_incomplete` without it.
     */
    suspend fun markRootCompromised(reason: String, dropProviders: List<String> = emptyList()): RootReplaced =
        changing { RootReplaced(inner.markRootCompromised(reason, dropProviders)) }

    /** Starts a new root epoch; returns its number. */
    suspend fun startEpoch(dropProviders: List<String> = emptyList()): UInt =
        changing { inner.startEpoch(dropProviders) }

    /** Adds an index key, for a re-index; returns its number. */
    suspend fun addIndexKey(): UInt = changing { inner.addIndexKey() }

    /**
     * Destroys a version, confirmed by its key id: what it encrypted can never be read again.
     *
     * Say what becomes of earlier exports, or it is `confirmation_required`: [waiveExports] is a reason to leave them as they are, [keepExport]
     * takes the new document, within a minute, before any provider's key is destroyed. It must not wait for this keyring.
     */
    suspend fun destroy(
        version: UInt,
        keyId: String,
        reason: String,
        waiveExports: String? = null,
        dropProviders: List<String> = emptyList(),
        keepExport: (suspend (ByteArray) -> Unit)? = null,
    ): Destruction = destroy(DestroyRequest(reason, version, keyId, null, waiveExports, dropProviders), keepExport)

    /** Destroys an index key: its index values are then neither made nor found. The rest is as for a version. */
    suspend fun destroyIndexKey(
        number: UInt,
        reason: String,
        waiveExports: String? = null,
        dropProviders: List<String> = emptyList(),
        keepExport: (suspend (ByteArray) -> Unit)? = null,
    ): Destruction = destroy(DestroyRequest(reason, null, null, number, waiveExports, dropProviders), keepExport)

    private suspend fun destroy(request: DestroyRequest, keep: (suspend (ByteArray) -> Unit)?): Destruction =
        changing { Destruction(inner.destroy(request, keep?.let { Export(it, opening) })) }

    /** Adds a provider that can open the keyring from now on. */
    suspend fun addProvider(name: String, provider: Provider): Unit =
        changing { inner.addProvider(name, provider.of(opening)) }

    /** Puts a provider in the place of the one of this name. */
    suspend fun replaceProvider(name: String, provider: Provider): Unit =
        changing { inner.replaceProvider(name, provider.of(opening)) }

    /** Removes a provider's entry. Older copies of the document still open with it until a new epoch. */
    suspend fun removeProvider(name: String): Unit = changing { inner.removeProvider(name) }

    /** Reads the store now; returns whether there was a newer document. */
    suspend fun refresh(): Boolean = changing { inner.refresh() }

    /** The document as it is now, to be kept elsewhere: wrapped keys only. */
    fun export(): ByteArray = changed { inner.export() }

    /** What pins compare and `acceptIdentity` takes: 32 bytes, not secret. */
    val rootIdentity: ByteArray get() = changed { inner.rootIdentity() }

    /** The key ids of envelopes whose version is in no document, eight hexadecimal digits each: written after the export that was recovered. */
    fun unknownKeyIds(envelopes: List<ByteArray>): List<String> = guarded {
        fieldward.ffi.checkCrossing(envelopes.size.toULong(), envelopes.sumOf { it.size.toLong() }.toULong())
        inner.unknownKeyIds(envelopes)
    }

    /** Versions with their effective states, index keys and providers. Holds no secret. */
    fun status(): KeyringStatus = changed { KeyringStatus(inner.status()) }

    /** The counters of this process, as the specification names them: maps, lists, text, `Long`. */
    @Suppress("UNCHECKED_CAST") // the library's figures are an object
    fun metrics(): Map<String, Any?> = guarded { plain(inner.metrics()) as Map<String, Any?> }

    /** The counters of this process, in the text form that Prometheus reads. */
    fun prometheus(): String = guarded { inner.prometheus() }

    /**
     * Verifies the lines of an audit log, of all writers, against the keyring's audit keys and checkpoints: at most 2^20 lines and 256 MiB.
     */
    suspend fun verifyAudit(lines: List<String>): AuditReport {
        opening.check()
        return many(lines, { it }, { it.length.toLong() }) { taken, _ -> AuditReport(inner.verifyAudit(taken)) }
    }

    /** Wipes the keys and closes every handle. Calls under way end first. Closing again does nothing. */
    override fun close(): Unit = guarded { inner.closeAll() }

    override fun toString(): String = "Keyring"

    /** A call that waits for others' changes of the keyring: not from inside its own providers, stores and sinks. */
    private inline fun <T> changed(call: () -> T): T {
        opening.check()
        return guarded(call)
    }

    /** The same, of a call that may ask a provider or store. */
    private suspend fun <T> changing(call: () -> T): T {
        opening.check()
        return waiting(call)
    }
}
