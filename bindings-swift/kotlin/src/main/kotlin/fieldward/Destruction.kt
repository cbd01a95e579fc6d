package fieldward

import fieldward.ffi.HostExport
import kotlin.time.Duration.Companion.minutes

/**
 * How far a destruction reached. By NIST SP 800-88 a key is erased only if every copy of it goes: memory of other processes keeps it until
 * they refresh, and what [remaining] names opens older copies of the document.
 */
class Destruction internal constructor(reached: fieldward.ffi.Destruction) {
    /** What was destroyed: `version 3` or `index key 1`. */
    val target: String = reached.target

    /** The destroyed version's key id; null for an index key. */
    val keyId: String? = reached.keyId

    /** When the key left the document, in seconds since 1970. */
    val time: Long = reached.time

    /** The root epoch that no longer holds it. */
    val epoch: UInt = reached.epoch

    /** Whether no copy of any document opens it any more. */
    val isErased: Boolean = reached.isErased

    /** The provider keys under which older copies of the document still open. */
    val remaining: List<HeldKey> = reached.remaining.map(::HeldKey)

    /** Earlier epochs whose exports and backups no provider opens any more. */
    val unreadableEpochs: List<UInt> = reached.unreadableEpochs

    /** Whether index values made from the erased data remain in the database, where they tell which rows are equal. */
    val indexValuesRemain: Boolean = reached.indexValuesRemain

    /** Why the export was not kept, if it was not: the provider keys were then left alone. Destroy again to go on. */
    val exportError: FieldwardException? = reached.exportError?.let { FieldwardException.of(it as fieldward.ffi.Failure.Of) }
}

/** A provider key under which an older copy of the document still opens. */
class HeldKey internal constructor(held: fieldward.ffi.HeldKey) {
    /** The root epoch. */
    val epoch: UInt = held.epoch

    /** The provider's name. */
    val provider: String = held.provider

    /** Its key's name. */
    val keyName: String = held.keyName
}

internal class Export(private val keep: suspend (ByteArray) -> Unit, private val opening: Opening) : HostExport {
    override fun keep(document: ByteArray) = opening.ask(1.minutes, Codes.STORE) { keep.invoke(document) }
}
